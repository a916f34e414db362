// Swap areas, and pages that go out to them and come back.
//
// A loop device over a file of ramfs writes back some time later, and leaves what it has written in the swap cache. A
// RAM disk (brd) writes at once, and no page that it has is ever seen in the swap cache. The file is filled beforehand:
// its pages are unevictable, and no case may see their number change.

#include "swap.h"
#include "direct.h"
#include "pages.h"

#include <linux/fcntl.h>

#define S_IFBLK_ 0060000
#define FIRST_LOOP 0x700 /* device 7:0 */
#define LOOP_SET_FD_ 0x4c00
#define LOOP_CLR_FD_ 0x4c01
#define SWAP_MAGIC_AT (PAGE - 10)
#define LONGEST_WRITE 2000

static const char area_path[] = "/swap/area", loop_path[] = "/dev/loop0";

/** What the next point wants, and what there is: the path of a device, and whether the kernel swaps to it. */
static struct wish { u64 kilobytes; bool on_disk; } wanted, made;
static char cluster[4];
static const char *area;
static bool active;
static u64 filled;

void ask_for_swap(const struct words *line)
{
	wanted.kilobytes = number(line->word[1]);
	wanted.on_disk = same(line->word[2], "brd");
	copy_text(cluster, line->word[3], sizeof(cluster));
}

void forget_swap(void)
{
	wanted.kilobytes = 0;
}

/** The file behind the loop device, at least so long. */
static bool fill_area(u64 size)
{
	static const u8 zeros[PAGE];
	int fd = sys4(SYS_openat, AT_FDCWD, area_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	for (; filled < size; filled += PAGE)
		if (sys4(SYS_pwrite64, fd, zeros, PAGE, filled) != PAGE)
			break;
	sys1(SYS_close, fd);
	return filled >= size;
}

static const char *loop_device(u64 size)
{
	int module, loop, file;
	long ret = 0;

	if (size <= filled)
		return loop_path;
	if (!filled) {
		sys2(SYS_mkdir, "/swap", 0700);
		sys5(SYS_mount, "swap", "/swap", "ramfs", 0, 0);
		sys3(SYS_mknod, loop_path, S_IFBLK_ | 0600, FIRST_LOOP);
		module = open_path("/loop.ko", O_RDONLY);
		sys3(SYS_finit_module, module, "", 0);
		sys1(SYS_close, module);
	}
	loop = open_path(loop_path, O_RDWR);
	if (filled) {
		ret = sys3(SYS_ioctl, loop, LOOP_CLR_FD_, 0);
		/* Since 18048c1af783 (v6.11) the last who closes it does so. */
		sys1(SYS_close, loop);
		loop = open_path(loop_path, O_RDWR);
	}
	if (loop < 0 || ret < 0 || !fill_area(size))
		return NULL;
	file = open_path(area_path, O_RDWR);
	ret = sys3(SYS_ioctl, loop, LOOP_SET_FD_, file);
	sys1(SYS_close, file);
	sys1(SYS_close, loop);
	return ret < 0 ? NULL : loop_path;
}

/** As mkswap(8) does: a page of header, whose last ten bytes say so. */
static bool make_swap(const char *path, u64 size)
{
	static union {
		u8 bytes[PAGE];
		struct { u8 boot[1024]; u32 version, last_page, bad_pages; } info;
	} header __attribute__((aligned(4096)));
	int fd = open_path(path, O_RDWR);
	long done;

	header.info.version = 1;
	header.info.last_page = size / PAGE - 1;
	memcpy(header.bytes + SWAP_MAGIC_AT, "SWAPSPACE2", 10);
	done = sys4(SYS_pwrite64, fd, header.bytes, PAGE, 0);
	/* swapon() reads the disk, not what is cached of it. */
	sys1(SYS_fsync, fd);
	sys1(SYS_close, fd);
	return done == PAGE;
}

static long switch_on(void)
{
	long ret = sys2(SYS_swapon, area, 0);

	active |= ret == 0;
	return ret;
}

static long switch_off(void)
{
	long ret = sys1(SYS_swapoff, area);

	active &= ret < 0;
	return ret;
}

bool swaps(void)
{
	return active;
}

u64 swap_cached(void)
{
	fold_counters();
	return memory_info("SwapCached");
}

/** Nothing is in the area, which is the one that is wanted; a page that is left in the swap cache has a place there. */
static bool is_as_wanted(void)
{
	if (!active || wanted.kilobytes != made.kilobytes || wanted.on_disk != made.on_disk)
		return false;
	return !swap_cached();
}

const char *set_swap(void)
{
	u64 size = wanted.kilobytes * 1024;

	if (size)
		write_path("/proc/sys/vm/page-cluster", cluster);
	if (is_as_wanted())
		return NULL;
	if (active && switch_off() < 0)
		return "the swap area of the point before cannot be switched off";
	if (!size)
		return NULL;
	made = wanted;
	area = made.on_disk ? swap_disk() : loop_device(size);
	if (!area)
		return made.on_disk ? "no RAM disk (brd) of this kernel could be had to swap to"
				    : "no loop device of this kernel could be had to swap to";
	if (!make_swap(area, size) || switch_on() < 0)
		return "this kernel does not swap to the device made for it";
	return NULL;
}

void end_writeback(void)
{
	if (!active)
		return;
	for (u64 until = now_ms() + LONGEST_WRITE; now_ms() < until; sleep_ms(1)) {
		fold_counters();
		if (!vm_event("nr_writeback"))
			return;
	}
}

/* swapon */
struct answer op_swapon(struct process *me, const struct words *op)
{
	(void)me;
	(void)op;
	return wanted.kilobytes ? answer_of(switch_on()) : config("this machine has no swap area");
}

/* swapoff */
struct answer op_swapoff(struct process *me, const struct words *op)
{
	(void)me;
	(void)op;
	return wanted.kilobytes ? answer_of(switch_off()) : config("this machine has no swap area");
}
