// io_uring rings, each with one fixed buffer at most: a longterm pin and the device behind it.
#pragma once

#include "probe.h"

/** How much the device moves at once. */
#define DEVICE_SIZE (1UL << 20)

/** What the device has read, or is to write; the same pages from boot to end. */
extern u8 *device;
/** Makes it; false where that cannot be. Only init, before anybody uses it. */
bool open_device(void);

/** A ring without a buffer, or -1. */
int free_ring(void);
/** Pins memory of the calling process; zero or a negative errno. */
long ring_pin(int ring, u64 address, u64 length);
void ring_unpin(int ring);
/** Moves bytes between the pinned frames behind `address` and the device's start; zero or a negative errno. */
long ring_read(int ring, u64 address, u32 length);
long ring_write(int ring, u64 address, u32 length);
