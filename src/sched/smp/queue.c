/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Run queues. Each P has a ring of 256 and a run-next slot; what does not fit goes to the global
 * queue, which never drops and never spins. The ring is Go's: the owner alone moves `tail`; anybody
 * moves `head` by compare-and-swap, after it has copied what it takes.
 */
#include "sched/smp/queue.h"
#include "sched/smp/settings.h"

typedef struct spilling {
    P *p;
    G *g;
    uint32_t head, tail;
    bool done;
} spilling;

static void spill(void *arg) {
    spilling *s = arg;
    P *p = s->p;
    G *batch[RING / 2 + 1];
    uint32_t n = (s->tail - s->head) / 2;
    for (uint32_t i = 0; i < n; i++)
        batch[i] = atomic_load_explicit(&p->ring[(s->head + i) % RING], memory_order_relaxed);
    s->done = atomic_compare_exchange_strong_explicit(&p->head, &s->head, s->head + n,
                                                      memory_order_release, memory_order_relaxed);
    if (!s->done) return;
    batch[n] = s->g;
    sn__global_put_all(batch, n + 1);
}

/* The ring is full: half of it and g go to the global queue. False: it is not full any more. */
SN__COLD bool sn__ring_spill(P *p, G *g, uint32_t head, uint32_t tail) {
    spilling s = {p, g, head, tail, false};
    sn__far(spill, &s);
    return s.done;
}

bool sn__p_empty(P *p) {
    /* tail first and head after: a G that moves from run_next to the ring meanwhile is seen in
     * one of the two, since run_next is looked at last and filled before it is emptied */
    return atomic_load(&p->tail) == atomic_load(&p->head) && !atomic_load(&p->run_next);
}

/* Reads a G that may have left the ring and run meanwhile: the compare-and-swap that follows fails
 * then. */
__attribute__((no_sanitize("thread"))) static bool is_fresh(const G *g) {
    return !*(const volatile uint32_t *)&g->starts;
}

/* How many of the n from head on may be stolen under SENNIT_STEAL. */
static uint32_t may_steal(P *victim, uint32_t head, uint32_t n) {
    uint32_t k = 0;
    if (sn__set.steal == SN__STEAL_ALL) return n;
    while (k < n &&
           is_fresh(atomic_load_explicit(&victim->ring[(head + k) % RING], memory_order_relaxed)))
        k++;
    return k;
}

static uint32_t grab(P *thief, P *victim) {
    uint32_t base = atomic_load_explicit(&thief->tail, memory_order_relaxed);
    for (;;) {
        uint32_t head = atomic_load_explicit(&victim->head, memory_order_acquire);
        uint32_t tail = atomic_load_explicit(&victim->tail, memory_order_acquire);
        uint32_t n = tail - head;
        n -= n / 2;
        if (n == 0) return 0;
        if (n > RING / 2) continue; /* head and tail of different instants */
        if ((n = may_steal(victim, head, n)) == 0) return 0;
        for (uint32_t i = 0; i < n; i++) {
            G *g = atomic_load_explicit(&victim->ring[(head + i) % RING], memory_order_relaxed);
            atomic_store_explicit(&thief->ring[(base + i) % RING], g, memory_order_relaxed);
        }
        if (atomic_compare_exchange_strong_explicit(&victim->head, &head, head + n,
                                                    memory_order_acq_rel, memory_order_relaxed))
            return n;
    }
}

/* The slot only when nothing else is to be had: its G is about to run where its data is. */
static G *steal_next(P *victim) {
    G *g = atomic_load_explicit(&victim->run_next, memory_order_acquire);
    if (!g || (sn__set.steal == SN__STEAL_FRESH && !is_fresh(g))) return NULL;
    return atomic_compare_exchange_strong(&victim->run_next, &g, NULL) ? g : NULL;
}

G *sn__steal(P *thief, P *victim, bool last) {
    if (sn__set.steal == SN__STEAL_NONE) return NULL;
    uint32_t n = grab(thief, victim);
    if (n) {
        uint32_t tail = atomic_load_explicit(&thief->tail, memory_order_relaxed);
        SN__EV_STEAL(thief, victim, n);
        if (n > 1) atomic_store_explicit(&thief->tail, tail + n - 1, memory_order_release);
        return atomic_load_explicit(&thief->ring[(tail + n - 1) % RING], memory_order_relaxed);
    }
    return last ? steal_next(victim) : NULL;
}

void sn__inbox_put(G *g) {
    runtime *rt = &sn__rt;
    atomic_fetch_add(&rt->guests, 1);
    G *head = atomic_load_explicit(&rt->inbox, memory_order_relaxed);
    do g->next = head;
    while (!atomic_compare_exchange_weak(&rt->inbox, &head, g));
    if (atomic_load(&rt->polling))
        sn__interrupt_poller();
    else if (!atomic_load(&rt->spinning))
        sn__monitor_poke();
    sn__guest_out();
}

void sn__inbox_empty(P *p) {
    G *in_order = NULL;
    for (G *g = atomic_exchange(&sn__rt.inbox, NULL), *next; g; g = next) {
        next = g->next;
        g->next = in_order;
        in_order = g;
    }
    for (G *g = in_order, *next; g; g = next) {
        next = g->next; /* the ring may hand it on at once */
        if (SN__UNLIKELY(g->core.odd & SN__ODD_APART))
            sn__global_put(g);
        else
            sn__ring_put(p, g);
    }
}
