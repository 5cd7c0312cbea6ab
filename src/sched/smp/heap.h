/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Timers by the time they are due: a heap of eight children a node, whose times lie side by side, a
 * cache line for each set of children. Sifting touches these arrays alone, never the timers, which
 * lie on their coroutines' stacks, each on a page of its own. A timer has a number while it is in
 * the heap. Whoever calls any of these holds `lock`, except for the first two. */
#ifndef SN_SMP_HEAP_H
#define SN_SMP_HEAP_H

#include "core/sched.h"

typedef struct heap {
    sn__lockw lock;
    uint32_t n, room;
    uint32_t free;         /* a number that nobody has, the first of a chain in `place`; 0: none */
    sn_time *when;         /* from 0; SN_NEVER behind the last */
    uint32_t *number;      /* whose it is */
    uint32_t *place;       /* by number: where it stands in the two above */
    sn__timer **timer;     /* by number */
    _Atomic sn_time first; /* when the first is due; SN_NEVER. See sn__heap_tell */
} heap;

void sn__heap_init(heap *h);
void sn__heap_free(heap *h);

/** Puts t in, for t->when. Out of memory is fatal. */
void sn__heap_put(heap *h, sn__timer *t);
/** Takes out the one at place i. Its index is the caller's to clear. */
sn__timer *sn__heap_take(heap *h, uint32_t i);
/** Sets `first`: after what changed it, before the lock is given back. */
void sn__heap_tell(heap *h);
/** How many are due by then; `most` if there are more. O(most). */
uint32_t sn__heap_due(const heap *h, sn_time by, uint32_t most);

#endif
