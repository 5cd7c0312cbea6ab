/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Virtual time: a heap of timers. Time stands still while anybody can run, and then jumps to the
 * next one.
 *
 * Core's timers are fired by a coroutine of its own, so that firing can be interleaved with
 * everything else as it is on threads. It can run only while one of them is due. The world's are
 * fired with no choice points, and at once when it is they that time has come to.
 */
#include <sennit/time.h>
#include <stdlib.h>

#include "sched/sim/state.h"

static bool before(const sim_timer *a, const sim_timer *b) {
    return a->at != b->at ? a->at < b->at : a->tie < b->tie;
}

static void put(sim *s, size_t i, sim_timer e) {
    s->timers[i] = e;
    e.t->index = (uint32_t)i + 1;
}

static void up(sim *s, size_t i) {
    sim_timer e = s->timers[i];
    for (size_t over; i && before(&e, &s->timers[over = (i - 1) / 2]); i = over)
        put(s, i, s->timers[over]);
    put(s, i, e);
}

static void down(sim *s, size_t i) {
    sim_timer e = s->timers[i];
    for (size_t kid; (kid = 2 * i + 1) < s->timers_n; i = kid) {
        if (kid + 1 < s->timers_n && before(&s->timers[kid + 1], &s->timers[kid])) kid++;
        if (!before(&s->timers[kid], &e)) break;
        put(s, i, s->timers[kid]);
    }
    put(s, i, e);
}

static void add(sn__timer *t, sn_time at, sn_host *h) {
    sim *s = &sn__sim;
    if (s->timers_n == s->timers_room) {
        size_t room = s->timers_room ? s->timers_room * 2 : 64;
        sim_timer *more = realloc(s->timers, room * sizeof *more);
        if (!more) sn__fatal("out of memory for timers");
        s->timers = more;
        s->timers_room = room;
    }
    if (at < s->now || (h && h->frozen)) at = s->now;
    put(s, s->timers_n++, (sim_timer){at, sn__sim_random(CHANCE_TIES), t, h});
    up(s, s->timers_n - 1);
}

static void take_out(sn__timer *t) {
    sim *s = &sn__sim;
    size_t i = t->index - 1;
    sim_timer last = s->timers[--s->timers_n];
    t->index = 0;
    if (last.t == t) return;
    put(s, i, last);
    up(s, i);
    down(s, last.t->index - 1);
}

/* The world's timers are told from core's by their `heap`. */
static bool is_worlds(const sn__timer *t) { return t->heap == &sn__sim; }

static void rouse_clock(sim *s) {
    if (!s->clock_parked) return;
    s->clock_parked = false;
    s->clock->own.rank = sn__sim_rank();
    sn__sim_ready(s->clock);
}

void sn__timer_add(sn__timer *t) {
    sim *s = &sn__sim;
    sn_host *h = sn__sim_host();
    sn__lock(&s->timers_lock);
    t->heap = NULL;
    add(t, sn__sim_world_time(h, t->when), h);
    /* due at once: nobody else would notice before time moves */
    if (s->timers[t->index - 1].at <= s->now) rouse_clock(s);
    sn__unlock(&s->timers_lock);
}

void sn__timer_del(sn__timer *t) {
    sn__lock(&sn__sim.timers_lock);
    if (t->index) take_out(t);
    sn__unlock(&sn__sim.timers_lock);
}

void sn__sim_at(sn__timer *t) {
    t->heap = &sn__sim;
    add(t, t->when, NULL);
    if (t->when <= sn__sim.now) rouse_clock(&sn__sim);
}

void sn__sim_not(sn__timer *t) {
    if (t->index) take_out(t);
}

static sn__timer *due(const sim *s) {
    return s->timers_n && s->timers[0].at <= s->now ? s->timers[0].t : NULL;
}

static void fire(sim *s, sn__timer *t) {
    take_out(t);
    if (!is_worlds(t)) {
        sn__sim_event(EV_TIMER, (uint64_t)s->now, 0);
        SN__EV_TIMER(t);
        t->fire(t);
        return;
    }
    G *self = s->self;
    bool was = s->quiet;
    s->self = NULL;
    s->quiet = true;
    t->fire(t);
    s->self = self;
    s->quiet = was;
}

int sn__sim_clock(void *arg) {
    sim *s = arg;
    for (;;) {
        sn__lock(&s->timers_lock);
        sn__timer *t = due(s);
        if (t) fire(s, t);
        /* decided under the lock: a timer put in after this readies us again */
        s->clock_parked = !t;
        sn__unlock(&s->timers_lock);
        if (!t && s->clock_parked) sn__sim_switch(false);
    }
}

/* Moves time to the next timer. What of the world is due is fired here, until one of core's is. */
static bool advance(sim *s) {
    if (!s->timers_n || !s->clock_parked) return false;
    if (s->timers[0].at > s->now) {
        s->now = s->timers[0].at;
        sn__sim_event(EV_CLOCK, (uint64_t)s->now, 0);
        if (s->config.max_time && s->now - SN_SECOND > s->config.max_time)
            sn__fatal("the run does not come to its end in the time it was given");
    }
    for (sn__timer *t = due(s); t && !s->ready_n; t = due(s)) {
        if (!is_worlds(t)) {
            rouse_clock(s);
            return true;
        }
        fire(s, t);
    }
    if (due(s)) rouse_clock(s);
    return true;
}

static void fail_frozen(const sim *s) {
    for (const sn_host *h = s->hosts; h; h = h->next)
        if (h->frozen)
            sn_sim_fail("host %s was stopped, but %llu of its coroutines wait for what never comes",
                        h->name, (unsigned long long)h->live);
}

static void next_thing(sim *s) {
    if (sn__sim_wake_one(&s->settlers)) return;
    if (s->frozen) fail_frozen(s);
    if (s->timers_n == s->quiescers_timed && sn__sim_wake_one(&s->quiescers)) return;
    if (!advance(s)) sn__fatal("all coroutines are asleep - deadlock!");
}

void sn__sim_idle(void) {
    sim *s = &sn__sim;
    G *self = s->self;
    bool was = s->quiet;
    s->self = NULL;
    s->quiet = true;
    next_thing(s);
    s->self = self;
    s->quiet = was;
}

static void heapify(sim *s) {
    for (size_t i = s->timers_n / 2; i-- > 0;) down(s, i);
    if (due(s)) rouse_clock(s);
}

void sn__sim_rush(sn_host *h) {
    sim *s = &sn__sim;
    for (size_t i = 0; i < s->timers_n; i++)
        if (s->timers[i].host == h) s->timers[i].at = s->now;
    heapify(s);
}

void sn__sim_rekey(sn_host *h) {
    sim *s = &sn__sim;
    for (size_t i = 0; i < s->timers_n; i++) {
        sim_timer *e = &s->timers[i];
        if (e->host != h || is_worlds(e->t)) continue;
        e->at = sn__sim_world_time(h, e->t->when);
        if (e->at < s->now) e->at = s->now;
    }
    heapify(s);
}

typedef struct delay {
    sn__timer timer;
    sn__g *g;
    sn__ticket ticket;
} delay;

static void delay_is_over(sn__timer *t) {
    delay *d = SN__OF(t, delay, timer);
    if (sn__claim(d->g, d->ticket, SN__WOKEN)) sn__ready(d->g);
}

void sn__sim_delay(sn_time d) {
    sn__g *g = sn__self();
    sn_host *h = sn__sim_host();
    sn__sim_choice();
    if (d <= 0 || (h && h->frozen)) return;
    delay one = {.timer = {.fire = delay_is_over, .heap = &sn__sim}, .g = g};
    one.ticket = sn__arm(g, false);
    add(&one.timer, sn__sim.now + d, h);
    (void)sn__park(g, SN_NEVER, SN__R_IO, NULL);
}

sn_time sn__sim_time(void) { return sn__sim.now; }
sn_time sn__now(void) { return sn__sim_clock_of(sn__sim_host()); }
sn_time sn_now(void) { return sn__now(); }
int64_t sn_utc_ms(void) { return sn__sim_utc_ms(sn__sim_host()); }
