/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Faults on links and disks, on top of what the test has set (sn_sim_link, sn_host_disk), which
 * stays as it is. While a fault is there, of each field the worse holds: of several faults on one
 * place the worst. Times are added to what the test has set. A fault that is taken away leaves
 * what the others make of it.
 *
 * The storage is the caller's, from worsen to heal. None of these park.
 */
#ifndef SN_WORLD_WORSE_H
#define SN_WORLD_WORSE_H

#include "sched/sim/world.h"

typedef struct sn__link_worse {
    struct sn__link_worse *next;
    uint32_t from[2], to[2]; /**< first and last address */
    sn_link link;
} sn__link_worse;
/** Places as in sn_sim_link, one way: 0, SN_EINVAL, SN_ENOENT, SN_ENOMEM. */
int sn__link_worsen(sn__link_worse *w, const char *from, const char *to, const sn_link *link);
void sn__link_heal(sn__link_worse *w);

typedef struct sn__disk_worse {
    struct sn__disk_worse *next;
    sn_host *host;
    sn_disk disk;
} sn__disk_worse;
/** 0, SN_EINVAL. */
int sn__disk_worsen(sn__disk_worse *w, sn_host *h, const sn_disk *disk);
void sn__disk_heal(sn__disk_worse *w);

#endif
