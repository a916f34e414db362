// SPDX-License-Identifier: GPL-2.0-only
// What the bench cases do in the model, done on the running kernel. Prints seconds, peak KiB and the huge KiB it got.
//
//   host faults base|thp BYTES          touch every page once
//   host rdma BYTES TRANSFERS           two buffers of THPs; write, carry over, compare

#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static unsigned char *map(size_t bytes, int thp)
{
	size_t huge = 2 << 20;
	char *p = mmap(NULL, bytes + huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	p = (char *)(((uintptr_t)p + huge - 1) & ~(huge - 1));
	madvise(p, bytes, thp ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	return (unsigned char *)p;
}

static void touch(volatile unsigned char *p, size_t bytes)
{
	for (size_t i = 0; i < bytes; i += 4096)
		p[i] = p[i];
}

/* patternByte of harness/model/pattern.ts */
static unsigned char pattern(uint32_t seed, uint32_t i)
{
	uint32_t x = seed * 0x9e3779b1u + i;

	x = (x ^ (x >> 16)) * 0x85ebca6bu;
	x = (x ^ (x >> 13)) * 0xc2b2ae35u;
	return (x ^ (x >> 16)) >> 24;
}

static uint32_t state = 1;

static uint32_t next(void)
{
	state = state * 1664525u + 1013904223u;
	return state >> 4;
}

static void rdma(unsigned char *a, unsigned char *b, size_t bytes, int transfers)
{
	for (int t = 0; t < transfers; t++) {
		size_t length = next() % 1025, offset = next() % (bytes - length + 1);
		uint32_t stream = next();

		for (size_t i = 0; i < length; i++)
			a[offset + i] = pattern(stream, i);
		memcpy(b + offset, a + offset, length);
		if (memcmp(a + offset, b + offset, length)) {
			fprintf(stderr, "the buffers differ\n");
			exit(1);
		}
	}
}

static long hugeKiB(void)
{
	FILE *f = fopen("/proc/self/smaps_rollup", "r");
	char line[256];
	long kib = -1;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "AnonHugePages: %ld", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib;
}

int main(int argc, char **argv)
{
	struct rusage usage;
	double start, seconds;
	long huge;

	if (argc != 4)
		return 2;
	start = now();
	if (!strcmp(argv[1], "faults")) {
		size_t bytes = strtoull(argv[3], NULL, 0);
		unsigned char *p = map(bytes, !strcmp(argv[2], "thp"));

		touch(p, bytes);
		seconds = now() - start;
		huge = hugeKiB();
	} else {
		size_t bytes = strtoull(argv[2], NULL, 0);
		unsigned char *a = map(bytes, 1), *b = map(bytes, 1);

		touch(a, bytes);
		touch(b, bytes);
		rdma(a, b, bytes, atoi(argv[3]));
		seconds = now() - start;
		huge = hugeKiB();
	}
	getrusage(RUSAGE_SELF, &usage);
	printf("%f %ld %ld\n", seconds, usage.ru_maxrss, huge);
	return 0;
}
