/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The parts of the world: each file that owns one defines it, parts.c lists them. */
#ifndef SN_WORLD_PARTS_H
#define SN_WORLD_PARTS_H

#include "sched/sim/world.h"

extern const sn__part sn__net_part;
extern const sn__part sn__disk_part;
extern const sn__part sn__signal_part;
/** A part in name only: seam.c has no other way to be linked from an archive. */
extern const sn__part sn__seam_part;

/** A call past the seams that is let through (seam.c); see sn_sim_allow. */
typedef struct sn__allowed {
    const char *function, *caller, *reason;
} sn__allowed;
extern const sn__allowed *const sn__allowed_calls;
extern size_t sn__allowed_n;

#endif
