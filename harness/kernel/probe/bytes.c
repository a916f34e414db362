#include "bytes.h"

uint8_t pattern(uint32_t seed, uint32_t i)
{
	uint32_t x = seed * 0x9e3779b1u + i;

	x = (x ^ x >> 16) * 0x85ebca6bu;
	x = (x ^ x >> 13) * 0xc2b2ae35u;
	return (x ^ x >> 16) >> 24;
}

uint32_t random_next(uint32_t *state)
{
	uint32_t x = *state += 0x9e3779b9u;

	x = (x ^ x >> 16) * 0x21f0aaadu;
	x = (x ^ x >> 15) * 0x735a2d97u;
	return x ^ x >> 15;
}
