// What the files of the probe share: names, processes, ranges, frames and answers.
//
// Everything writable lives in .bss, which main.c makes shared memory: all processes of a test
// point see one copy, only one of them acts at a time but for a race, and no write of the probe's own is ever a
// copy-on-write fault that the counters would show.
#pragma once

#include "sys.h"

#define NAME 64
#define MAX_PROCESSES 16
#define MAX_RANGES 64
#define MAX_FRAMES 32
#define MAX_RUNS 32768
#define MAX_WORDS 16

/** One operation of the program: its verb and its operands. */
struct words {
	int count;
	const char *word[MAX_WORDS];
};

/** After CONFIG, and when the process is GONE, the rest of the point is not run. */
enum kind { OK, ERRNO, SIGNAL, KILLED, CONFIG, GONE };

/** What an operation answered. `reason` of CONFIG says why this kernel cannot judge. */
struct answer {
	enum kind kind;
	int number;		/* the errno, or the signal */
	int code;		/* si_code */
	const char *of;		/* name of the range that faulted */
	u64 at;			/* offset of the fault there */
	const char *reason;
};

/** A process of the test point; `op` is what it is to do, taken away when `answer` stands. */
struct process {
	char name[NAME];
	int pid;
	volatile bool live;
	int status;		/* as wait4 gave it */
	int cpu;
	u64 ranges;		/* which ranges its address space ever had, by index */
	bool thread;		/* of a race: it shares the address space of another process */
	const struct words *volatile op;
	struct answer answer;
	struct { volatile bool hit; int signal, code; u64 address; } fault;
	/* a SIGBUS that no access of its own raised, or the kernel's word for one */
	struct { volatile bool hit; int signal, code; u64 address; } elsewhere;
};

struct range {
	char name[NAME];
	u64 address, size;
};

/** Consecutive frames, upwards (step 1) or downwards (-1). */
struct run {
	u64 pfn, pages;
	long step;
};

/** Named frames: noted only, or held by a ring (fixed buffer) or by a pipe (vmsplice). */
struct frames {
	char name[NAME];
	enum { NOTED, RING, PIPE } by;
	int holder;		/* index of the ring or of the pipe */
	const struct range *range;
	int process;		/* index of who mapped them when they were named */
	u64 offset, length;	/* the part of the range that was named */
	u32 first, count;	/* its runs in frame_runs */
};

extern struct process processes[MAX_PROCESSES];
extern struct range ranges[MAX_RANGES];
extern struct frames frames[MAX_FRAMES];
extern struct run frame_runs[MAX_RUNS];
extern int range_count, frames_count;
extern u32 frame_run_count;
/** Kernel version as major * 1000 + minor. */
extern int kernel_version;
extern int cpus;

/* names.c */
struct range *find_range(const char *name);
struct frames *find_frames(const char *name);
/** The range or frames of this name, made new if there is none; null when the table is full. */
struct range *new_range(const char *name, u64 address, u64 size);
struct frames *new_frames(const char *name);
/** Forgets every range and every frame name; the next point starts at the same addresses. */
void forget_names(void);
/** An address range that nobody used in this point: `shift` bytes after a multiple of `align`. */
u64 new_address(u64 size, u64 align, u64 shift);

/* what operations answer */
static const struct answer ok = { .kind = OK };
static inline struct answer config(const char *reason)
{
	return (struct answer){ .kind = CONFIG, .reason = reason };
}
static inline struct answer answer_of(long ret)
{
	return ret < 0 ? (struct answer){ .kind = ERRNO, .number = -ret } : ok;
}

/* files.c */
bool has_file(const char *name);

/* memory.c */
/** Names the memory at `address` and remembers that this process has had it. */
struct answer name_memory(struct process *me, const char *name, u64 address, u64 size);
/**
 * Where a mapping is to be: `at`, where the probe chooses if that is -1, and else so far below the end of user space.
 */
u64 address_for(long at, u64 size, const char *align, const char *shift);
u64 prot_of(const char *text);

/* content.c */
/** Patterns known at `from` may from now on also stand at `to`. */
void patterns_moved(u64 from, u64 to);

/* access.c: memory accesses of the calling process, which may fault */
void catch_faults(void);
bool copy_guarded(void *to, const void *from, u64 length);
bool fill_guarded(void *to, u8 byte, u64 length);
/** Whether `length` bytes, 64 or a multiple, all hold `byte`; false also where they cannot be read. */
bool holds_guarded(const void *at, u8 byte, u64 length);
/** The answer for a fault that an access just took, placed in `range`. */
struct answer faulted(const struct range *range);

/* process.c */
/** Keeps the signals by which processes wake each other from being lost; children inherit it. */
void block_signals(void);
int start_process(struct process *process, u64 flags);
/** Who calls; not init. */
struct process *myself(void);
struct process *find_process(const char *name);
struct process *new_process(const char *name);
/** Lets a process do one operation and waits until it has answered or died. */
struct answer let(struct process *process, const struct words *op);
/** The two halves of it. */
void set_going(struct process *process, const struct words *op);
struct answer wait_until_done(struct process *process);
void end_process(struct process *process);
void end_all(void);

/*
 * memory.c, heap.c, hugetlb.c, map-file.c, files.c, direct.c, mlock.c, split.c, move.c, swap.c, touch.c, process.c,
 * race.c, pin.c, rdma.c, see.c, counters.c: the operations; ops.c says where each is done
 */
typedef struct answer op_fn(struct process *me, const struct words *op);
op_fn op_mmap, op_mmap_file, op_madvise, op_mprotect, op_munmap, op_mremap, op_brk, op_name, op_write, op_read, op_touch;
op_fn op_fork, op_exit, op_clear_refs, op_drain_lru, op_shape, op_note;
op_fn op_mlock, op_munlock, op_mlockall, op_munlockall;
op_fn op_file, op_unlink, op_truncate, op_fallocate, op_punch, op_fadvise, op_readahead, op_shmget, op_shmat, op_shmdt;
op_fn op_odirect_write, op_odirect_read, op_ptrace_poke;
op_fn op_nr_hugepages, op_overcommit;
op_fn op_split, op_collapse, op_migrate, op_pageout, op_swapon, op_swapoff, op_compact;
op_fn op_poison, op_soft_offline, op_unpoison, op_mce_kill, op_nop;
op_fn op_race, op_thread;
op_fn op_pin, op_unpin, op_dma_read, op_dma_write, op_rdma;
/** In the process: does one of its own operations. */
struct answer do_op(struct process *me, const struct words *op);
/** In init: has one operation done, by the process or by init itself. */
struct answer run_op(struct process *process, const struct words *op);
/** Whether the operation is known, and what it names is there. */
bool fits_op(const struct words *op);
/** As run_op inside a race: by a thread, beside others. */
struct answer run_op_beside(struct process *thread, const struct words *op);
/** Whether threads of a race must do it one at a time. */
bool runs_alone(const struct words *op);

/* pin.c, ring.c, direct.c: made before the processes of a point, which inherit them */
void prepare_rings(int wanted);
void prepare_pipes(int wanted);
/** What O_DIRECT needs; null, or why it cannot be had. */
const char *prepare_disk(void);
void unpin_all(void);

/* see.c */
void see_everything(void);
/** Names the frames that `process` maps there; how many runs, or negative when there is no room. */
long name_frames(struct frames *to, struct process *process, const struct range *range, u64 offset, u64 length);
void tell_frames(const struct frames *named, bool freed_too);

/* counters.c */
void open_counters(void);
/** What each CPU has counted for itself goes into the sums. */
void fold_counters(void);
/** One line of all counters that changed since the last such line. */
void tell_counters(const char *as);
/** Takes everything off this CPU's (and all other CPUs') LRU batches. */
void drain_lru(void);

/** The kernel's own count of an event, of /proc/vmstat, as it stands. */
u64 vm_event(const char *name);
/** A size of /proc/meminfo, in KiB. */
u64 memory_info(const char *name);

/* poison.c */
/** What each process got from elsewhere since it was last asked. */
void tell_signals(void);
/** Whether memory may fail at all. */
bool has_memory_failure(void);

/* place.c */
/** The frame that was named as the one at `offset` of the name, or 0. */
u64 frame_named(const struct frames *named, u64 offset);

/* split.c */
void look_at_splits(void);

/* kmsg.c */
void open_log(void);
void tell_log(void);
