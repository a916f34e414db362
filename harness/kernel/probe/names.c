// Names of ranges and frames, and the addresses that ranges get.

#include "probe.h"

/** Above what the loader uses and below the stack; the same in every point, so that runs repeat exactly. */
#define FIRST_ADDRESS (1UL << 40)
/** Between two ranges, so that no two of them ever merge into one mapping or share a huge page. */
#define GAP (2 * HUGE)

struct range ranges[MAX_RANGES];
struct frames frames[MAX_FRAMES];
struct run frame_runs[MAX_RUNS];
int range_count, frames_count;
u32 frame_run_count;
static u64 next_address;
/* Threads of a race name things side by side. */
static lock_t name_lock;

struct range *find_range(const char *name)
{
	for (int i = range_count - 1; i >= 0; i--)
		if (same(ranges[i].name, name))
			return &ranges[i];
	return NULL;
}

struct frames *find_frames(const char *name)
{
	for (int i = frames_count - 1; i >= 0; i--)
		if (same(frames[i].name, name))
			return &frames[i];
	return NULL;
}

struct range *new_range(const char *name, u64 address, u64 size)
{
	struct range *range = find_range(name);

	lock(&name_lock);
	if (!range && range_count < MAX_RANGES) {
		range = &ranges[range_count];
		copy_text(range->name, name, NAME);
		range_count++;
	}
	unlock(&name_lock);
	if (!range)
		return NULL;
	range->address = address;
	range->size = size;
	return range;
}

struct frames *new_frames(const char *name)
{
	struct frames *named = find_frames(name);

	if (!named) {
		if (frames_count == MAX_FRAMES)
			return NULL;
		named = &frames[frames_count++];
		copy_text(named->name, name, NAME);
	}
	named->by = NOTED;
	named->count = 0;
	return named;
}

void forget_names(void)
{
	range_count = frames_count = 0;
	frame_run_count = 0;
	next_address = FIRST_ADDRESS;
}

u64 new_address(u64 size, u64 align, u64 shift)
{
	u64 unit = align > HUGE ? align : HUGE;
	u64 address;

	lock(&name_lock);
	address = (next_address + unit - 1) / unit * unit + shift;
	next_address = address + size + GAP;
	unlock(&name_lock);
	return address;
}
