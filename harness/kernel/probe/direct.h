// RAM disks.
#pragma once

/** The path of one that a swap area may be on; null: there is none. */
const char *swap_disk(void);
