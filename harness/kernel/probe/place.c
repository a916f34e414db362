#include "place.h"
#include "pages.h"

static const struct process *owner_of(const struct frames *named)
{
	const struct process *process = &processes[named->process];

	if (process->live)
		return process;
	for (process = processes; process < processes + MAX_PROCESSES; process++)
		if (process->live && !process->thread && process->ranges & 1UL << (named->range - ranges))
			return process;
	return NULL;
}

bool maps_huge_frame(const struct process *process, u64 address)
{
	u64 frame = frame_mapped_at(process, address);

	return frame && frame_is_huge(frame);
}

u64 frame_named(const struct frames *named, u64 offset)
{
	u64 page = (named->offset % PAGE + offset) / PAGE;

	for (u32 i = named->first; i < named->first + named->count; page -= frame_runs[i++].pages)
		if (page < frame_runs[i].pages)
			return frame_runs[i].pfn + page * frame_runs[i].step;
	return 0;
}

/* What moves them in a race is no concern of `me` */
struct place place_of(const struct process *me, const struct words *op)
{
	const struct frames *named = find_frames(op->word[1]);
	const struct range *range = named ? named->range : find_range(op->word[1]);
	u64 base = named ? named->offset : 0, offset = number(op->word[2]), now;
	struct place place = { .process = named ? owner_of(named) : find_process("main"), .length = number(op->word[3]) };

	if (!range)
		place.missing = "an earlier step did not bring these frames about";
	else if (!place.process)
		place.missing = "no process is left that maps these frames";
	if (place.missing)
		return place;
	place.start = range->address + base + offset;
	now = named && !me->thread ? frame_mapped_at(place.process, place.start) : 0;
	if (now && now != frame_named(named, offset))
		place.missing = "other frames are mapped now where these were named";
	return place;
}
