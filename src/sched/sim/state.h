/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the files of sim share: one runtime, on one thread, so nothing here is locked. */
#ifndef SN_SIM_STATE_H
#define SN_SIM_STATE_H

#include "core/trace.h"
#include "sched/g.h"
#include "sched/sim/sim.h"

/** What an event of the hash is about. */
enum sim_event { EV_RUN = 1, EV_ARM, EV_CLAIM, EV_READY, EV_GO, EV_END, EV_TIMER, EV_CLOCK };

typedef struct sim {
    bool running;
    G *self;    /* who runs; NULL: the scheduler */
    sn__ctx g0; /* the thread's own stack */
    bool quiet; /* inside what another run may not need to do: no choice points */
    G **ready;  /* runnable, in no order that matters: the seed picks */
    size_t ready_n, ready_room;
    G *free[CLASSES];
    G *clock; /* the coroutine that fires timers; never counted as live */
    bool clock_parked;
    sn__timer **timers; /* in no order: few, and the seed picks among those due */
    size_t timers_n, timers_room;
    sn__lockw timers_lock;
    sn_time now;
    uint64_t random, hash, choices;
    uint32_t eagerness; /* in 256ths: how likely a choice point lets another go first */
    uint64_t next_id, live, spawned;
    sn__scope root, own, clock_scope;
    int result;
} sim;

extern sim sn__sim;

/** The next random number of the run. */
uint64_t sn__sim_random(void);
/** Tells the hash. */
void sn__sim_event(enum sim_event e, uint64_t a, uint64_t b);
/** A choice point: perhaps another goes first. */
void sn__sim_choice(void);
/** Makes g runnable. */
void sn__sim_ready(G *g);
/** Leaves the caller, who is queued, waits or is dead. */
void sn__sim_switch(bool dying);
/** The coroutine that fires timers when the clock has reached them. */
int sn__sim_clock(void *arg);
/** Moves time to the next timer and readies the clock; false: there is no timer. */
bool sn__sim_advance(void);

#endif
