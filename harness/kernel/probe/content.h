// Contents of memory: written from the program's words, and told in runs of what was found.
#pragma once

#include "probe.h"

/** `b90`: every byte 90. `s7+0`: byte i is pattern(7, 0 + i). */
struct content {
	bool seeded;
	u32 value;	/* the byte, or the seed */
	u32 shift;
};

struct content parse_content(const char *word);
/** Bytes `from` to `from + length` of a content. */
void make_content(const struct content *content, u64 from, u8 *to, u64 length);
/** Remembers that a seed was written at this address, so that tell_bytes knows it again there. */
void pattern_written(const struct content *content, u64 address);
void forget_patterns(void);

/**
 * Tells what was found, as runs: begin, then all bytes in order from `address` on, then end. Offsets count from there.
 */
void begin_bytes(const char *name, u64 address);
void tell_bytes(const u8 *bytes, u64 length);
/** Takes `length` bytes at `at` into the fill that is being told, if they are more of it; then they need no telling. */
bool tell_more_fill(const u8 *at, u64 length);
void end_bytes(void);
