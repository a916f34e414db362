// What an operation answered, told to the harness.
#pragma once

#include "probe.h"

/** What a step answered. */
void tell_answer(const struct answer *answer);
/** What step `step` of a thread of a race answered. */
void tell_raced(const char *thread, int step, const struct answer *answer);
