// Files of a hugetlbfs or of tmpfs, and segments of shared memory, by name.
#pragma once

#include "probe.h"

/** Opens a file for the caller, whoever it is; a descriptor or a negative errno. */
int open_file(const char *name);
/** Removes all files and segments. */
void forget_files(void);
