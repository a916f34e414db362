// /proc/PID/pagemap and /proc/kpageflags, a huge page's area at a time.

#include "pages.h"
#include "vma.h"

#include <linux/fcntl.h>

#define PM_PRESENT (1UL << 63)
#define PM_SWAP (1UL << 62)
#define PM_SOFT_DIRTY (1UL << 55)
#define PM_PFN ((1UL << 55) - 1)
/** Types of swap entries that are no swap area, of which there may be some fewer than 32; none but poison stays. */
#define FIRST_SPECIAL_TYPE 16
#define KPF(bit) (1UL << (bit))
#define KPF_LRU KPF(5)
#define KPF_ANON KPF(12)
#define KPF_SWAPCACHE KPF(13)
#define KPF_COMPOUND_HEAD KPF(15)
#define KPF_COMPOUND_TAIL KPF(16)
#define KPF_HUGE KPF(17)
#define KPF_ZERO_PAGE KPF(24)

static struct { int pid; u64 start; bool by_pmd; u64 entries[512]; } area;
static int flags_fd, count_fd, pagemap_fd, pagemap_pid;

int open_proc(const struct process *process, const char *name, int flags)
{
	char path[64] = "/proc/", digits[16];
	int n = 0, at = 6;

	for (int pid = process->pid; pid; pid /= 10)
		digits[n++] = '0' + pid % 10;
	while (n)
		path[at++] = digits[--n];
	path[at++] = '/';
	copy_text(path + at, name, sizeof(path) - at);
	return open_path(path, flags);
}

void open_pages(void)
{
	flags_fd = open_path("/proc/kpageflags", O_RDONLY);
	count_fd = open_path("/proc/kpagecount", O_RDONLY);
}

static u64 frame_flags(u64 pfn)
{
	u64 flags = 0;

	sys4(SYS_pread64, flags_fd, &flags, sizeof(flags), pfn * sizeof(flags));
	return flags;
}

bool frame_is_huge(u64 pfn)
{
	u64 head = pfn & ~511UL;

	return frame_flags(head) & KPF_COMPOUND_HEAD && frame_flags(head + 511) & KPF_COMPOUND_TAIL;
}

void read_entries(const struct process *process, u64 address, u64 *entries, u64 count)
{
	int fd = open_proc(process, "pagemap", O_RDONLY);

	memset(entries, 0, count * sizeof(*entries));
	sys4(SYS_pread64, fd, entries, count * sizeof(*entries), address / PAGE * sizeof(*entries));
	sys1(SYS_close, fd);
}

u64 frame_of(u64 entry)
{
	return entry & PM_PRESENT ? entry & PM_PFN : 0;
}

u64 frame_mapped_at(const struct process *process, u64 address)
{
	u64 entry;

	read_entries(process, address, &entry, 1);
	return frame_of(entry);
}

bool entry_is_swapped(u64 entry)
{
	return !(entry & PM_PRESENT) && entry & PM_SWAP;
}

u64 mappings_of(u64 pfn)
{
	u64 count = 0;

	sys4(SYS_pread64, count_fd, &count, sizeof(count), pfn * sizeof(count));
	return count;
}

bool frame_is_swap_cached(u64 pfn)
{
	return frame_flags(pfn) & KPF_SWAPCACHE;
}

bool frame_is_hugetlb(u64 pfn)
{
	return frame_flags(pfn) & KPF_HUGE;
}

bool frame_is_free(u64 pfn)
{
	return !(frame_flags(pfn) & (KPF_LRU | KPF_ANON | KPF_COMPOUND_HEAD | KPF_COMPOUND_TAIL));
}

static void read_area(struct process *process, u64 start)
{
	if (pagemap_pid != process->pid) {
		if (pagemap_fd > 0)
			sys1(SYS_close, pagemap_fd);
		pagemap_fd = open_proc(process, "pagemap", O_RDONLY);
		pagemap_pid = process->pid;
	}
	memset(area.entries, 0, sizeof(area.entries));
	sys4(SYS_pread64, pagemap_fd, area.entries, sizeof(area.entries), start / PAGE * 8);
}

/** Whether the area that was read may be mapped by a PMD: 512 consecutive frames, aligned, of one huge page. */
static bool looks_huge(void)
{
	u64 first = area.entries[0] & PM_PFN;

	if (!(area.entries[0] & PM_PRESENT) || first % 512)
		return false;
	for (u64 i = 1; i < 512; i++)
		if (!(area.entries[i] & PM_PRESENT) || (area.entries[i] & PM_PFN) != first + i)
			return false;
	return frame_is_huge(first);
}

bool area_looks_huge(struct process *process, u64 start)
{
	read_area(process, start);
	return looks_huge() && !(frame_flags(area.entries[0] & PM_PFN) & KPF_ZERO_PAGE);
}

/*
 * Before v4.5 a huge page is mapped by a PMD or not at all. The huge zero page is, always: its PTEs
 * all lead to the small zero page. Of hugetlb a page of any size is mapped by one entry.
 */
static bool by_pmd(struct process *process, u64 start)
{
	if (area.entries[0] & PM_PRESENT && frame_is_hugetlb(area.entries[0] & PM_PFN))
		return true;
	if (!looks_huge())
		return false;
	if (kernel_version < 4005 || frame_flags(area.entries[0] & PM_PFN) & KPF_ZERO_PAGE)
		return true;
	return vma_maps_by_pmd(process, pagemap_fd, start);
}

struct page page_at(struct process *process, u64 address)
{
	u64 start = address & -HUGE, entry;

	if (area.pid != process->pid || area.start != start) {
		read_area(process, start);
		area.by_pmd = by_pmd(process, start);
		read_area(process, start);
		area.pid = process->pid;
		area.start = start;
	}
	entry = area.entries[address / PAGE % 512];
	if (entry & PM_PRESENT)
		return (struct page){ area.by_pmd ? PMD : PTE, entry & PM_PFN };
	if (!(entry & PM_SWAP))
		return (struct page){ NONE, 0 };
	return (struct page){ entry % 32 < FIRST_SPECIAL_TYPE ? SWAP : HWPOISON, 0 };
}

void forget_pages(void)
{
	area.pid = 0;
	forget_vmas();
}

bool tracks_soft_dirty(void)
{
	static volatile char page[PAGE] __attribute__((aligned(4096)));
	static enum { UNKNOWN, NO, YES } known;
	u64 entry = 0;
	int fd;

	if (known)
		return known == YES;
	write_path("/proc/self/clear_refs", "4");
	page[0] = 1;
	fd = open_path("/proc/self/pagemap", O_RDONLY);
	sys4(SYS_pread64, fd, &entry, sizeof(entry), (u64)page / PAGE * 8);
	sys1(SYS_close, fd);
	known = entry & PM_SOFT_DIRTY ? YES : NO;
	return known == YES;
}
