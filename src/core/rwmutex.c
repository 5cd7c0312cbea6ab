/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Reader-writer mutex: one compare-and-swap when nobody has to wait. The rules are those of Go's
 * sync.RWMutex: a writer that waits keeps new readers out, and when it is done those that came
 * meanwhile go before the next writer. So readers and writers take turns, and neither starves.
 *
 *   WRITING   a writer has it
 *   WAITING   somebody is queued (or on the way out of a queue): everybody else goes by `lock`
 *   the rest  how many readers have it, in READERs
 *
 * Unlike a mutex it is always handed over: who is readied has it already. While WAITING is set the
 * state changes under `lock` only. While it is not, nobody is queued, and one word decides.
 *
 * As with mutexes, the one who unlocks touches it no more once the next can be its last user: with
 * WAITING set, all who could be have to come by `lock` first.
 */
#include <sennit/sync.h>

#include "core/wait.h"

enum { WRITING = 1, WAITING = 2, READER = 4 };

typedef struct rwmutex {
    _Atomic uint32_t state;
    sn__lockw lock;
    sn__link readers, writers;
} rwmutex;
_Static_assert(sizeof(rwmutex) <= sizeof(sn_rwmutex), "sn_rwmutex has room for one");

/* How one side takes it: when it is open to it, and what the state becomes. */
typedef struct side {
    uint32_t shut; /* bits that keep it out; all others are readers */
    uint32_t add;
    enum sn__reason why;
} side;
static const side reading = {WRITING, READER, SN__R_RLOCK};
static const side writing = {~(uint32_t)WAITING, WRITING, SN__R_WLOCK};

/* In passing: nobody waits. */
static bool take(rwmutex *m, const side *as) {
    uint32_t s = atomic_load_explicit(&m->state, memory_order_relaxed);
    while (!(s & (as->shut | WAITING)))
        if (atomic_compare_exchange_weak_explicit(&m->state, &s, s + as->add, memory_order_acquire,
                                                  memory_order_relaxed))
            return true;
    return false;
}

/* Under m->lock: takes it after all (true), or leaves it marked, so that whoever unlocks looks. */
static bool take_or_mark(rwmutex *m, const side *as) {
    uint32_t s = atomic_load_explicit(&m->state, memory_order_relaxed);
    for (;;) {
        bool open = !(s & (as->shut | WAITING));
        uint32_t want = open ? s + as->add : s | WAITING;
        if (atomic_compare_exchange_weak_explicit(&m->state, &s, want, memory_order_acquire,
                                                  memory_order_relaxed))
            return open;
    }
}

/* Under m->lock: gives it to all readers that wait; how many. */
static uint32_t admit_readers(rwmutex *m, sn__link *won) {
    uint32_t n = 0;
    for (sn__node *r; (r = sn__claim_first(&m->readers, SN__WOKEN)); n++)
        sn__list_push(won, &r->link);
    return n;
}

static bool admit_writer(rwmutex *m, sn__link *won) {
    sn__node *w = sn__claim_first(&m->writers, SN__WOKEN);
    if (w) sn__list_push(won, &w->link);
    return w;
}

/* Under m->lock, with WAITING set and `held` by those who go on having it: `won` join them. */
static void settle(rwmutex *m, uint32_t held) {
    bool queued = !sn__list_empty(&m->readers) || !sn__list_empty(&m->writers);
    atomic_store_explicit(&m->state, held | (queued ? WAITING : 0), memory_order_release);
}

/* Under m->lock, with WAITING set: nobody has it any more. After a writer it is the readers' turn.
 */
static void pass_on(rwmutex *m, bool after_writer, sn__link *won) {
    uint32_t readers = after_writer ? admit_readers(m, won) : 0;
    if (!readers && admit_writer(m, won)) {
        settle(m, WRITING);
        return;
    }
    if (!readers) readers = admit_readers(m, won);
    settle(m, readers * READER);
}

/* n has not got it and goes. If it was the writer that kept readers out, they may come in. */
static void leave(rwmutex *m, sn__node *n) {
    sn__link won;
    sn__list_init(&won);
    sn__lock(&m->lock);
    sn__dequeue(n);
    uint32_t s = atomic_load_explicit(&m->state, memory_order_relaxed);
    if (s & WAITING) {
        s &= ~(uint32_t)WAITING;
        if (!(s & WRITING) && sn__list_empty(&m->writers)) s += READER * admit_readers(m, &won);
        settle(m, s);
    }
    sn__unlock(&m->lock);
    sn__ready_all(&won);
}

/* Queues n, or takes it after all (true). */
static bool queue(rwmutex *m, const side *as, sn__node *n, sn__g *g, bool cancellable) {
    sn__lock(&m->lock);
    bool taken = take_or_mark(m, as);
    if (!taken)
        sn__queue(as == &reading ? &m->readers : &m->writers, n, g, sn__arm(g, cancellable), NULL);
    sn__unlock(&m->lock);
    return taken;
}

static int lock_as(sn__g *g, rwmutex *m, const side *as, sn_time until, bool cancellable) {
    if (SN__LIKELY(take(m, as))) return 0;
    for (unsigned round = 0; sn__spin(round); round++)
        if (take(m, as)) return 0;
    sn__node n;
    if (queue(m, as, &n, g, cancellable)) return 0;
    enum sn__cause cause = sn__park(g, until, as->why, m);
    if (cause == SN__WOKEN) return 0;
    leave(m, &n);
    return sn__cause_code(g, cause);
}

static void lock_surely(sn_rwmutex *pub, const side *as) {
    sn__g *g = sn__enter_parks();
    (void)lock_as(g, (rwmutex *)pub, as, SN_NEVER, false);
    sn__leave(g);
}

static int lock_until(sn_rwmutex *pub, const side *as, sn_time until) {
    rwmutex *m = (rwmutex *)pub;
    sn__g *g = sn__enter_parks();
    int rc = sn__interrupted(g);
    if (!rc && until == 0)
        rc = take(m, as) ? 0 : SN_ETIMEDOUT;
    else if (!rc)
        rc = lock_as(g, m, as, until, !g->shield);
    sn__leave(g);
    return rc;
}

static int try_lock(sn_rwmutex *pub, const side *as) {
    sn__point();
    return take((rwmutex *)pub, as);
}

/* Nobody waits: one word decides, and no bracket is needed. False: somebody does. */
static bool give(rwmutex *m, uint32_t had) {
    uint32_t s = atomic_load_explicit(&m->state, memory_order_relaxed);
    do {
        if (had == WRITING ? !(s & WRITING) : s < READER)
            sn__fatal(had == WRITING ? "write unlock of a mutex that no writer has"
                                     : "read unlock of a mutex that no reader has");
        if (s & WAITING) return false;
    } while (!atomic_compare_exchange_weak_explicit(&m->state, &s, s - had, memory_order_release,
                                                    memory_order_relaxed));
    return true;
}

/* Under m->lock: somebody may wait no longer. */
static void give_locked(rwmutex *m, uint32_t had, sn__link *won) {
    uint32_t s = atomic_load_explicit(&m->state, memory_order_relaxed);
    while (!(s & WAITING))
        if (atomic_compare_exchange_weak_explicit(&m->state, &s, s - had, memory_order_release,
                                                  memory_order_relaxed))
            return;
    s -= had;
    if (s == WAITING)
        pass_on(m, had == WRITING, won);
    else
        atomic_store_explicit(&m->state, s, memory_order_release);
}

static void unlock_as(sn_rwmutex *pub, const side *as) {
    rwmutex *m = (rwmutex *)pub;
    if (SN__UNLIKELY(!give(m, as->add))) {
        sn__link won;
        sn__list_init(&won);
        sn__g *g = sn__enter();
        sn__lock(&m->lock);
        give_locked(m, as->add, &won);
        sn__unlock(&m->lock);
        sn__ready_all(&won);
        sn__leave(g);
    }
    sn__point();
}

void sn_rlock(sn_rwmutex *m) { lock_surely(m, &reading); }
void sn_wlock(sn_rwmutex *m) { lock_surely(m, &writing); }
int sn_rlock_until(sn_rwmutex *m, sn_time until) { return lock_until(m, &reading, until); }
int sn_wlock_until(sn_rwmutex *m, sn_time until) { return lock_until(m, &writing, until); }
int sn_tryrlock(sn_rwmutex *m) { return try_lock(m, &reading); }
int sn_trywlock(sn_rwmutex *m) { return try_lock(m, &writing); }
void sn_runlock(sn_rwmutex *m) { unlock_as(m, &reading); }
void sn_wunlock(sn_rwmutex *m) { unlock_as(m, &writing); }
