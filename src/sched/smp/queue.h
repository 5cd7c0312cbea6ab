/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The ends of a P's run queue that every switch goes through. */
#ifndef SN_SMP_QUEUE_H
#define SN_SMP_QUEUE_H

#include "sched/smp/smp.h"

/** Half of the ring, and g, to the global queue; false: there is room after all. */
SN__COLD bool sn__ring_spill(P *p, G *g, uint32_t head, uint32_t tail);

/** At the tail; spills half to the global queue. */
static inline void sn__ring_put(P *p, G *g) {
    for (;;) {
        uint32_t head = atomic_load_explicit(&p->head, memory_order_acquire); /* with consumers */
        uint32_t tail = atomic_load_explicit(&p->tail, memory_order_relaxed);
        if (SN__LIKELY(tail - head < RING)) {
            atomic_store_explicit(&p->ring[tail % RING], g, memory_order_relaxed);
            atomic_store_explicit(&p->tail, tail + 1, memory_order_release);
            return;
        }
        if (sn__ring_spill(p, g, head, tail)) return;
    }
}

/** From the head; NULL. A G that waits lies on a page that may have become cold: by the time of its
 * turn it will have come. What stands behind the tail are old ones, which are there for ever. */
static inline G *sn__ring_get(P *p) {
    enum { AHEAD = 2 };
    for (;;) {
        uint32_t head = atomic_load_explicit(&p->head, memory_order_acquire);
        uint32_t tail = atomic_load_explicit(&p->tail, memory_order_relaxed);
        if (tail == head) return NULL;
        G *g = atomic_load_explicit(&p->ring[head % RING], memory_order_relaxed);
        __builtin_prefetch(
            atomic_load_explicit(&p->ring[(head + AHEAD) % RING], memory_order_relaxed));
        if (atomic_compare_exchange_weak_explicit(&p->head, &head, head + 1, memory_order_release,
                                                  memory_order_relaxed))
            return g;
    }
}

/** Into run-next; true: another moved to the ring. Thieves only ever empty the slot. */
static inline bool sn__p_put_next(P *p, G *g) {
    if (SN__LIKELY(!atomic_load_explicit(&p->run_next, memory_order_relaxed))) {
        atomic_store_explicit(&p->run_next, g, memory_order_release);
        return false;
    }
    G *old = atomic_exchange_explicit(&p->run_next, g, memory_order_acq_rel);
    if (!old) return false;
    sn__ring_put(p, old);
    return true;
}

/* A pair that wakes each other through the slot would starve the ring: chains are capped. */
static inline G *sn__p_next(P *p) {
    G *g = atomic_load_explicit(&p->run_next, memory_order_relaxed);
    if (g && (p->chain < CHAIN || !(g = sn__ring_get(p)))) {
        g = atomic_exchange_explicit(&p->run_next, NULL, memory_order_acq_rel);
        p->chain++;
        if (g) return g;
    } else if (g) {
        p->chain = 0;
        return g;
    }
    p->chain = 0;
    return sn__ring_get(p);
}

#endif
