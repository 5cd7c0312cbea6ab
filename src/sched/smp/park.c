/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Leaving a coroutine and making one runnable: the verbs of core/sched.h. */
#include "sched/smp/queue.h"

enum { CLOCK_EVERY = 8 };

/* Is one of p's timers due? */
static __attribute__((noinline)) bool is_due(const P *p) {
    sn_time first = atomic_load_explicit(&p->timers.first, memory_order_relaxed);
    return first != SN_NEVER && sn__os_now() >= first;
}

/* Leaves g for next, which may be g itself, readied before it left; or for the scheduler's own
 * stack, if there is none or it is still leaving another M: that M may be waiting for g to leave
 * this one, so leave first, wait after. */
static __attribute__((noinline)) void leave_for(G *g, M *m, G *next, bool dying) {
    if (next == g) {
        sn__run_on(m, g);
        return;
    }
    sn__stack_check(g);
    m->next_g = next;
    sn__switch(&g->ctx, &m->g0, dying);
}

/* Every so often the scheduler's own stack comes first, where all is looked at. */
static SN__COLD void leave_looking(G *g, M *m, P *p, uint32_t tick, bool dying) {
    bool away = !p || tick % FAIR == 0 || is_due(p);
    leave_for(g, m, away ? NULL : sn__p_next(p), dying);
}

/* The one that parks has a copy of this: what is rare in it is elsewhere, and calls nothing here
 * that comes back, so that it needs hardly a register. */
static inline __attribute__((always_inline)) void leave(G *g, bool dying) {
    M *m = m_of(&g->core);
    P *p = m->p;
    uint32_t tick = SN__LIKELY(p != NULL) ? ++p->tick : 0;
    if (SN__UNLIKELY(tick % FAIR == 0) ||
        (SN__UNLIKELY(tick % CLOCK_EVERY == 0) &&
         atomic_load_explicit(&p->timers.first, memory_order_relaxed) != SN_NEVER)) {
        leave_looking(g, m, p, tick, dying);
        return;
    }
    G *next = sn__p_next(p);
    if (SN__UNLIKELY(!next || sn__ctx_busy(&next->ctx))) { /* as g itself is */
        leave_for(g, m, next, dying);
        return;
    }
    sn__run_on(m, next);
    sn__switch(&g->ctx, &next->ctx, dying);
}

static __attribute__((noinline)) void switch_away(G *g, bool dying) { leave(g, dying); }

void sn__switch_away(G *g, bool dying) { switch_away(g, dying); }

static void wait_is_over(sn__timer *t) {
    G *g = SN__OF(t, G, timer);
    SN__EV_TIMER(t);
    for (int line = 0; line < 4; line++) __builtin_prefetch((char *)g->ctx.sp + line * 64, 1);
    if (sn__claim(&g->core, g->timer_ticket, SN__TIMED_OUT)) sn__ready(&g->core);
}

/* A foreign thread parks on its own word. */
static enum sn__cause park_thread(sn__g *g, sn__ticket t, sn_time until) {
    G *self = g_of(g);
    while (!atomic_load_explicit(&self->own.since, memory_order_acquire))
        if (!sn__os_wait(&self->own.since, 0, until)) {
            if (sn__claim(g, t, SN__TIMED_OUT)) return SN__TIMED_OUT;
            until = SN_NEVER; /* somebody won and is about to ready us */
        }
    atomic_store_explicit(&self->own.since, 0, memory_order_relaxed);
    return (enum sn__cause)(atomic_load(&g->wait) & 0xff);
}

/* Nothing to wait for: the scope is cancelled or the deadline is now. SN__IDLE: wait. */
static enum sn__cause over_already(sn__g *g, sn__ticket t, sn_time until) {
    if ((t & 0xff) == SN__ARMED && sn__interrupted(g) && sn__disarm(g, t, SN__CANCELED))
        return SN__CANCELED;
    if (until <= 0 && sn__disarm(g, t, SN__TIMED_OUT)) return SN__TIMED_OUT;
    return SN__IDLE;
}

/* For dumps, and for the trimmer. */
static inline void note_park(G *self, enum sn__reason why, const void *object) {
    atomic_store_explicit(&self->core.reason, why, memory_order_relaxed);
    atomic_store_explicit(&self->core.object, object, memory_order_relaxed);
    atomic_store_explicit(&self->own.since,
                          atomic_load_explicit(&sn__rt.tick, memory_order_relaxed),
                          memory_order_relaxed);
    SN__EV_PARK(self, why, object);
}

/* `open`: t is armed yet. */
static inline __attribute__((always_inline)) enum sn__cause
wait(sn__g *g, sn__ticket t, bool open, sn_time until, enum sn__reason why, const void *object) {
    G *self = g_of(g);
    bool timed = open && until != SN_NEVER;
    if (timed) {
        self->timer_ticket = t;
        self->timer.when = until;
        self->timer.fire = wait_is_over;
        sn__timer_add(&self->timer);
    }
    note_park(self, why, object);
    leave(self, false);
    enum sn__cause cause =
        (enum sn__cause)(atomic_load_explicit(&g->wait, memory_order_acquire) & 0xff);
    if (timed && cause != SN__TIMED_OUT) sn__timer_del(&self->timer);
    return cause;
}

static SN__COLD enum sn__cause wait_odd(sn__g *g, sn__ticket t, bool open, sn_time until,
                                        enum sn__reason why, const void *object) {
    if (g->foreign) return park_thread(g, t, until);
    sn__stack_check(g_of(g));
    sn__guess_drop(g_of(g));
    enum sn__cause cause = wait(g, t, open, until, why, object);
    if (g->odd & SN__ODD_BLOCKS) sn__guess(g_of(g));
    return cause;
}

enum { ODD_TO_PARK = SN__ODD_FOREIGN | SN__ODD_PACKED | SN__ODD_BLOCKS };

/* Any but the usual wait. */
static __attribute__((noinline)) enum sn__cause park_any(sn__g *g, sn_time until,
                                                         enum sn__reason why, const void *object) {
    sn__ticket t = atomic_load(&g->wait);
    bool open = (t & 0xff) == SN__ARMED || (t & 0xff) == SN__ARMED_SHUT;
    enum sn__cause cause = open ? over_already(g, t, until) : SN__IDLE;
    if (SN__UNLIKELY(cause != SN__IDLE)) return cause;
    if (SN__UNLIKELY(g->odd & ODD_TO_PARK)) return wait_odd(g, t, open, until, why, object);
    return wait(g, t, open, until, why, object);
}

enum sn__cause sn__park(sn__g *g, sn_time until, enum sn__reason why, const void *object) {
    if (SN__UNLIKELY(until != SN_NEVER || sn__interrupted(g) || g->odd & ODD_TO_PARK))
        return park_any(g, until, why, object);
    note_park(g_of(g), why, object);
    leave(g_of(g), false);
    return (enum sn__cause)(atomic_load_explicit(&g->wait, memory_order_acquire) & 0xff);
}

/* The caller may be no thread of ours; and once g is in the queue it may run, and the whole run
 * end, before that one has looked whom to wake. */
static void put_for_all(G *g) {
    atomic_fetch_add(&sn__rt.guests, 1);
    sn__global_put(g);
    sn__wake_one();
    sn__guest_out();
}

/* A foreign thread, or a pinned coroutine. */
static SN__COLD void ready_odd(G *g) {
    if (g->core.foreign) {
        atomic_store_explicit(&g->own.since, 1, memory_order_release);
        sn__os_wake(&g->own.since, 1);
        return;
    }
    atomic_store_explicit(&g->core.status, SN__RUNNABLE, memory_order_relaxed);
    put_for_all(g);
}

void sn__ready(sn__g *g) {
    G *other = g_of(g);
    SN__EV_READY(other);
    if (SN__UNLIKELY(g->odd & SN__ODD_APART)) {
        ready_odd(other);
        return;
    }
    atomic_store_explicit(&other->core.status, SN__RUNNABLE, memory_order_relaxed);
    M *m = sn__tls_get();
    if (SN__LIKELY(m && m->p)) {
        if (sn__p_put_next(m->p, other) && sn__nprocs() > 1) sn__wake_one();
        return;
    }
    put_for_all(other);
}

/* As many as p's ring has room for; how many. */
static inline uint32_t fill_ring(P *p, sn__g *const *g, uint32_t n) {
    uint32_t tail = atomic_load_explicit(&p->tail, memory_order_relaxed);
    uint32_t room = RING - (tail - atomic_load_explicit(&p->head, memory_order_acquire)), i = 0;
    for (n = n < room ? n : room; i < n && SN__LIKELY(!(g[i]->odd & SN__ODD_APART)); i++) {
        SN__EV_READY(g_of(g[i]));
        atomic_store_explicit(&g[i]->status, SN__RUNNABLE, memory_order_relaxed);
        atomic_store_explicit(&p->ring[(tail + i) % RING], g_of(g[i]), memory_order_relaxed);
    }
    atomic_store_explicit(&p->tail, tail + i, memory_order_release);
    return i;
}

void sn__ready_row(sn__g *const *g, uint32_t n) {
    M *m = n > 1 ? sn__tls_get() : NULL;
    P *p = m ? m->p : NULL;
    uint32_t done = p ? fill_ring(p, g, n) : 0;
    while (done < n) sn__ready(g[done++]);
    if (p && sn__nprocs() > 1) sn__wake_one();
}

void sn__ready_foreign(sn__g *g) {
    if (g->foreign) {
        sn__ready(g);
        return;
    }
    atomic_store_explicit(&g->status, SN__RUNNABLE, memory_order_relaxed);
    sn__inbox_put(g_of(g));
}

void sn__expect_outside(void) {
    atomic_store_explicit(&sn__rt.foreign_seen, 1, memory_order_relaxed);
}

static inline void queue_self(G *g) {
    P *p = m_of(&g->core)->p;
    atomic_store_explicit(&g->core.status, SN__RUNNABLE, memory_order_relaxed);
    if (SN__LIKELY(p != NULL)) {
        sn__ring_put(p, g);
    } else {
        sn__global_put(g);
        sn__wake_one();
    }
}

/* With a whole budget g has just had to wait for a P, so that others have had their turn. */
static void yield_marked(G *g) {
    sn__guess_drop(g);
    if (m_of(&g->core)->b.budget-- != BUDGET) {
        SN__EV_YIELD(g);
        queue_self(g);
        sn__switch_away(g, false);
    }
    sn__guess(g);
}

/* True: done with. */
static SN__COLD bool yield_odd(sn__g *g) {
    if (g->foreign) {
        sn__os_yield();
        return true;
    }
    sn__stack_check(g_of(g));
    if (g->odd & SN__ODD_APART) {
        SN__EV_YIELD(g_of(g));
        ready_odd(g_of(g));
        sn__switch_away(g_of(g), false);
    } else if (g->odd & SN__ODD_BLOCKS) {
        yield_marked(g_of(g));
    } else {
        return false;
    }
    return true;
}

static inline void yield(sn__g *g) {
    if (SN__UNLIKELY(g->odd) && yield_odd(g)) return;
    G *self = g_of(g);
    SN__EV_YIELD(self);
    queue_self(self);
    switch_away(self, false);
}

void sn__yield(sn__g *g) { yield(g); }

int sn_yield(void) {
    sn__g *g = sn__enter_parks();
    int rc = sn__interrupted(g);
    yield(g);
    sn__leave(g);
    return rc;
}

/* Not when no other P runs anything; and less when this one has others to run. What is waited for
 * is most often a few instructions away, and parking costs some hundreds: so the first looks are
 * close to each other, and each next is twice as far as the one before, which leaves the lock's
 * memory to those who use it. */
bool sn__spin(unsigned round) {
    enum { ROUNDS = 6, ROUNDS_BUSY = 4 };
    const runtime *rt = &sn__rt;
    M *m = sn__tls_get();
    uint32_t n = sn__nprocs();
    if (n == 1 || !m || !m->p ||
        atomic_load_explicit(&rt->idle_ps, memory_order_relaxed) + 1 >= n ||
        round >= (sn__p_empty(m->p) ? ROUNDS : ROUNDS_BUSY))
        return false;
    for (unsigned i = 0; i < 3u << round; i++) sn__cpu_relax();
    return true;
}
