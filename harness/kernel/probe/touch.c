// Operations that write, read and touch memory through the page tables of the acting process.

#include "content.h"
#include "sys.h"

#include <linux/fcntl.h>

/** The part of a range that an operation names: NAME OFF LEN. */
struct span {
	struct range *range;
	u64 start, length;
};

static struct span span_of(const struct words *op)
{
	struct range *range = find_range(op->word[1]);

	return (struct span){ range, range->address + number(op->word[2]), number(op->word[3]) };
}

/** To the end of the page at most, so that all before a fault is done. */
static u64 piece(u64 at, u64 end)
{
	u64 page_end = (at & -PAGE) + PAGE;

	return (page_end < end ? page_end : end) - at;
}

/* write NAME OFF LEN BYTES */
struct answer op_write(struct process *me, const struct words *op)
{
	struct content content = parse_content(op->word[4]);
	struct span span = span_of(op);
	u8 buffer[PAGE];

	(void)me;
	if (!content.seeded)
		return fill_guarded((void *)span.start, content.value, span.length) ? ok : faulted(span.range);
	pattern_written(&content, span.start);
	for (u64 done = 0, n; done < span.length; done += n) {
		n = piece(span.start + done, span.start + span.length);
		make_content(&content, done, buffer, n);
		if (!copy_guarded((void *)(span.start + done), buffer, n))
			return faulted(span.range);
	}
	return ok;
}

/* read NAME OFF LEN */
struct answer op_read(struct process *me, const struct words *op)
{
	struct span span = span_of(op);
	struct answer answer = ok;
	u8 buffer[PAGE];

	(void)me;
	begin_bytes(span.range->name, span.start);
	for (u64 done = 0, n; done < span.length; done += n) {
		n = piece(span.start + done, span.start + span.length);
		if (tell_more_fill((void *)(span.start + done), n))
			continue;
		if (!copy_guarded(buffer, (void *)(span.start + done), n)) {
			answer = faulted(span.range);
			break;
		}
		tell_bytes(buffer, n);
	}
	end_bytes();
	return answer;
}

/*
 * A write that stores the byte that is there. It must not begin with a load, as a locked instruction does where QEMU
 * emulates one CPU: the load would fault, and map the zero page. Memory that is not there yet holds zero.
 */
static bool store_again(int pagemap, u8 *at)
{
	u64 entry = 0;
	u8 byte = 0;

	sys4(SYS_pread64, pagemap, &entry, sizeof(entry), (u64)at / PAGE * sizeof(entry));
	/* Bits 62 and 63: swapped, present. */
	return (!(entry >> 62) || copy_guarded(&byte, at, 1)) && fill_guarded(at, byte, 1);
}

/* touch NAME OFF LEN r|w PAGE: one access a page; a write stores the byte that is there */
struct answer op_touch(struct process *me, const struct words *op)
{
	struct span span = span_of(op);
	bool write = same(op->word[4], "w"), done = true;
	int pagemap = open_path("/proc/self/pagemap", O_RDONLY);
	u64 page = number(op->word[5]);
	u8 byte;

	(void)me;
	for (u64 at = span.start; done && at < span.start + span.length; at = (at & -page) + page)
		done = write ? store_again(pagemap, (u8 *)at) : copy_guarded(&byte, (void *)at, 1);
	sys1(SYS_close, pagemap);
	return done ? ok : faulted(span.range);
}
