// What a process has mapped: does a PMD map an area that holds a whole huge page, and what is the probe's own?
#pragma once

#include "probe.h"

bool vma_maps_by_pmd(struct process *process, int pagemap_fd, u64 start);
void forget_vmas(void);
/** Unlocks all memory of the caller that no range of the case names: what the probe is made of. */
void munlock_probe(struct process *me);
/** In pages.c: whether the 2 MiB from `start` hold one whole huge page, mapped either way. */
bool area_looks_huge(struct process *process, u64 start);
