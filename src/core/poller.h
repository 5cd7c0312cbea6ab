/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The seam between a scheduler that has nothing to run and whoever knows about descriptors. The
 * scheduler calls down through it, so that sched never includes io. */
#ifndef SN_CORE_POLLER_H
#define SN_CORE_POLLER_H

#include "core/sched.h"

enum { SN__POLL_BATCH = 128, SN__POLL_EVENT = 16 };

/** Events as the poller found them, in a form of its own, not yet delivered. */
typedef struct sn__poll_batch {
    int n;
    _Alignas(8) unsigned char at[SN__POLL_BATCH * SN__POLL_EVENT];
} sn__poll_batch;

typedef struct sn__poller {
    /** Waits for events until then (0: looks only), or until interrupted. */
    void (*wait)(sn__poll_batch *b, sn_time until);
    /** Readies whoever waited for these. */
    void (*deliver)(const sn__poll_batch *b);
    /** Ends a wait that is on, or the next one. Any thread. */
    void (*interrupt)(void);
    /** Is there a descriptor that it could tell of? */
    bool (*wanted)(void);
    /** Does any coroutine wait in it, or is about to be readied by it? It takes its time to look.
     *  For who holds the scheduler's lock, when all coroutines wait. */
    bool (*waiting)(void);
    /** The runtime ends: nobody waits any more. */
    void (*end)(void);
} sn__poller;

/** Installs the poller for the rest of this run. The first wins; later calls do nothing. */
void sn__poller_set(const sn__poller *p);
/** sn__ready for n that one look has found: they run in this order, after those that can run
 *  already. */
void sn__ready_row(sn__g *const *g, uint32_t n);

#endif
