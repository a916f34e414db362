// On a machine that is in use: in namespaces of one's own, so that the machine looks like a guest, and nothing of it is
// touched but the settings of its memory management, which are given back by who started us.
#pragma once

#include "sys.h"

/**
 * The running kernel is the one on trial: no port is touched and nothing restarts. What it is spared, the harness
 * refuses.
 */
extern bool on_host;

/** Whether we were started with the words `NAME host`: `arguments` is the stack as the kernel made it. */
bool asks_for_host(const u64 *arguments);
/** Becomes pid 1 of its own processes, with own mounts, own segments and an empty root; null, or what is missing. */
const char *enter_host(void);
