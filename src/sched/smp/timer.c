/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Timers: a 4-ary heap for each P under a lock of its own. A timer stays in the heap it was put
 * in; anybody may take it out or fire it. Firing happens with the heap locked, so that a timer
 * that sn__timer_del has taken out is certain not to fire any more. */
#include <stdlib.h>

#include "sched/smp/smp.h"

enum { ARITY = 4 };

static void place(heap *h, uint32_t i, heap_slot x) {
    h->at[i] = x;
    x.t->index = i;
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

static void down(heap *h, uint32_t i, heap_slot x) {
    for (;;) {
        uint32_t child = (i - 1) * ARITY + 2, best = 0;
        for (uint32_t k = child; k < child + ARITY && k <= h->n; k++)
            if (!best || h->at[k].when < h->at[best].when) best = k;
        if (!best || h->at[best].when >= x.when) break;
        place(h, i, h->at[best]);
        i = best;
    }
    place(h, i, x);
}

static void tell_first(heap *h) { atomic_store(&h->first, h->n ? h->at[1].when : SN_NEVER); }

static void remove_at(heap *h, uint32_t i) {
    heap_slot last = h->at[h->n--];
    h->at[i].t->index = 0;
    if (i <= h->n) {
        if (i > 1 && h->at[(i - 2) / ARITY + 1].when > last.when)
            up(h, i, last);
        else
            down(h, i, last);
    }
    tell_first(h);
}

static void grow(heap *h) {
    uint32_t room = h->room ? h->room * 2 : 64;
    heap_slot *at = realloc(h->at, room * sizeof *at);
    if (!at) sn__fatal("out of memory for timers");
    h->at = at;
    h->room = room;
}

void sn__timer_add(sn__timer *t) {
    runtime *rt = &sn__rt;
    M *m = sn__tls_get();
    heap *h = m && m->p ? &m->p->timers : &rt->p[0]->timers;
    t->heap = h;
    sn__lock(&h->lock);
    if (h->n + 1 >= h->room) grow(h);
    h->n++;
    up(h, h->n, (heap_slot){t->when, t});
    bool first = t->index == 1;
    if (first) tell_first(h);
    sn__unlock(&h->lock);
    if (first && t->when < atomic_load(&rt->poll_until)) sn__interrupt_poller();
}

void sn__timer_del(sn__timer *t) {
    heap *h = t->heap;
    sn__lock(&h->lock);
    if (t->index) remove_at(h, t->index);
    sn__unlock(&h->lock);
}

void sn__timers_run(heap *h, sn_time now, uint32_t most) {
    sn__lock(&h->lock);
    while (most-- && h->n && h->at[1].when <= now) {
        sn__timer *t = h->at[1].t;
        remove_at(h, 1);
        t->fire(t);
    }
    sn__unlock(&h->lock);
}
