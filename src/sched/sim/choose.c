/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Who runs next: the search modes.
 *
 * Uniform. At each choice point another may go first, with a chance that the seed draws for the
 * whole run (some bugs want many switches, some want long stretches without); whoever leaves is
 * followed by any of those that can run.
 *
 * PCT (S. Burckhardt, P. Kothari, M. Musuvathi, S. Nagarakatte: "A randomized scheduler with
 * probabilistic guarantees of finding bugs", 2010). Every coroutine has a rank, drawn when it is
 * made; the highest that can run does. At depth - 1 choice points, drawn beforehand over the
 * expected length of the run, whoever runs falls below all others. A run that is longer than
 * expected draws them again for the next stretch; where nobody expects anything, the seed does. Who
 * yields falls below all, or a loop that yields would starve whom it waits for; and the clock gets
 * a new rank each time it has something to fire, since each timer is an actor of its own.
 */
#include <stdlib.h>

#include "sched/sim/state.h"

enum { STEPS_MIN = 64, STEPS_DOUBLINGS = 11, DEPTH = 3, DRAIN_CHOICES = 1 << 24 };

int64_t sn__sim_rank(void) {
    if (sn__sim.config.mode != SN_SIM_PCT) return 0;
    return (int64_t)(sn__sim_random(CHANCE_ORDER) >> 2) + DEPTH_MAX;
}

static int ascending(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void draw_changes(sim *s) {
    s->changed = 0;
    for (uint32_t i = 0; i < s->changes_n; i++)
        s->changes[i] = s->window + 1 + sn__sim_random(CHANCE_ORDER) % s->config.steps;
    qsort(s->changes, s->changes_n, sizeof *s->changes, ascending);
    s->window += s->config.steps;
}

/* The next choice point at which attend() has something to do. */
static void look_ahead(sim *s) {
    uint64_t next = s->config.max_choices;
    if (s->config.calm_after && !s->calm && s->config.calm_after < next)
        next = s->config.calm_after;
    if (s->drain_end && s->drain_end < next) next = s->drain_end;
    if (s->config.mode == SN_SIM_PCT) {
        uint64_t change = s->changed < s->changes_n ? s->changes[s->changed] : s->window;
        if (change < next) next = change;
    }
    s->attention = next;
}

void sn__sim_modes(void) {
    sim *s = &sn__sim;
    static const uint32_t eagerness[4] = {4, 16, 64, 160};
    sn_sim_config *c = &s->config;
    if (!c->depth) c->depth = DEPTH;
    /* a change is well spent only inside the run, and its length is not known: the seed guesses */
    if (c->mode == SN_SIM_PCT && !c->steps)
        c->steps = (uint64_t)STEPS_MIN << sn__sim_random(CHANCE_ORDER) % STEPS_DOUBLINGS;
    if (!c->max_choices) c->max_choices = (uint64_t)1 << 40;
    s->eagerness = eagerness[sn__sim_random(CHANCE_ORDER) % 4];
    s->calm = c->calm != 0;
    s->changes_n = c->depth - 1;
    sn__sim_script_begin(s);
    if (c->mode == SN_SIM_PCT) draw_changes(s);
    look_ahead(s);
}

static bool above(const G *a, const G *b) {
    return a->own.rank != b->own.rank ? a->own.rank > b->own.rank : a->id < b->id;
}

static void heap_up(sim *s, size_t i) {
    G *g = s->ready[i];
    for (size_t up; i && above(g, s->ready[up = (i - 1) / 2]); i = up) s->ready[i] = s->ready[up];
    s->ready[i] = g;
}

static void heap_down(sim *s, size_t i) {
    G *g = s->ready[i];
    for (size_t kid; (kid = 2 * i + 1) < s->ready_n; i = kid) {
        if (kid + 1 < s->ready_n && above(s->ready[kid + 1], s->ready[kid])) kid++;
        if (!above(s->ready[kid], g)) break;
        s->ready[i] = s->ready[kid];
    }
    s->ready[i] = g;
}

/* Whoever runs falls below all, those too that fell before: two that had the same rank would never
 * change places again. It may be queued already, by a waker: the heap is put right. */
static void change_rank(sim *s) {
    s->self->own.rank = --s->lowest;
    s->changed++;
    for (size_t i = s->ready_n / 2; i-- > 0;) heap_down(s, i);
}

SN__COLD static void attend(sim *s) {
    if (s->choices >= s->config.max_choices) sn__fatal("the run does not come to its end");
    if (s->drain_end && s->choices >= s->drain_end)
        sn__fatal("a stopped host does not come to its end");
    if (s->frozen && !s->drain_end) s->drain_end = s->choices + DRAIN_CHOICES;
    if (!s->frozen) s->drain_end = 0;
    if (s->config.calm_after && s->choices >= s->config.calm_after) s->calm = true;
    if (s->config.mode == SN_SIM_PCT) {
        while (s->changed < s->changes_n && s->choices >= s->changes[s->changed]) change_rank(s);
        if (s->choices >= s->window) draw_changes(s);
    }
    look_ahead(s);
}

void sn__sim_ready(G *g) {
    sim *s = &sn__sim;
    if (s->ready_n == s->ready_room) {
        size_t room = s->ready_room ? s->ready_room * 2 : 64;
        G **r = realloc(s->ready, room * sizeof(G *));
        if (!r) sn__fatal("out of memory for runnable coroutines");
        s->ready = r;
        s->ready_room = room;
    }
    atomic_store_explicit(&g->core.status, SN__RUNNABLE, memory_order_relaxed);
    g->own.turn = ++s->turns;
    s->ready[s->ready_n++] = g;
    if (s->config.mode == SN_SIM_PCT) heap_up(s, s->ready_n - 1);
}

static size_t pick_of(const sim *s) {
    if (s->scripted) return sn__sim_script_pick(s);
    return s->config.mode == SN_SIM_PCT ? 0 : sn__sim_random(CHANCE_ORDER) % s->ready_n;
}

static G *pick(void) {
    sim *s = &sn__sim;
    while (!s->ready_n) sn__sim_idle();
    size_t i = pick_of(s);
    if (SN__UNLIKELY(s->recorded)) sn__sim_script_record(s, i);
    G *g = s->ready[i];
    s->ready[i] = s->ready[--s->ready_n];
    if (s->config.mode == SN_SIM_PCT && s->ready_n) heap_down(s, 0);
    return g;
}

void sn__sim_switch(bool dying) {
    sim *s = &sn__sim;
    G *from = s->self, *to = pick();
    s->self = to;
    atomic_store_explicit(&to->core.status, SN__RUNNING, memory_order_relaxed);
    to->starts++;
    s->budget = BUDGET;
    s->switches++;
    sn__sim_event(EV_RUN, to->id, to->starts);
    if (to == from) return;
    atomic_store_explicit(&to->ctx.busy, 1, memory_order_relaxed);
    sn__switch(&from->ctx, &to->ctx, dying);
}

static bool another_goes_first(sim *s) {
    if (s->scripted) return sn__sim_script_interrupts(s);
    if (s->config.mode == SN_SIM_PCT) return above(s->ready[0], s->self);
    return (sn__sim_random(CHANCE_ORDER) & 0xff) < s->eagerness;
}

void sn__sim_choice(void) {
    sim *s = &sn__sim;
    if (!s->self || s->quiet) return;
    if (SN__UNLIKELY(++s->choices >= s->attention)) attend(s);
    if (s->calm || !s->ready_n || !another_goes_first(s)) return;
    if (SN__UNLIKELY(s->scripted || s->recorded)) sn__sim_script_interrupted();
    sn__sim_ready(s->self);
    sn__sim_switch(false);
}

void sn__yield(sn__g *g) {
    if (sn__sim.config.mode == SN_SIM_PCT) g_of(g)->own.rank = --sn__sim.lowest;
    sn__sim_ready_or_hold(g_of(g));
    sn__sim_switch(false);
}
