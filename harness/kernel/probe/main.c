// /init, or on a host a process that looks like it: goes through the program, point by point, and tells what it sees.

#include "host.h"
#include "hugetlb.h"
#include "out.h"
#include "pages.h"
#include "point.h"
#include "swap.h"

int kernel_version, cpus;

extern char __executable_start[], __bss_start[], _end[];

/* No C library: begin() runs on the stack that the kernel made, and leaves it for one of ours. */
asm(".globl _start\n"
    "_start:\n"
    "	xorl %ebp, %ebp\n"
    "	movq %rsp, %rdi\n"
    "	call begin\n"
    "	movq %rax, %rsp\n"
    "	xorl %ebp, %ebp\n"
    "	call run_program\n");

/** What this machine lacks for being a host. */
static const char *unfit;

static u8 stack[65536] __attribute__((aligned(4096)));

/*
 * Makes .bss shared memory, before anything in it is used, and touches every page of the program:
 * what init has mapped, no process of a test point maps for the first time. Its writes go to shared
 * pages, so the anonymous memory that the kernel counts is the case's own.
 */
__attribute__((used)) void *begin(const u64 *arguments)
{
	u64 start = (u64)__bss_start & -PAGE, size = (u64)_end - start;
	bool asked = asks_for_host(arguments);

	if (!asked && sys0(SYS_getpid) != 1)
		sys1(SYS_exit_group, 2);
	sys6(SYS_mmap, start, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	for (volatile char *at = __executable_start; at < _end; at += PAGE)
		*at;
	on_host = asked;
	/* Before the stack is one that processes share. */
	unfit = on_host ? enter_host() : NULL;
	return stack + sizeof(stack) - 16;
}

static void mount(const char *type, const char *at)
{
	sys5(SYS_mount, type, at, type, 0, 0);
}

/** Nothing but the case moves memory about. */
static void quiet(void)
{
	write_path("/sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs", "3600000");
	write_path("/sys/kernel/mm/transparent_hugepage/khugepaged/alloc_sleep_millisecs", "3600000");
	write_path("/sys/kernel/mm/transparent_hugepage/defrag", "always");
	write_path("/proc/sys/kernel/numa_balancing", "0");
	write_path("/sys/kernel/mm/ksm/run", "0");
}

static void read_version(void)
{
	static struct { char sysname[65], node[65], release[65], version[65], machine[65], domain[65]; } name;
	const char *minor = name.release;

	sys1(SYS_uname, &name);
	while (*minor && *minor++ != '.')
		;
	kernel_version = number(name.release) * 1000 + number(minor);
	out("[\"ready\",%s]\n", name.release);
}

static void count_cpus(void)
{
	u64 mask = 0;

	sys3(SYS_sched_getaffinity, 0, sizeof(mask), &mask);
	for (cpus = 0; mask; mask &= mask - 1)
		cpus++;
}

static void set_up(void)
{
	block_signals();
	catch_faults();
	mount("proc", "/proc");
	mount("sysfs", "/sys");
	mount("debugfs", "/sys/kernel/debug");
	count_cpus();
	read_version();
	quiet();
	open_counters();
	open_pools();
	open_pages();
	tracks_soft_dirty();
	open_log();
}

static void skip_to_end(struct words *line)
{
	while (!same(line->word[0], "end") && next_line(line))
		;
}

__attribute__((used, noreturn)) void run_program(void)
{
	static struct words line;
	bool primed = false, more;

	if (!on_host)
		open_ports();
	if (unfit) {
		out("[\"unfit\",%s]\n", unfit);
		power_off();
	}
	set_up();
	more = open_program() && next_line(&line);
	while (more) {
		if (same(line.word[0], "step")) {
			if (!run_step(&line))
				skip_to_end(&line);
			continue;
		}
		if (same(line.word[0], "pool"))
			ask_for_pool(&line);
		else if (same(line.word[0], "leave"))
			leave_pool(&line);
		else if (same(line.word[0], "disk"))
			ask_for_disk();
		else if (same(line.word[0], "swap"))
			ask_for_swap(&line);
		else if ((same(line.word[0], "point") && !begin_point(&line)) ||
			 (same(line.word[0], "count") && !count_from_here(primed))) {
			skip_to_end(&line);
			continue;
		} else if (same(line.word[0], "rounds"))
			repeat_point(&line);
		else if (same(line.word[0], "end"))
			end_point();
		primed = same(line.word[0], "prime");
		more = next_line(&line);
	}
	out("[\"done\"]\n");
	power_off();
}
