/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Finding something to run. The order is Go's: own timers, every 61st time the global queue, own
 * queue, global queue, poller, four passes of stealing, sleep.
 *
 * No wake-up is lost: whoever makes work visible then looks whether somebody spins (fence in
 * sn__wake_one, wake.c); whoever stops spinning says so first and then looks at all queues once
 * more.
 */
#include "sched/smp/queue.h"
#include "sched/smp/settings.h"
#include "sched/smp/take.h"

enum { POLL_EVERY = FAIR * 8, PASSES = 4 };

static bool poll_waiting(runtime *rt) {
    const sn__poller *po = atomic_load_explicit(&rt->poller, memory_order_acquire);
    return po && po->waiting();
}

static void interrupt(void *arg) {
    runtime *rt = arg;
    const sn__poller *po = atomic_load_explicit(&rt->poller, memory_order_acquire);
    if (po) {
        po->interrupt();
        return;
    }
    atomic_store(&rt->idle_word, 1);
    sn__os_wake(&rt->idle_word, 1);
}

void sn__interrupt_poller(void) { sn__far(interrupt, &sn__rt); }

void sn__poller_set(const sn__poller *po) {
    const sn__poller *none = NULL;
    if (!atomic_compare_exchange_strong(&sn__rt.poller, &none, po)) return;
    atomic_store(&sn__rt.idle_word, 1); /* who sleeps without it shall sleep in it */
    sn__os_wake(&sn__rt.idle_word, 1);
}

sn_time sn__first_timer(void) {
    runtime *rt = &sn__rt;
    sn_time first = SN_NEVER;
    for (uint32_t i = 0; i < rt->made; i++) {
        sn_time t = atomic_load(&rt->p[i]->timers.first);
        if (t < first) first = t;
    }
    return first;
}

/* Until when to sleep, if the first timer of all is due at `first`. */
static sn_time sleep_until(sn_time first) {
    runtime *rt = &sn__rt;
    for (uint32_t i = 0; i < rt->made; i++)
        if (atomic_load(&rt->p[i]->timers.first) == first)
            return sn__timers_sleep(&rt->p[i]->timers, first);
    return first;
}

/* What they ready is to fit into p's ring: under overload the rest waits in the heap, in order of
 * its deadlines, and not in the global queue behind those that come after. */
static uint32_t timers_wanted(const P *p) {
    enum { LEAST = 4 }; /* fewer than have run since the last look: the ring gets emptier */
    uint32_t n = atomic_load_explicit(&p->tail, memory_order_relaxed) -
                 atomic_load_explicit(&p->head, memory_order_relaxed);
    return n + LEAST < RING / 2 ? RING / 2 - n : LEAST;
}

static void run_timers(const P *p, heap *h) {
    sn_time first = atomic_load_explicit(&h->first, memory_order_relaxed);
    if (first == SN_NEVER) return;
    sn_time now = sn__os_now();
    if (now >= first) sn__timers_run(h, now, timers_wanted(p));
}

static void poll_now(runtime *rt) {
    const sn__poller *po = atomic_load_explicit(&rt->poller, memory_order_acquire);
    if (!po || !po->wanted()) return;
    sn__poll_batch b;
    po->wait(&b, 0);
    atomic_store_explicit(&rt->last_poll, sn__os_now(), memory_order_relaxed);
    po->deliver(&b);
    SN__EV_POLL(b.n);
}

static uint32_t next_rand(M *m) {
    uint32_t x = m->rand;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return m->rand = x;
}

static void add_one(_Atomic uint64_t *n) {
    atomic_store_explicit(n, atomic_load_explicit(n, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

bool sn__steal_from(P *p, P *victim, bool last, G **g) {
    if (last) run_timers(p, &victim->timers);
    /* what they readied is in our ring, and grabbing needs an empty one */
    if (last && !sn__p_empty(p)) return *g = sn__p_next(p), true;
    if (victim == p) return false;
    *g = sn__steal(p, victim, last);
    if (!*g) return false;
    add_one(&p->steals);
    if (victim->node != p->node) add_one(&p->remote);
    return true;
}

static G *steal(M *m, P *p) {
    runtime *rt = &sn__rt;
    G *g = NULL;
    for (uint32_t pass = 0; pass < PASSES; pass++) {
        uint32_t n = rt->made, at = next_rand(m) % n;
        bool last = pass == PASSES - 1;
        if (SN__UNLIKELY(rt->nodes > 1)) {
            if (sn__numa_steal(p, at, pass, last, &g)) return g;
            continue;
        }
        for (uint32_t i = 0; i < n; i++, at++)
            if (sn__steal_from(p, rt->p[at % n], last, &g)) return g;
    }
    return sn__p_next(p); /* timers just fired */
}

static bool may_spin(M *m, runtime *rt) {
    uint32_t zero = 0;
    if (!m->spinning) m->spinning = atomic_compare_exchange_strong(&rt->spinning, &zero, 1);
    return m->spinning;
}

static void stop_spinning(M *m, runtime *rt) {
    m->spinning = false;
    atomic_fetch_sub(&rt->spinning, 1);
}

static void shed_p(M *m, runtime *rt) {
    if (m->spinning) stop_spinning(m, rt);
    sn__p_shed(sn__lose_p(m));
}

/* Everything there is to look at without sleeping. Also NULL, and m without its P, if that one is
 * surplus. */
static G *look(M *m, runtime *rt) {
    P *p = m->p;
    G *g = NULL;
    if (SN__UNLIKELY(sn__inbox_has())) sn__inbox_empty(p);
    run_timers(p, &p->timers);
    uint32_t tick = p->tick++;
    if (tick % FAIR == 0) {
        if (SN__UNLIKELY(sn__p_surplus(p))) return shed_p(m, rt), NULL;
        if ((g = sn__global_get(p, 1))) return g;
    }
    if (tick % POLL_EVERY == 0) poll_now(rt);
    if ((g = sn__p_next(p)) || (g = sn__global_get(p, RING / 2))) return g;
    poll_now(rt);
    if ((g = sn__p_next(p))) return g;
    if (SN__UNLIKELY(atomic_load_explicit(&rt->aside, memory_order_relaxed)) &&
        (g = sn__aside_get()))
        return g;
    return may_spin(m, rt) ? steal(m, p) : NULL;
}

/* Lets go of the P unless something came in; true: let go. */
static bool let_go(M *m, runtime *rt, G **g) {
    P *p = m->p;
    sn__lock(&rt->lock);
    *g = sn__global_get_locked(p, RING / 2);
    bool surplus = sn__p_surplus(p);
    if (!*g) m->p = NULL;
    if (!*g && !surplus) sn__push_idle_p(p);
    sn__unlock(&rt->lock);
    if (!*g && surplus) {
        atomic_store(&p->m, NULL);
        sn__p_shed(p);
    }
    return !*g;
}

static bool work_visible(runtime *rt) {
    if (atomic_load(&rt->queued) || atomic_load(&rt->inbox)) return true;
    for (uint32_t i = 0; i < rt->made; i++)
        if (!sn__p_empty(rt->p[i])) return true;
    return false;
}

/* After the last look as a spinner: what became visible before we said so is ours to find. */
static bool last_look(M *m, runtime *rt) {
    if (!m->spinning) return false;
    stop_spinning(m, rt);
    if (!work_visible(rt) || !sn__try_idle_p(m)) return false;
    m->spinning = true;
    atomic_fetch_add(&rt->spinning, 1);
    return true;
}

/* The one M that sleeps where descriptors, timers and interrupts wake it. Comes back with a P
 * or without. */
static void sleep_in_poller(M *m, runtime *rt) {
    sn__poll_batch b;
    b.n = 0;
    sn__lock(&rt->lock);
    sn__check_dead(SN__POLLS);
    sn__unlock(&rt->lock);
    const sn__poller *po = atomic_load_explicit(&rt->poller, memory_order_acquire);
    sn_time first = sn__first_timer(), until = sleep_until(first);
    atomic_store(&rt->poll_until, first);
    /* A timer put in meanwhile either saw poll_until and interrupts, or we see it here. */
    sn_time again = sn__first_timer();
    if (again < first) until = again;
    if (atomic_load(&rt->stopping) || atomic_load(&rt->inbox) || atomic_load(&rt->queued))
        until = 0;
    if (po) {
        po->wait(&b, until);
        atomic_store_explicit(&rt->last_poll, sn__os_now(), memory_order_relaxed);
    } else {
        if (until > 0) sn__os_wait(&rt->idle_word, 0, until);
        atomic_store(&rt->idle_word, 0);
    }
    atomic_store(&rt->poll_until, 0);
    atomic_store(&rt->polling, 0);
    sn__try_idle_p(m);
    if (b.n) po->deliver(&b);
}

/* What whoever woke m gave it to run. */
static G *take_given(M *m) {
    G *g = m->next_g;
    if (m->p) sn__set_aside(m->p);
    m->next_g = NULL;
    return g;
}

/* m has found something to run. If it is the last that spun, another must; and what else waits in
 * its queue is no business of its own while a P idles: it may have been put there, by who yields or
 * has spent his budget, without a word to anybody. */
static void share(M *m, runtime *rt) {
    if (m->spinning)
        stop_spinning(m, rt);
    else if (!atomic_load_explicit(&rt->idle_ps, memory_order_relaxed) || sn__p_empty(m->p))
        return;
    sn__wake_one();
}

static G *find(M *m) {
    runtime *rt = &sn__rt;
    uint32_t zero;
    for (G *g;;) {
        if (atomic_load(&rt->stopping)) return NULL;
        if (!m->p) {
            sn__m_sleep(m, true);
            if ((g = take_given(m))) return g;
            continue;
        }
        g = look(m, rt);
        if (!g && !m->p) continue;
        if (g || !let_go(m, rt, &g)) {
            share(m, rt);
            return g;
        }
        if (last_look(m, rt)) continue;
        zero = 0;
        if (atomic_compare_exchange_strong(&rt->polling, &zero, 1)) {
            sleep_in_poller(m, rt);
        } else {
            sn__m_sleep(m, false);
            if ((g = take_given(m))) return g;
        }
    }
}

/* SENNIT_MIGRATE: g parked on m, so another M goes on with m's P and g. */
static bool pass_on(M *m, G *g) {
    P *p = m->p;
    m->p = NULL;
    atomic_store(&p->m, NULL);
    if (sn__start_m_with(p, false, g)) return true;
    sn__own_p(m, p); /* there is no other M */
    return false;
}

/* Whether another M runs g. If not, it goes to this stack at its next park, whoever is next: that
 * is asked here alone. */
static SN__COLD bool elsewhere(M *m, G *g) {
    sn__p_look_around(m->p);
    if (g->core.odd & SN__ODD_PINNED) return sn__pin_elsewhere(m, g);
    return g->core.thread == m && pass_on(m, g);
}

void sn__schedule(M *m) {
    for (G *g;;) {
        if (SN__UNLIKELY(m->pinned != NULL)) sn__pin_wait(m);
        g = m->next_g;
        m->next_g = NULL;
        if (!g && !(g = find(m))) return;
        /* readied before it had left its thread: a few instructions, unless that was preempted */
        for (uint32_t spins = 0; sn__ctx_busy(&g->ctx);)
            if (++spins < 1000)
                sn__cpu_relax();
            else
                sn__os_yield();
        if (SN__UNLIKELY((g->core.odd & SN__ODD_PINNED) | sn__set.migrate) && elsewhere(m, g))
            continue;
        sn__run_on(m, g);
        sn__switch(&m->g0, &g->ctx, false);
    }
}

/* Dead: no M runs but the caller, who is about to sleep if it is one, and neither a timer nor a
 * descriptor nor a thread of somebody else can ready anybody. While timers are between two heaps
 * nobody can tell: who moves them looks afterwards. */
void sn__check_dead(enum sn__asks who) {
    runtime *rt = &sn__rt;
    uint32_t asleep = rt->ms_idle + (who != SN__POLLS && atomic_load(&rt->polling) ? 1 : 0);
    if (rt->ms - asleep > (who == SN__NO_M ? 0 : 1) || rt->changing) return;
    if (atomic_load(&rt->stopping) || atomic_load(&rt->foreign_seen)) return;
    if (sn__first_timer() != SN_NEVER || poll_waiting(rt) || work_visible(rt)) return;
    if (atomic_load(&rt->aside)) return; /* the monitor lets them go on */
    if (!sn__live()) return;
    unsigned threads = sn__os_threads();
    if (!threads || threads > rt->ms + 1) return; /* and the monitor: another may come in yet */
    sn__unlock(&rt->lock);
    sn__fatal("all coroutines are asleep - deadlock!");
}
