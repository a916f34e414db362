// Lines for the harness, each a JSON array. Port 0xe9 is QEMU's debug console: a line is with the
// harness before the next instruction runs, whatever the kernel does then. On a host it is standard output.
#pragma once

#include "sys.h"

#define OUT_PORT 0xe9
#define EXIT_PORT 0xf4

/** Lets this process and its children use the two ports; false if the kernel refuses. */
bool open_ports(void);
/**
 * Writes: %s text (quoted and escaped), %r text as it is, %d a number, %u an unsigned one, %h and a length: bytes as
 * hex.
 */
void out(const char *format, ...);
/** Ends QEMU; on a host only the probe. */
void power_off(void) __attribute__((noreturn));
