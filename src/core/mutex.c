/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Mutex: one compare-and-swap when nobody else wants it; FIFO hand-off when somebody does.
 *
 *   state 0            unlocked
 *   state HELD         locked, nobody waits
 *   state HELD|QUEUED  locked, waiters in `queue` (or on their way out of it), under `lock`
 *
 * An unlocker that sees QUEUED passes the mutex, still HELD, to the first waiter whose ticket it
 * wins; only when there is none does it become free.
 */
#include "core/mutex.h"

#include "core/trace.h"

enum { HELD = 1, QUEUED = 2 };

static bool take(sn__mutex *m) {
    uint32_t zero = 0;
    return atomic_compare_exchange_strong_explicit(&m->state, &zero, HELD, memory_order_acquire,
                                                   memory_order_relaxed);
}

/* False: somebody waits, or it was not locked. */
static bool give(sn__mutex *m) {
    uint32_t held = HELD;
    return atomic_compare_exchange_strong_explicit(&m->state, &held, 0, memory_order_release,
                                                   memory_order_relaxed);
}

/* Under m->lock: takes it after all (true), or leaves QUEUED set so that the unlocker looks. */
static bool take_or_mark(sn__mutex *m) {
    uint32_t s = atomic_load_explicit(&m->state, memory_order_relaxed);
    for (;;) {
        uint32_t want = s ? s | QUEUED : HELD;
        if (atomic_compare_exchange_weak_explicit(&m->state, &s, want, memory_order_acquire,
                                                  memory_order_relaxed))
            return s == 0;
    }
}

int sn__mutex_lock(sn__g *g, sn__mutex *m, sn_time until, bool cancellable) {
    if (SN__LIKELY(take(m))) return 0;
    sn__node n;
    sn__lock(&m->lock);
    if (take_or_mark(m)) {
        sn__unlock(&m->lock);
        return 0;
    }
    sn__queue(&m->queue, &n, g, sn__arm(g, cancellable), NULL);
    sn__unlock(&m->lock);
    enum sn__cause cause = sn__park(g, until, SN__R_MUTEX, m);
    if (SN__LIKELY(cause == SN__WOKEN)) return 0;
    sn__lock(&m->lock);
    sn__dequeue(&n);
    sn__unlock(&m->lock);
    return sn__cause_code(g, cause);
}

sn__g *sn__mutex_unlock(sn__mutex *m) {
    if (SN__LIKELY(give(m))) return NULL;
    if (!(atomic_load_explicit(&m->state, memory_order_relaxed) & HELD))
        sn__fatal("unlock of an unlocked mutex");
    sn__lock(&m->lock);
    sn__node *n = sn__claim_first(&m->queue, SN__WOKEN);
    sn__g *next = n ? n->g : NULL;
    if (sn__list_empty(&m->queue))
        atomic_store_explicit(&m->state, next ? HELD : 0, memory_order_release);
    sn__unlock(&m->lock);
    return next;
}

void sn_lock(sn_mutex *pub) {
    sn__g *g = sn__enter_parks();
    SN__EV_LOCK(pub);
    (void)sn__mutex_lock(g, sn__mutex_of(pub), SN_NEVER, false);
    sn__leave(g);
}

int sn_lock_until(sn_mutex *pub, sn_time until) {
    sn__g *g = sn__enter_parks();
    int rc = sn__interrupted(g);
    if (!rc && until == 0)
        rc = take(sn__mutex_of(pub)) ? 0 : SN_ETIMEDOUT;
    else if (!rc)
        rc = sn__mutex_lock(g, sn__mutex_of(pub), until, !g->shield);
    sn__leave(g);
    return rc;
}

int sn_trylock(sn_mutex *pub) {
    sn__point();
    return take(sn__mutex_of(pub));
}

/* One word decides while nobody waits, and that word is neither M's nor P's: no bracket. (Locking
 * has one: a coroutine that does nothing else must spend its budget and let others run.) */
void sn_unlock(sn_mutex *pub) {
    sn__mutex *m = sn__mutex_of(pub);
    SN__EV_UNLOCK(pub);
    if (SN__UNLIKELY(!give(m))) {
        sn__g *g = sn__enter();
        sn__g *next = sn__mutex_unlock(m);
        if (next) sn__ready(next);
        sn__leave(g);
    }
    sn__point();
}
