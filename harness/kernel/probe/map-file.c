// Mappings of files, of hugetlbfs or of tmpfs; and of anonymous memory that is one's, as that of hugetlb and shared
// memory.

#include "files.h"
#include "hugetlb.h"

#define MAP_HUGETLB_ 0x40000
#define MAP_HUGE_SHIFT_ 26

/** p private, s shared, n noreserve, f populated, l locked, h without MAP_FIXED. */
static u64 flags_of(const char *letters)
{
	static const struct { char letter; u64 flag; } flags[] = {
		{ 'p', MAP_PRIVATE }, { 's', MAP_SHARED }, { 'n', MAP_NORESERVE }, { 'f', MAP_POPULATE }, { 'l', MAP_LOCKED },
	};
	u64 all = 0, fixed = MAP_FIXED;

	for (; *letters; letters++) {
		if (*letters == 'h')
			fixed = 0;
		for (u32 i = 0; i < COUNT(flags); i++)
			if (flags[i].letter == *letters)
				all |= flags[i].flag;
	}
	return all | fixed;
}

/* mmap-file NAME SIZE ALIGN SHIFT AT PROT FLAGS PAGE FILE|- OFFSET */
struct answer op_mmap_file(struct process *me, const struct words *op)
{
	u64 size = number(op->word[2]), page = number(op->word[8]), flags = flags_of(op->word[7]);
	u64 address = address_for(number(op->word[5]), size, op->word[3], op->word[4]);
	bool anonymous = same(op->word[9], "-");
	int fd = anonymous ? -1 : open_file(op->word[9]);
	long ret;

	if (page != PAGE && why_no_pool(page))
		return config(why_no_pool(page));
	if (anonymous)
		flags |= MAP_ANONYMOUS;
	if (anonymous && page != PAGE)
		flags |= MAP_HUGETLB_ | (u64)__builtin_ctzl(page) << MAP_HUGE_SHIFT_;
	ret = sys6(SYS_mmap, address, size, prot_of(op->word[6]), flags, fd, number(op->word[10]));
	if (!anonymous)
		sys1(SYS_close, fd);
	return ret < 0 ? answer_of(ret) : name_memory(me, op->word[1], ret, size);
}
