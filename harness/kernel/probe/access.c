// Memory accesses that may fault: SIGSEGV and SIGBUS are caught, told and survived.

#include "probe.h"

#include <linux/signal.h>
#include <asm/sigcontext.h>
#include <asm/ucontext.h>

bool copy_asm(void *to, const void *from, u64 length);
bool fill_asm(void *to, u64 eightfold, u64 length);
bool same_asm(const void *at, u64 eightfold, u64 length);
void restore_asm(void);
extern const char accesses_begin[], accesses_end[];

/* A fault inside makes the handler go on at accesses_end, which answers "no". */
asm(".text\n"
    "accesses_begin:\n"
    "copy_asm:\n"
    "	movq %rdx, %rcx\n"
    "	shrq $3, %rcx\n"
    "	rep movsq\n"
    "	movq %rdx, %rcx\n"
    "	andq $7, %rcx\n"
    "	rep movsb\n"
    "	movl $1, %eax\n"
    "	ret\n"
    "fill_asm:\n"
    "	movq %rsi, %rax\n"
    "	movq %rdx, %rcx\n"
    "	shrq $3, %rcx\n"
    "	rep stosq\n"
    "	movq %rdx, %rcx\n"
    "	andq $7, %rcx\n"
    "	rep stosb\n"
    "	movl $1, %eax\n"
    "	ret\n"
    /* 64 bytes a round: what differs from %rsi is gathered in %rax */
    "same_asm:\n"
    "	shrq $6, %rdx\n"
    "same_round:\n"
    "	xorl %eax, %eax\n"
    "	.irp at, 0, 8, 16, 24, 32, 40, 48, 56\n"
    "	movq \\at(%rdi), %rcx\n"
    "	xorq %rsi, %rcx\n"
    "	orq %rcx, %rax\n"
    "	.endr\n"
    "	jnz accesses_end\n"
    "	addq $64, %rdi\n"
    "	decq %rdx\n"
    "	jnz same_round\n"
    "	movl $1, %eax\n"
    "	ret\n"
    "accesses_end:\n"
    "	xorl %eax, %eax\n"
    "	ret\n"
    "restore_asm:\n"
    "	movl $15, %eax\n"	/* rt_sigreturn */
    "	syscall\n");

bool copy_guarded(void *to, const void *from, u64 length)
{
	return copy_asm(to, from, length);
}

bool fill_guarded(void *to, u8 byte, u64 length)
{
	return fill_asm(to, byte * 0x0101010101010101UL, length);
}

bool holds_guarded(const void *at, u8 byte, u64 length)
{
	return same_asm(at, byte * 0x0101010101010101UL, length);
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
	struct sigcontext *regs = (void *)&((struct ucontext *)context)->uc_mcontext;
	struct process *me = myself();
	bool ours = regs->rip >= (u64)accesses_begin && regs->rip < (u64)accesses_end;
	bool memory_failed = signal == SIGBUS && (info->si_code == BUS_MCEERR_AO || info->si_code == BUS_MCEERR_AR);

	/* Somebody else's doing, or an answer to madvise: there is nothing to be left. */
	if (memory_failed && (!ours || info->si_code == BUS_MCEERR_AO)) {
		me->elsewhere.signal = signal;
		me->elsewhere.code = info->si_code;
		me->elsewhere.address = (u64)info->si_addr;
		me->elsewhere.hit = true;
		return;
	}
	if (!ours)
		sys1(SYS_exit_group, 128 + signal);
	me->fault.hit = true;
	me->fault.signal = signal;
	me->fault.code = info->si_code;
	me->fault.address = (u64)info->si_addr;
	regs->rip = (u64)accesses_end;
}

void catch_faults(void)
{
	struct { void *handler; u64 flags; void *restorer; u64 mask; } action = {
		.handler = on_fault, .flags = SA_SIGINFO | SA_RESTORER, .restorer = restore_asm,
	};

	sys4(SYS_rt_sigaction, SIGSEGV, &action, 0, 8);
	sys4(SYS_rt_sigaction, SIGBUS, &action, 0, 8);
}

struct answer faulted(const struct range *range)
{
	struct process *me = myself();
	u64 address = me->fault.address;
	bool inside = address >= range->address && address < range->address + range->size;

	return (struct answer){
		.kind = SIGNAL, .number = me->fault.signal, .code = me->fault.code,
		.of = inside ? range->name : NULL, .at = address - range->address,
	};
}
