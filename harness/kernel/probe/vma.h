// Does a PMD map an area that holds a whole huge page?
#pragma once

#include "probe.h"

bool vma_maps_by_pmd(struct process *process, int pagemap_fd, u64 start);
void forget_vmas(void);
/** In pages.c: whether the 2 MiB from `start` hold one whole huge page, mapped either way. */
bool area_looks_huge(struct process *process, u64 start);
