/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The monitor: a thread that looks every 10 ms. It takes the P of an M whose coroutine has made
 * no call of ours for a whole tick while others wait (a hog, a blocked call: the same to us), and
 * looks at the poller when nobody else has. It sleeps for good when all Ps have idled for half a
 * second and is woken with the first P that does not.
 *
 * At most one heavy barrier a tick: it interrupts the other cores.
 */
#include "sched/smp/smp.h"

#define TICK (10 * SN_MILLISECOND)
enum { IDLE_TICKS = 50 };

static bool stands_still(P *p, M *m) {
    uint32_t entries = atomic_load_explicit(&m->b.entries, memory_order_relaxed);
    bool still = p->seen_m == m && p->seen_entries == entries &&
                 atomic_load_explicit(&m->b.state, memory_order_relaxed) == SN__USER;
    p->seen_m = m;
    p->seen_entries = entries;
    return still;
}

static bool timer_due(P *p) {
    sn_time first = atomic_load(&p->timers.first);
    return first != SN_NEVER && first <= sn__os_now();
}

/* Whether m, which had p a moment ago, was asked to give it up. */
static bool ask(P *p, M *m) {
    if (!m || !stands_still(p, m)) return false;
    if (sn__p_empty(p) && !atomic_load(&sn__rt.queued) && !sn__inbox_has() && !timer_due(p))
        return false;
    if (atomic_load(&sn__rt.idle_ps)) {
        sn__wake_one(); /* another P can come and steal it */
        return false;
    }
    uint32_t none = SN__TAKE_NONE;
    return atomic_compare_exchange_strong(&m->b.take, &none, SN__TAKE_ASK);
}

/* After the barrier: m is in user code and has not answered, or keeps its P. */
static void take(M *m) {
    uint32_t asked = SN__TAKE_ASK;
    bool user = atomic_load_explicit(&m->b.state, memory_order_acquire) == SN__USER;
    P *p = m->p; /* stable if the CAS below succeeds: m has not come in since it was asked */
    if (!user || !atomic_compare_exchange_strong(&m->b.take, &asked, SN__TAKE_TAKEN)) {
        asked = SN__TAKE_ASK;
        atomic_compare_exchange_strong(&m->b.take, &asked, SN__TAKE_NONE);
        return;
    }
    atomic_store(&p->m, NULL);
    atomic_fetch_add_explicit(&sn__rt.handovers, 1, memory_order_relaxed);
    SN__EV_HANDOVER(p);
    sn__start_m(p, false);
}

/* Asks all that stand still, then one barrier for them together. */
static bool retake(runtime *rt) {
    M *asked[64];
    uint32_t n = 0;
    bool busy = false;
    for (uint32_t i = 0; i < rt->nprocs; i++) {
        P *p = rt->p[i];
        M *m = atomic_load(&p->m);
        busy |= m != NULL;
        if (n < 64 && ask(p, m)) asked[n++] = m;
    }
    if (n && !sn__own_fence) sn__os_heavy_barrier();
    for (uint32_t i = 0; i < n; i++) take(asked[i]);
    return busy;
}

static void poll_if_nobody(runtime *rt) {
    const sn__poller *po = atomic_load_explicit(&rt->poller, memory_order_acquire);
    if (!po || !po->waiting() || atomic_load(&rt->polling)) return;
    if (sn__os_now() - atomic_load(&rt->last_poll) < TICK) return;
    sn__poll_batch b;
    po->wait(&b, 0);
    atomic_store_explicit(&rt->last_poll, sn__os_now(), memory_order_relaxed);
    po->deliver(&b); /* no P here: into the global queue */
}

static void sleep_deep(runtime *rt) {
    atomic_store(&rt->monitor_asleep, 1);
    if (atomic_load(&rt->idle_ps) == rt->nprocs && !atomic_load(&rt->stopping))
        sn__os_wait(&rt->monitor_word, 0, SN_NEVER);
    atomic_store(&rt->monitor_asleep, 0);
    atomic_store(&rt->monitor_word, 0);
}

static void monitor_main(void *arg) {
    runtime *rt = arg;
    uint32_t idle = 0;
    while (!atomic_load(&rt->stopping)) {
        sn__os_wait(&rt->monitor_word, 0, sn__os_now() + TICK);
        atomic_store(&rt->monitor_word, 0);
        atomic_fetch_add_explicit(&rt->tick, 1, memory_order_relaxed);
        poll_if_nobody(rt);
        idle = retake(rt) ? 0 : idle + 1;
        if (idle > IDLE_TICKS) sleep_deep(rt);
    }
}

void sn__monitor_wake(void) {
    runtime *rt = &sn__rt;
    if (SN__LIKELY(!atomic_load(&rt->monitor_asleep))) return;
    atomic_store(&rt->monitor_word, 1);
    sn__os_wake(&rt->monitor_word, 1);
}

int sn__monitor_start(void) {
    return sn__os_thread(&sn__rt.monitor, monitor_main, &sn__rt, "sennit-monitor");
}

void sn__monitor_stop(void) {
    atomic_store(&sn__rt.monitor_word, 1);
    sn__os_wake(&sn__rt.monitor_word, 1);
    sn__os_join(sn__rt.monitor);
}
