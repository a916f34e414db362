// What the machine does to huge pages: split, collapse.

#include "place.h"

#define MADV_COLLAPSE_ 25

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
