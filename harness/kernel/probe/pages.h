// One page of a process at a time: its frame and how it is mapped.
#pragma once

#include "probe.h"

enum mapped { NONE, SWAP, HWPOISON, PTE, PMD };

struct page {
	enum mapped mapped;
	u64 pfn;
};

struct page page_at(struct process *process, u64 address);
/** Forgets what was read: after it, memory may have changed. */
void forget_pages(void);
/** Whether the frame is part of a huge page of HPAGE_PMD_NR frames. */
bool frame_is_huge(u64 pfn);
/** Whether the frame is part of a huge page of hugetlb: one in its pool looks like one of a file. */
bool frame_is_hugetlb(u64 pfn);
/** Whether nobody holds the frame as anonymous memory; one that was reused for such does not look free. */
bool frame_is_free(u64 pfn);
/** How often it is mapped. */
u64 mappings_of(u64 pfn);
/** Whether it stands in the swap cache. */
bool frame_is_swap_cached(u64 pfn);
/** Whether what an entry is of is swapped out, or just moving. */
bool entry_is_swapped(u64 entry);
/** Opens a file of /proc/PID. */
int open_proc(const struct process *process, const char *name, int flags);
/** The entries of so many pages, 0 of what is not there; keeps nothing, so threads may ask. */
void read_entries(const struct process *process, u64 address, u64 *entries, u64 count);
/** The frame that an entry maps, or 0. */
u64 frame_of(u64 entry);
/** The frame that is mapped there, or 0; keeps nothing either. */
u64 frame_mapped_at(const struct process *process, u64 address);
/** Opens what threads of a race cannot open for each other. */
void open_pages(void);
bool tracks_soft_dirty(void);
