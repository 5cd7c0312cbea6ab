/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Hogs set aside. A coroutine that lost its P while it computed is marked when it comes back. When
 * as many hogs compute without a P as there are Ps, the CPUs are busy, and to start another would
 * only keep the P from those who wait for a timer or a message. So whoever comes back then is set
 * aside, and an M that is given a P does so with the marked ones in its queues. One of them goes
 * on, its mark forgiven, when a hog comes back or a P idles and the CPUs are not that busy any
 * more, and one each 10 ms in any case, or 100 if very many are loose (handover.c): a hog may
 * compute for ever, or do something else by now.
 *
 * Who sets aside looks afterwards whether there are hogs enough still; a hog that comes back says
 * so and looks afterwards whether any is set aside: none stays there unseen.
 *
 * The list and the marks of who is in it are under rt.lock; a mark is else its coroutine's own.
 */
#include "sched/smp/queue.h"

/* rt.lock held. */
static void push(runtime *rt, G *g) {
    g->next = NULL;
    if (rt->aside_tail)
        rt->aside_tail->next = g;
    else
        rt->aside_head = g;
    rt->aside_tail = g;
    atomic_fetch_add(&rt->aside, 1);
}

/* rt.lock held. False: g is marked. */
static bool may_stay(G *g) {
    if (!(g->past & SN__PAST_HOG)) return true;
    push(&sn__rt, g);
    return false;
}

/* The marked ones of p's ring, in order. */
static void sort_ring(runtime *rt, P *p) {
    uint32_t n = atomic_load_explicit(&p->tail, memory_order_relaxed) -
                 atomic_load_explicit(&p->head, memory_order_relaxed);
    for (G *g; n && (g = sn__ring_get(p)); n--) {
        if (!(g->past & SN__PAST_HOG)) {
            sn__ring_put(p, g);
            continue;
        }
        sn__lock(&rt->lock);
        push(rt, g);
        sn__unlock(&rt->lock);
    }
}

static bool crowded(const runtime *rt) { return atomic_load(&rt->hogs) >= rt->nprocs; }

void sn__set_aside(P *p) {
    runtime *rt = &sn__rt;
    if (!crowded(rt)) return;
    sort_ring(rt, p);
    sn__lock(&rt->lock);
    sn__global_sift(may_stay);
    sn__unlock(&rt->lock);
    if (!crowded(rt)) sn__go_on();
}

bool sn__is_enough(const G *g) { return g->past & SN__PAST_HOG && crowded(&sn__rt); }

bool sn__step_aside(G *g) {
    runtime *rt = &sn__rt;
    if (!sn__is_enough(g)) return false;
    sn__lock(&rt->lock);
    push(rt, g);
    sn__unlock(&rt->lock);
    if (!crowded(rt)) sn__go_on();
    return true;
}

static G *pop(runtime *rt) {
    if (!atomic_load(&rt->aside)) return NULL;
    sn__lock(&rt->lock);
    G *g = rt->aside_head;
    if (g) {
        rt->aside_head = g->next;
        if (!rt->aside_head) rt->aside_tail = NULL;
        atomic_fetch_sub_explicit(&rt->aside, 1, memory_order_relaxed);
        g->past &= (uint8_t)~SN__PAST_HOG;
    }
    sn__unlock(&rt->lock);
    return g;
}

void sn__go_on(void) {
    G *g = pop(&sn__rt);
    if (!g) return;
    sn__global_put(g);
    sn__wake_one();
}

G *sn__aside_get(void) { return crowded(&sn__rt) ? NULL : pop(&sn__rt); }
