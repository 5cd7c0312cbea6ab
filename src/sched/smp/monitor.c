/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The monitor: a thread that looks at the Ps (handover.c), and at the poller when nobody else has.
 * It sleeps for TICK between two looks, but for less
 *
 *   when handover.c knows of somebody who may soon have waited long enough, and
 *   after it has taken a P from a call that blocks: such calls come in crowds. Then it looks again
 *   after NAP, and after twice as long each time it found none. Such a look costs a few
 *   microseconds of a CPU and gives back one that stood idle.
 *
 * It is also woken for the inbox, and starts an M for it if a P idles. If none does, the inbox will
 * be looked at by whoever has a P, and to be woken once more for that before the next look would be
 * of no use.
 *
 * It sleeps for good when all Ps have idled for half a second and is woken with the first P that
 * does not.
 */
#include "sched/smp/smp.h"

#define TICK (10 * SN_MILLISECOND)
#define NAP (20 * SN_MICROSECOND)
#define IDLE (500 * SN_MILLISECOND)
#define EAGER SN_MILLISECOND

static void poll_if_nobody(runtime *rt, sn_time now, sn_time patience) {
    const sn__poller *po = atomic_load_explicit(&rt->poller, memory_order_acquire);
    if (!po || !po->wanted() || atomic_load(&rt->polling)) return;
    if (now - atomic_load(&rt->last_poll) < patience) return;
    sn__poll_batch b;
    po->wait(&b, 0);
    atomic_store_explicit(&rt->last_poll, now, memory_order_relaxed);
    po->deliver(&b); /* no P here: into the global queue */
}

/* rt.poked. IN_VAIN: it was, but no P idled, or nobody is there any more; till the next look. */
enum { QUIET, POKED, IN_VAIN };

/* When in doubt whether somebody comes for the inbox: the monitor was told, or looks anyway. */
static void serve_inbox(runtime *rt) {
    uint32_t poked = atomic_exchange(&rt->poked, QUIET);
    bool idle = sn__inbox_has() && atomic_load(&rt->idle_ps);
    if (poked == POKED && !idle) atomic_store(&rt->poked, IN_VAIN);
    if (!idle) return;
    if (poked == QUIET) atomic_fetch_add_explicit(&rt->rescues, 1, memory_order_relaxed);
    sn__wake_one();
}

/* Whether somebody came to run. */
static bool sleep_deep(runtime *rt, sn_time until) {
    atomic_store(&rt->monitor_asleep, 1);
    if (atomic_load(&rt->idle_ps) >= rt->nprocs && !atomic_load(&rt->stopping))
        sn__os_wait(&rt->monitor_word, 0, until);
    atomic_store(&rt->monitor_asleep, 0);
    return atomic_exchange(&rt->monitor_word, 0);
}

/* The monitor runs for microseconds, and others wait for what it finds. */
static void be_prompt(void) {
    sn__os_ref self;
    sn__os_self(&self);
    (void)sn__os_slice(&self, SLICE);
    sn__os_precise();
}

static void monitor_main(void *arg) {
    runtime *rt = arg;
    sn_time began = sn__os_now(), busy = began, nap = TICK, until = began + TICK, patience = TICK;
    be_prompt();
    while (!atomic_load(&rt->stopping)) {
        sn__os_wait(&rt->monitor_word, 0, until);
        atomic_store(&rt->monitor_word, 0);
        sn_time now = sn__os_now();
        atomic_store_explicit(&rt->tick, (uint32_t)((now - began) / TICK), memory_order_relaxed);
        serve_inbox(rt);
        poll_if_nobody(rt, now, patience);
        sn__procs_look(now);
        sn__looked found = sn__handover(now, nap < EAGER);
        nap = found.blocked ? NAP : nap < TICK / 2 ? nap * 2 : TICK;
        until = found.next < now + nap ? found.next : now + nap;
        patience = until < now + TICK ? EAGER : TICK;
        if (found.busy) busy = now;
        sn_time trim = sn__trim(now, now - busy <= IDLE);
        if (now - busy > IDLE) {
            bool came = sleep_deep(rt, trim);
            until = sn__os_now();
            if (came) busy = until;
        }
    }
}

void sn__monitor_wake(void) {
    runtime *rt = &sn__rt;
    if (SN__LIKELY(!atomic_load(&rt->monitor_asleep))) return;
    atomic_store(&rt->monitor_word, 1);
    sn__os_wake(&rt->monitor_word, 1);
}

void sn__monitor_poke(void) {
    runtime *rt = &sn__rt;
    if (atomic_load(&rt->poked) || atomic_exchange(&rt->poked, POKED)) return;
    atomic_store(&rt->monitor_word, 1);
    sn__os_wake(&rt->monitor_word, 1);
}

int sn__monitor_start(void) {
    sn__trim_start();
    return sn__os_thread(&sn__rt.monitor, monitor_main, &sn__rt, "sennit-monitor");
}

void sn__monitor_stop(void) {
    atomic_store(&sn__rt.monitor_word, 1);
    sn__os_wake(&sn__rt.monitor_word, 1);
    sn__os_join(sn__rt.monitor);
}
