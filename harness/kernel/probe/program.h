// The program: what the harness wants done, one line for each thing, in the file /program.
//
//	leave KILOBYTES			the pool of huge pages of this size is not ours
//	pool KILOBYTES PAGES OVERCOMMIT	huge pages that the next test point finds in their pool
//	swap KILOBYTES loop|brd CLUSTER	the next test point finds a swap area of this size, header and all, on such a device;
//					and /proc/sys/vm/page-cluster
//	disk				the next test point reads and writes a disk with O_DIRECT
//	point N THP RINGS PIPES		a test point begins; transparent huge pages are set to THP
//	rounds N MS			all of the point again and again: so many times (0: without end), so long (0: likewise)
//	prime				the steps that follow are undone before counting begins
//	count				counting begins
//	step N PROCESS CPU LOOK		a step, by this process on this CPU; LOOK 1: tell all frames after it
//	VERB OPERANDS			an operation of the step
//	race				the step is a race of the threads that follow
//	thread NAME PROCESS CPU		a thread, in the address space of this process
//	do				a step of the thread; its operations follow
//	end-of NAME			a step that ends what the thread has made; none, where it was not made
//	end				the point ends
#pragma once

#include "probe.h"

#define MAX_LINE 1024

bool open_program(void);
/** The next line; false after the last. */
bool next_line(struct words *line);
/** Where the next line stands, and going on from there. */
const char *here(void);
void go_on_from(const char *place);
/** A copy of a line, which stays when the next one is read; `text` has room for MAX_LINE. */
void keep_line(struct words *to, char *text, const struct words *line);
