/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Mutex: one compare-and-swap when nobody else wants it. When somebody does it has two modes, as
 * Go's sync.Mutex, whose rules these are.
 *
 * Normal. Unlocking frees it and wakes the first waiter, which competes with whoever comes by; who
 * runs already wins most of the time, and no switch is paid for that. A waiter that lost goes to
 * the front again.
 *
 * Starving. Once a waiter has waited for a millisecond, nobody may take the mutex in passing: it is
 * handed from owner to first waiter, until one comes that has waited less, or is the last.
 *
 *   HELD      locked
 *   QUEUED    waiters in `queue` (or on their way out of it)
 *   WOKEN     one of them was woken and competes: no other need be
 *   STARVING  only handed over: never without HELD and QUEUED
 *
 * QUEUED and STARVING change under `lock`; WOKEN is set under it, and cleared by the one it is
 * about. So while the owner holds `lock`, nobody else changes anything.
 *
 * The one who unlocks touches the mutex no more once another can have it, or, under `lock`, as long
 * as there is a waiter who has yet to come by: the next owner may be the last, and free its memory.
 */
#include "core/mutex.h"

#include "core/trace.h"

enum { HELD = 1, QUEUED = 2, WOKEN = 4, STARVING = 8 };
enum { PATIENCE = SN_MILLISECOND };

typedef struct waiter {
    sn__node n;
    sn_time since; /* it first waited */
    bool handed;   /* the mutex is its own */
} waiter;

static bool take(sn__mutex *m) {
    uint32_t zero = 0;
    return atomic_compare_exchange_strong_explicit(&m->state, &zero, HELD, memory_order_acquire,
                                                   memory_order_relaxed);
}

/* Takes it in passing, whoever waits. `was`: WOKEN if that is about the caller. */
static bool barge(sn__mutex *m, uint32_t was) {
    uint32_t s = atomic_load_explicit(&m->state, memory_order_relaxed);
    while (!(s & HELD))
        if (atomic_compare_exchange_weak_explicit(&m->state, &s, (s | HELD) & ~was,
                                                  memory_order_acquire, memory_order_relaxed))
            return true;
    return false;
}

/* False: somebody waits, or it was not locked. */
static bool give(sn__mutex *m) {
    uint32_t held = HELD;
    return atomic_compare_exchange_strong_explicit(&m->state, &held, 0, memory_order_release,
                                                   memory_order_relaxed);
}

/* Under m->lock: takes it after all (true), or leaves `marks` set so that the unlocker looks. */
static bool take_or_mark(sn__mutex *m, uint32_t marks) {
    uint32_t s = atomic_load_explicit(&m->state, memory_order_relaxed);
    for (;;) {
        bool open = !(s & HELD);
        uint32_t want = open ? s | HELD : s | marks;
        if (atomic_compare_exchange_weak_explicit(&m->state, &s, want, memory_order_acquire,
                                                  memory_order_relaxed))
            return open;
    }
}

static void clear(sn__mutex *m, uint32_t bits) {
    atomic_fetch_and_explicit(&m->state, ~bits, memory_order_relaxed);
}

/* Under m->lock: whether w, whose ticket was won, gets the mutex itself, and what `s` becomes. */
static uint32_t pass_to(const sn__mutex *m, waiter *w, uint32_t s) {
    bool last = sn__list_empty(&m->queue);
    if (last) s &= ~(uint32_t)QUEUED;
    w->handed = s & STARVING;
    if (!w->handed) return (s | WOKEN) & ~(uint32_t)HELD;
    return last || sn__now() - w->since < PATIENCE ? s & ~(uint32_t)STARVING : s;
}

/* Somebody waits and nobody was woken: gives the mutex up, or hands it on. Who is to be readied;
 * NULL: all of those who wait have given up, and the caller still has it. */
static sn__g *pass_on(sn__mutex *m) {
    sn__lock(&m->lock);
    uint32_t s = atomic_load_explicit(&m->state, memory_order_relaxed);
    sn__node *n = sn__claim_first(&m->queue, SN__WOKEN);
    s = n ? pass_to(m, SN__OF(n, waiter, n), s) : HELD;
    atomic_store_explicit(&m->state, s, memory_order_release);
    sn__unlock(&m->lock);
    return n ? n->g : NULL;
}

/* Queues w, or takes the mutex after all (true). */
static bool queue(sn__mutex *m, waiter *w, sn__g *g, bool cancellable) {
    bool again = w->since != 0;
    sn_time now = sn__now();
    sn__lock(&m->lock);
    if (again) clear(m, WOKEN);
    bool starves = again && now - w->since >= PATIENCE;
    if (take_or_mark(m, QUEUED | (starves ? STARVING : 0))) {
        sn__unlock(&m->lock);
        return true;
    }
    if (!again) w->since = now;
    w->handed = false;
    sn__queue(&m->queue, &w->n, g, sn__arm(g, cancellable), NULL);
    if (again) sn__list_to_front(&m->queue, &w->n.link);
    sn__unlock(&m->lock);
    return false;
}

/* w has not got it and goes. */
static void leave(sn__mutex *m, waiter *w) {
    sn__lock(&m->lock);
    sn__dequeue(&w->n);
    if (sn__list_empty(&m->queue)) clear(m, QUEUED | STARVING);
    sn__unlock(&m->lock);
}

int sn__mutex_lock(sn__g *g, sn__mutex *m, sn_time until, bool cancellable) {
    if (SN__LIKELY(take(m))) return 0;
    waiter w = {.since = 0};
    for (;;) {
        for (unsigned round = 0; sn__spin(round); round++)
            if (barge(m, w.since ? WOKEN : 0)) return 0;
        if (queue(m, &w, g, cancellable)) return 0;
        enum sn__cause cause = sn__park(g, until, SN__R_MUTEX, m);
        if (cause != SN__WOKEN) {
            leave(m, &w);
            return sn__cause_code(g, cause);
        }
        if (w.handed) return 0;
    }
}

sn__g *sn__mutex_unlock(sn__mutex *m) {
    while (SN__UNLIKELY(!give(m))) {
        uint32_t s = atomic_load_explicit(&m->state, memory_order_relaxed);
        if (!(s & HELD)) sn__fatal("unlock of an unlocked mutex");
        while (!(s & QUEUED) || s & WOKEN)
            if (atomic_compare_exchange_weak_explicit(&m->state, &s, s & ~(uint32_t)HELD,
                                                      memory_order_release, memory_order_relaxed))
                return NULL;
        sn__g *next = pass_on(m);
        if (next) return next;
    }
    return NULL;
}

/* Apart from its caller, which is to have a small frame. */
__attribute__((noinline)) static void lock_in_bracket(sn__mutex *m) {
    sn__g *g = sn__enter_parks();
    (void)sn__mutex_lock(g, m, SN_NEVER, false);
    sn__leave(g);
}

/* A free mutex is one word that is neither M's nor P's, so that it takes no bracket; but it counts
 * as an operation, or a coroutine that does nothing else would let nobody run. */
void sn_lock(sn_mutex *pub) {
    SN__EV_LOCK(pub);
    if (SN__UNLIKELY(!sn__spend() || !take(sn__mutex_of(pub)))) lock_in_bracket(sn__mutex_of(pub));
    sn__hb_acquire(pub);
}

int sn_lock_until(sn_mutex *pub, sn_time until) {
    sn__g *g = sn__enter_parks();
    int rc = sn__interrupted(g);
    if (!rc && until == 0)
        rc = barge(sn__mutex_of(pub), 0) ? 0 : SN_ETIMEDOUT;
    else if (!rc)
        rc = sn__mutex_lock(g, sn__mutex_of(pub), until, !g->shield);
    if (!rc) sn__hb_acquire(pub);
    sn__leave(g);
    return rc;
}

int sn_trylock(sn_mutex *pub) {
    sn__point();
    if (!barge(sn__mutex_of(pub), 0)) return 0;
    sn__hb_acquire(pub);
    return 1;
}

__attribute__((noinline)) static void unlock_in_bracket(sn__mutex *m) {
    sn__g *g = sn__enter();
    sn__g *next = sn__mutex_unlock(m);
    if (next) sn__ready(next);
    sn__leave(g);
}

/* While nobody waits that word alone decides: no bracket. */
void sn_unlock(sn_mutex *pub) {
    SN__EV_UNLOCK(pub);
    sn__hb_release(pub);
    if (SN__UNLIKELY(!give(sn__mutex_of(pub)))) unlock_in_bracket(sn__mutex_of(pub));
    sn__point();
}
