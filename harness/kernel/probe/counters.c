// The mm's own counters, as /proc/meminfo and /proc/vmstat tell them, and how they become exact.
//
// Counters are kept per CPU and folded into the global ones now and then. From v4.7 on a write to
// stat_refresh folds. v4.5 and v4.6 fold when a CPU goes idle, so a short sleep does. Older ones
// fold once a second. None of these touches the LRU batches.

#include "host.h"
#include "hugetlb.h"
#include "out.h"

#include <linux/fcntl.h>

#define MAX_COUNTERS 1024

static int meminfo_fd, vmstat_fd, refresh_fd;
static char text[65536];
static u64 last[MAX_COUNTERS];
static bool ever_told;
static u64 dummy;

void open_counters(void)
{
	meminfo_fd = open_path("/proc/meminfo", O_RDONLY);
	vmstat_fd = open_path("/proc/vmstat", O_RDONLY);
	refresh_fd = open_path("/proc/sys/vm/stat_refresh", O_WRONLY);
	write_path("/proc/sys/vm/stat_interval", "1");
	dummy = sys6(SYS_mmap, 0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

void fold_counters(void)
{
	if (refresh_fd >= 0) {
		sys4(SYS_pwrite64, refresh_fd, "1", 1, 0);
		return;
	}
	for (int nap = 0; nap < 12; nap++) {
		sleep_ms(250);
		spin_ms(12);
	}
}

/*
 * From v4.11 (67afa38e012e) to v6.14 each CPU keeps slots of a swap area in store, up to 64 to give and 64 to give back
 * (mm/swap_slots.c), which SwapFree counts as used: it tells nothing of the case.
 */
static bool is_exact(const char *name)
{
	return kernel_version < 4011 || kernel_version > 6014 || !same(name, "SwapFree");
}

/**
 * Tells every `name value` of one file that differs from last time; `index` of its first counter. The kernel prints
 * one that has gone below zero as if it were near 2^64.
 */
static int tell_file(int fd, int index, bool *first)
{
	char *at = text;

	read_file(fd, text, sizeof(text));
	while (*at && index < MAX_COUNTERS) {
		char *name = at;
		u64 value;
		bool kilobytes;

		while (*at && *at != ':' && *at != ' ')
			at++;
		if (!*at)
			break;
		*at++ = 0;
		while (*at == ' ')
			at++;
		value = number(at);
		while (*at && *at != '\n' && *at != 'k')
			at++;
		kilobytes = *at == 'k';
		while (*at && *at++ != '\n')
			;
		value *= kilobytes ? 1024 : 1;
		if ((!ever_told || last[index] != value) && is_exact(name)) {
			out(*first ? "%s:%d" : ",%s:%d", name, value);
			*first = false;
		}
		last[index++] = value;
	}
	return index;
}

void tell_counters(const char *as)
{
	bool first = true;
	int told;

	if (!on_host)
		fold_counters();
	out("[%s,{", as);
	told = tell_file(meminfo_fd, 0, &first);
	/* On a host these are moved by others too. */
	if (!on_host)
		tell_file(vmstat_fd, told, &first);
	tell_pools(&first);
	out("}]\n");
	ever_told = true;
}

/** A value as it stands, by the name at the beginning of its line. */
static u64 value_in(int fd, const char *name)
{
	static lock_t event_lock;
	static char events[32768];
	const char *at = events;
	u64 value = 0;
	size_t length = text_length(name);

	lock(&event_lock);
	read_file(fd, events, sizeof(events));
	for (; *at; at++) {
		size_t n = 0;

		while (n < length && at[n] == name[n])
			n++;
		if (n == length && (at[n] == ' ' || at[n] == ':')) {
			for (at += n + 1; *at == ' '; at++)
				;
			value = number(at);
			break;
		}
		while (*at && *at != '\n')
			at++;
		if (!*at)
			break;
	}
	unlock(&event_lock);
	return value;
}

u64 vm_event(const char *name)
{
	return value_in(vmstat_fd, name);
}

u64 memory_info(const char *name)
{
	return value_in(meminfo_fd, name);
}

/*
 * MADV_COLD (v5.4) drains this CPU's batches before it looks at the range, which here holds no page.
 * Older kernels drain them in munmap, before it unmaps.
 */
static void drain_here(void)
{
	long page;

	if (sys3(SYS_madvise, dummy, PAGE, 20 /* MADV_COLD */) == 0)
		return;
	page = sys6(SYS_mmap, 0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	sys2(SYS_munmap, page, PAGE);
}

void drain_lru(void)
{
	for (int cpu = cpus - 1; cpu >= 0; cpu--) {
		u64 mask = 1UL << cpu;

		if (cpus > 1)
			sys3(SYS_sched_setaffinity, 0, sizeof(mask), &mask);
		drain_here();
	}
}

/* drain-lru */
struct answer op_drain_lru(struct process *me, const struct words *op)
{
	u64 mask = 1UL << me->cpu;

	(void)op;
	drain_lru();
	if (me->thread)
		sys3(SYS_sched_setaffinity, 0, sizeof(mask), &mask);
	return ok;
}
