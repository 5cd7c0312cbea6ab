/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The contract between core and whoever schedules it. core knows this header alone; src/sched/smp
 * and src/sched/sim implement it, each with a sched_inline.h found by include path for the verbs
 * that must be fast.
 *
 * How a coroutine (or a foreign thread, which looks like one here) waits:
 *
 *   1. t = sn__arm(g, …)            a new ticket: the wait word becomes {seq, ARMED}
 *   2. publish {g, t} under a lock  in a queue, a timer …
 *   3. cause = sn__park(g, …)       runs others until somebody has won the ticket and readied g
 *
 * How a waker wakes it: sn__claim(g, t, cause) — one compare-and-swap that only one of all wakers
 * (peer, close, timer, cancel) can win; the losers do nothing — then whatever must be done while
 * g cannot run (copy the value), then sn__ready(g). g removes its own nodes from the queues it
 * was in before it waits again, so tickets never outlive their wait by more than the time a
 * canceller takes from reading the word to its CAS: seq covers that.
 *
 * A waker may ready g before g has left its thread: the scheduler that picks g up waits for that
 * (see docs/adr/0002). So no lock is held over a switch.
 *
 * Lock order: scope (parent before child) < timer heap … see src/sched/smp/smp.h for its locks.
 * Nothing parks while it holds an sn__lock.
 */
#ifndef SN_CORE_SCHED_H
#define SN_CORE_SCHED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sennit/go.h>

#include "core/hb.h"
#include "core/list.h"

#define SN__LIKELY(x) __builtin_expect(!!(x), 1)
#define SN__UNLIKELY(x) __builtin_expect(!!(x), 0)
#define SN__COLD __attribute__((noinline, cold))
/* What is declared here is defined in the same library: no table is asked for its address. */
#define SN__HIDDEN __attribute__((visibility("hidden")))

/** Why a wait ended. Also the low byte of the wait word once it is claimed. */
enum sn__cause {
    SN__IDLE = 0,       /**< not waiting */
    SN__ARMED = 1,      /**< waiting, may be cancelled */
    SN__ARMED_SHUT = 2, /**< waiting, not to be cancelled */
    SN__WOKEN = 3,      /**< by a peer: the operation is done */
    SN__CLOSED = 4,     /**< the object was closed */
    SN__TIMED_OUT = 5,  /**< by the wait's own deadline */
    SN__CANCELED = 6    /**< by the scope; ask sn__interrupted for the code */
};

/** What a coroutine waits for: the words that dumps print (Go's own where there is one). */
enum sn__reason {
    SN__R_NONE,
    SN__R_SEND,
    SN__R_RECV,
    SN__R_SEND_NIL,
    SN__R_RECV_NIL,
    SN__R_SELECT,
    SN__R_SELECT_NONE,
    SN__R_MUTEX,
    SN__R_COND,
    SN__R_SEM,
    SN__R_WG,
    SN__R_ONCE,
    SN__R_RLOCK,
    SN__R_WLOCK,
    SN__R_FLIGHT,
    SN__R_SCOPE,
    SN__R_SLEEP,
    SN__R_IO,
    SN__R_OFFLOAD,
    SN__R_BLOCKING,
    SN__R_LAST
};
/** The text of a reason, for dumps. */
const char *sn__reason_text(enum sn__reason r);

/** What a coroutine does: for the scheduler and for dumps. Written by whoever owns it at that
 * moment; DEAD -> RUNNABLE -> RUNNING <-> WAITING, RUNNING -> RUNNABLE (yield, lost P), RUNNING ->
 * DEAD. */
enum sn__status { SN__DEAD, SN__RUNNABLE, SN__RUNNING, SN__WAITING };

/** What makes a coroutine odd: it is a foreign thread; it stays on its thread; it must not park;
 * its stack is packed; it is likely to block when it is next resumed. */
enum {
    SN__ODD_FOREIGN = 1,
    SN__ODD_PINNED = 2,
    SN__ODD_NOPARK = 4,
    SN__ODD_PACKED = 8,
    SN__ODD_BLOCKS = 16
};
enum { SN__ODD_APART = SN__ODD_FOREIGN | SN__ODD_PINNED }; /* in no ring */

typedef uintptr_t sn__ticket; /* seq << 8 | SN__ARMED or SN__ARMED_SHUT */

struct sn__scope;

/** Core's part of a coroutine, and of a foreign thread. The scheduler's G begins with it.
 *  Its memory is type-stable: a stale pointer still points at a G. */
typedef struct sn__g {
    _Atomic sn__ticket wait;
    struct sn__scope *scope;    /**< current scope; only g itself touches it */
    struct sn__scope *home;     /**< scope it was started in; NULL for a foreign thread */
    sn__link member;            /**< in home->members, under home's lock */
    void *won;                  /**< set by the winner of the ticket: which node, what value */
    void *thread;               /**< the scheduler's: what runs it now; NULL for a foreign thread */
    uint32_t shield;            /**< sn_shield */
    uint32_t foreign;           /**< a thread that is not ours */
    uint8_t odd;                /**< SN__ODD_...: not to be parked, readied, queued as others are */
    _Atomic uint8_t status;     /**< enum sn__status */
    _Atomic uint8_t reason;     /**< enum sn__reason, while it waits */
    const void *_Atomic object; /**< what it waits on, while it waits; for dumps */
} sn__g;

/** An entry of a timer heap. `fire` runs in the scheduler with the heap locked: it may claim,
 *  ready and lock scopes; it may not touch timers. */
typedef struct sn__timer {
    sn_time when;
    void (*fire)(struct sn__timer *t);
    void *_Atomic heap; /**< the heap it is in: the scheduler's */
    uint32_t index;     /**< what the heap knows it by; 0: in none */
} sn__timer;

#include "sched_inline.h" /* sn__lockw, sn__lock, sn__unlock, sn__enter, sn__leave */

/*
 * From sched_inline.h:
 *   typedef … sn__lockw;                  zero: unlocked
 *   void sn__lock(sn__lockw *), sn__unlock(sn__lockw *);
 *   sn__g *sn__enter(void);               opens the bracket of a public call that never parks
 *   sn__g *sn__enter_parks(void);         … of one that may park (may itself run others first)
 *   void sn__leave(sn__g *);              closes it. Every public call that touches M, P or G is
 *                                         inside one.
 *   bool sn__spend(void);                 one operation of the caller's budget, without a bracket;
 *                                         false: spent, or a foreign thread: open one
 *   uintptr_t sn__order(const void *);    an object's place in the one order in which objects of
 *                                         its kind are locked: its address, where that is no chance
 *   void sn__point(void);                 a choice point of sim where there is no bracket
 *   sn__ticket sn__arm(sn__g *, bool cancellable);
 *   bool sn__claim(sn__g *, sn__ticket, enum sn__cause);
 *   bool sn__disarm(sn__g *, sn__ticket, enum sn__cause);    sn__claim of one's own ticket
 */

/** The caller: a coroutine or, made on demand, the foreign thread. No bracket. */
sn__g *sn__self(void);
/**
 * Parks g, the caller, which has armed its ticket, until the ticket is claimed and g readied.
 * `until`: its own deadline (SN_NEVER: none). Looks at the scope first when the ticket is
 * cancellable: a cancel that came before is claimed here.
 */
enum sn__cause sn__park(sn__g *g, sn_time until, enum sn__reason why, const void *object);
/** Makes g, whose ticket the caller has claimed, runnable. Any thread; never parks. */
void sn__ready(sn__g *g);
/** As sn__ready, from where there may be no coroutine and no lock may be taken: a foreign thread, a
 *  signal handler, an interrupt. */
void sn__ready_foreign(sn__g *g);
/** Something outside of the runtime may ready somebody: that all are asleep is no deadlock. */
void sn__expect_outside(void);
/** Between a canceller's marks and its look at tickets: a coroutine that armed before is seen by
 * the look, one that arms after sees the marks. The rare side pays, so that arming costs no fence.
 */
void sn__fence_tickets(void);
/** Starts f as a coroutine in s, for sn_go and those like it; `site`: who asked for it, for dumps.
 * In a bracket. 0, SN_EINVAL, SN_E2BIG, SN_ENOMEM, or the code of a cancelled scope. */
int sn__spawn(struct sn__scope *s, const sn_attr *attr, sn_fn f, const void *arg, size_t n,
              uintptr_t site);
/** The same in the root scope, which foreign threads may, too. SN_EPERM: no run is on. */
int sn__spawn_root(sn_fn f, const void *arg, size_t n, uintptr_t site);
/** Where g, the caller in a bracket, runs, for what is kept apart by CPU: a number below
 *  sn__places(), as long as that does not change. Two may be at one place. */
uint32_t sn__place(const sn__g *g);
uint32_t sn__places(void);
/** Puts the caller behind the others that can run. */
void sn__yield(sn__g *g);
/** The caller, outside the bracket, is about to block in the system for long: others run from now.
 *  Does not park. */
void sn__give_away(void);
/** Spins for a moment, in round 0, 1 …, for a lock that another CPU's coroutine may give back soon;
 *  false: it does not pay, wait properly. */
bool sn__spin(unsigned round);
/** Random numbers for fairness (select order): cheap, not secret. Seeded under sim. */
uint32_t sn__rand(void);
/** Monotonic now. */
sn_time sn__now(void);
/** Puts a timer (index 0) into a heap; takes it out, if it is in one, and waits for its fire. */
void sn__timer_add(sn__timer *t);
void sn__timer_del(sn__timer *t);
/** Stops the program: message, dump of every coroutine, abort. */
SN__COLD _Noreturn void sn__fatal(const char *message);
/** Memory for objects that users do not supply. The mcu's is a fixed pool. */
void *sn__alloc(size_t n);
void sn__free(void *p);

/** The code that g's parking calls return when its scope was cancelled for this reason. */
static inline int sn__code_of(int why) { return why == SN_ETIMEDOUT ? SN_ETIMEDOUT : SN_ECANCELED; }
/** 0, or the code that a cancelled scope gives g's parking calls. */
static inline int sn__interrupted(const sn__g *g) {
    if (SN__UNLIKELY(!g->scope || g->shield)) return 0;
    int why = atomic_load((const _Atomic int *)g->scope); /* its first member: core/scope.h */
    if (SN__LIKELY(!why)) return 0;
    sn__hb_acquire(g->scope);
    return sn__code_of(why);
}
/** The code for a wait that ended for `cause` without success. */
int sn__cause_code(const sn__g *g, enum sn__cause cause);

#endif
