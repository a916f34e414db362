// The swap area of a test point.
#pragma once

#include "probe.h"

/** `swap KILOBYTES loop|brd CLUSTER`: what the next point needs. */
void ask_for_swap(const struct words *line);
/** What was asked for is asked for no more. */
void forget_swap(void);
/** An area that nothing is in, or none; null, or why it cannot be had. */
const char *set_swap(void);
/** Whether there is one that the kernel swaps to. */
bool swaps(void);
/** What stands in the swap cache, in KiB. */
u64 swap_cached(void);
/** Waits until all that is being written to the area has been. */
void end_writeback(void);
