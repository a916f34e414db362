// /init, or on a host a process that looks like it: goes through the program, point by point, and tells what it sees.

#include "content.h"
#include "files.h"
#include "host.h"
#include "hugetlb.h"
#include "out.h"
#include "pages.h"
#include "race.h"
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

/** How often the point is still to be run (0: without end), until when (0: likewise), and from where. */
static struct { long left; u64 until; const char *from; } rounds;

/** The next point uses O_DIRECT. */
static bool wants_disk;

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

/** The rest of a line that begins with what was answered. */
static void tell_rest(const struct answer *answer)
{
	switch (answer->kind) {
	case OK: out("\"ok\"]\n"); break;
	case ERRNO: out("\"errno\",%d]\n", (long)answer->number); break;
	case KILLED: out("\"killed\",%d]\n", (long)answer->number); break;
	case GONE: out("\"gone\"]\n"); break;
	case CONFIG: out("\"config\",%s]\n", answer->reason); break;
	case SIGNAL:
		out("\"signal\",%d,%d", (long)answer->number, (long)answer->code);
		if (answer->of)
			out(",%s,%u", answer->of, answer->at);
		out("]\n");
	}
}

static void tell_answer(const struct answer *answer)
{
	/* Who was killed may have been telling something. */
	out(answer->kind == KILLED ? "\n[\"answer\"," : "[\"answer\",");
	tell_rest(answer);
}

void tell_raced(const char *thread, int step, const struct answer *answer)
{
	out("[\"raced\",%s,%d,", thread, (long)step);
	tell_rest(answer);
}

static void new_main(void)
{
	struct process *process = new_process("main");

	start_process(process, 0);
}

/** Everything that a point, or what primes it, has made. */
static void undo(void)
{
	end_all();
	unpin_all();
	forget_files();
	forget_names();
	forget_patterns();
	forget_pages();
}

static struct answer run_as(const char *name, int cpu, const struct words *op)
{
	struct process *process = find_process(name);
	u64 mask = 1UL << cpu;

	if (!process)
		return (struct answer){ .kind = GONE };
	if (process->cpu != cpu)
		sys3(SYS_sched_setaffinity, process->pid, sizeof(mask), &mask);
	process->cpu = cpu;
	return run_op(process, op);
}

static bool is_heading(const struct words *line)
{
	static const char *const headings[] = { "pool", "disk", "swap", "point", "rounds", "prime", "count", "step", "end" };

	for (u32 i = 0; i < COUNT(headings); i++)
		if (same(line->word[0], headings[i]))
			return true;
	return false;
}

/** Does the operations of a step, the first failing one being its answer; `line` is then the line after it. */
static struct answer run_step(struct words *line)
{
	static char name[NAME];
	int cpu = number(line->word[3]);
	bool look = same(line->word[4], "1");
	struct answer answer = ok;

	copy_text(name, line->word[2], NAME);
	out("[\"step\",%d]\n", number(line->word[1]));
	while (next_line(line) && !is_heading(line)) {
		if (is_race(line)) {
			answer = run_race(line, is_heading);
			break;
		}
		if (answer.kind == OK)
			answer = run_as(name, cpu, line);
	}
	tell_answer(&answer);
	tell_signals();
	end_writeback();
	if (look)
		see_everything();
	tell_log();
	tell_counters("counters");
	return answer;
}

/** False, and told: the machine lacks what the point, or a round of it, wants; no other round is run. */
static bool has_all(const char *lacking)
{
	if (!lacking)
		return true;
	out("[\"lacks\",%s]\n", lacking);
	rounds.left = 1;
	return false;
}

/** False: the guest is not the machine that the point wants. */
static bool begin_point(const struct words *line)
{
	const char *lacking;

	write_path("/sys/kernel/mm/transparent_hugepage/enabled", line->word[2]);
	prepare_rings(number(line->word[3]));
	prepare_pipes(number(line->word[4]));
	undo();
	lacking = set_pools();
	if (!lacking)
		lacking = set_swap();
	if (wants_disk && !lacking)
		lacking = prepare_disk();
	wants_disk = false;
	new_main();
	drain_lru();
	rounds.left = 1;
	rounds.until = 0;
	rounds.from = here();
	out("[\"point\",%d]\n", number(line->word[1]));
	tell_counters("before");
	return has_all(lacking);
}

/** All of the point is to be run again and again. */
static void repeat_point(const struct words *line)
{
	rounds.left = number(line->word[1]);
	rounds.until = number(line->word[2]) ? now_ms() + number(line->word[2]) : 0;
	rounds.from = here();
}

static bool another_round(void)
{
	return rounds.left != 1 && (!rounds.until || now_ms() < rounds.until);
}

/** Leaves the machine as the point found it; null, or why it cannot. */
static const char *begin_anew(void)
{
	const char *lacking;

	end_writeback();
	undo();
	lacking = set_pools();
	return lacking ? lacking : set_swap();
}

/** After the last process: that was the point, or one round of it. */
static void end_point(void)
{
	const char *lacking = begin_anew();
	bool another = another_round();

	drain_lru();
	tell_log();
	tell_counters("after");
	if (another)
		out("[\"round\"]\n");
	if (!another || !has_all(lacking)) {
		/* The next point hears of what is still lacking then. */
		out("[\"end\"]\n");
		forget_pools();
		forget_swap();
		return;
	}
	rounds.left -= rounds.left > 0;
	go_on_from(rounds.from);
	new_main();
	drain_lru();
	tell_counters("before");
}

static void skip_to_end(struct words *line)
{
	while (!same(line->word[0], "end") && next_line(line))
		;
}

/** False: what primed the point has left it without what it wants. */
static bool count_from_here(bool primed)
{
	if (!primed) {
		out("[\"baseline\",{}]\n");
		return true;
	}
	if (!has_all(begin_anew()))
		return false;
	new_main();
	drain_lru();
	tell_counters("baseline");
	return true;
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
			struct answer answer = run_step(&line);

			if (answer.kind == CONFIG)
				rounds.left = 1;
			if (answer.kind >= CONFIG)
				skip_to_end(&line);
			continue;
		}
		if (same(line.word[0], "pool"))
			ask_for_pool(&line);
		else if (same(line.word[0], "leave"))
			leave_pool(&line);
		else if (same(line.word[0], "disk"))
			wants_disk = true;
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
