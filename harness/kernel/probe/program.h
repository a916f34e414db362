// The program: what the harness wants done, one line for each thing, in the file /program.
//
//	point N THP RINGS PIPES		a test point begins; transparent huge pages are set to THP
//	prime				the steps that follow are undone before counting begins
//	count				counting begins
//	step N PROCESS CPU LOOK		a step, by this process on this CPU; LOOK 1: tell all frames after it
//	VERB OPERANDS			an operation of the step
//	end				the point ends
#pragma once

#include "probe.h"

bool open_program(void);
/** The next line; false after the last. */
bool next_line(struct words *line);
