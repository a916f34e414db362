// Locking memory, done in the process whose memory it is.

#include "probe.h"
#include "vma.h"

#include <linux/mman.h>

/* v4.4, with mlock2(2) */
#define MLOCK_ONFAULT_ 1
#define MCL_ONFAULT_ 4

static bool yes(const char *word)
{
	return same(word, "1");
}

static u64 start_of(const struct words *op)
{
	return find_range(op->word[1])->address + number(op->word[2]);
}

/* mlock NAME OFF LEN ONFAULT */
struct answer op_mlock(struct process *me, const struct words *op)
{
	u64 start = start_of(op), length = number(op->word[3]);

	(void)me;
	if (!yes(op->word[4]))
		return answer_of(sys2(SYS_mlock, start, length));
	if (kernel_version < 4004)
		return config("before v4.4 there is no mlock2(2)");
	return answer_of(sys3(SYS_mlock2, start, length, MLOCK_ONFAULT_));
}

/* munlock NAME OFF LEN */
struct answer op_munlock(struct process *me, const struct words *op)
{
	(void)me;
	return answer_of(sys2(SYS_munlock, start_of(op), number(op->word[3])));
}

/*
 * mlockall CURRENT FUTURE ONFAULT; munlockall. The process also has what the probe is made of, and a case counts only
 * what it has mapped itself: the lock of the rest is taken back at once.
 */
struct answer op_mlockall(struct process *me, const struct words *op)
{
	int flags = (yes(op->word[1]) ? MCL_CURRENT : 0) | (yes(op->word[2]) ? MCL_FUTURE : 0);
	long ret;

	if (yes(op->word[3]) && kernel_version < 4004)
		return config("before v4.4 there is no MCL_ONFAULT");
	ret = sys1(SYS_mlockall, flags | (yes(op->word[3]) ? MCL_ONFAULT_ : 0));
	if (!ret)
		munlock_probe(me);
	return answer_of(ret);
}

struct answer op_munlockall(struct process *me, const struct words *op)
{
	(void)me, (void)op;
	return answer_of(sys0(SYS_munlockall));
}
