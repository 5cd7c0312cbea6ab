/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The rare ends of the bracket: a P that is asked for or gone, a spent budget, foreign threads,
 * a lock that is taken. */
#include <sennit/time.h>
#include <stdlib.h>

#include "sched/smp/queue.h"
#include "sched/smp/settings.h"
#include "sched/smp/take.h"

bool sn__own_fence;

void sn__nopark(G *g) { m_of(&g->core)->b.budget = 0; }

void sn__take_seen(sn__bracket *b) {
    M *m = (M *)b;
    uint32_t take = sn__take_answer(b);
    if (take == SN__TAKE_NONE) return;
    if (take == SN__TAKE_TAKEN) sn__taken_back(m);
    if (m->guessed) sn__guess_judge(m);
    m->p = NULL;
    sn__take_lost(b);
    b->budget = 0; /* the next call that may park gets a P first */
}

void sn__fence_tickets(void) {
    atomic_thread_fence(memory_order_seq_cst);
    if (!sn__own_fence) sn__os_heavy_barrier();
}

static void ask_poller(void *waiting) {
    const sn__poller *po = atomic_load_explicit(&sn__rt.poller, memory_order_acquire);
    *(bool *)waiting = po && po->wanted();
}

static bool others_wait(P *p) {
    if (sn__work_for(p) || atomic_load(&p->timers.first) != SN_NEVER) return true;
    bool waiting;
    sn__far(ask_poller, &waiting);
    return waiting;
}

void sn__refresh(sn__g *g) {
    G *self = g_of(g);
    M *m = m_of(g);
    if (SN__UNLIKELY(g->odd & SN__ODD_NOPARK)) sn__nopark_broken(self, "call that may park");
    if (m->p && sn__p_surplus(m->p)) sn__release_p(m);
    if (!m->p && (sn__is_enough(self) || !sn__try_idle_p(m))) {
        atomic_store_explicit(&self->core.status, SN__RUNNABLE, memory_order_relaxed);
        if (!sn__step_aside(self)) {
            sn__global_put(self);
            sn__wake_one();
        }
        sn__switch_away(self, false);
    } else if (others_wait(m->p)) {
        /* by way of the scheduler's stack, so that timers and descriptors get their look too; and
         * behind those in the global queue, or who starts coroutines would fill it faster than a
         * ring that others keep busy empties it */
        atomic_store_explicit(&self->core.status, SN__RUNNABLE, memory_order_relaxed);
        if (g->odd & SN__ODD_APART || atomic_load(&sn__rt.queued)) {
            sn__global_put(self);
            sn__wake_one();
        } else {
            sn__ring_put(m->p, self);
        }
        sn__switch(&self->ctx, &m->g0, false);
    }
    m = m_of(g);
    m->b.budget = BUDGET;
    if ((sn__set.migrate || g->odd) && m->p) sn__p_look_around(m->p); /* it may be another P */
}

/* Foreign threads: each gets a G of its own, from a list that never shrinks. */
static sn__lockw foreign_lock;
static G *foreign_free;
static _Thread_local G *foreign_self;

static void foreign_gone(void *p) {
    G *g = p;
    sn__locals_end(g);
    foreign_self = NULL; /* who still calls, at the end of something else, gets another */
    sn__lock(&foreign_lock);
    g->next = foreign_free;
    foreign_free = g;
    sn__unlock(&foreign_lock);
}

sn__g *sn__enter_foreign(void) {
    sn__forked_check();
    if (!foreign_self) {
        sn__lock(&foreign_lock);
        G *g = foreign_free;
        if (g) foreign_free = g->next;
        sn__unlock(&foreign_lock);
        if (!g && !(g = calloc(1, sizeof *g))) sn__fatal("out of memory for a foreign thread");
        g->core.foreign = 1;
        g->core.odd = SN__ODD_FOREIGN;
        foreign_self = g;
        sn__os_at_exit(foreign_gone, g);
    }
    atomic_store_explicit(&sn__rt.foreign_seen, 1, memory_order_relaxed);
    return &foreign_self->core;
}

sn__g *sn__self(void) { return sn__caller(); }

/* Whoever looks takes the lock's memory, and that of what it guards, from the one who works there.
 * So the looks are far apart: in between that one does many operations, all of them near. */
void sn__lock_slow(sn__lockw *l) {
    enum { LOOKS = 10, PAUSE = 30 };
    for (int i = 0; i < LOOKS; i++) {
        uint32_t zero = 0;
        if (atomic_load_explicit(&l->word, memory_order_relaxed) == 0 &&
            atomic_compare_exchange_weak_explicit(&l->word, &zero, 1, memory_order_acquire,
                                                  memory_order_relaxed))
            return;
        for (int k = 0; k < PAUSE; k++) sn__cpu_relax();
    }
    /* its holder may have lost its CPU: sleep */
    while (atomic_exchange_explicit(&l->word, 2, memory_order_acquire) != 0)
        sn__os_wait(&l->word, 2, SN_NEVER);
}

void sn__unlock_slow(sn__lockw *l) { sn__os_wake(&l->word, 1); }

sn_time sn__now(void) { return sn__os_now(); }
sn_time sn_now(void) { return sn__os_now(); }
int64_t sn_utc_ms(void) { return sn__os_utc_ms(); }
void sn_random(void *buf, size_t n) { sn__os_entropy(buf, n); }

/* A thread's own generator for fairness: an M's, or the address of a local for others. */
uint32_t sn__rand(void) {
    M *m = sn__tls_get();
    static _Atomic uint32_t shared = 2463534242u;
    uint32_t x = m ? m->rand : atomic_load_explicit(&shared, memory_order_relaxed);
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    if (m)
        m->rand = x;
    else
        atomic_store_explicit(&shared, x, memory_order_relaxed);
    return x;
}

void *sn__alloc(size_t n) {
    sn__hb_blind();
    void *p = malloc(n);
    sn__hb_seeing();
    return p;
}

void sn__free(void *p) {
    sn__hb_blind();
    free(p);
    sn__hb_seeing();
}
