// A device that does DMA: io_uring reads and writes registered buffers through the frames pinned at
// registration, never through a page table. The other end is a memory file, made before counting
// begins and mapped by init, so that a transfer allocates nothing.

#include "ring.h"

#include <linux/io_uring.h>

#define MAX_RINGS 16
#define RING_ENTRIES 4

struct ring {
	int fd;
	bool taken;
	u32 *sq_tail, *sq_mask, *sq_array, *cq_head, *cq_tail, *cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
};

static struct ring rings[MAX_RINGS];
static int ring_count;
static int device_fd;
u8 *device;

static void *map(int fd, u64 size, u64 offset)
{
	long at = sys6(SYS_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, offset);

	return at < 0 ? NULL : (void *)at;
}

bool open_device(void)
{
	if (device)
		return true;
	device_fd = sys2(SYS_memfd_create, "device", 0);
	if (device_fd < 0 || sys2(SYS_ftruncate, device_fd, DEVICE_SIZE) < 0)
		return false;
	device = map(device_fd, DEVICE_SIZE, 0);
	if (device)
		memset(device, 0, DEVICE_SIZE);
	return device != NULL;
}

static bool open_ring(struct ring *ring)
{
	struct io_uring_params params;
	u8 *sq, *cq;

	memset(&params, 0, sizeof(params));
	ring->fd = sys2(SYS_io_uring_setup, RING_ENTRIES, &params);
	if (ring->fd < 0)
		return false;
	sq = map(ring->fd, params.sq_off.array + params.sq_entries * 4, IORING_OFF_SQ_RING);
	cq = map(ring->fd, params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe), IORING_OFF_CQ_RING);
	ring->sqes = map(ring->fd, params.sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
	if (!sq || !cq || !ring->sqes)
		return false;
	ring->sq_tail = (u32 *)(sq + params.sq_off.tail);
	ring->sq_mask = (u32 *)(sq + params.sq_off.ring_mask);
	ring->sq_array = (u32 *)(sq + params.sq_off.array);
	ring->cq_head = (u32 *)(cq + params.cq_off.head);
	ring->cq_tail = (u32 *)(cq + params.cq_off.tail);
	ring->cq_mask = (u32 *)(cq + params.cq_off.ring_mask);
	ring->cqes = (struct io_uring_cqe *)(cq + params.cq_off.cqes);
	return true;
}

/* Not during a point: a new ring would move counters. */
void prepare_rings(int wanted)
{
	while (ring_count < wanted && ring_count < MAX_RINGS && open_device() && open_ring(&rings[ring_count]))
		ring_count++;
}

int free_ring(void)
{
	for (int i = 0; i < ring_count; i++)
		if (!rings[i].taken)
			return i;
	return -1;
}

long ring_pin(int ring, u64 address, u64 length)
{
	struct { u64 base, length; } buffer = { address, length };
	long ret = sys4(SYS_io_uring_register, rings[ring].fd, IORING_REGISTER_BUFFERS, &buffer, 1);

	if (ret == 0)
		rings[ring].taken = true;
	return ret;
}

void ring_unpin(int ring)
{
	if (rings[ring].taken)
		sys4(SYS_io_uring_register, rings[ring].fd, IORING_UNREGISTER_BUFFERS, 0, 0);
	rings[ring].taken = false;
}

/** One operation, done before it returns: how many bytes, or a negative errno. */
static long submit(struct ring *ring, int opcode, u64 address, u32 length, u64 offset)
{
	u32 tail = *ring->sq_tail, slot = tail & *ring->sq_mask;
	struct io_uring_sqe *sqe = &ring->sqes[slot];
	u32 head = *ring->cq_head;
	long ret;

	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = opcode;
	sqe->fd = device_fd;
	sqe->off = offset;
	sqe->addr = address;
	sqe->len = length;
	ring->sq_array[slot] = slot;
	__atomic_store_n(ring->sq_tail, tail + 1, __ATOMIC_RELEASE);
	ret = sys6(SYS_io_uring_enter, ring->fd, 1, 1, IORING_ENTER_GETEVENTS, 0, 0);
	if (ret < 0)
		return ret;
	while (__atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE) == head)
		sys6(SYS_io_uring_enter, ring->fd, 0, 1, IORING_ENTER_GETEVENTS, 0, 0);
	ret = ring->cqes[head & *ring->cq_mask].res;
	__atomic_store_n(ring->cq_head, head + 1, __ATOMIC_RELEASE);
	return ret;
}

/** Goes on after short transfers until all is moved. */
static long transfer(int ring, int opcode, u64 address, u32 length)
{
	for (u32 done = 0; done < length;) {
		long ret = submit(&rings[ring], opcode, address + done, length - done, done);

		if (ret <= 0)
			return ret < 0 ? ret : -EAGAIN_;
		done += ret;
	}
	return 0;
}

long ring_read(int ring, u64 address, u32 length)
{
	return transfer(ring, IORING_OP_WRITE_FIXED, address, length);
}

long ring_write(int ring, u64 address, u32 length)
{
	return transfer(ring, IORING_OP_READ_FIXED, address, length);
}
