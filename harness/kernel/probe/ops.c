// The verbs of the program: who does each, and with which function.

#include "probe.h"

/*
 * `operands` has a letter for each: r a range and f frames that must exist, x anything else.
 * What init does after the process, if that went well, stands in `then`.
 */
static const struct verb {
	const char *name, *operands;
	enum { OWN, INIT } where;
	op_fn *run, *then;
} verbs[] = {
	{ "mmap", "xxxxxxx", OWN, op_mmap, NULL },
	{ "mremap", "rxxxxxxx", OWN, op_mremap, NULL },
	{ "name", "rx", OWN, op_name, NULL },
	{ "munmap", "rxx", OWN, op_munmap, NULL },
	{ "madvise", "rxxx", OWN, op_madvise, NULL },
	{ "mprotect", "rxxx", OWN, op_mprotect, NULL },
	{ "write", "rxxx", OWN, op_write, NULL },
	{ "read", "rxx", OWN, op_read, NULL },
	{ "touch", "rxxx", OWN, op_touch, NULL },
	{ "shape", "rxxx", INIT, op_shape, NULL },
	{ "fork", "x", OWN, op_fork, NULL },
	{ "exit", "x", INIT, op_exit, NULL },
	{ "clear-refs", "x", INIT, op_clear_refs, NULL },
	{ "note", "xrxx", INIT, op_note, NULL },
	{ "pin", "xrxxxx", OWN, op_pin, op_note },
	{ "unpin", "f", INIT, op_unpin, NULL },
	{ "dma-read", "fxx", INIT, op_dma_read, NULL },
	{ "dma-write", "fxxx", INIT, op_dma_write, NULL },
	{ "rdma", "ffxxxx", OWN, op_rdma, NULL },
	{ "drain-lru", "", INIT, op_drain_lru, NULL },
};

static const struct verb *find_verb(const struct words *op)
{
	for (u32 i = 0; i < COUNT(verbs); i++)
		if (same(verbs[i].name, op->word[0]))
			return &verbs[i];
	return NULL;
}

/** Whether each operand is there, and what it names. */
static bool fits(const struct verb *verb, const struct words *op)
{
	const char *kind = verb->operands;
	int i = 1;

	for (; *kind && i < op->count; kind++, i++)
		if ((*kind == 'r' && !find_range(op->word[i])) || (*kind == 'f' && !find_frames(op->word[i])))
			return false;
	return !*kind && i == op->count;
}

struct answer do_op(struct process *me, const struct words *op)
{
	return find_verb(op)->run(me, op);
}

struct answer run_op(struct process *process, const struct words *op)
{
	const struct verb *verb = find_verb(op);
	struct answer answer;

	if (!verb)
		return config("an operation that the probe does not know");
	if (!fits(verb, op))
		return config("an operand is missing, or names nothing: an earlier step did not bring it about");
	answer = verb->where == OWN ? let(process, op) : verb->run(process, op);
	return answer.kind == OK && verb->then ? verb->then(process, op) : answer;
}
