// The verbs of the program: who does each, and with which function.

#include "probe.h"

/*
 * `operands` has a letter for each: r a range, f frames and o a file or segment that must exist, x anything else.
 * What init does after the process, if that went well, stands in `then`. In a race an operation is
 * done by its thread: beside the others, alone among those that are, or not at all.
 */
static const struct verb {
	const char *name, *operands;
	enum { OWN, INIT } where;
	enum { BESIDE, ALONE, NEVER } race;
	op_fn *run, *then;
} verbs[] = {
	{ "mmap", "xxxxxxx", OWN, BESIDE, op_mmap, NULL },
	{ "mmap-file", "xxxxxxxxxx", OWN, BESIDE, op_mmap_file, NULL },
	{ "file", "xxxx", INIT, NEVER, op_file, NULL },
	{ "unlink", "o", INIT, NEVER, op_unlink, NULL },
	{ "truncate", "ox", OWN, BESIDE, op_truncate, NULL },
	{ "fallocate", "oxx", OWN, BESIDE, op_fallocate, NULL },
	{ "punch", "oxx", OWN, BESIDE, op_punch, NULL },
	{ "fadvise", "oxxx", OWN, BESIDE, op_fadvise, NULL },
	{ "readahead", "oxx", OWN, BESIDE, op_readahead, NULL },
	{ "shmget", "xxxx", INIT, NEVER, op_shmget, NULL },
	{ "shmat", "xoxxx", OWN, BESIDE, op_shmat, NULL },
	{ "shmdt", "rxx", OWN, BESIDE, op_shmdt, NULL },
	{ "shmrm", "o", INIT, NEVER, op_unlink, NULL },
	{ "nr-hugepages", "xxx", INIT, BESIDE, op_nr_hugepages, NULL },
	{ "overcommit", "xx", INIT, BESIDE, op_overcommit, NULL },
	{ "mremap", "rxxxxxxx", OWN, BESIDE, op_mremap, NULL },
	{ "brk", "xxxx", OWN, BESIDE, op_brk, NULL },
	{ "name", "rx", OWN, BESIDE, op_name, NULL },
	{ "munmap", "rxx", OWN, BESIDE, op_munmap, NULL },
	{ "madvise", "rxxx", OWN, BESIDE, op_madvise, NULL },
	{ "mprotect", "rxxx", OWN, BESIDE, op_mprotect, NULL },
	{ "mlock", "rxxx", OWN, BESIDE, op_mlock, NULL },
	{ "munlock", "rxx", OWN, BESIDE, op_munlock, NULL },
	{ "mlockall", "xxx", OWN, BESIDE, op_mlockall, NULL },
	{ "munlockall", "", OWN, BESIDE, op_munlockall, NULL },
	{ "split", "xxx", INIT, BESIDE, op_split, NULL },
	{ "collapse", "rxx", OWN, BESIDE, op_collapse, NULL },
	{ "migrate", "xxxx", INIT, ALONE, op_migrate, NULL },
	{ "pageout", "xxx", INIT, BESIDE, op_pageout, NULL },
	{ "swapon", "", INIT, BESIDE, op_swapon, NULL },
	{ "swapoff", "", INIT, BESIDE, op_swapoff, NULL },
	{ "compact", "", INIT, BESIDE, op_compact, NULL },
	{ "poison", "xxxx", INIT, BESIDE, op_poison, NULL },
	{ "soft-offline", "xxx", INIT, BESIDE, op_soft_offline, NULL },
	{ "unpoison", "xxx", INIT, BESIDE, op_unpoison, NULL },
	{ "mce-kill", "x", OWN, NEVER, op_mce_kill, NULL },
	{ "nop", "", OWN, NEVER, op_nop, NULL },
	{ "write", "rxxx", OWN, BESIDE, op_write, NULL },
	{ "read", "rxx", OWN, ALONE, op_read, NULL },
	{ "odirect-write", "rxx", OWN, ALONE, op_odirect_write, NULL },
	{ "odirect-read", "rxxx", OWN, ALONE, op_odirect_read, NULL },
	{ "ptrace-poke", "rxxx", INIT, NEVER, op_ptrace_poke, NULL },
	{ "touch", "rxxxx", OWN, BESIDE, op_touch, NULL },
	{ "shape", "rxxx", INIT, NEVER, op_shape, NULL },
	{ "fork", "x", OWN, BESIDE, op_fork, NULL },
	{ "exit", "x", INIT, BESIDE, op_exit, NULL },
	{ "clear-refs", "x", INIT, NEVER, op_clear_refs, NULL },
	{ "note", "xrxx", INIT, NEVER, op_note, NULL },
	{ "pin", "xrxxxx", OWN, NEVER, op_pin, op_note },
	{ "unpin", "f", INIT, ALONE, op_unpin, NULL },
	{ "dma-read", "fxx", INIT, ALONE, op_dma_read, NULL },
	{ "dma-write", "fxxx", INIT, ALONE, op_dma_write, NULL },
	{ "rdma", "ffxxxx", OWN, ALONE, op_rdma, NULL },
	{ "drain-lru", "", INIT, BESIDE, op_drain_lru, NULL },
	{ "race", "", OWN, NEVER, op_race, NULL },
	{ "thread", "x", OWN, NEVER, op_thread, NULL },
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
		if ((*kind == 'r' && !find_range(op->word[i])) || (*kind == 'f' && !find_frames(op->word[i])) ||
		    (*kind == 'o' && !has_file(op->word[i])))
			return false;
	return !*kind && i == op->count;
}

struct answer do_op(struct process *me, const struct words *op)
{
	return find_verb(op)->run(me, op);
}

static struct answer misfit(const struct verb *verb)
{
	return config(verb ? "an operand is missing, or names nothing: an earlier step did not bring it about"
			   : "an operation that the probe does not know");
}

struct answer run_op(struct process *process, const struct words *op)
{
	const struct verb *verb = find_verb(op);
	struct answer answer;

	if (!verb || !fits(verb, op))
		return misfit(verb);
	answer = verb->where == OWN ? let(process, op) : verb->run(process, op);
	return answer.kind == OK && verb->then ? verb->then(process, op) : answer;
}

struct answer run_op_beside(struct process *thread, const struct words *op)
{
	const struct verb *verb = find_verb(op);

	if (!verb || !fits(verb, op))
		return misfit(verb);
	return verb->race == NEVER ? config("the probe cannot do this inside a race") : verb->run(thread, op);
}

bool fits_op(const struct words *op)
{
	const struct verb *verb = find_verb(op);

	return verb && fits(verb, op);
}

bool runs_alone(const struct words *op)
{
	const struct verb *verb = find_verb(op);

	return verb && verb->race == ALONE;
}
