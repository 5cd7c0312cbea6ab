/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What differs between two releases of blinkd: v1.c and v2.c each define one `release`. */
#ifndef FIRMWARE_BLINKD_H
#define FIRMWARE_BLINKD_H

#include <stddef.h>

struct flash {
    int on_ms, off_ms;
};

struct release {
    const char *version;
    /** One beat: these flashes in order, at least one. */
    const struct flash *beat;
    size_t flashes;
    /** Whether the heartbeat tells the load of the machine. */
    int tells_load;
};

extern const struct release release;

#endif
