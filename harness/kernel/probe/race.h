// A step whose operations several threads do at once.
#pragma once

#include "program.h"

bool is_race(const struct words *line);
/**
 * The race that `line` begins; `line` is then the heading after it. Each thread's answers are told; the step's own is
 * ok.
 */
struct answer run_race(struct words *line, bool (*is_heading)(const struct words *));
