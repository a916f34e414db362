// Where the machine finds pages that it is to do something to.
#pragma once

#include "probe.h"

/** Memory of a process, by the name of frames that it maps there or of a range that `main` has. */
struct place {
	const struct process *process;
	u64 start, length;
	const char *missing;	/* why there is none */
};

/** What NAME OFF LEN of an operation means to `me`. */
struct place place_of(const struct process *me, const struct words *op);
/** Whether the page that is mapped there is part of a huge page. */
bool maps_huge_frame(const struct process *process, u64 address);
