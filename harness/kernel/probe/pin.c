// Pins and the DMA through them. `longterm` for writing is an io_uring fixed buffer (v5.1 and later);
// `get` for reading is a page reference that vmsplice puts into a pipe. No system call of an
// unmodified kernel takes the other combinations, and holds them.

#include "content.h"
#include "out.h"
#include "ring.h"

#include <linux/fcntl.h>

#define MAX_PIPES 16
#define MAX_PIPE_SIZE (16UL << 20)
#define SPLICE_F_NONBLOCK 2

/** `tee` takes references to the pages in `held` a second time, so that reading them does not let go of them. */
static struct { int held[2], copy[2]; bool taken; } pipes[MAX_PIPES];
static int pipe_count;
static u8 buffer[65536];

/** Pipes are made before the processes of a point, which inherit them. */
void prepare_pipes(int wanted)
{
	for (; pipe_count < wanted && pipe_count < MAX_PIPES; pipe_count++) {
		sys2(SYS_pipe2, pipes[pipe_count].held, O_NONBLOCK);
		sys2(SYS_pipe2, pipes[pipe_count].copy, O_NONBLOCK);
	}
}

static int free_pipe(void)
{
	for (int i = 0; i < pipe_count; i++)
		if (!pipes[i].taken)
			return i;
	return -1;
}

static struct answer pipe_pin(struct frames *named, u64 address, u64 length)
{
	struct { u64 base, length; } part = { address, length };
	int i = free_pipe();
	long ret;

	if (i < 0)
		return config("more pins than the probe has pipes for");
	if (length > MAX_PIPE_SIZE)
		return config("a pipe holds no more than 16 MiB of pinned pages");
	if (sys3(SYS_fcntl, pipes[i].held[1], F_SETPIPE_SZ, length + PAGE) < 0 ||
	    sys3(SYS_fcntl, pipes[i].copy[1], F_SETPIPE_SZ, length + PAGE) < 0)
		return config("this kernel gives no pipe large enough for the pinned pages");
	pipes[i].taken = true;
	named->by = PIPE;
	named->holder = i;
	while (part.length) {
		ret = sys4(SYS_vmsplice, pipes[i].held[1], &part, 1, SPLICE_F_NONBLOCK);
		if (ret <= 0)
			return ret < 0 ? answer_of(ret) : config("vmsplice took only a part of the range");
		part.base += ret;
		part.length -= ret;
	}
	return ok;
}

static struct answer uring_pin(struct frames *named, u64 address, u64 length)
{
	int i = free_ring();
	long ret;

	if (kernel_version < 5001)
		return config("before v5.1 there is no io_uring: nothing pins for longterm");
	if (i < 0)
		return config("this kernel has no io_uring, or refuses it");
	if (length > 1UL << 30)
		return config("io_uring registers no more than 1 GiB at once");
	ret = ring_pin(i, address, length);
	if (ret < 0)
		return answer_of(ret);
	named->by = RING;
	named->holder = i;
	return ok;
}

/* pin FRAMES NAME OFF LEN longterm|get write|read */
struct answer op_pin(struct process *me, const struct words *op)
{
	struct range *range = find_range(op->word[2]);
	u64 offset = number(op->word[3]), length = number(op->word[4]);
	bool longterm = same(op->word[5], "longterm"), write = same(op->word[6], "write");
	struct frames *named = new_frames(op->word[1]);

	if (!named)
		return config("more frame names than the probe has room for");
	if (longterm != write)
		return config(longterm ? "io_uring pins for writing, never only for reading"
				       : "no system call holds a short pin for writing");
	(void)me;
	named->by = NOTED;
	return longterm ? uring_pin(named, range->address + offset, length)
			: pipe_pin(named, range->address + offset, length);
}

/** Reads a pipe empty, which lets go of its pages. */
static void empty(int fd)
{
	while (sys3(SYS_read, fd, buffer, sizeof(buffer)) > 0)
		;
}

static void let_go(struct frames *named)
{
	if (named->by == RING)
		ring_unpin(named->holder);
	if (named->by == PIPE) {
		empty(pipes[named->holder].held[0]);
		pipes[named->holder].taken = false;
	}
	named->by = NOTED;
}

/* unpin FRAMES */
struct answer op_unpin(struct process *me, const struct words *op)
{
	(void)me;
	let_go(find_frames(op->word[1]));
	return ok;
}

void unpin_all(void)
{
	for (int i = 0; i < frames_count; i++)
		let_go(&frames[i]);
}

/** Tells `length` bytes from `offset` of a pipe's pages. */
static struct answer read_pipe(int i, u64 offset, u64 length)
{
	u64 at = 0, end = offset + length;
	long got = sys4(SYS_tee, pipes[i].held[0], pipes[i].copy[1], end, SPLICE_F_NONBLOCK);

	if (got < (long)end)
		return got < 0 ? answer_of(got) : config("tee gave only a part of the pinned pages");
	while (at < end) {
		u64 stop = at < offset ? offset : end;

		got = sys3(SYS_read, pipes[i].copy[0], buffer, stop - at < sizeof(buffer) ? stop - at : sizeof(buffer));
		if (got <= 0)
			break;
		if (at >= offset)
			tell_bytes(buffer, got);
		at += got;
	}
	empty(pipes[i].copy[0]);
	return at == end ? ok : answer_of(got);
}

static struct answer read_ring(const struct frames *named, u64 offset, u64 length)
{
	u64 address = named->range->address + named->offset + offset;
	long ret = 0;

	for (u64 done = 0, n; done < length && ret == 0; done += n) {
		n = length - done < DEVICE_SIZE ? length - done : DEVICE_SIZE;
		ret = ring_read(named->holder, address + done, n);
		if (ret == 0)
			tell_bytes(device, n);
	}
	return answer_of(ret);
}

/* dma-read FRAMES OFF LEN */
struct answer op_dma_read(struct process *me, const struct words *op)
{
	struct frames *named = find_frames(op->word[1]);
	u64 offset = number(op->word[2]), length = number(op->word[3]);
	struct answer answer;

	(void)me;
	if (named->by == NOTED)
		return config("no device holds these frames");
	begin_bytes(named->name, named->range->address + named->offset + offset);
	answer = named->by == PIPE ? read_pipe(named->holder, offset, length) : read_ring(named, offset, length);
	end_bytes();
	return answer;
}

/* dma-write FRAMES OFF LEN BYTES */
struct answer op_dma_write(struct process *me, const struct words *op)
{
	struct frames *named = find_frames(op->word[1]);
	u64 length = number(op->word[3]);
	struct content content = parse_content(op->word[4]);
	u64 address = named->range->address + named->offset + number(op->word[2]);
	long ret = 0;

	(void)me;
	if (named->by != RING)
		return config("these frames are not pinned for writing");
	pattern_written(&content, address);
	for (u64 done = 0, n; done < length && ret == 0; done += n) {
		n = length - done < DEVICE_SIZE ? length - done : DEVICE_SIZE;
		make_content(&content, done, device, n);
		ret = ring_write(named->holder, address + done, n);
	}
	return answer_of(ret);
}
