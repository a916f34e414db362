// Memory that fails: frames are told to the kernel by their physical address, and processes how they want to hear of
// it.

#include "probe.h"
#include "out.h"
#include "pages.h"

#include <linux/fcntl.h>

#define PR_MCE_KILL_ 33
#define PR_MCE_KILL_CLEAR_ 0
#define PR_MCE_KILL_SET_ 1
#define NO_MEMORY_FAILURE "this kernel has no CONFIG_MEMORY_FAILURE"

static const char hard_offline[] = "/sys/devices/system/memory/hard_offline_page";
static const char soft_offline[] = "/sys/devices/system/memory/soft_offline_page";
static const char unpoison_pfn[] = "/sys/kernel/debug/hwpoison/unpoison-pfn";

bool has_memory_failure(void)
{
	int fd = open_path(hard_offline, O_WRONLY);

	if (fd >= 0)
		sys1(SYS_close, fd);
	return fd >= 0;
}

/** The frame at an offset of a name, or of a range that main has; 0: none is mapped. */
static u64 frame_at(const char *name, u64 offset)
{
	const struct frames *named = find_frames(name);

	return named ? frame_named(named, offset)
		     : frame_mapped_at(find_process("main"), find_range(name)->address + offset);
}

static long write_number(const char *path, u64 value)
{
	char text[24];
	int fd = open_path(path, O_WRONLY);
	long done;

	if (fd < 0)
		return fd;
	put_decimal(text, value);
	done = sys3(SYS_write, fd, text, text_length(text));
	sys1(SYS_close, fd);
	return done < 0 ? done : 0;
}

/** Tells the kernel of each frame, as a multiple of `unit` bytes; the first error is the answer. */
static struct answer tell_each(const struct words *op, const char *path, u64 unit)
{
	u64 from = number(op->word[2]), end = from + number(op->word[3]);
	u64 pfns[512];
	long error = 0;
	int count = 0;

	if (!find_frames(op->word[1]) && !find_range(op->word[1]))
		return config("an earlier step did not bring these frames about");
	/* All of them, before the first takes another away. */
	for (u64 at = from & -PAGE; at < end; at += PAGE) {
		if (count == COUNT(pfns))
			return config("more frames than the probe has room for");
		pfns[count++] = frame_at(op->word[1], at);
	}
	for (int i = 0; i < count; i++) {
		long ret = pfns[i] ? write_number(path, pfns[i] * (PAGE / unit)) : 0;

		error = error ? error : ret;
	}
	return answer_of(error);
}

/* poison NAME OFF LEN optional|required */
struct answer op_poison(struct process *me, const struct words *op)
{
	(void)me;
	if (!has_memory_failure())
		return config(NO_MEMORY_FAILURE);
	if (same(op->word[4], "required"))
		return config("nobody can be made to run into memory that fails");
	return tell_each(op, hard_offline, 1);
}

/* soft-offline NAME OFF LEN */
struct answer op_soft_offline(struct process *me, const struct words *op)
{
	(void)me;
	return has_memory_failure() ? tell_each(op, soft_offline, 1) : config(NO_MEMORY_FAILURE);
}

/** Loads hwpoison-inject, which no kernel has built in, the first time that it is wanted. */
static bool can_unpoison(void)
{
	int fd = open_path(unpoison_pfn, O_WRONLY);

	if (fd < 0) {
		int module = open_path("/hwpoison-inject.ko", O_RDONLY);

		sys3(SYS_finit_module, module, "", 0);
		sys1(SYS_close, module);
		fd = open_path(unpoison_pfn, O_WRONLY);
	}
	if (fd >= 0)
		sys1(SYS_close, fd);
	return fd >= 0;
}

/* unpoison NAME OFF LEN */
struct answer op_unpoison(struct process *me, const struct words *op)
{
	(void)me;
	if (!can_unpoison())
		return config("this kernel has no unpoison-pfn: the module hwpoison-inject is missing");
	return tell_each(op, unpoison_pfn, PAGE);
}

/* mce-kill early|late|default */
struct answer op_mce_kill(struct process *me, const struct words *op)
{
	const char *policy = op->word[1];

	(void)me;
	if (same(policy, "default"))
		return answer_of(sys5(SYS_prctl, PR_MCE_KILL_, PR_MCE_KILL_CLEAR_, 0, 0, 0));
	return answer_of(sys5(SYS_prctl, PR_MCE_KILL_, PR_MCE_KILL_SET_, same(policy, "early"), 0, 0));
}

/* nop */
struct answer op_nop(struct process *me, const struct words *op)
{
	(void)me;
	(void)op;
	return ok;
}

/*
 * What waits for a process is delivered when it next goes back to user space: each is sent there once. Then what was
 * caught is told.
 */
void tell_signals(void)
{
	static const struct words nop = { 1, { "nop" } };

	for (struct process *process = processes; process < processes + MAX_PROCESSES; process++) {
		if (!process->live || process->thread)
			continue;
		let(process, &nop);
		if (!process->elsewhere.hit)
			continue;
		process->elsewhere.hit = false;
		out("[\"signal\",%s,%d,%d", process->name, (long)process->elsewhere.signal, (long)process->elsewhere.code);
		for (int r = 0; r < range_count; r++)
			if (process->elsewhere.address - ranges[r].address < ranges[r].size && process->ranges & 1UL << r) {
				out(",%s,%u", ranges[r].name, process->elsewhere.address - ranges[r].address);
				break;
			}
		out("]\n");
	}
}
