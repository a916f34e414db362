// Bytes that are moved past the page table of their process: by a disk, with O_DIRECT, or by a debugger.
//
// The disk is a RAM disk (brd), which is a module of every kernel we know: it stands in /brd.ko. It goes by bytes of
// its own, not by page cache, so what it holds changes no counter of the case.

#include "direct.h"
#include "content.h"
#include "ring.h"

#include <linux/fcntl.h>

#define S_IFBLK_ 0060000
#define RAM_DISK 0x100 /* device 1:0 */
#define PTRACE_POKEDATA_ 5
#define PTRACE_DETACH_ 17
#define PTRACE_SEIZE_ 0x4206
#define PTRACE_INTERRUPT_ 0x4207
#define WALL_ 0x40000000
#define EFAULT_ 14

static const char swap_path[] = "/dev/ram1";

/** Loads the module, once: the first disk is for O_DIRECT, the second to swap to. */
static bool has_disk(void)
{
	static enum { UNKNOWN, NO, YES } known;
	int fd;

	if (known)
		return known == YES;
	sys3(SYS_mknod, "/dev/ram0", S_IFBLK_ | 0600, RAM_DISK);
	sys3(SYS_mknod, swap_path, S_IFBLK_ | 0600, RAM_DISK + 1);
	fd = open_path("/brd.ko", O_RDONLY);
	sys3(SYS_finit_module, fd, "rd_nr=2 rd_size=4194304", 0);
	sys1(SYS_close, fd);
	fd = open_path("/dev/ram0", O_RDWR | O_DIRECT);
	known = fd < 0 ? NO : YES;
	sys1(SYS_close, fd);
	return known == YES;
}

const char *swap_disk(void)
{
	return has_disk() ? swap_path : NULL;
}

const char *prepare_disk(void)
{
	return open_device() && has_disk() ? NULL : "no RAM disk (brd) of this kernel could be had for O_DIRECT";
}

static int open_disk(void)
{
	return open_path("/dev/ram0", O_RDWR | O_DIRECT);
}

/** All of it, or an error: a part was moved before a page that cannot be had. */
static struct answer moved(long done, u64 length)
{
	return done < 0 ? answer_of(done) : (u64)done < length ? answer_of(-EFAULT_) : ok;
}

static void *memory_of(const struct words *op)
{
	return (void *)(find_range(op->word[1])->address + number(op->word[2]));
}

/* odirect-write NAME OFF LEN */
struct answer op_odirect_write(struct process *me, const struct words *op)
{
	u64 length = number(op->word[3]);
	u8 *memory = memory_of(op);
	int disk = open_disk();
	struct answer answer = moved(sys4(SYS_pwrite64, disk, memory, length, 0), length);

	(void)me;
	begin_bytes(op->word[1], (u64)memory);
	for (u64 done = 0, n; done < length && answer.kind == OK; done += n) {
		n = length - done < DEVICE_SIZE ? length - done : DEVICE_SIZE;
		answer = moved(sys4(SYS_pread64, disk, device, n, done), n);
		tell_bytes(device, n);
	}
	end_bytes();
	sys1(SYS_close, disk);
	return answer;
}

/* odirect-read NAME OFF LEN BYTES */
struct answer op_odirect_read(struct process *me, const struct words *op)
{
	struct content content = parse_content(op->word[4]);
	u64 length = number(op->word[3]);
	u8 *memory = memory_of(op);
	int disk = open_disk();
	struct answer answer = ok;

	(void)me;
	pattern_written(&content, (u64)memory);
	for (u64 done = 0, n; done < length && answer.kind == OK; done += n) {
		n = length - done < DEVICE_SIZE ? length - done : DEVICE_SIZE;
		make_content(&content, done, device, n);
		answer = moved(sys4(SYS_pwrite64, disk, device, n, done), n);
	}
	if (answer.kind == OK)
		answer = moved(sys4(SYS_pread64, disk, memory, length, 0), length);
	sys1(SYS_close, disk);
	return answer;
}

/* ptrace-poke NAME OFF LEN BYTES: init is the debugger */
struct answer op_ptrace_poke(struct process *me, const struct words *op)
{
	struct content content = parse_content(op->word[4]);
	u64 length = number(op->word[3]), word;
	u8 *memory = memory_of(op);
	long ret = sys4(SYS_ptrace, PTRACE_SEIZE_, me->pid, 0, 0);
	int status;

	if (ret < 0)
		return config("this kernel lets nobody trace a process");
	pattern_written(&content, (u64)memory);
	sys4(SYS_ptrace, PTRACE_INTERRUPT_, me->pid, 0, 0);
	sys4(SYS_wait4, me->pid, &status, WALL_, 0);
	for (u64 done = 0; done < length && ret == 0; done += sizeof(word)) {
		make_content(&content, done, (u8 *)&word, sizeof(word));
		ret = sys4(SYS_ptrace, PTRACE_POKEDATA_, me->pid, memory + done, word);
	}
	sys4(SYS_ptrace, PTRACE_DETACH_, me->pid, 0, 0);
	return answer_of(ret);
}
