// The byte stream `pattern` and the generator `random`, as harness/model/pattern.ts defines them.
#pragma once

#include <stdint.h>

/** Byte `i` of the stream that `seed` names; `i` wraps at 32 bits. */
uint8_t pattern(uint32_t seed, uint32_t i);
/** The next number of the generator whose state stands at `state`: at first, the seed. */
uint32_t random_next(uint32_t *state);
