#include "point.h"
#include "answers.h"
#include "content.h"
#include "files.h"
#include "hugetlb.h"
#include "out.h"
#include "pages.h"
#include "race.h"
#include "swap.h"

/** How often the point is still to be run (0: without end), until when (0: likewise), and from where. */
static struct { long left; u64 until; const char *from; } rounds;

static bool wants_disk;

void ask_for_disk(void)
{
	wants_disk = true;
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
	static const char *const headings[] = {
		"leave", "pool", "disk", "swap", "point", "rounds", "prime", "count", "step", "end",
	};

	for (u32 i = 0; i < COUNT(headings); i++)
		if (same(line->word[0], headings[i]))
			return true;
	return false;
}

bool run_step(struct words *line)
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
	if (answer.kind == CONFIG)
		rounds.left = 1;
	return answer.kind < CONFIG;
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

bool begin_point(const struct words *line)
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

void repeat_point(const struct words *line)
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

void end_point(void)
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

bool count_from_here(bool primed)
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
