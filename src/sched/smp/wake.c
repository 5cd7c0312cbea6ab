/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Who looks for work: idle Ps and idle Ms, under rt.lock, and bringing the two together. One M at
 * most spins; the last spinner to find work wakes the next.
 */
#include "sched/smp/queue.h"
#include "sched/smp/settings.h"
#include "sched/smp/take.h"

P *sn__pop_idle_p(void) {
    runtime *rt = &sn__rt;
    P **at = SN__UNLIKELY(rt->nodes > 1) ? sn__numa_idle(rt) : &rt->idle_p, *p = *at;
    if (!p) return NULL;
    *at = p->next;
    p->idle = false;
    atomic_fetch_sub(&rt->idle_ps, 1);
    return p;
}

void sn__push_idle_p(P *p) {
    runtime *rt = &sn__rt;
    atomic_store(&p->m, NULL);
    p->next = rt->idle_p;
    p->idle = true;
    rt->idle_p = p;
    atomic_fetch_add(&rt->idle_ps, 1);
}

void sn__own_p(M *m, P *p) {
    if (SN__UNLIKELY(sn__rt.nodes > 1)) sn__numa_follow(m, p);
    m->p = p;
    atomic_store(&p->m, m);
    sn__take_owns(&m->b);
    sn__monitor_wake();
}

bool sn__try_idle_p(M *m) {
    runtime *rt = &sn__rt;
    sn__lock(&rt->lock);
    P *p = sn__pop_idle_p();
    sn__unlock(&rt->lock);
    if (!p) return false;
    sn__own_p(m, p);
    return true;
}

static M *pop_idle_m(runtime *rt) {
    M *m = rt->idle_m;
    if (!m) return NULL;
    rt->idle_m = m->next;
    rt->ms_idle--;
    return m;
}

static void give_up(P *p, bool spinning) {
    runtime *rt = &sn__rt;
    if (spinning) atomic_fetch_sub(&rt->spinning, 1);
    sn__lock(&rt->lock);
    sn__push_idle_p(p);
    sn__unlock(&rt->lock);
}

static M *idle_or_new(runtime *rt, bool *fresh) {
    sn__lock(&rt->lock);
    M *m = pop_idle_m(rt);
    *fresh = !m;
    if (*fresh) rt->ms++; /* counts as running from here: no deadlock is seen meanwhile */
    bool too_many = rt->ms > sn__set.max_threads;
    sn__unlock(&rt->lock);
    if (too_many)
        sn__fatal("more threads are needed than SENNIT_MAX_THREADS allows (10000 if not set): too "
                  "many coroutines block or compute at a time");
    return *fresh ? sn__m_new() : m;
}

static void wake(M *m) {
    atomic_store_explicit(&m->wake, 1, memory_order_release);
    sn__os_wake(&m->wake, 1);
}

typedef struct work {
    P *p;
    bool spinning;
    G *g;
    bool taken; /* somebody comes for it */
} work;

static void start_m(void *arg) {
    runtime *rt = &sn__rt;
    work *w = arg;
    bool fresh;
    M *m = idle_or_new(rt, &fresh);
    w->taken = m != NULL;
    if (m) {
        m->next_p = w->p;
        m->next_g = w->g;
        m->spinning = w->spinning;
        if (!fresh) {
            wake(m);
            return;
        }
        if (sn__m_start(m) == 0) return;
        sn__m_drop(m);
        w->taken = false;
    }
    if (fresh) {
        sn__lock(&rt->lock);
        rt->ms--;
        sn__unlock(&rt->lock);
    }
}

bool sn__start_m_with(P *p, bool spinning, G *g) {
    work w = {p, spinning, g, false};
    sn__far(start_m, &w);
    return w.taken;
}

/* No thread is to be had for p. An M may have gone to sleep since one was looked for, or be in the
 * poller: then it comes and takes p. All others have a P, or come back for one. */
static void give_back(P *p) {
    runtime *rt = &sn__rt;
    sn__lock(&rt->lock);
    M *m = pop_idle_m(rt);
    if (!m) sn__push_idle_p(p);
    sn__unlock(&rt->lock);
    if (m) {
        m->next_p = p;
        wake(m);
    } else if (atomic_load(&rt->polling)) {
        sn__interrupt_poller();
    }
}

void sn__start_m(P *p, bool spinning) {
    if (sn__start_m_with(p, spinning, NULL)) return;
    if (spinning) atomic_fetch_sub(&sn__rt.spinning, 1);
    give_back(p);
}

/* True: an M was started, or nobody is needed. False: no P idled any more; but whoever let one go
 * or made work visible meanwhile saw a spinner in us, and relied on it. */
static bool wake_spinner(runtime *rt) {
    uint32_t zero = 0;
    atomic_thread_fence(memory_order_seq_cst);
    if (!atomic_load_explicit(&rt->idle_ps, memory_order_relaxed) ||
        atomic_load_explicit(&rt->spinning, memory_order_relaxed) ||
        !atomic_compare_exchange_strong(&rt->spinning, &zero, 1))
        return true;
    sn__lock(&rt->lock);
    P *p = sn__pop_idle_p();
    sn__unlock(&rt->lock);
    if (p)
        sn__start_m(p, true);
    else
        atomic_fetch_sub(&rt->spinning, 1);
    return p != NULL;
}

void sn__wake_one(void) {
    while (!wake_spinner(&sn__rt)) {
    }
}

P *sn__lose_p(M *m) {
    P *p = m->p;
    m->p = NULL;
    sn__take_lost(&m->b);
    atomic_store(&p->m, NULL);
    return p;
}

/* Somebody must look after p's queue, the global one and the poller. Who would may come to it just
 * before p is given up, find no P and sleep: so look again after. */
void sn__release_p(M *m) {
    runtime *rt = &sn__rt;
    P *p = sn__lose_p(m);
    if (sn__p_surplus(p)) {
        sn__p_shed(p);
        return;
    }
    if (sn__p_empty(p) && !atomic_load(&rt->queued) && atomic_load(&rt->polling)) {
        give_up(p, false);
        if (!atomic_load(&rt->queued) && atomic_load(&rt->polling)) return;
        sn__lock(&rt->lock);
        p = sn__pop_idle_p();
        sn__unlock(&rt->lock);
    }
    if (p) sn__start_m(p, false);
}
