// The heap of a process: brk(2) as the kernel has it.

#include "probe.h"

#include <linux/errno.h>
#include <linux/prctl.h>

/** Has the heap begin and end at `at`. It must not end before it begins, so upwards its end goes first. */
static bool place_heap(u64 at)
{
	bool ended = sys5(SYS_prctl, PR_SET_MM, PR_SET_MM_BRK, at, 0, 0) == 0;

	if (sys5(SYS_prctl, PR_SET_MM, PR_SET_MM_START_BRK, at, 0, 0) < 0)
		return false;
	return ended || sys5(SYS_prctl, PR_SET_MM, PR_SET_MM_BRK, at, 0, 0) == 0;
}

/* brk NAME SIZE AT OF|-: of none, the heap begins anew */
struct answer op_brk(struct process *me, const struct words *op)
{
	u64 size = number(op->word[2]), start;

	if (same(op->word[4], "-")) {
		start = address_for(number(op->word[3]), size, "4096", "0");
		if (!place_heap(start))
			return config("who has no CAP_SYS_RESOURCE cannot say where a heap begins");
	} else if (find_range(op->word[4])) {
		start = find_range(op->word[4])->address;
	} else {
		return config("an earlier step did not bring this heap about");
	}
	/* It answers with where the heap ends then, whatever was asked. */
	if ((u64)sys1(SYS_brk, start + size) != start + size)
		return answer_of(-ENOMEM);
	return name_memory(me, op->word[1], start, size);
}
