/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The verbs of core/sched.h on one thread, each a choice point. */
#include <sennit/time.h>
#include <stdlib.h>

#include "core/poller.h"
#include "sched/sim/state.h"

sim sn__sim;

/* Whoever wants a lock that is held waits off the run queue: with ranks, a loop that yields could
 * keep the holder from ever running. A waker of the caller's ticket may come meanwhile: what it
 * queued is kept for the park that is to come. */
static void wait_for_lock(const sn__lockw *l, G *self) {
    bool woken = false;
    if (!self || sn__sim.quiet) sn__fatal("lock held by nobody who can run");
    self->own.wants = l;
    sn__list_push(&sn__sim.blocked, &self->own.blocked);
    for (;;) {
        sn__sim_switch(false);
        if (!self->own.wants) break;
        woken = true;
    }
    if (woken) sn__sim_ready(self);
}

void sn__lock(sn__lockw *l) {
    sn__sim_choice();
    while (l->held) wait_for_lock(l, sn__sim.self);
    l->held = 1;
}

static void unblock(const sn__lockw *l) {
    sn__link *head = &sn__sim.blocked;
    for (sn__link *at = head->next, *next; at != head; at = next) {
        next = at->next;
        G *g = SN__OF(at, G, own.blocked);
        if (g->own.wants != l) continue;
        sn__list_del(at);
        g->own.wants = NULL;
        sn__sim_ready(g);
    }
}

void sn__unlock(sn__lockw *l) {
    l->held = 0;
    if (!sn__list_empty(&sn__sim.blocked)) unblock(l);
    sn__sim_choice();
}

sn__g *sn__self(void) {
    if (!sn__sim.self) sn__fatal("a call from outside the simulated runtime");
    return &sn__sim.self->core;
}

/* Addresses differ from process to process: the order in which they were made. */
uintptr_t sn__order(const void *object) {
    static uintptr_t made;
    (void)object;
    return ++made;
}

void sn__point(void) { sn__sim_choice(); }
void sn__fence_tickets(void) {} /* one thread */
sn__g *sn__enter(void) { return sn__self(); }
/* Who never has to wait lets others run in the end, here as on threads: with ranks, or where
 * nobody is interrupted, nothing else would make it. */
sn__g *sn__enter_parks(void) {
    sn__g *g = sn__self();
    sn__sim_choice();
    if (SN__UNLIKELY(g->odd & SN__ODD_NOPARK)) sn__nopark_broken(g_of(g), "call that may park");
    if (SN__UNLIKELY(--sn__sim.budget == 0)) sn__yield(g);
    return g;
}
void sn__leave(sn__g *g) { (void)g; }
sn__g *sn__current(void) { return sn__sim.self ? &sn__sim.self->core : NULL; }

static sn__ticket ticket_of(const sn__g *g) {
    return atomic_load_explicit(&g->wait, memory_order_relaxed);
}

sn__ticket sn__arm(sn__g *g, bool cancellable) {
    sn__sim_choice();
    sn__ticket t = ((ticket_of(g) | 0xff) + 1) | (cancellable ? SN__ARMED : SN__ARMED_SHUT);
    atomic_store_explicit(&g->wait, t, memory_order_relaxed);
    sn__sim_event(EV_ARM, g_of(g)->id, cancellable);
    return t;
}

bool sn__claim(sn__g *g, sn__ticket t, enum sn__cause cause) {
    sn__sim_choice();
    bool won = ticket_of(g) == t;
    if (won)
        atomic_store_explicit(&g->wait, (t & ~(sn__ticket)0xff) | (sn__ticket)cause,
                              memory_order_relaxed);
    sn__sim_event(EV_CLAIM, g_of(g)->id, ((uint64_t)cause << 1) | won);
    return won;
}

void sn__ready(sn__g *g) {
    sn__sim_event(EV_READY, g_of(g)->id, 0);
    sn__sim_ready_or_hold(g_of(g));
    sn__sim_choice();
}

void sn__ready_foreign(sn__g *g) { sn__ready(g); }
void sn__expect_outside(void) {}

static void wait_is_over(sn__timer *t) {
    G *g = SN__OF(t, G, timer);
    if (sn__claim(&g->core, g->timer_ticket, SN__TIMED_OUT)) sn__ready(&g->core);
}

static enum sn__cause over_already(sn__g *g, sn__ticket t, sn_time until) {
    if ((t & 0xff) == SN__ARMED && sn__interrupted(g) && sn__claim(g, t, SN__CANCELED))
        return SN__CANCELED;
    if (until <= 0 && sn__claim(g, t, SN__TIMED_OUT)) return SN__TIMED_OUT;
    return SN__IDLE;
}

/* A frozen host has no time: what would end some day ends now. */
static sn_time patience(const G *g, sn_time until) {
    return until != SN_NEVER && g->own.host && g->own.host->frozen ? 0 : until;
}

static void arm_timer(G *self, sn__ticket t, sn_time until) {
    self->timer_ticket = t;
    self->timer.when = until;
    self->timer.fire = wait_is_over;
    sn__timer_add(&self->timer);
}

enum sn__cause sn__park(sn__g *g, sn_time until, enum sn__reason why, const void *object) {
    G *self = g_of(g);
    sn__ticket t = ticket_of(g);
    bool open = (t & 0xff) == SN__ARMED || (t & 0xff) == SN__ARMED_SHUT;
    until = patience(self, until);
    enum sn__cause cause = open ? over_already(g, t, until) : SN__IDLE;
    if (cause != SN__IDLE) return cause;
    bool timed = open && until != SN_NEVER;
    if (timed) arm_timer(self, t, until);
    atomic_store_explicit(&g->reason, why, memory_order_relaxed);
    atomic_store_explicit(&g->object, object, memory_order_relaxed);
    if (atomic_load_explicit(&self->core.status, memory_order_relaxed) == SN__RUNNING)
        atomic_store_explicit(&self->core.status, SN__WAITING, memory_order_relaxed);
    SN__EV_PARK(self, why, object);
    sn__sim_switch(false);
    cause = (enum sn__cause)(ticket_of(g) & 0xff);
    if (timed && cause != SN__TIMED_OUT) sn__timer_del(&self->timer);
    return cause;
}

int sn_yield(void) {
    sn__g *g = sn__enter_parks();
    int rc = sn__interrupted(g);
    sn__yield(g);
    return rc;
}

/* One thread: every coroutine stays on it. */
void sn__pin(G *g) { g->leaves = true; }
void sn__unpin(G *g) { (void)g; }
void sn__nopark(G *g) { (void)g; }

int sn_blocking(sn_fn f, void *arg) {
    sn__sim_choice();
    int rc = f(arg);
    sn__sim_choice();
    return rc;
}

bool sn__spin(unsigned round) {
    (void)round;
    return false;
}

void *sn__alloc(size_t n) { return malloc(n); }
void sn__free(void *p) { free(p); }

/* No descriptors here: the poller of io is never installed. */
void sn__poller_set(const sn__poller *p) { (void)p; }

/* No stack is small here. */
void sn__far(void (*f)(void *), void *arg) { f(arg); }
bool sn__packs(void) { return false; }

uint32_t sn__minutes_parked(const G *g) {
    (void)g;
    return 0; /* virtual time says nothing about patience */
}
