// On a machine that is in use: in namespaces of one's own, so that the machine looks like a guest, and nothing of it is
// touched but the settings of its memory management, which are given back by who started us.
#pragma once

#include "sys.h"

/** The running kernel is the one on trial: no port is touched, nothing is poisoned, no module is loaded, nothing restarts. */
extern bool on_host;

/** Whether this is pid 1, or was started with the words `NAME host`: `arguments` is the stack as the kernel made it. */
bool knows_its_place(const u64 *arguments);
/** Becomes pid 1 of its own processes, with own mounts, own segments and an empty root; null, or what is missing. */
const char *enter_host(void);
