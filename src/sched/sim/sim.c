/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The verbs of core/sched.h on one thread, each a choice point; see sim.h. */
#include <sennit/time.h>
#include <stdlib.h>
#include <string.h>

#include "sched/sim/state.h"

sim sn__sim;

uint64_t sn__sim_random(void) { /* splitmix64 */
    uint64_t z = sn__sim.random += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void sn__sim_event(enum sim_event e, uint64_t a, uint64_t b) {
    const uint64_t words[3] = {(uint64_t)e, a, b};
    for (int i = 0; i < 3; i++) { /* FNV-1a, a word at a time */
        sn__sim.hash ^= words[i];
        sn__sim.hash *= 0x100000001b3u;
    }
}

void sn__sim_ready(G *g) {
    sim *s = &sn__sim;
    if (s->ready_n == s->ready_room) {
        size_t room = s->ready_room ? s->ready_room * 2 : 64;
        G **r = realloc(s->ready, room * sizeof *r);
        if (!r) sn__fatal("out of memory for runnable coroutines");
        s->ready = r;
        s->ready_room = room;
    }
    atomic_store(&g->status, G_RUNNABLE);
    s->ready[s->ready_n++] = g;
}

static G *pick(void) {
    sim *s = &sn__sim;
    while (!s->ready_n)
        if (!sn__sim_advance()) sn__fatal("all coroutines are asleep - deadlock!");
    size_t i = sn__sim_random() % s->ready_n;
    G *g = s->ready[i];
    s->ready[i] = s->ready[--s->ready_n];
    return g;
}

void sn__sim_switch(bool dying) {
    sim *s = &sn__sim;
    G *from = s->self, *to = pick();
    s->self = to;
    atomic_store(&to->status, G_RUNNING);
    to->starts++;
    sn__sim_event(EV_RUN, to->id, to->starts);
    if (to == from) return;
    atomic_store(&to->ctx.busy, 1);
    sn__switch(&from->ctx, &to->ctx, dying);
}

void sn__sim_choice(void) {
    sim *s = &sn__sim;
    if (!s->self || s->quiet) return;
    s->choices++;
    if ((sn__sim_random() & 0xff) >= s->eagerness || !s->ready_n) return;
    sn__sim_ready(s->self);
    sn__sim_switch(false);
}

void sn__lock(sn__lockw *l) {
    sn__sim_choice();
    while (l->held) {
        if (!sn__sim.self || !sn__sim.ready_n) sn__fatal("lock held by nobody who can run");
        sn__sim_ready(sn__sim.self);
        sn__sim_switch(false);
    }
    l->held = 1;
}

void sn__unlock(sn__lockw *l) {
    l->held = 0;
    sn__sim_choice();
}

sn__g *sn__self(void) {
    if (!sn__sim.self) sn__fatal("a call from outside the simulated runtime");
    return &sn__sim.self->core;
}

void sn__point(void) { sn__sim_choice(); }
sn__g *sn__enter(void) { return sn__self(); }
sn__g *sn__enter_parks(void) {
    sn__sim_choice();
    return sn__self();
}
void sn__leave(sn__g *g) { (void)g; }
sn__g *sn__current(void) { return sn__sim.self ? &sn__sim.self->core : NULL; }

sn__ticket sn__arm(sn__g *g, bool cancellable) {
    sn__sim_choice();
    sn__ticket t =
        ((atomic_load(&g->wait) | 0xff) + 1) | (cancellable ? SN__ARMED : SN__ARMED_SHUT);
    atomic_store(&g->wait, t);
    sn__sim_event(EV_ARM, g_of(g)->id, cancellable);
    return t;
}

bool sn__claim(sn__g *g, sn__ticket t, enum sn__cause cause) {
    sn__sim_choice();
    bool won = atomic_load(&g->wait) == t;
    if (won) atomic_store(&g->wait, (t & ~(sn__ticket)0xff) | (sn__ticket)cause);
    sn__sim_event(EV_CLAIM, g_of(g)->id, ((uint64_t)cause << 1) | won);
    return won;
}

void sn__ready(sn__g *g) {
    sn__sim_event(EV_READY, g_of(g)->id, 0);
    sn__sim_ready(g_of(g));
    sn__sim_choice();
}

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

enum sn__cause sn__park(sn__g *g, sn_time until, enum sn__reason why, const void *object) {
    G *self = g_of(g);
    sn__ticket t = atomic_load(&g->wait);
    bool open = (t & 0xff) == SN__ARMED || (t & 0xff) == SN__ARMED_SHUT;
    enum sn__cause cause = open ? over_already(g, t, until) : SN__IDLE;
    if (cause != SN__IDLE) return cause;
    bool timed = open && until != SN_NEVER;
    if (timed) {
        self->timer_ticket = t;
        self->timer.when = until;
        self->timer.fire = wait_is_over;
        sn__timer_add(&self->timer);
    }
    atomic_store(&g->reason, why);
    atomic_store(&g->object, object);
    if (atomic_load(&self->status) == G_RUNNING) atomic_store(&self->status, G_WAITING);
    SN__EV_PARK(self, why, object);
    sn__sim_switch(false);
    cause = (enum sn__cause)(atomic_load(&g->wait) & 0xff);
    if (timed && cause != SN__TIMED_OUT) sn__timer_del(&self->timer);
    return cause;
}

void sn__yield(sn__g *g) {
    sn__sim_ready(g_of(g));
    sn__sim_switch(false);
}

int sn_yield(void) {
    sn__g *g = sn__enter_parks();
    int rc = sn__interrupted(g);
    sn__yield(g);
    return rc;
}

uint32_t sn__rand(void) { return (uint32_t)sn__sim_random(); }
sn_time sn__now(void) { return sn__sim.now; }
sn_time sn_now(void) { return sn__sim.now; }
int64_t sn_utc_ms(void) { return 1735689600000 + sn__sim.now / SN_MILLISECOND; }
void sn_random(void *buf, size_t n) {
    unsigned char *to = buf;
    while (n--) *to++ = (unsigned char)sn__sim_random();
}
void *sn__alloc(size_t n) { return malloc(n); }
void sn__free(void *p) { free(p); }
uint32_t sn__minutes_parked(const G *g) {
    (void)g;
    return 0; /* virtual time says nothing about patience */
}
