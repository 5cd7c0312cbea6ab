/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The parts of the world: each file that owns one defines it, parts.c lists them. */
#ifndef SN_WORLD_PARTS_H
#define SN_WORLD_PARTS_H

#include "sched/sim/world.h"

extern const sn__part sn__net_part;
extern const sn__part sn__disk_part;
extern const sn__part sn__signal_part;

#endif
