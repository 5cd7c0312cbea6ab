/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The work-stealing scheduler: G (coroutine), M (thread), P (the right to run Gs, and a run
 * queue). The design is Go's; what differs is in docs/adr/0001 (hand-over instead of preemption)
 * and 0002 (busy flag instead of unlocking after the switch).
 *
 * States of a P:  idle (in rt.idle_p) or owned by one M (p->m), or in somebody's hand on the way.
 * States of an M: running (with or without a P), spinning (looks for work, at most one), polling
 *                 (in the netpoller, at most one), idle (in rt.idle_m, asleep on m->wake).
 *
 * Locks, outermost first: scope locks -> a timer heap's `lock` is never held over a scope's
 * except by a firing deadline (heap -> scope; scope code never touches timers under its lock)
 * -> any object's lock -> rt.lock -> slab lock. rt.lock guards the idle lists, the global queue
 * and the list of Ms.
 */
#ifndef SN_SMP_H
#define SN_SMP_H

#include "core/poller.h"
#include "core/trace.h"
#include "sched/g.h"
#include "sched/smp/heap.h"

enum { RING = 256, FREE_MAX = 64, IDS = 64, BUDGET = 256, CHAIN = 16, PROCS_MAX = 1024 };
enum { FAIR = 61 };                  /* every so many schedules the global queue comes first */
#define SLICE (100 * SN_MICROSECOND) /* for how long an M asks to run at a time: see handover.c */

/* What the monitor remembers of a P's owner; nobody else touches it. */
typedef struct watch {
    struct M *m;
    uint32_t entries; /* brackets it had opened at the last look */
    sn_time at;       /* the last look */
    sn_time since;    /* it has opened none since then, or longer */
    sn_time cpu;      /* its thread's CPU time at the last look; -1: not read */
} watch;

typedef struct P {
    uint32_t index;
    struct M *_Atomic m;         /* its owner; NULL: idle or in hand */
    struct P *next;              /* in rt.idle_p */
    bool idle;                   /* in rt.idle_p; under rt.lock */
    uint32_t node;               /* of the machine: see numa.c */
    bool retired;                /* see procs.c; under rt.lock */
    uint32_t tick;               /* schedules */
    uint32_t chain;              /* run-next slots taken in a row */
    _Atomic uint32_t head, tail; /* of ring; tail is the owner's */
    G *_Atomic run_next;
    G *_Atomic ring[RING];
    G *free[LISTS];
    uint32_t free_n[LISTS]; /* of a list of Gs without guards: always FREE_MAX, it holds none */
    heap timers;
    uint64_t id, id_end;     /* numbers for new Gs, taken from rt.next_id in batches */
    uint32_t renewals;       /* of those */
    _Atomic uint64_t remote; /* of the steals: from Ps of other nodes */
    _Atomic uint64_t steals, spawned, ended; /* the owner's; others read */
    uint32_t seq;                            /* the trace's */
    watch watch;
} P;

typedef struct M {
    sn__bracket b;
    sn__ctx g0;     /* the thread's own stack, where the scheduler runs */
    P *_Atomic p;   /* the monitor reads it too */
    P *next_p;      /* handed over by whoever wakes it */
    G *next_g;      /* to run first, from its last coroutine */
    struct M *next; /* in rt.idle_m */
    struct M *all;  /* in rt.all_m */
    _Atomic uint32_t wake;
    bool spinning;
    uint32_t rand;
    uint32_t id;
    uint32_t node;    /* + 1, whose CPUs its thread is bound to; 0: none's */
    G *pinned;        /* runs here alone: see pin.c */
    bool waits;       /* for it, asleep; under rt.lock */
    uintptr_t thread; /* 0: not started yet, or the caller's of sn_run; under rt.lock */
    bool joined;
    bool hog;        /* the P was taken while it computed: from then till it comes back */
    bool guessed;    /* it gave its P away since its coroutine may block: see guess.c */
    sn_time gave;    /* … when, */
    sn_time had;     /* … and after so much CPU time */
    sn__os_ref self; /* the thread, for the monitor */
    sn_time slice;   /* the thread's before it was an M */
    void *sigstack;
} M;

typedef struct runtime {
    sn__lockw lock;
    P **p;
    _Atomic uint32_t nprocs, made; /* Ps that may be owned; that p holds */
    sn__lockw procs_lock;          /* over changes of nprocs */
    atomic_bool follow;            /* nprocs follows what the system allows */
    sn_time procs_seen;            /* the monitor's: when it last looked at that */
    P *idle_p;
    M *idle_m, *all_m;
    uint32_t ms, ms_idle, changing; /* under lock; changes of nprocs that are going on */
    _Atomic uint32_t idle_ps, spinning;
    _Atomic uint32_t queued;    /* in the global queue; changed under lock */
    G *_Atomic free[LISTS];     /* under lock; read without, to see that there is none */
    _Atomic uint32_t polling;   /* an M sleeps in the poller */
    _Atomic sn_time poll_until; /* … until then, unless woken */
    _Atomic sn_time last_poll;
    _Atomic uint32_t stopping, tick, monitor_asleep, monitor_word;
    _Atomic uint32_t poked;   /* the monitor is to look at the inbox; see monitor.c */
    _Atomic uint64_t rescues; /* looks at which somebody was there unsaid, and a P idle */
    _Atomic uint32_t foreign_seen;
    _Atomic uint64_t next_id, handovers, hog_takes;
    _Atomic uint32_t hogs;      /* Ms that compute without the P they had */
    _Atomic uint32_t aside;     /* Gs in the list */
    G *aside_head, *aside_tail; /* under lock */
    sn__lockw places_lock;
    sn__link places_wanted;   /* callers of sn_blocking that wait for a place */
    uint32_t places_taken;    /* under places_lock */
    _Atomic uint64_t trimmed; /* bytes */
    int unasked; /* class of a coroutine without attributes; -1: ask what was learned */
    _Atomic uint64_t spawned, ended; /* by those without a P; the rest is in the Ps */
    const sn__poller *_Atomic poller;
    G *_Atomic inbox;           /* readied from outside, the last first */
    _Atomic uint32_t idle_word; /* where the last M sleeps while there is no poller */
    uintptr_t monitor;
    sn__scope root;
    uint32_t nodes; /* of the machine; 1 also where they do not matter */
    int result;
    M *caller;                /* the calling thread's, while the first coroutine is made */
    _Atomic uint32_t running; /* from the begin of sn_run to its end; the first that outlives it */
    _Atomic uint32_t up;      /* threads that are not ours may come in */
    _Atomic uint32_t guests;  /* those of them that have: the end of the run waits for them */
} runtime;

extern SN__HIDDEN runtime sn__rt;
static inline uint32_t sn__nprocs(void) {
    return atomic_load_explicit(&sn__rt.nprocs, memory_order_relaxed);
}
static inline bool sn__inbox_has(void) {
    return atomic_load_explicit(&sn__rt.inbox, memory_order_relaxed) != NULL;
}

static inline M *m_of(sn__g *g) { return (M *)g->thread; }

/* global.c: the global queue */
/** Room for one more G in it: before the G is made. False: out of memory. */
bool sn__global_reserve(void);
void sn__global_put(G *g);
void sn__global_put_all(G *const *at, uint32_t n); /* those that may be in a ring */
G *sn__global_get(P *p, uint32_t max);             /* one, and a fair share into p's ring */
G *sn__global_get_locked(P *p, uint32_t max);
/** rt.lock held: takes those out that `keep` says so. */
void sn__global_sift(bool (*keep)(G *g));

/* queue.c: run queues; their fast ends are in queue.h */
bool sn__p_empty(P *p);
/** Whether anybody waits in a queue whom the owner of p could run. */
static inline bool sn__work_for(P *p) {
    return !sn__p_empty(p) || atomic_load(&sn__rt.queued) || sn__inbox_has();
}
G *sn__steal(P *thief, P *victim, bool last); /* half of it; the last of them is returned */

/** For who may take no lock: pushes g, and wakes the M that sleeps in the poller, if one does: one
 *  that goes to sleep there looks at the inbox after it has said so. Else nobody may come by for
 *  long, though a P idles: who left the poller to run something wakes no other to sleep there. So
 *  the monitor is woken, which can start one. */
void sn__inbox_put(G *g);
/** What is in it, into p's ring or beyond. */
void sn__inbox_empty(P *p);

/* The next that leaves a coroutine on p goes by the scheduler's own stack: see pick in park.c. */
static inline void sn__p_look_around(P *p) { p->tick += FAIR - 1 - p->tick % FAIR; }

/* wake.c: who looks for work */
void sn__wake_one(void);               /* if a P idles and nobody spins: one M spins */
void sn__start_m(P *p, bool spinning); /* some M runs p, or p goes idle */
/** An M that sleeps, or a new one, takes p and runs g (NULL: what it finds); false: there is none.
 */
bool sn__start_m_with(P *p, bool spinning, G *g);
bool sn__try_idle_p(M *m); /* gives m an idle P */
void sn__own_p(M *m, P *p);
/** m goes on without its P, which nobody owns then. */
P *sn__lose_p(M *m);
P *sn__pop_idle_p(void);    /* rt.lock held; NULL */
void sn__push_idle_p(P *p); /* rt.lock held */
void sn__release_p(M *m);   /* m's P goes to whoever needs it */

/* sched.c: finding something to run */
static inline void sn__run_on(M *m, G *g) {
    g->core.thread = m;
    atomic_store_explicit(&g->ctx.busy, 1, memory_order_relaxed);
    atomic_store_explicit(&g->core.status, SN__RUNNING, memory_order_relaxed);
    g->starts++;
    m->b.self = &g->core;
    m->b.budget = BUDGET;
    SN__EV_START(g);
}
void sn__schedule(M *m); /* m's g0: until the runtime stops */
void sn__interrupt_poller(void);
sn_time sn__first_timer(void);

/* procs.c */
/** Makes the Ps of a run; false: out of memory. */
bool sn__procs_start(const sn_attr *attr);
void sn__procs_end(void);
static inline bool sn__p_surplus(const P *p) { return p->index >= sn__nprocs(); }
/** p, which the caller has in hand and which is surplus, gives all it has to the others. With no
 * lock held. */
void sn__p_shed(P *p);
/** The number of Ps for so many CPUs and a quota in thousandths of one (0: none). */
uint32_t sn__procs_for(uint32_t cpus, uint32_t limit);
/** The monitor's, each tick: follows the CPUs and the quota that the system allows, once a second.
 */
void sn__procs_look(sn_time now);

/** What p can have of victim (`last`: its timers and run-next slot, too); true: *g is to run. */
bool sn__steal_from(P *p, P *victim, bool last, G **g);

/* numa.c; all but the first where there is more than one node */
void sn__numa_start(void);
void sn__numa_end(void);
uint32_t sn__numa_cpus(void);
/** The node of the P with this index; a P on a node; m's thread, which takes p, goes to p's. */
uint32_t sn__numa_node(uint32_t index);
P *sn__numa_p_new(uint32_t node);
void sn__numa_follow(M *m, const P *p);
/** Whom p steals from, in order, p itself among them; how many. */
uint32_t sn__numa_victims(const P *p, uint32_t start, bool near, uint16_t at[PROCS_MAX]);
bool sn__numa_steal(P *p, uint32_t start, uint32_t pass, bool last, G **g);
/** Which idle P the caller had best wake. Under rt.lock, which is rt's. */
P **sn__numa_idle(runtime *rt);

/* pin.c */
/** g, not started yet, is to be pinned: to m, or where it is first run (NULL). */
void sn__pin_start(G *g, M *m);
/** m lets go of its P and sleeps until its pinned coroutine can run: that is next_g then. */
SN__COLD void sn__pin_wait(M *m);
/** g is pinned and was given m to run: true: another M does it, with m's P. */
bool sn__pin_elsewhere(M *m, G *g);

/* run.c: a thread that may be none of ours is about to use what a run takes with it when it ends.
 * False: no run is up. Else it says so when it has done. Who wakes a coroutine need not ask. */
bool sn__guest_in(void);
void sn__guest_out(void);

/* thread.c */
/** n zero bytes on cache lines of their own, for what one thread writes all the time; free(). NULL.
 */
void *sn__apart(size_t n);
M *sn__m_new(void);
void sn__m_drop(M *m); /* it never ran */
int sn__m_start(M *m);
void sn__m_enter(M *m); /* on m's thread, before sn__schedule */
void sn__m_exit(M *m);
/** Idles until given a P or the runtime stops; not at all if `wants_p` and one is there to be had.
 */
void sn__m_sleep(M *m, bool wants_p);

/* coroutine.c */
uint64_t sn__live(void);
/** Leaves g, the caller, which waits, is queued or is dead: another runs. */
void sn__switch_away(G *g, bool dying);

/* timer.c */
/** Fires what is due, the earliest first, but no more than so many. */
void sn__timers_run(heap *h, sn_time now, uint32_t most);
/** Until when to sleep whose first timer is due at `first`. */
sn_time sn__timers_sleep(heap *h, sn_time first);
/** All of `from` into `to`. */
void sn__timers_move(heap *to, heap *from);

/* aside.c */
/** p, which the caller has just been given, is to serve others than hogs if there are enough. */
void sn__set_aside(P *p);
/** Whether g is to be set aside; does so. */
bool sn__is_enough(const G *g);
bool sn__step_aside(G *g);
/** One of those set aside may go on. In a bracket, or the monitor. */
void sn__go_on(void);
/** One of them for the caller's P to run, if there is room for it; NULL. */
G *sn__aside_get(void);

/* handover.c, the monitor's */
typedef struct sn__looked {
    bool busy;    /* some M has a P */
    bool blocked; /* a P was taken from an M that was off its CPU */
    sn_time next; /* when there may be something to take; SN_NEVER */
} sn__looked;
/** Looks at every P, takes those that others need more. `eager`: the next look comes soon. */
sn__looked sn__handover(sn_time now, bool eager);
/** m has come back and found its P taken. */
void sn__taken_back(M *m);

/* blocking.c */
void sn__places_init(void);
/** A place of those for calls of sn_blocking, if one is free; back, or to who waits for one. */
bool sn__place_try(void);
void sn__place_back(void);

/* guess.c */
/** m has come back from a call that blocked, its P taken. */
void sn__guess_learn(M *m);
/** g, which SN__ODD_BLOCKS marks, has been resumed, and may block as soon as it is in user code. */
SN__COLD void sn__guess(G *g);
/** m has come back and has no P: was that guessed, and well? */
SN__COLD void sn__guess_judge(M *m);
/** g, the caller, is about to wait in the same call. */
SN__COLD void sn__guess_drop(const G *g);

/* fork.c */
void sn__watch_forks(void);
/** Ends the program if it is a forked child that may not be here. */
void sn__forked_check(void);

/* monitor.c */
int sn__monitor_start(void);
void sn__monitor_stop(void);
void sn__monitor_wake(void);
/** Somebody is in the inbox, and perhaps nobody looks. Takes no lock. */
void sn__monitor_poke(void);

/* trim.c; the monitor's */
void sn__trim_start(void);
/** Gives back some memory of stacks that nobody uses. `busy`: somebody may have run since the last
 *  call. When it wants to be called again at the latest; SN_NEVER: when somebody has run. */
sn_time sn__trim(sn_time now, bool busy);
/** One step of that, for those who have been parked for `age` ticks. */
void sn__trim_step(bool busy, uint32_t age);

/** Stops the program if nothing can wake anybody. rt.lock held, by an M that is about to sleep, in
 *  the poller or not; or by who is no M, or one that goes on. */
enum sn__asks { SN__IDLES, SN__POLLS, SN__NO_M };
void sn__check_dead(enum sn__asks who);

#endif
