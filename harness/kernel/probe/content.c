// Telling bytes in runs: fills, patterns that somebody wrote there, and the rest as hex.

#include "content.h"
#include "bytes.h"
#include "out.h"

/** So many bytes must agree (or all that are left) before a run is taken for a fill or a pattern. */
#define SURE 16
#define MAX_HEX 256
#define MAX_TOLD 512
#define MAX_SEEDS 64

/** A seed and the index of its stream that stands at address 0, modulo 2^32. */
static struct { u32 seed, phase; } seeds[MAX_SEEDS];
static u32 seed_count;
static lock_t seed_lock;

static enum { NOTHING, FILL, SEEDED, HEX } run;
static u32 value, shift;	/* of FILL and SEEDED */
static u64 run_offset, run_length, next_offset, next_address;
static u8 hex[MAX_HEX];
static u32 told;

struct content parse_content(const char *word)
{
	const char *plus = word;

	while (*plus && *plus != '+')
		plus++;
	return (struct content){ word[0] == 's', number(word + 1), *plus ? number(plus + 1) : 0 };
}

void make_content(const struct content *content, u64 from, u8 *to, u64 length)
{
	if (!content->seeded)
		memset(to, content->value, length);
	else
		for (u64 i = 0; i < length; i++)
			to[i] = pattern(content->value, content->shift + from + i);
}

static bool knows_seed(u32 seed, u32 phase)
{
	for (u32 i = 0; i < seed_count; i++)
		if (seeds[i].seed == seed && seeds[i].phase == phase)
			return true;
	return false;
}

static void add_seed(u32 seed, u32 phase)
{
	lock(&seed_lock);
	if (!knows_seed(seed, phase) && seed_count < MAX_SEEDS) {
		seeds[seed_count].seed = seed;
		seeds[seed_count].phase = phase;
		seed_count++;
	}
	unlock(&seed_lock);
}

void pattern_written(const struct content *content, u64 address)
{
	if (content->seeded)
		add_seed(content->value, content->shift - address);
}

void patterns_moved(u64 from, u64 to)
{
	for (u32 i = 0, n = seed_count; i < n; i++)
		add_seed(seeds[i].seed, seeds[i].phase + from - to);
}

void forget_patterns(void)
{
	seed_count = 0;
}

static void finish_run(void)
{
	if (run == NOTHING || told++ >= MAX_TOLD)
		return;
	out(told == 1 ? "[%u,%u,\"" : ",[%u,%u,\"", run_offset, run_length);
	if (run == FILL)
		out("b%u", (u64)value);
	else if (run == SEEDED)
		out("s%u+%u", (u64)value, (u64)shift);
	else
		out("x%h", hex, run_length);
	out("\"]");
}

static void start_run(int kind, u32 what, u32 from)
{
	finish_run();
	run = kind;
	value = what;
	shift = from;
	run_offset = next_offset;
	run_length = 0;
}

static bool is_fill(const u8 *bytes, u64 sure)
{
	for (u64 i = 1; i < sure; i++)
		if (bytes[i] != bytes[0])
			return false;
	return true;
}

/** The seed whose stream stands here, or -1. */
static int seed_at(const u8 *bytes, u64 sure)
{
	for (u32 s = 0; s < seed_count; s++) {
		u64 i = 0;

		while (i < sure && bytes[i] == pattern(seeds[s].seed, seeds[s].phase + (u32)(next_address + i)))
			i++;
		if (i == sure)
			return s;
	}
	return -1;
}

static bool goes_on(u8 byte)
{
	return run == FILL ? byte == value :
	       run == SEEDED && byte == pattern(value, shift + (u32)run_length);
}

void begin_bytes(const char *name, u64 address)
{
	out("[\"bytes\",%s,[", name);
	run = NOTHING;
	told = 0;
	next_offset = 0;
	next_address = address;
}

/** How many bytes from here go on the fill that is being told, by whole words. */
static u64 more_fill(const u8 *bytes, u64 length)
{
	u64 word = value * 0x0101010101010101UL, n = 0;

	while (run == FILL && n + 8 <= length && *(const u64 *)(bytes + n) == word)
		n += 8;
	return n;
}

static void advance(u64 *i, u64 by)
{
	*i += by;
	run_length += by;
	next_offset += by;
	next_address += by;
}

void tell_bytes(const u8 *bytes, u64 length)
{
	for (u64 i = 0; i < length;) {
		u64 same = more_fill(bytes + i, length - i), sure;
		int seed;

		if (same || goes_on(bytes[i])) {
			advance(&i, same ? same : 1);
			continue;
		}
		sure = length - i < SURE ? length - i : SURE;
		seed = is_fill(bytes + i, sure) ? -1 : seed_at(bytes + i, sure);
		if (seed >= 0)
			start_run(SEEDED, seeds[seed].seed, seeds[seed].phase + (u32)next_address);
		else if (is_fill(bytes + i, sure))
			start_run(FILL, bytes[i], 0);
		else if (run != HEX || run_length == MAX_HEX)
			start_run(HEX, 0, 0);
		if (run == HEX)
			hex[run_length] = bytes[i];
		advance(&i, 1);
	}
}

bool tell_more_fill(const u8 *at, u64 length)
{
	u64 none = 0;

	if (run != FILL || length % 64 || !holds_guarded(at, value, length))
		return false;
	advance(&none, length);
	return true;
}

void end_bytes(void)
{
	finish_run();
	out("]]\n");
}
