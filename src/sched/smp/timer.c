/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Timers: a 4-ary heap for each P under a lock of its own. A timer stays in the heap it was put
 * in; anybody may take it out or fire it. Firing happens with the heap locked, so that a timer
 * that sn__timer_del has taken out is certain not to fire any more. */
#include <stdlib.h>

#include "sched/smp/smp.h"

enum { ARITY = 4 };

static void place(heap *h, uint32_t i, heap_slot x) {
    h->at[i] = x;
    h->place[x.number] = i;
}

static void up(heap *h, uint32_t i, heap_slot x) {
    while (i > 1) {
        uint32_t parent = (i - 2) / ARITY + 1;
        if (h->at[parent].when <= x.when) break;
        place(h, i, h->at[parent]);
        i = parent;
    }
    place(h, i, x);
}

/* The earliest of the children from `child` on; 0: there is none. A full set is compared in pairs,
 * without a branch that could be guessed wrong. */
static uint32_t earliest(const heap *h, uint32_t child) {
    const heap_slot *c = h->at + child;
    if (child + ARITY - 1 <= h->n) {
        uint32_t a = c[1].when < c[0].when, b = 2 + (c[3].when < c[2].when);
        return child + (c[b].when < c[a].when ? b : a);
    }
    uint32_t best = 0;
    for (uint32_t k = child; k <= h->n; k++)
        if (!best || h->at[k].when < h->at[best].when) best = k;
    return best;
}

static void down(heap *h, uint32_t i, heap_slot x) {
    for (;;) {
        uint32_t best = earliest(h, (i - 1) * ARITY + 2);
        if (!best || h->at[best].when >= x.when) break;
        place(h, i, h->at[best]);
        i = best;
    }
    place(h, i, x);
}

static void tell_first(heap *h) { atomic_store(&h->first, h->n ? h->at[1].when : SN_NEVER); }

static void remove_at(heap *h, uint32_t i) {
    uint32_t number = h->at[i].number;
    heap_slot last = h->at[h->n--];
    h->timer[number]->index = 0;
    h->place[number] = h->free;
    h->free = number;
    if (i <= h->n) {
        if (i > 1 && h->at[(i - 2) / ARITY + 1].when > last.when)
            up(h, i, last);
        else
            down(h, i, last);
    }
    tell_first(h);
}

static void *grown(void *of, uint32_t n, size_t size) {
    sn__hb_blind();
    void *p = realloc(of, n * size);
    sn__hb_seeing();
    if (!p) sn__fatal("out of memory for timers");
    return p;
}

/* Numbers and indexes begin with 1. */
static void grow(void *of) {
    heap *h = of;
    uint32_t was = h->room, room = was ? was * 2 : 64;
    h->at = grown(h->at, room, sizeof *h->at);
    h->place = grown(h->place, room, sizeof *h->place);
    h->timer = grown(h->timer, room, sizeof(sn__timer *));
    for (uint32_t k = room; k-- > (was ? was : 1);) {
        h->place[k] = h->free;
        h->free = k;
    }
    h->room = room;
}

void sn__heap_free(heap *h) {
    free(h->at);
    free(h->place);
    free(h->timer);
}

/* True: it is the first now. */
static bool put(heap *h, sn__timer *t) {
    if (!h->free) sn__far(grow, h);
    uint32_t number = h->free;
    h->free = h->place[number];
    h->timer[number] = t;
    atomic_store_explicit(&t->heap, h, memory_order_relaxed);
    t->index = number;
    h->n++;
    up(h, h->n, (heap_slot){t->when, number});
    bool first = h->place[number] == 1;
    if (first) tell_first(h);
    return first;
}

/* The sleeper in the poller sees the first timer of all heaps, or we see until when it sleeps. */
static void tell_sleeper(sn_time when) {
    if (when < atomic_load(&sn__rt.poll_until)) sn__interrupt_poller();
}

void sn__timer_add(sn__timer *t) {
    M *m = sn__tls_get();
    heap *h = m && m->p ? &m->p->timers : &sn__rt.p[0]->timers;
    sn__lock(&h->lock);
    bool first = put(h, t);
    sn__unlock(&h->lock);
    if (first) tell_sleeper(t->when);
}

/* Its heap, locked. It may be moved to another until then. */
static heap *lock_heap_of(sn__timer *t) {
    for (;;) {
        heap *h = atomic_load_explicit(&t->heap, memory_order_relaxed);
        sn__lock(&h->lock);
        if (SN__LIKELY(h == atomic_load_explicit(&t->heap, memory_order_relaxed))) return h;
        sn__unlock(&h->lock);
    }
}

void sn__timer_del(sn__timer *t) {
    heap *h = lock_heap_of(t);
    if (t->index) remove_at(h, h->place[t->index]);
    sn__unlock(&h->lock);
}

void sn__timers_move(heap *to, heap *from) {
    sn__lock(&from->lock);
    sn__lock(&to->lock);
    sn_time first = from->n ? from->at[1].when : SN_NEVER;
    while (from->n) {
        sn__timer *t = from->timer[from->at[from->n].number];
        remove_at(from, from->n);
        (void)put(to, t);
    }
    sn__unlock(&to->lock);
    sn__unlock(&from->lock);
    if (first != SN_NEVER) tell_sleeper(first);
}

void sn__timers_run(heap *h, sn_time now, uint32_t most) {
    sn__lock(&h->lock);
    while (most-- && h->n && h->at[1].when <= now) {
        sn__timer *t = h->timer[h->at[1].number];
        remove_at(h, 1);
        if (h->n) __builtin_prefetch(h->timer[h->at[1].number], 1);
        t->fire(t);
    }
    sn__unlock(&h->lock);
}
