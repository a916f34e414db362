// The processes of a test point. They are all children of init, sleep in a signal wait until told
// to act, and stand on stacks in the shared .bss.

#include "probe.h"
#include "out.h"

#include <linux/sched.h>
#include <linux/signal.h>

#define STACK 32768
#define WAKE (1UL << (SIGUSR1 - 1))
#define CHILD (1UL << (SIGCHLD - 1))
#define WNOHANG 1

struct process processes[MAX_PROCESSES];
static u8 stacks[MAX_PROCESSES][STACK] __attribute__((aligned(4096)));

static lock_t new_lock;

static void wait_for(u64 signals)
{
	sys4(SYS_rt_sigtimedwait, &signals, 0, 0, 8);
}

void block_signals(void)
{
	u64 blocked = WAKE | CHILD;

	sys4(SYS_rt_sigprocmask, SIG_SETMASK, &blocked, 0, 8);
}

/** The life of a process: operations, one at a time, until it is told to exit or is killed. */
static void serve(struct process *me)
{
	for (;;) {
		if (me->op) {
			struct answer answer = do_op(me, me->op);

			me->answer = answer;
			asm volatile("" : : : "memory");
			me->op = NULL;
		}
		sys2(SYS_kill, 1, SIGUSR1);
		while (!me->op)
			wait_for(WAKE);
	}
}

/*
 * A fork whose child goes on in serve() on its own stack. CLONE_PARENT makes it a child of init
 * whoever forks, so that nobody but init ever waits.
 */
int start_process(struct process *process, u64 flags)
{
	u8 *top = stacks[process - processes] + STACK;
	long pid;

	asm volatile("syscall\n"
		     "	testq %%rax, %%rax\n"
		     "	jnz 1f\n"
		     "	xorl %%ebp, %%ebp\n"
		     "	movq %[arg], %%rdi\n"
		     "	call *%[run]\n"
		     "	ud2\n"
		     "1:\n"
		     : "=a"(pid)
		     : "a"(SYS_clone), "D"(flags | SIGCHLD), "S"(top), [run] "b"(serve), [arg] "d"(process)
		     : "rcx", "r11", "memory");
	if (pid > 0) {
		process->pid = pid;
		process->live = true;
	}
	return pid;
}

struct process *myself(void)
{
	return &processes[((u8 *)__builtin_frame_address(0) - stacks[0]) / STACK];
}

struct process *find_process(const char *name)
{
	for (int i = 0; i < MAX_PROCESSES; i++)
		if (processes[i].live && !processes[i].thread && same(processes[i].name, name))
			return &processes[i];
	return NULL;
}

struct process *new_process(const char *name)
{
	for (int i = 0; i < MAX_PROCESSES; i++) {
		struct process *process = &processes[i];

		if (process->live)
			continue;
		memset(process, 0, sizeof(*process));
		copy_text(process->name, name, NAME);
		return process;
	}
	return NULL;
}

/** Notes who has died. */
static void reap(void)
{
	int status;
	long pid;

	while ((pid = sys4(SYS_wait4, -1, &status, WNOHANG, 0)) > 0)
		for (int i = 0; i < MAX_PROCESSES; i++)
			if (processes[i].live && processes[i].pid == pid) {
				processes[i].live = false;
				processes[i].status = status;
			}
}

void set_going(struct process *process, const struct words *op)
{
	process->fault.hit = false;
	process->op = op;
	sys2(SYS_kill, process->pid, SIGUSR1);
}

struct answer wait_until_done(struct process *process)
{
	while (process->op && process->live) {
		wait_for(WAKE | CHILD);
		reap();
	}
	if (!process->op)
		return process->answer;
	return (struct answer){ .kind = KILLED, .number = process->status & 127 };
}

struct answer let(struct process *process, const struct words *op)
{
	set_going(process, op);
	return wait_until_done(process);
}

void end_process(struct process *process)
{
	sys2(SYS_kill, process->pid, SIGKILL);
	while (process->live) {
		wait_for(CHILD);
		reap();
	}
}

void end_all(void)
{
	for (int i = 0; i < MAX_PROCESSES; i++)
		if (processes[i].live)
			end_process(&processes[i]);
}

struct answer op_fork(struct process *me, const struct words *op)
{
	struct process *child;
	long pid;

	lock(&new_lock);
	child = new_process(op->word[1]);
	if (child) {
		child->ranges = me->ranges;
		child->cpu = me->cpu;
		pid = start_process(child, CLONE_PARENT);
	}
	unlock(&new_lock);
	return child ? answer_of(pid) : config("more processes than the probe has room for");
}

struct answer op_exit(struct process *me, const struct words *op)
{
	struct process *process = find_process(op->word[1]);

	if (process && !me->thread)
		end_process(process);
	/* Only init learns of the end: it waits for all of the race. */
	if (process && me->thread) {
		sys2(SYS_kill, process->pid, SIGKILL);
		while (process->live)
			sys0(SYS_sched_yield);
	}
	return ok;
}
