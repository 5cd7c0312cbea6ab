/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Virtual time. A coroutine of its own fires the timers, so that firing can be interleaved with
 * everything else as it is on threads. It is runnable only while a timer is due; when nothing is
 * runnable at all, time jumps to the next one.
 */
#include <stdlib.h>

#include "sched/sim/state.h"

void sn__timer_add(sn__timer *t) {
    sim *s = &sn__sim;
    sn__lock(&s->timers_lock);
    if (s->timers_n == s->timers_room) {
        size_t room = s->timers_room ? s->timers_room * 2 : 64;
        sn__timer **at = realloc(s->timers, room * sizeof *at);
        if (!at) sn__fatal("out of memory for timers");
        s->timers = at;
        s->timers_room = room;
    }
    s->timers[s->timers_n++] = t;
    t->index = (uint32_t)s->timers_n;
    /* due at once: nobody else would notice before time moves */
    if (t->when <= s->now && s->clock_parked) {
        s->clock_parked = false;
        sn__sim_ready(s->clock);
    }
    sn__unlock(&s->timers_lock);
}

static void take_out(sn__timer *t) {
    sim *s = &sn__sim;
    sn__timer *last = s->timers[--s->timers_n];
    s->timers[t->index - 1] = last;
    last->index = t->index;
    t->index = 0;
}

void sn__timer_del(sn__timer *t) {
    sn__lock(&sn__sim.timers_lock);
    if (t->index) take_out(t);
    sn__unlock(&sn__sim.timers_lock);
}

/* One of those due, at random (reservoir of one); NULL. */
static sn__timer *due(void) {
    sim *s = &sn__sim;
    sn__timer *t = NULL;
    uint64_t seen = 0;
    for (size_t i = 0; i < s->timers_n; i++)
        if (s->timers[i]->when <= s->now && sn__sim_random() % ++seen == 0) t = s->timers[i];
    return t;
}

static void fire_one(sn__timer *t) {
    sn__sim_event(EV_TIMER, (uint64_t)t->when, 0);
    SN__EV_TIMER(t);
    take_out(t);
    t->fire(t);
}

int sn__sim_clock(void *arg) {
    sim *s = arg;
    for (;;) {
        sn__lock(&s->timers_lock);
        sn__timer *t = due();
        if (t) fire_one(t);
        /* decided under the lock: a timer put in after this readies us again */
        s->clock_parked = !t;
        sn__unlock(&s->timers_lock);
        if (!t && s->clock_parked) sn__sim_switch(false);
    }
}

bool sn__sim_advance(void) {
    sim *s = &sn__sim;
    if (!s->timers_n || !s->clock_parked) return false;
    sn_time first = s->timers[0]->when;
    for (size_t i = 1; i < s->timers_n; i++)
        if (s->timers[i]->when < first) first = s->timers[i]->when;
    if (first > s->now) s->now = first;
    sn__sim_event(EV_CLOCK, (uint64_t)s->now, 0);
    s->clock_parked = false;
    sn__sim_ready(s->clock);
    return true;
}
