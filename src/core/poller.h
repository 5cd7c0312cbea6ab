/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The seam between a scheduler that has nothing to run and whoever knows about descriptors. The
 * scheduler calls down through it, so that sched never includes io. */
#ifndef SN_CORE_POLLER_H
#define SN_CORE_POLLER_H

#include "core/sched.h"

enum { SN__POLL_BATCH = 128 };

/** Events as the poller found them, not yet delivered. */
typedef struct sn__poll_batch {
    int n;
    struct {
        void *what;
        uint32_t events;
    } at[SN__POLL_BATCH];
} sn__poll_batch;

typedef struct sn__poller {
    /** Waits for events until then (0: looks only), or until interrupted. */
    void (*wait)(sn__poll_batch *b, sn_time until);
    /** Readies whoever waited for these. */
    void (*deliver)(const sn__poll_batch *b);
    /** Ends a wait that is on, or the next one. Any thread. */
    void (*interrupt)(void);
    /** How many coroutines wait in it. */
    uint32_t (*waiting)(void);
    /** The runtime ends: nobody waits any more. */
    void (*end)(void);
} sn__poller;

/** Installs the poller for the rest of this run. The first wins; later calls do nothing. */
void sn__poller_set(const sn__poller *p);

#endif
