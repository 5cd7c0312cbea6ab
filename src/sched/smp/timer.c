/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Timers: a heap for each P, under a lock of its own. A timer stays in the heap it was put in;
 * anybody may take it out or fire it. Firing happens with the heap locked, so that a timer that
 * sn__timer_del has taken out is certain not to fire any more. */
#include "sched/smp/smp.h"

/* True: it is the first now. */
static bool put(heap *h, sn__timer *t) {
    atomic_store_explicit(&t->heap, h, memory_order_relaxed);
    sn__heap_put(h, t);
    bool first = h->place[t->index] == 0;
    if (first) sn__heap_tell(h);
    return first;
}

static void take(heap *h, sn__timer *t) {
    uint32_t i = h->place[t->index];
    sn__heap_take(h, i)->index = 0;
    if (i == 0) sn__heap_tell(h);
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
    if (t->index) take(h, t);
    sn__unlock(&h->lock);
}

void sn__timers_move(heap *to, heap *from) {
    sn__lock(&from->lock);
    sn__lock(&to->lock);
    sn_time first = from->n ? from->when[0] : SN_NEVER;
    while (from->n) (void)put(to, sn__heap_take(from, from->n - 1));
    sn__heap_tell(from);
    sn__unlock(&to->lock);
    sn__unlock(&from->lock);
    if (first != SN_NEVER) tell_sleeper(first);
}

enum { AT_ONCE = 32 };

/* Those that are due, at most so many. Each lies, behind what else a wake-up touches, on a stack
 * that has long been left: where it is must be looked up in page tables that are as cold, and their
 * memory be fetched. For all of them together that takes little longer than for one. */
static uint32_t take_due(heap *h, sn_time now, uint32_t most, sn__timer *due[AT_ONCE]) {
    uint32_t n = 0;
    if (most > AT_ONCE) most = AT_ONCE;
    while (n < most && h->n && h->when[0] <= now) {
        due[n++] = sn__heap_take(h, 0);
    }
    for (uint32_t i = 0; i < n; i++)
        for (int line = 0; line < 3; line++) __builtin_prefetch((char *)due[i] - line * 64, 1);
    return n;
}

void sn__timers_run(heap *h, sn_time now, uint32_t most) {
    sn__timer *due[AT_ONCE];
    sn__lock(&h->lock);
    for (uint32_t n; (n = take_due(h, now, most, due)); most -= n)
        for (uint32_t i = 0; i < n; i++) {
            due[i]->index = 0;
            due[i]->fire(due[i]);
        }
    sn__heap_tell(h);
    sn__unlock(&h->lock);
}

/* Kernels wake up late anyway, by default up to 50 us. To be woken for each of many that lie close
 * together would cost more than all that they do: where so many are due within so much, they wait
 * for each other. */
sn_time sn__timers_sleep(heap *h, sn_time first) {
    enum { MANY = 8 };
    const sn_time within = 120 * SN_MICROSECOND;
    if (first > SN_NEVER - within) return first;
    sn__lock(&h->lock);
    bool many = sn__heap_due(h, first + within, MANY) >= MANY;
    sn__unlock(&h->lock);
    return many ? first + within : first;
}
