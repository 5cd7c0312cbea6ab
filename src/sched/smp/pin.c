/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Pinned coroutines. While G is pinned to M, G runs on M alone and M runs G alone, so that what
 * belongs to the thread (its errno, locks it owns, a library's state) is G's whether it parks or
 * not. While G is parked M sleeps without a P.
 *
 * A pinned G that can run goes into the global queue, never into a ring: whoever takes it out of
 * there, on its scheduler's stack, gives M its own P and G to run, and looks for another P. M
 * asleep is in no list: only G's turn wakes it. An M that is given something before it sleeps finds
 * its word set.
 *
 * The rest of the scheduler pays nothing: a pinned G is `odd`, in the place where a foreign thread
 * is, and leaves its M by way of the scheduler's stack, since it ran with its P's turn to look
 * around (sn__p_look_around).
 */
#include "sched/smp/queue.h"

void sn__pin(G *g) {
    M *m = m_of(&g->core);
    g->core.odd |= SN__ODD_PINNED;
    g->leaves = true;
    g->pin = m;
    m->pinned = g;
    if (m->p) sn__p_look_around(m->p);
}

void sn__unpin(G *g) {
    m_of(&g->core)->pinned = NULL;
    g->pin = NULL;
    g->core.odd &= (uint8_t)~SN__ODD_PINNED;
}

void sn__pin_start(G *g, M *m) {
    g->pins = 1;
    g->core.odd |= SN__ODD_PINNED;
    g->leaves = true;
    g->pin = m;
    if (m) m->pinned = g;
}

void sn__pin_wait(M *m) {
    runtime *rt = &sn__rt;
    if (m->p) sn__release_p(m);
    sn__lock(&rt->lock);
    if (!atomic_load(&m->wake)) {
        sn__check_dead(SN__IDLES);
        m->waits = true;
        rt->ms_idle++;
    }
    sn__unlock(&rt->lock);
    while (!atomic_load_explicit(&m->wake, memory_order_acquire))
        sn__os_wait(&m->wake, 0, SN_NEVER);
    atomic_store_explicit(&m->wake, 0, memory_order_relaxed);
    P *p = m->next_p;
    m->next_p = NULL;
    sn__own_p(m, p);
}

static void give(M *m, P *p, G *g) {
    runtime *rt = &sn__rt;
    m->next_p = p;
    m->next_g = g;
    sn__lock(&rt->lock);
    if (m->waits) rt->ms_idle--;
    m->waits = false;
    atomic_store_explicit(&m->wake, 1, memory_order_release);
    sn__unlock(&rt->lock);
    sn__os_wake(&m->wake, 1);
}

bool sn__pin_elsewhere(M *m, G *g) {
    if (!g->pin) { /* it starts here */
        g->pin = m;
        m->pinned = g;
    }
    if (g->pin == m) return false;
    P *p = m->p;
    m->p = NULL;
    atomic_store(&p->m, NULL);
    give(g->pin, p, g);
    return true;
}
