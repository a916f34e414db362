// The workload of the RDMA test: two registered buffers, transfers between them, compared after each.

#include "bytes.h"
#include "out.h"
#include "ring.h"

#define BEAT 1024

static u8 sent[DEVICE_SIZE], found[DEVICE_SIZE];

/** Tells the first run of bytes that differ, 16 at most. */
static void tell_difference(u64 transfer, u64 offset, u32 size)
{
	u32 from = 0, length = 1;

	while (sent[from] == found[from])
		from++;
	while (from + length < size && length < 16 && sent[from + length] != found[from + length])
		length++;
	out("[\"differ\",%u,%u,%u,\"%h\",\"%h\"]\n", transfer, offset + from, (u64)length, sent + from, (u64)length,
	    found + from, (u64)length);
}

static bool equal(u32 size)
{
	for (u32 i = 0; i < size; i++)
		if (sent[i] != found[i])
			return false;
	return true;
}

static struct answer one_transfer(const struct frames *from, const struct frames *to, u64 source, u64 target, u32 size)
{
	u64 source_at = from->range->address + from->offset + source;
	u64 target_at = to->range->address + to->offset + target;
	long ret;

	if (!copy_guarded((void *)source_at, sent, size))
		return faulted(from->range);
	ret = ring_read(from->holder, source_at, size);
	if (ret == 0)
		ret = ring_write(to->holder, target_at, size);
	if (ret < 0)
		return answer_of(ret);
	return copy_guarded(found, (void *)target_at, size) ? ok : faulted(to->range);
}

/* rdma FROM TO TRANSFERS MIN MAX SEED; draws in order: size, source offset, target offset */
struct answer op_rdma(struct process *me, const struct words *op)
{
	struct frames *from = find_frames(op->word[1]), *to = find_frames(op->word[2]);
	u64 transfers = number(op->word[3]);
	u32 min = number(op->word[4]), max = number(op->word[5]), seed = number(op->word[6]);
	u32 state = seed;

	(void)me;
	if (from->by != RING || to->by != RING)
		return config("rdma needs two longterm pins for writing");
	if (max > DEVICE_SIZE)
		return config("a transfer is larger than the device's buffer");
	for (u64 t = 0; t < transfers; t++) {
		u32 size = min + random_next(&state) % (max - min + 1);
		u64 source = random_next(&state) % (from->length - size + 1);
		u64 target = random_next(&state) % (to->length - size + 1);
		struct answer answer;

		for (u32 i = 0; i < size; i++)
			sent[i] = pattern(seed, t * 1024 + i);
		answer = one_transfer(from, to, source, target, size);
		if (answer.kind != OK)
			return answer;
		if (!equal(size)) {
			tell_difference(t, target, size);
			return ok;
		}
		if (t % BEAT == BEAT - 1)
			out("[\"beat\"]\n");
	}
	return ok;
}
