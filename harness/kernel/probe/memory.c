// Operations on mappings, done in the process that they concern.

#include "probe.h"

#include <linux/mman.h>

u64 prot_of(const char *text)
{
	return same(text, "rw") ? PROT_READ | PROT_WRITE : same(text, "r") ? PROT_READ : PROT_NONE;
}

static u64 start_of(const struct words *op)
{
	struct range *range = find_range(op->word[1]);

	return range ? range->address + number(op->word[2]) : 0;
}

struct answer name_memory(struct process *me, const char *name, u64 address, u64 size)
{
	struct range *range = new_range(name, address, size);

	if (!range)
		return config("more ranges than the probe has room for");
	me->ranges |= 1UL << (range - ranges);
	return ok;
}

/** Where user space ends: with five levels of page tables it is larger for those who ask. */
static u64 task_size(void)
{
	u64 usual = 1UL << 47;
	long ret = sys6(SYS_mmap, usual, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	if (ret < 0)
		return usual - PAGE;
	sys2(SYS_munmap, usual, PAGE);
	return (1UL << 56) - PAGE;
}

u64 address_for(long at, u64 size, const char *align, const char *shift)
{
	u64 unit = number(align);

	if (at < -1)
		return (task_size() + at + unit - 1) & -unit;
	return at >= 0 ? (u64)at : new_address(size, unit, number(shift));
}

/*
 * mmap NAME SIZE ALIGN SHIFT AT PROT FLAGS, bits: 1 with MAP_POPULATE, 2 with MAP_LOCKED, 4 without MAP_FIXED, 8 with
 * MAP_GROWSDOWN
 */
struct answer op_mmap(struct process *me, const struct words *op)
{
	u64 size = number(op->word[2]);
	u64 address = address_for(number(op->word[5]), size, op->word[3], op->word[4]);
	u64 asked = number(op->word[7]), flags = MAP_PRIVATE | MAP_ANONYMOUS;
	long ret;

	flags |= (asked & 1 ? MAP_POPULATE : 0) | (asked & 2 ? MAP_LOCKED : 0) | (asked & 4 ? 0 : MAP_FIXED);
	flags |= asked & 8 ? MAP_GROWSDOWN : 0;
	ret = sys6(SYS_mmap, address, size, prot_of(op->word[6]), flags, -1, 0);
	return ret < 0 ? answer_of(ret) : name_memory(me, op->word[1], ret, size);
}

/* mremap NAME OFF LEN NEWNAME NEWSIZE ALIGN SHIFT AT */
struct answer op_mremap(struct process *me, const struct words *op)
{
	u64 old = start_of(op), size = number(op->word[5]);
	u64 address = address_for(number(op->word[8]), size, op->word[6], op->word[7]);
	long ret = sys5(SYS_mremap, old, number(op->word[3]), size, MREMAP_MAYMOVE | MREMAP_FIXED, address);

	if (ret < 0)
		return answer_of(ret);
	patterns_moved(old, address);
	return name_memory(me, op->word[4], address, size);
}

/* name NAME NEWSIZE */
struct answer op_name(struct process *me, const struct words *op)
{
	struct range *range = find_range(op->word[1]);

	return name_memory(me, op->word[1], range->address, number(op->word[2]));
}

/* madvise NAME OFF LEN ADVICE */
struct answer op_madvise(struct process *me, const struct words *op)
{
	static const struct { const char *name; int advice; } advices[] = {
		{ "hugepage", MADV_HUGEPAGE }, { "nohugepage", MADV_NOHUGEPAGE }, { "dontneed", MADV_DONTNEED },
		{ "free", MADV_FREE }, { "remove", MADV_REMOVE }, { "willneed", MADV_WILLNEED },
		{ "dontfork", MADV_DONTFORK }, { "dofork", MADV_DOFORK }, { "dontdump", MADV_DONTDUMP }, { "dodump", MADV_DODUMP },
		{ "hwpoison", MADV_HWPOISON }, { "soft-offline", MADV_SOFT_OFFLINE },
	};

	(void)me;
	if ((same(op->word[4], "hwpoison") || same(op->word[4], "soft-offline")) && !has_memory_failure())
		return config("this kernel has no CONFIG_MEMORY_FAILURE");
	for (u32 i = 0; i < COUNT(advices); i++)
		if (same(advices[i].name, op->word[4]))
			return answer_of(sys3(SYS_madvise, start_of(op), number(op->word[3]), advices[i].advice));
	return config("an advice that the probe does not know");
}

/* mprotect NAME OFF LEN r|rw|none */
struct answer op_mprotect(struct process *me, const struct words *op)
{
	(void)me;
	return answer_of(sys3(SYS_mprotect, start_of(op), number(op->word[3]), prot_of(op->word[4])));
}

/* munmap NAME OFF LEN */
struct answer op_munmap(struct process *me, const struct words *op)
{
	(void)me;
	return answer_of(sys2(SYS_munmap, start_of(op), number(op->word[3])));
}
