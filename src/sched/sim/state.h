/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the files of sim share: one runtime, on one thread, so nothing here is locked. */
#ifndef SN_SIM_STATE_H
#define SN_SIM_STATE_H

#include "core/trace.h"
#include "sched/g.h"
#include "sched/sim/world.h"

/** The scheduler's own events; their names are in event.c. */
enum sim_event { EV_RUN, EV_ARM, EV_CLAIM, EV_READY, EV_GO, EV_END, EV_TIMER, EV_CLOCK, EV_LAST };

/** Streams of chance, each from the seed: who draws more from one does not shift another. */
enum sim_stream {
    CHANCE_ORDER,
    CHANCE_RAND,
    CHANCE_TIES,
    CHANCE_WORLD,
    CHANCE_TEST,
    CHANCE_ENTROPY,
    STREAMS
};

enum { DEPTH_MAX = 64, BUDGET = 256 };

/** An armed timer: of those due, the earliest; of those due at one instant, whichever. */
typedef struct sim_timer {
    sn_time at; /* the world's time */
    uint64_t tie;
    sn__timer *t;
    sn_host *host; /* whose deadline it is; NULL: the test's or the world's */
} sim_timer;

typedef struct sim {
    sn_sim_config config;
    bool running;
    bool quiet;   /* no choice points: the world acts, or what another run may not need to do */
    bool outside; /* what runs is no part of the run, but told of it: trace, failed */
    bool calm;    /* nobody is interrupted any more */
    G *self;      /* who runs; NULL: the scheduler or the world */
    sn__ctx g0;   /* the thread's own stack */
    G **ready;    /* runnable: in no order (uniform), a heap by rank (PCT) */
    size_t ready_n, ready_room;
    sn__link blocked; /* Gs that wait for an sn__lock */
    G *free[CLASSES];
    G *clock; /* the coroutine that fires timers; never counted as live */
    bool clock_parked;
    sim_timer *timers; /* a heap by {at, tie} */
    size_t timers_n, timers_room;
    sn__lockw timers_lock; /* held while one of core's fires: see sn__timer_del */
    sn_time now;
    uint64_t chance[STREAMS];
    uint64_t hash, events, choices, switches;
    uint64_t attention; /* at so many choice points something is to be looked at: choose.c */
    uint32_t budget;    /* operations left to whoever runs before others get a turn, as under smp */
    uint32_t eagerness; /* uniform: in 256ths, how likely a choice point lets another go first */
    uint64_t changes[DEPTH_MAX]; /* PCT: choice points at which a rank changes, ascending */
    uint32_t changes_n, changed;
    uint64_t turns;          /* coroutines made runnable so far */
    bool scripted, recorded; /* script.h */
    uint64_t window;         /* PCT: where the changes end and are drawn again */
    int64_t lowest;          /* PCT: rank of whoever fell last */
    uint64_t drain_end; /* choice points at which a frozen host must be down; 0: none is frozen */
    uint32_t frozen;    /* hosts that are */
    sn_host *hosts, *hosts_end;
    uint32_t hosts_n;
    sn__waiters settlers, quiescers;
    uint32_t quiescers_timed; /* of them, with a deadline of their own */
    uint64_t next_id, live, spawned;
    sn__scope root, own, clock_scope;
    int result;
} sim;

extern sim sn__sim;

/* event.c */
void sn__sim_event(enum sim_event e, uint64_t a, uint64_t b);
uint64_t sn__sim_random(enum sim_stream stream);
void sn__sim_chance_from(uint64_t seed);

/* choose.c */
/** A choice point: perhaps another goes first. */
void sn__sim_choice(void);
/** Makes g runnable. */
void sn__sim_ready(G *g);
/** Leaves the caller, who is queued, waits or is dead. */
void sn__sim_switch(bool dying);
/** The rank of a coroutine that has just come to be. */
int64_t sn__sim_rank(void);
/** The modes' own state, from the configuration. */
void sn__sim_modes(void);

/* script.c */
/** A run begins: does it follow a script, is it recorded? */
void sn__sim_script_begin(sim *s);
/** Does the script let another go first at this choice point? */
bool sn__sim_script_interrupts(const sim *s);
/** Another is about to go first at this choice point. */
void sn__sim_script_interrupted(void);
/** Who of those in s->ready the script lets go. */
size_t sn__sim_script_pick(const sim *s);
/** This one of s->ready goes. */
void sn__sim_script_record(const sim *s, size_t picked);

/* clock.c */
/** The coroutine that fires timers when the clock has reached them. */
int sn__sim_clock(void *arg);
/** Nobody can run: moves on to what happens next. Does not return when nothing ever will. */
void sn__sim_idle(void);
/** The deadlines of h are now. */
void sn__sim_rush(sn_host *h);
/** Its clock has changed its pace: its deadlines come at other times. */
void sn__sim_rekey(sn_host *h);

/* pause.c */
/** Makes g runnable, or holds it back while its host is paused. It waits, or is about to. */
void sn__sim_ready_or_hold(G *g);

/* wait.c */
/** As sn__sim_wait, frozen or not; parks even a canceled caller if not `cancellable`. */
int sn__sim_wait_raw(sn__waiters *w, sn_time until, enum sn__reason why, bool cancellable);
/** Wakes the first of them; false: there is none. */
bool sn__sim_wake_one(sn__waiters *w);

/* run.c */
int sn__sim_spawn(sn_host *h, sn__scope *home, const sn_attr *attr, sn_fn f, const void *arg,
                  size_t n, uintptr_t site);

/* host.c */
sn_time sn__sim_clock_of(const sn_host *h);
/** One of its coroutines has ended. */
void sn__sim_host_lost_one(sn_host *h);
/** Stops those that are still up. */
void sn__sim_hosts_stop(void);
void sn__sim_hosts_free(void);

#endif
