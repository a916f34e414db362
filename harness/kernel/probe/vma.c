// Does a PMD map an area that holds a whole huge page?
//
// From v6.7 on PAGEMAP_SCAN tells. Before, smaps tells how much of a whole mapping PMDs map: all
// such areas, or none, in nearly every case. Where it is some of them, the area is made a mapping
// of its own for a moment (MADV_DONTDUMP splits it off, MADV_DODUMP merges it again, neither
// touches a page table) and smaps is read anew.

#include "vma.h"
#include "pages.h"

#include <linux/fcntl.h>

#define MAX_VMAS 256
#define PAGE_IS_HUGE (1UL << 6)

static struct vma { u64 start, end, by_pmd; long huge_areas; } vmas[MAX_VMAS];
static int vma_count;
static int vmas_of;
static char text[1 << 17];

static u64 hexadecimal(const char **at)
{
	u64 value = 0;

	for (;; (*at)++) {
		char c = **at;

		if (c >= '0' && c <= '9')
			value = value << 4 | (u64)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (u64)(c - 'a' + 10);
		else
			return value;
	}
}

static bool begins(const char *text, const char *with)
{
	while (*with && *text == *with)
		text++, with++;
	return !*with;
}

static void read_vmas(struct process *process)
{
	int fd = open_proc(process, "smaps", O_RDONLY);
	const char *at = text;
	long length = 0, got;

	/* not pread: a seq_file that is read from the middle walks from its start again */
	while ((got = sys3(SYS_read, fd, text + length, sizeof(text) - 1 - length)) > 0)
		length += got;
	text[length] = 0;
	sys1(SYS_close, fd);
	vma_count = 0;
	vmas_of = process->pid;
	while (*at) {
		bool heading = (*at >= '0' && *at <= '9') || (*at >= 'a' && *at <= 'f');

		if (heading && vma_count < MAX_VMAS) {
			struct vma *vma = &vmas[vma_count++];

			vma->start = hexadecimal(&at);
			at++;
			vma->end = hexadecimal(&at);
			vma->huge_areas = -1;
		} else if (begins(at, "AnonHugePages:") && vma_count) {
			for (at += 14; *at == ' '; at++)
				;
			vmas[vma_count - 1].by_pmd = number(at) * 1024;
		}
		while (*at && *at++ != '\n')
			;
	}
}

static struct vma *vma_at(struct process *process, u64 address)
{
	if (vmas_of != process->pid)
		read_vmas(process);
	for (int i = 0; i < vma_count; i++)
		if (address >= vmas[i].start && address < vmas[i].end)
			return &vmas[i];
	return NULL;
}

static void count_huge_areas(struct process *process, struct vma *vma)
{
	u64 start = (vma->start + HUGE - 1) & -HUGE;

	for (vma->huge_areas = 0; start + HUGE <= vma->end; start += HUGE)
		vma->huge_areas += area_looks_huge(process, start);
}

/** Has the process itself give advice on the area, as it does when a case asks for it. */
static void advise(struct process *process, u64 start, const char *advice)
{
	static struct words op;
	struct range *range = new_range("(area)", start, HUGE);

	if (!range)
		return;
	op.word[0] = "madvise";
	op.word[1] = range->name;
	op.word[2] = "0";
	op.word[3] = "2097152";
	op.word[4] = advice;
	op.count = 5;
	let(process, &op);
}

/** The area alone in a mapping of its own. */
static bool ask_alone(struct process *process, u64 start)
{
	struct vma *vma;
	bool by_pmd;

	advise(process, start, "dontdump");
	forget_vmas();
	vma = vma_at(process, start);
	by_pmd = vma && vma->by_pmd >= HUGE;
	advise(process, start, "dodump");
	forget_vmas();
	return by_pmd;
}

/** The answer of PAGEMAP_SCAN, or negative where the kernel has none. */
static int scan(int pagemap_fd, u64 start)
{
	struct { u64 start, end, categories; } found;
	struct {
		u64 size, flags, start, end, walk_end, vec, vec_len, max_pages;
		u64 inverted, mask, anyof, returned;
	} arg = {
		.size = sizeof(arg), .start = start, .end = start + HUGE, .vec = (u64)&found, .vec_len = 1,
		.mask = PAGE_IS_HUGE, .returned = PAGE_IS_HUGE,
	};
	long ret = sys3(SYS_ioctl, pagemap_fd, 0xc0606610, &arg);

	return ret < 0 ? -1 : ret == 1 && found.start == start && found.end == start + HUGE;
}

bool vma_maps_by_pmd(struct process *process, int pagemap_fd, u64 start)
{
	int told = kernel_version >= 6007 ? scan(pagemap_fd, start) : -1;
	struct vma *vma;

	if (told >= 0)
		return told;
	vma = vma_at(process, start);
	/* No PMD maps what is more than one mapping. */
	if (!vma || !vma->by_pmd || start + HUGE > vma->end)
		return false;
	if (vma->huge_areas < 0)
		count_huge_areas(process, vma);
	return vma->by_pmd == vma->huge_areas * HUGE || ask_alone(process, start);
}

void forget_vmas(void)
{
	vmas_of = 0;
}

static bool has_range(const struct vma *vma)
{
	for (struct range *range = ranges; range < ranges + range_count; range++)
		if (range->address < vma->end && range->address + range->size > vma->start)
			return true;
	return false;
}

void munlock_probe(struct process *me)
{
	read_vmas(me);
	for (int i = 0; i < vma_count; i++)
		if (!has_range(&vmas[i]))
			sys2(SYS_munlock, vmas[i].start, vmas[i].end - vmas[i].start);
	forget_vmas();
}
