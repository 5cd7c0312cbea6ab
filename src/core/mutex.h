/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The inside of a mutex, for mutex.c and cond.c. */
#ifndef SN_CORE_MUTEX_H
#define SN_CORE_MUTEX_H

#include <sennit/sync.h>

#include "core/wait.h"

typedef struct sn__mutex {
    _Atomic uint32_t state;
    sn__lockw lock;
    sn__link queue;
} sn__mutex;
_Static_assert(sizeof(sn__mutex) <= sizeof(sn_mutex), "sn_mutex has room for a mutex");

static inline sn__mutex *sn__mutex_of(sn_mutex *m) { return (sn__mutex *)m; }

/** Locks for g, inside a bracket. */
int sn__mutex_lock(sn__g *g, sn__mutex *m, sn_time until, bool cancellable);
/** Unlocks; the next owner, to be readied, or NULL. */
sn__g *sn__mutex_unlock(sn__mutex *m);

#endif
