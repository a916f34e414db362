// A test point on the machine: what it finds, its steps, its rounds, and what is left of it.
#pragma once

#include "program.h"

/** The next point uses O_DIRECT. */
void ask_for_disk(void);
/** False: the machine is not the one that the point wants. */
bool begin_point(const struct words *line);
/** All of the point is to be run again and again. */
void repeat_point(const struct words *line);
/** False: what primed the point has left it without what it wants. */
bool count_from_here(bool primed);
/**
 * Does the operations of a step, the first failing one being its answer, which is told; `line` is then the line after
 * it. False: the rest of the point is not to be run.
 */
bool run_step(struct words *line);
/** After the last process: that was the point, or one round of it, and then it begins again. */
void end_point(void);
