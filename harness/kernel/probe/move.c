// What the machine does to pages that a process maps: it moves them to other frames, or out to a swap area.

#include "place.h"
#include "pages.h"
#include "swap.h"

#include <linux/fcntl.h>
#include <linux/mempolicy.h>

#define MAX_MOVED 512
#define MAX_SWAPPED 16384
#define MADV_PAGEOUT_ 21
#define ENOENT_ 2
#define ESRCH_ 3
#define ENOMEM_ 12
#define EFAULT_ 14
#define ENODEV_ 19
#define EINVAL_ 22

/** Where pages are, and with `nodes` after they were asked to go there; `status` is a node or a negative errno. */
static long move(const struct process *process, u64 count, void **at, const int *nodes, int *status)
{
	return sys6(SYS_move_pages, process->pid, count, at, nodes, status, MPOL_MF_MOVE_ALL);
}

/** One address for each page of its own, small or huge, and what maps it; 0 if there is no room for all. */
static u64 pages_in(const struct place *place, void **at, u64 *entry)
{
	static u64 area[HUGE / PAGE];
	u64 count = 0, end = place->start + place->length, page, read = 0;

	for (page = place->start & -PAGE; page < end && count < MAX_MOVED; count++) {
		if (read != (page & -HUGE))
			read_entries(place->process, read = page & -HUGE, area, COUNT(area));
		at[count] = (void *)page;
		entry[count] = area[page % HUGE / PAGE];
		page = frame_of(entry[count]) && frame_is_huge(frame_of(entry[count])) ? read + HUGE : page + PAGE;
	}
	return page < end ? 0 : count;
}

/** In a race who had the page may be gone, or his mapping, or its entry: then it is as a page that is on no list. */
static struct answer not_moved(const struct process *me, long error)
{
	bool gone = error == -ENOENT_ || error == -ESRCH_ || error == -EFAULT_ || error == -EINVAL_;

	return answer_of(me->thread && gone ? -EBUSY_ : error);
}

/* migrate NAME OFF LEN NODE|-1: to this node, or to the one of two where a page is not */
struct answer op_migrate(struct process *me, const struct words *op)
{
	static void *at[MAX_MOVED];
	static u64 entry[MAX_MOVED];
	static int nodes[MAX_MOVED], status[MAX_MOVED], now[MAX_MOVED];
	struct place place = place_of(me, op);
	long to = number(op->word[4]), ret;
	u64 count;

	if (me->thread && !place.process)
		return not_moved(me, -ESRCH_);
	if (place.missing)
		return config(place.missing);
	count = pages_in(&place, at, entry);
	if (!count)
		return config("more pages to migrate than the probe has room for");
	ret = move(place.process, count, at, NULL, now);
	if (ret < 0)
		return not_moved(me, ret);
	for (u64 i = 0; i < count; i++)
		nodes[i] = to < 0 ? !now[i] : to;
	for (u64 i = 0; i < count && !me->thread; i++)
		if (entry_is_swapped(entry[i]) || (find_frames(op->word[1]) && !frame_of(entry[i])))
			return config("move_pages(2) finds no page that is not mapped");
	ret = move(place.process, count, at, nodes, status);
	if (ret == -ENODEV_)
		return config("this machine has no such node");
	if (ret < 0)
		return not_moved(me, ret);
	move(place.process, count, at, NULL, now);
	for (u64 i = 0; i < count; i++)
		if (now[i] != nodes[i])
			return not_moved(me, status[i] < 0 ? status[i] : now[i] < 0 ? now[i] : -EAGAIN_);
	return ok;
}

/** Advice on memory of any process; in a race a thread may give it beside what that process does. */
static long advise(const struct process *process, u64 start, u64 length, int advice)
{
	struct { u64 at, length; } span = { start, length };
	int pid = sys2(SYS_pidfd_open, process->pid, 0);
	long done;

	if (pid < 0)
		return pid;
	done = sys5(SYS_process_madvise, pid, &span, 1, advice, 0);
	sys1(SYS_close, pid);
	return done;
}

/** What maps the pages of a place before they are paged out. */
static u64 entries[MAX_SWAPPED];

/** Reclaim leaves mlocked pages; the advice is refused for all of a range that has one. The rest nobody tells of. */
static struct answer advise_to_page_out(const struct place *place, bool race)
{
	long done = advise(place->process, place->start, place->length, MADV_PAGEOUT_);

	/* In a race who had the memory may be gone, or his mapping. */
	if (done == -ESRCH_ || (race && done == -ENOMEM_))
		return ok;
	if (done != -EINVAL_)
		return done < 0 ? answer_of(done) : ok;
	for (u64 at = place->start; at < place->start + place->length; at += PAGE)
		advise(place->process, at, PAGE, MADV_PAGEOUT_);
	return ok;
}

static bool is_shared(u64 count)
{
	for (u64 i = 0; i < count; i++)
		if (frame_of(entries[i]) && mappings_of(frame_of(entries[i])) > 1)
			return true;
	return false;
}

/** A look at each page that was mapped maps it again, whatever its owner may do. */
static void look_at_mapped(const struct place *place, u64 count)
{
	int memory = open_proc(place->process, "mem", O_RDONLY);
	u8 byte;

	for (u64 i = 0; i < count; i++)
		if (frame_of(entries[i]))
			sys4(SYS_pread64, memory, &byte, 1, place->start + i * PAGE);
	sys1(SYS_close, memory);
}

static struct answer page_out(const struct place *place)
{
	struct answer answer;

	drain_lru();
	answer = advise_to_page_out(place, false);
	end_writeback();
	return answer;
}

/*
 * pageout NAME OFF LEN: what a disk has written stays in the swap cache, and goes when it is looked at and paged out
 * again, now that it need not be written
 */
struct answer op_pageout(struct process *me, const struct words *op)
{
	struct place place = place_of(me, op);
	struct answer answer;
	u64 cached, count = (place.length + PAGE - 1) / PAGE;

	if (me->thread && !place.process)
		return ok;
	if (place.missing)
		return config(place.missing);
	if (kernel_version < 5010)
		return config("before v5.10 no advice (MADV_PAGEOUT) is taken on memory of others");
	if (me->thread)
		return advise_to_page_out(&place, true);
	if (count > COUNT(entries))
		return config("more pages to page out than the probe has room for");
	read_entries(place.process, place.start, entries, count);
	if (swaps() && is_shared(count))
		return config("MADV_PAGEOUT leaves alone what several processes map");
	cached = swap_cached();
	answer = page_out(&place);
	if (answer.kind != OK || swap_cached() <= cached)
		return answer;
	look_at_mapped(&place, count);
	return page_out(&place);
}

/* compact */
struct answer op_compact(struct process *me, const struct words *op)
{
	(void)me;
	(void)op;
	return write_path("/proc/sys/vm/compact_memory", "1") ? ok : config("this kernel has no compact_memory");
}
