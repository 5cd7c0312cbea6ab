/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Ms: made when work wants one, asleep on their own word when it does not, joined at the end. */
#include <stdlib.h>
#include <string.h>

#include "sched/smp/smp.h"

void *sn__apart(size_t n) {
    enum { LINES = 128 }; /* two: they are fetched in pairs */
    n = (n + LINES - 1) / LINES * LINES;
    void *p = aligned_alloc(LINES, n);
    return p ? memset(p, 0, n) : NULL;
}

M *sn__m_new(void) {
    runtime *rt = &sn__rt;
    M *m = sn__apart(sizeof *m);
    if (!m) return NULL;
    sn__os_entropy(&m->rand, sizeof m->rand);
    m->rand |= 1;
    sn__lock(&rt->lock);
    m->id = rt->all_m ? rt->all_m->id + 1 : 0;
    m->all = rt->all_m;
    rt->all_m = m;
    sn__unlock(&rt->lock);
    return m;
}

void sn__m_drop(M *m) {
    runtime *rt = &sn__rt;
    sn__lock(&rt->lock);
    M **at = &rt->all_m;
    while (*at != m) at = &(*at)->all;
    *at = m->all;
    sn__unlock(&rt->lock);
    free(m);
}

void sn__m_enter(M *m) {
    m->sigstack = sn__os_sigstack_new();
    sn__os_self(&m->self);
    m->slice = sn__os_slice(&m->self, SLICE);
    sn__tls_set(m);
    sn__san_thread(&m->g0);
    if (m->next_p) {
        P *p = m->next_p;
        m->next_p = NULL;
        if (SN__UNLIKELY(sn__rt.nodes > 1)) sn__numa_follow(m, p);
        m->p = p;
        atomic_store(&p->m, m);
    }
    sn__monitor_wake();
}

void sn__m_exit(M *m) {
    sn__san_thread_end();
    sn__tls_set(NULL);
    if (m->slice >= 0) (void)sn__os_slice(&m->self, m->slice);
    sn__os_sigstack_free(m->sigstack);
    m->sigstack = NULL;
}

static void m_main(void *arg) {
    M *m = arg;
    sn__m_enter(m);
    if (m->p) sn__set_aside(m->p);
    sn__schedule(m);
    sn__m_exit(m);
}

int sn__m_start(M *m) {
    uintptr_t handle;
    int rc = sn__os_thread(&handle, m_main, m, "sennit");
    if (rc) return rc;
    sn__lock(&sn__rt.lock);
    m->thread = handle; /* from here it can be joined, and not before */
    sn__unlock(&sn__rt.lock);
    return 0;
}

void sn__m_sleep(M *m, bool wants_p) {
    runtime *rt = &sn__rt;
    sn__lock(&rt->lock);
    P *idle = wants_p ? sn__pop_idle_p() : NULL;
    if (idle || atomic_load(&rt->stopping)) {
        sn__unlock(&rt->lock);
        if (idle) sn__own_p(m, idle);
        return;
    }
    sn__check_dead(SN__IDLES);
    m->next = rt->idle_m;
    rt->idle_m = m;
    rt->ms_idle++;
    sn__unlock(&rt->lock);
    while (!atomic_load_explicit(&m->wake, memory_order_acquire))
        sn__os_wait(&m->wake, 0, SN_NEVER);
    atomic_store_explicit(&m->wake, 0, memory_order_relaxed);
    P *p = m->next_p;
    m->next_p = NULL;
    if (!p) return;
    sn__own_p(m, p);
}
