// A race: threads in the address spaces of a point's processes, each on a CPU of its own, started at once.
//
// A thread is a task of its own that shares the memory of its process (CLONE_VM), made before the race and gone after
// it. All wait for the last one, then each lets pass a random time of its own, from none to some microseconds more
// than most system calls take: what meets what differs from round to round.

#include "race.h"
#include "answers.h"
#include "bytes.h"
#include "out.h"

#include <linux/sched.h>

#define MAX_RACERS 8
#define MAX_OPS 64
#define LONGEST_DELAY 14

/** An operation of a thread, and what became of it. */
struct raced {
	struct words words;
	char text[MAX_LINE];
	int step;		/* of its thread, from 0 */
	bool ending;		/* of something that may never have come */
	bool done;
	struct answer answer;
};

static struct racer {
	char name[NAME];
	struct process *home, *task;
	int cpu;
	int first, count;	/* its operations in `ops` */
	struct answer end;
} racers[MAX_RACERS];
static struct raced ops[MAX_OPS];
static int racer_count, op_count;
static volatile int arrived, running;
static u32 chance;
static lock_t tell_lock;

bool is_race(const struct words *line)
{
	return same(line->word[0], "race");
}

/** Reads `thread` lines and what belongs to them; `line` is then the line after. */
static struct answer read_race(struct words *line, bool (*is_heading)(const struct words *))
{
	int step = 0;
	bool ending = false;

	racer_count = op_count = 0;
	while (next_line(line) && !is_heading(line)) {
		if (same(line->word[0], "thread")) {
			struct racer *racer = &racers[racer_count++];

			if (racer_count == MAX_RACERS)
				return config("more threads than the probe has room for");
			copy_text(racer->name, line->word[1], NAME);
			racer->home = find_process(line->word[2]);
			racer->cpu = number(line->word[3]);
			racer->first = op_count;
			racer->count = 0;
			step = -1;
		} else if (same(line->word[0], "do") || same(line->word[0], "end-of")) {
			ending = same(line->word[0], "end-of");
			step++;
		} else {
			struct raced *op = &ops[op_count++];

			if (op_count == MAX_OPS)
				return config("more operations in a race than the probe has room for");
			keep_line(&op->words, op->text, line);
			op->step = step;
			op->ending = ending;
			op->done = false;
			racers[racer_count - 1].count++;
		}
	}
	return ok;
}

/* In the process: a thread beside it. */
struct answer op_thread(struct process *me, const struct words *op)
{
	struct racer *racer = &racers[number(op->word[1])];
	struct process *task = new_process(racer->name);

	if (!task)
		return config("more threads than the probe has room for");
	task->thread = true;
	task->ranges = me->ranges;
	task->cpu = racer->cpu;
	racer->task = task;
	return answer_of(start_process(task, CLONE_PARENT | CLONE_VM));
}

static struct answer make_thread(struct racer *racer)
{
	char digit[2] = { (char)('0' + (racer - racers)), 0 };
	struct words op = { 2, { "thread", digit } };
	u64 mask = 1UL << racer->cpu;
	struct answer answer;

	if (!racer->home)
		return (struct answer){ .kind = GONE };
	answer = let(racer->home, &op);
	if (answer.kind == OK)
		sys3(SYS_sched_setaffinity, racer->task->pid, sizeof(mask), &mask);
	return answer;
}

static struct racer *racer_of(const struct process *task)
{
	struct racer *racer = racers;

	while (racer->task != task)
		racer++;
	return racer;
}

/**
 * Waits for all others, and then a little. Until all are there init needs a CPU; from then on every one of them runs.
 */
static void line_up(u32 state)
{
	u32 shift = random_next(&state) % LONGEST_DELAY;
	u32 delay = random_next(&state) & ((1U << shift) - 1);

	__atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST);
	while (arrived < racer_count)
		sys0(SYS_sched_yield);
	__atomic_add_fetch(&running, 1, __ATOMIC_SEQ_CST);
	while (running < racer_count)
		__builtin_ia32_pause();
	for (volatile u32 i = 0; i < delay; i++)
		;
}

/** What tells bytes, or shares a buffer with those that do, is done by one thread at a time. */
static struct answer run_one(struct process *me, const struct racer *racer, const struct raced *op)
{
	struct answer answer;

	if (op->ending && !fits_op(&op->words))
		return ok;
	if (!runs_alone(&op->words))
		return run_op_beside(me, &op->words);
	lock(&tell_lock);
	out("[\"in\",%s,%d]\n", racer->name, (long)op->step);
	answer = run_op_beside(me, &op->words);
	unlock(&tell_lock);
	return answer;
}

/* In the thread: its part of the race. A step ends at its first operation that is not ok. */
struct answer op_race(struct process *me, const struct words *op)
{
	struct racer *racer = racer_of(me);
	int failed = -1;

	(void)op;
	line_up(chance + (racer - racers));
	for (struct raced *at = &ops[racer->first]; at < &ops[racer->first + racer->count]; at++) {
		at->answer = at->step == failed ? at[-1].answer : run_one(me, racer, at);
		at->done = true;
		if (at->answer.kind != OK)
			failed = at->step;
		/* The last that holds the address space takes it down. */
		if (!racer->home->live)
			sys1(SYS_exit_group, 0);
	}
	return ok;
}

/** One line a step: its answer is that of its last operation. A thread that died was killed in the next one. */
static struct answer tell_racer(const struct racer *racer)
{
	const struct raced *end = &ops[racer->first + racer->count];

	for (const struct raced *op = &ops[racer->first]; op < end; op++) {
		const struct answer *answer = op->done ? &op->answer : &racer->end;

		if (answer->kind >= CONFIG)
			return *answer;
		if (!op->done || op + 1 == end || op[1].step != op->step)
			tell_raced(racer->name, op->step, answer);
		if (!op->done)
			break;
	}
	return ok;
}

static void end_threads(void)
{
	for (int i = 0; i < racer_count; i++) {
		struct racer *racer = &racers[i];

		if (racer->task && racer->task->live)
			end_process(racer->task);
		if (racer->task)
			racer->home->ranges |= racer->task->ranges;
	}
}

/** All at once, until all are done. */
static void go(void)
{
	static const struct words start = { 1, { "race" } };

	look_at_splits();
	arrived = running = 0;
	chance += MAX_RACERS;
	for (int i = 0; i < racer_count; i++)
		set_going(racers[i].task, &start);
	for (int i = 0; i < racer_count; i++)
		racers[i].end = wait_until_done(racers[i].task);
}

struct answer run_race(struct words *line, bool (*is_heading)(const struct words *))
{
	struct answer answer = read_race(line, is_heading);

	for (int i = 0; i < racer_count; i++)
		racers[i].task = NULL;
	for (int i = 0; i < racer_count && answer.kind == OK; i++)
		answer = make_thread(&racers[i]);
	if (answer.kind == OK) {
		go();
		for (int i = 0; i < racer_count && answer.kind == OK; i++)
			answer = tell_racer(&racers[i]);
	}
	end_threads();
	return answer;
}
