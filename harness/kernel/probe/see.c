// Physical identity: which frames a process maps where, and whether by a PMD or by PTEs.

#include "probe.h"
#include "out.h"
#include "pages.h"

#include <linux/fcntl.h>

/** A range in more pieces than this is not told: half a list would be a lie. */
#define MAX_TOLD 4096

/** Pages mapped alike, whose frames follow each other upwards or (the buddy allocator's way) downwards. */
static struct piece { u64 offset, pages; struct page first; int step; } pieces[MAX_TOLD];
static const char *const mapped_names[] = { "none", "swap", "hwpoison", "pte", "pmd" };

/** Takes one more page into a piece, if it goes on there. */
static bool goes_on(struct piece *piece, struct page page)
{
	long step = page.pfn - (piece->first.pfn + (piece->pages - 1) * piece->step);

	if (page.mapped != piece->first.mapped)
		return false;
	if (page.mapped > HWPOISON && (piece->pages == 1 ? step != 1 && step != -1 : step != piece->step))
		return false;
	if (page.mapped > HWPOISON && piece->pages == 1)
		piece->step = step;
	piece->pages++;
	return true;
}

/** The mapping of one range as pieces; how many, or -1 when too many. */
static int look(struct process *process, const struct range *range)
{
	int count = 0;

	for (u64 offset = 0; offset < range->size; offset += PAGE) {
		struct page page = page_at(process, range->address + offset);

		if (count && goes_on(&pieces[count - 1], page))
			continue;
		if (count == MAX_TOLD)
			return -1;
		pieces[count++] = (struct piece){ offset, 1, page, 1 };
	}
	return count;
}

static void tell_range(struct process *process, const struct range *range)
{
	int count = look(process, range);

	if (count < 0)
		return;
	out("[\"range\",%s,%s,[", process->name, range->name);
	for (int i = 0; i < count; i++) {
		struct piece *piece = &pieces[i];

		out(i ? ",[%u,%u,%s" : "[%u,%u,%s", piece->offset, piece->pages * PAGE, mapped_names[piece->first.mapped]);
		if (piece->first.mapped > HWPOISON)
			out(piece->step < 0 ? ",%u,-1" : ",%u", piece->first.pfn);
		out("]");
	}
	out("]]\n");
}

void see_everything(void)
{
	for (int p = 0; p < MAX_PROCESSES; p++)
		for (int r = 0; processes[p].live && r < range_count; r++)
			if (processes[p].ranges & 1UL << r)
				tell_range(&processes[p], &ranges[r]);
	forget_pages();
	for (int i = 0; i < frames_count; i++)
		tell_frames(&frames[i], true);
}

/** As goes_on(), of frames that are named. */
static bool frame_follows(struct run *run, u64 pfn)
{
	if (run->pages == 1 && pfn == run->pfn - 1)
		run->step = -1;
	return pfn == run->pfn + run->pages * run->step;
}

long name_frames(struct frames *to, struct process *process, const struct range *range, u64 offset, u64 length)
{
	u64 end = range->address + offset + length;

	to->range = range;
	to->process = process - processes;
	to->offset = offset;
	to->length = length;
	to->first = frame_run_count;
	to->count = 0;
	for (u64 at = (range->address + offset) & -PAGE; at < end; at += PAGE) {
		struct page page = page_at(process, at);
		struct run *last = to->count ? &frame_runs[frame_run_count - 1] : NULL;

		if (page.mapped <= HWPOISON)
			continue;
		if (last && frame_follows(last, page.pfn)) {
			last->pages++;
			continue;
		}
		if (frame_run_count == MAX_RUNS)
			return -1;
		frame_runs[frame_run_count++] = (struct run){ page.pfn, 1, 1 };
		to->count++;
	}
	forget_pages();
	return to->count;
}

static bool all_freed(const struct frames *named)
{
	for (u32 i = 0; i < named->count; i++) {
		struct run *run = &frame_runs[named->first + i];

		for (u64 page = 0; page < run->pages; page++)
			if (!frame_is_free(run->pfn + page * run->step))
				return false;
	}
	return true;
}

void tell_frames(const struct frames *named, bool freed_too)
{
	if (named->count > MAX_TOLD)
		return;
	out("[\"frames\",%s,[", named->name);
	for (u32 i = 0; i < named->count; i++) {
		struct run *run = &frame_runs[named->first + i];

		out(i ? ",[%u,%u" : "[%u,%u", run->pfn, run->pages);
		out(run->step < 0 ? ",-1]" : "]");
	}
	freed_too &= named->count && !frame_is_hugetlb(frame_runs[named->first].pfn);
	out(!freed_too ? "]]\n" : all_freed(named) ? "],true]\n" : "],false]\n");
}

/* note FRAMES NAME OFF LEN; also done after a pin, whose operands begin alike */
struct answer op_note(struct process *me, const struct words *op)
{
	struct frames *named = find_frames(op->word[1]);
	long count;

	if (!named)
		named = new_frames(op->word[1]);
	if (!named)
		return config("more frame names than the probe has room for");
	count = name_frames(named, me, find_range(op->word[2]), number(op->word[3]), number(op->word[4]));
	if (count < 0)
		return config("the frames lie in more pieces than the probe has room for");
	tell_frames(named, false);
	return ok;
}

static bool is_pmd(struct page page)
{
	return page.mapped == PMD && frame_is_huge(page.pfn);
}

static bool is_pte(struct page page)
{
	return page.mapped == PTE && frame_is_huge(page.pfn);
}

static bool is_swapped(struct page page)
{
	return page.mapped == SWAP;
}

static bool is_cached(struct page page)
{
	return page.mapped == PTE && frame_is_swap_cached(page.pfn);
}

/* shape NAME OFF LEN pmd|pte|swap|swapcache */
struct answer op_shape(struct process *me, const struct words *op)
{
	static const struct { const char *name; bool (*fits)(struct page page); const char *missing; } shapes[] = {
		{ "pmd", is_pmd, "no huge page mapped by a PMD could be had here" },
		{ "pte", is_pte, "no huge page mapped by PTEs could be had here" },
		{ "swap", is_swapped, "not all of it could be swapped out" },
		{ "swapcache", is_cached, "what this device has is not seen in the swap cache" },
	};
	struct range *range = find_range(op->word[1]);
	u64 start = range->address + number(op->word[2]), length = number(op->word[3]);
	u32 i = 0;
	bool fits = true;

	while (i < COUNT(shapes) && !same(shapes[i].name, op->word[4]))
		i++;
	if (i == COUNT(shapes))
		return config("a shape that the probe does not know");
	for (u64 at = start; fits && at < start + length; at += PAGE)
		fits = shapes[i].fits(page_at(me, at));
	forget_pages();
	return fits ? ok : config(shapes[i].missing);
}

/* clear-refs PROC */
struct answer op_clear_refs(struct process *me, const struct words *op)
{
	struct process *process = find_process(op->word[1]);
	int fd = open_proc(process, "clear_refs", O_WRONLY);
	long ret;

	(void)me;
	if (!tracks_soft_dirty())
		return config("this kernel does not track soft-dirty pages");
	ret = sys3(SYS_write, fd, "4", 1);
	sys1(SYS_close, fd);
	return answer_of(ret);
}
