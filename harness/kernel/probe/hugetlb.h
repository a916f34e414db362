// The pools of hugetlb.
#pragma once

#include "probe.h"

void open_pools(void);
/** Null, or why there are no huge pages of so many bytes here. */
const char *why_no_pool(u64 page);
/** `leave KILOBYTES`: others use this pool, which is neither set nor told. */
void leave_pool(const struct words *line);
/** `pool KILOBYTES PAGES OVERCOMMIT [NODE0 NODE1]`: what the next point needs, of each node where that is said. */
void ask_for_pool(const struct words *line);
/** What was asked for is asked for no more. */
void forget_pools(void);
/** Gives every pool what was asked for; null, or why it cannot be had. */
const char *set_pools(void);
/** Tells what has changed as members of a JSON object, of which nothing stands there yet if `first`. */
void tell_pools(bool *first);
