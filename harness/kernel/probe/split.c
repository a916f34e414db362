// What the machine does to huge pages and to pages that a process maps: split, collapse, migrate.

#include "probe.h"
#include "pages.h"

#include <linux/mempolicy.h>

#define MADV_COLLAPSE_ 25
#define MAX_MOVED 512

/** Memory of a process, by the name of frames that it maps there or of a range that `main` has. */
struct place {
	const struct process *process;
	u64 start, length;
	const char *missing;	/* why there is none */
};

static const struct process *owner_of(const struct frames *named)
{
	const struct process *process = &processes[named->process];

	if (process->live)
		return process;
	for (process = processes; process < processes + MAX_PROCESSES; process++)
		if (process->live && !process->thread && process->ranges & 1UL << (named->range - ranges))
			return process;
	return NULL;
}

static bool maps_huge_frame(const struct process *process, u64 address)
{
	u64 frame = frame_mapped_at(process, address);

	return frame && frame_is_huge(frame);
}

u64 frame_named(const struct frames *named, u64 offset)
{
	u64 page = (named->offset % PAGE + offset) / PAGE;

	for (u32 i = named->first; i < named->first + named->count; page -= frame_runs[i++].pages)
		if (page < frame_runs[i].pages)
			return frame_runs[i].pfn + page * frame_runs[i].step;
	return 0;
}

/* ... NAME OFF LEN; what moves them in a race is no concern of `me` */
static struct place place_of(const struct process *me, const struct words *op)
{
	const struct frames *named = find_frames(op->word[1]);
	const struct range *range = named ? named->range : find_range(op->word[1]);
	u64 base = named ? named->offset : 0, offset = number(op->word[2]), now;
	struct place place = { .process = named ? owner_of(named) : find_process("main"), .length = number(op->word[3]) };

	if (!range)
		place.missing = "an earlier step did not bring these frames about";
	else if (!place.process)
		place.missing = "no process is left that maps these frames";
	if (place.missing)
		return place;
	place.start = range->address + base + offset;
	now = named && !me->thread ? frame_mapped_at(place.process, place.start) : 0;
	if (now && now != frame_named(named, offset))
		place.missing = "other frames are mapped now where these were named";
	return place;
}

static char *put(char *at, u64 value, u32 base)
{
	char digits[24];
	int n = 0;

	do
		digits[n++] = "0123456789abcdef"[value % base];
	while (value /= base);
	while (n)
		*at++ = digits[--n];
	*at = 0;
	return at;
}

static void put_text(char **at, const char *text)
{
	while (*text)
		*(*at)++ = *text++;
	**at = 0;
}

static u64 splits;

/** A look at the kernel's count takes long: a race looks before it begins. */
void look_at_splits(void)
{
	splits = vm_event("thp_split_page");
}

/** Huge pages that begin in the place, or that it begins in. */
static long huge_pages_in(const struct place *place)
{
	u64 from = place->start & -HUGE, end = place->start + place->length;
	long count = 0;

	for (u64 at = from; at < end; at += HUGE)
		count += maps_huge_frame(place->process, at < place->start ? place->start : at);
	return count;
}

/* split NAME OFF LEN: debugfs takes a process and addresses; what it could not split, it does not count */
struct answer op_split(struct process *me, const struct words *op)
{
	struct place place = place_of(me, op);
	char text[80], *at = text;
	u64 before, wanted;

	if (place.missing)
		return config(place.missing);
	if (kernel_version < 5013)
		return config("before v5.13 debugfs splits all huge pages, or none");
	wanted = huge_pages_in(&place);
	at = put(at, place.process->pid, 10);
	put_text(&at, ",0x");
	at = put(at, place.start & -HUGE, 16);
	put_text(&at, ",0x");
	put(at, (place.start + place.length + HUGE - 1) & -HUGE, 16);
	if (!me->thread)
		look_at_splits();
	before = splits;
	if (!write_path("/sys/kernel/debug/split_huge_pages", text))
		return config("this kernel does not take split_huge_pages");
	look_at_splits();
	return splits - before >= wanted ? ok : answer_of(-EBUSY_);
}

/* collapse NAME OFF LEN */
struct answer op_collapse(struct process *me, const struct words *op)
{
	const struct range *range = find_range(op->word[1]);

	(void)me;
	if (kernel_version < 6001)
		return config("before v6.1 there is no MADV_COLLAPSE");
	return answer_of(sys3(SYS_madvise, range->address + number(op->word[2]), number(op->word[3]), MADV_COLLAPSE_));
}

/** Where pages are, and with `nodes` after they were asked to go there; `status` is a node or a negative errno. */
static long move(const struct process *process, u64 count, void **at, const int *nodes, int *status)
{
	return sys6(SYS_move_pages, process->pid, count, at, nodes, status, MPOL_MF_MOVE_ALL);
}

/** One address for each page of its own, small or huge; 0 if there is no room for all. */
static u64 pages_in(const struct place *place, void **at)
{
	u64 count = 0, end = place->start + place->length, page;

	for (page = place->start & -PAGE; page < end && count < MAX_MOVED; count++) {
		at[count] = (void *)page;
		page = maps_huge_frame(place->process, page) ? (page & -HUGE) + HUGE : page + PAGE;
	}
	return page < end ? 0 : count;
}

/* migrate NAME OFF LEN: to the other node */
struct answer op_migrate(struct process *me, const struct words *op)
{
	static void *at[MAX_MOVED];
	static int nodes[MAX_MOVED], status[MAX_MOVED], now[MAX_MOVED];
	struct place place = place_of(me, op);
	u64 count;
	long ret;

	if (place.missing)
		return config(place.missing);
	count = pages_in(&place, at);
	if (!count)
		return config("more pages to migrate than the probe has room for");
	ret = move(place.process, count, at, NULL, now);
	if (ret < 0)
		return answer_of(ret);
	for (u64 i = 0; i < count; i++)
		nodes[i] = !now[i];
	ret = move(place.process, count, at, nodes, status);
	if (ret < 0)
		return answer_of(ret);
	move(place.process, count, at, NULL, now);
	for (u64 i = 0; i < count; i++)
		if (now[i] != nodes[i])
			return answer_of(status[i] < 0 ? status[i] : now[i] < 0 ? now[i] : -EAGAIN_);
	return ok;
}
