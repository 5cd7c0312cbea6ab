/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Reader-writer mutex: one atomic operation to read, two to write, when nobody has to wait. The
 * algorithm is that of Go's sync.RWMutex, with waits that can end otherwise.
 *
 * `readers` counts those who read. A writer first takes the mutex `turn`, which keeps other writers
 * out, then makes `readers` negative (less RIVALS), which keeps new readers out, and waits for
 * those that were in. When it is done it adds RIVALS again, which lets in all who came meanwhile,
 * and only then gives up its turn: the next writer comes after them. So neither side starves, and a
 * writer that merely waits for its turn keeps nobody out.
 *
 * A reader that finds `readers` negative has counted itself already. It queues, or, if the writer
 * has gone before it could, finds a pass. Under `lock`:
 *
 *   leaving   readers that the writer, who waits as `writer`, has yet to see off
 *   passes    readers that may come in and are not queued yet
 *   queue     readers that wait. Who gives up, or was found dead, is counted no more
 */
#include "core/mutex.h"

enum { RIVALS = 1 << 30 };

typedef struct rwmutex {
    sn__mutex turn;
    sn__lockw lock;
    _Atomic int32_t readers;
    int32_t leaving, passes;
    sn__link queue;
    sn__node *writer;
} rwmutex;
_Static_assert(sizeof(rwmutex) <= sizeof(sn_rwmutex), "sn_rwmutex has room for one");

static int32_t readers_of(const rwmutex *m) {
    return atomic_load_explicit(&m->readers, memory_order_relaxed);
}
static int32_t add_readers(rwmutex *m, int32_t n, memory_order order) {
    return atomic_fetch_add_explicit(&m->readers, n, order) + n;
}

/* ---- reading */

static bool try_read(rwmutex *m) {
    int32_t r = readers_of(m);
    while (r >= 0)
        if (atomic_compare_exchange_weak_explicit(&m->readers, &r, r + 1, memory_order_acquire,
                                                  memory_order_relaxed))
            return true;
    return false;
}

/* The caller is counted. In after all (true), or queued. */
static bool pass_or_queue(rwmutex *m, sn__node *n, sn__g *g, bool cancellable) {
    sn__lock(&m->lock);
    bool in = m->passes > 0;
    if (in)
        m->passes--;
    else
        sn__queue(&m->queue, n, g, sn__arm(g, cancellable), NULL);
    sn__unlock(&m->lock);
    return in;
}

static void leave_queue(rwmutex *m, sn__node *n) {
    sn__lock(&m->lock);
    if (n->queued) (void)add_readers(m, -1, memory_order_relaxed);
    sn__dequeue(n);
    sn__unlock(&m->lock);
}

static int read_lock(sn__g *g, rwmutex *m, sn_time until, bool cancellable) {
    for (unsigned round = 0; readers_of(m) < 0 && sn__spin(round); round++) continue;
    if (SN__LIKELY(add_readers(m, 1, memory_order_acquire) > 0)) return 0;
    sn__node n;
    if (pass_or_queue(m, &n, g, cancellable)) return 0;
    enum sn__cause cause = sn__park(g, until, SN__R_RLOCK, m);
    if (cause == SN__WOKEN) return 0;
    leave_queue(m, &n);
    return sn__cause_code(g, cause);
}

static bool try_leave(rwmutex *m) {
    int32_t r = readers_of(m);
    while (r > 0)
        if (atomic_compare_exchange_weak_explicit(&m->readers, &r, r - 1, memory_order_release,
                                                  memory_order_relaxed))
            return true;
    if (r == 0) sn__fatal("read unlock of a mutex that no reader has");
    return false;
}

/* A writer waits: the last reader that it has to see off wakes it. Both counts change in one step
 * under the lock, so that one who gives up knows how many are still in. */
static sn__g *leave_locked(rwmutex *m) {
    (void)add_readers(m, -1, memory_order_release);
    if (m->leaving == 0) sn__fatal("read unlock of a mutex that no reader has");
    if (--m->leaving || !sn__claim(m->writer->g, m->writer->ticket, SN__WOKEN)) return NULL;
    return m->writer->g;
}

/* If the writer has given up meanwhile, the next could have the mutex at once, and free it while we
 * still hold `lock`: then the fast way is tried again. The caller is counted, so nobody opens or
 * shuts it but under the lock. */
static bool leave_slowly(rwmutex *m) {
    sn__g *next = NULL;
    sn__lock(&m->lock);
    bool waits = readers_of(m) < 0;
    if (waits) next = leave_locked(m);
    sn__unlock(&m->lock);
    if (next) sn__ready(next);
    return waits;
}

static void read_unlock(rwmutex *m) {
    while (SN__UNLIKELY(!try_leave(m))) {
        sn__g *g = sn__enter();
        bool left = leave_slowly(m);
        sn__leave(g);
        if (left) return;
    }
}

/* ---- writing */

static bool shut_at_once(rwmutex *m) {
    int32_t none = 0;
    return atomic_compare_exchange_strong_explicit(&m->readers, &none, -RIVALS,
                                                   memory_order_acquire, memory_order_relaxed);
}

/* Under m->lock, by the writer: lets in who came, beside `still` who never left. */
static void open_up(rwmutex *m, int32_t still, sn__link *won) {
    int32_t came = add_readers(m, RIVALS, memory_order_release) - still;
    for (sn__link *l; (l = sn__list_pop(&m->queue)); came--) {
        sn__node *n = SN__OF(l, sn__node, link);
        n->queued = false;
        if (sn__claim(n->g, n->ticket, SN__WOKEN))
            sn__list_push(won, &n->link);
        else
            (void)add_readers(m, -1, memory_order_relaxed);
    }
    m->passes += came;
}

/* Keeps new readers out. True: there are no others; else n is queued until the last has left. */
static bool shut(rwmutex *m, sn__node *n, sn__g *g, bool cancellable) {
    sn__lock(&m->lock);
    m->leaving = add_readers(m, -RIVALS, memory_order_acquire) + RIVALS;
    bool alone = m->leaving == 0;
    if (!alone) {
        n->g = g;
        n->ticket = sn__arm(g, cancellable);
        m->writer = n;
    }
    sn__unlock(&m->lock);
    return alone;
}

static void give_up_turn(rwmutex *m) {
    sn__g *next = sn__mutex_unlock(&m->turn);
    if (next) sn__ready(next);
}

/* The writer that waited goes, with success or without: then it lets the others in again. */
static void wait_is_over(rwmutex *m, bool won) {
    sn__link in;
    sn__list_init(&in);
    sn__lock(&m->lock);
    m->writer = NULL;
    if (!won) open_up(m, m->leaving, &in);
    m->leaving = 0;
    sn__unlock(&m->lock);
    sn__ready_all(&in);
    if (!won) give_up_turn(m);
}

static int write_lock(sn__g *g, rwmutex *m, sn_time until, bool cancellable) {
    int rc = sn__mutex_lock(g, &m->turn, until, cancellable);
    if (rc || SN__LIKELY(shut_at_once(m))) return rc;
    sn__node n;
    if (shut(m, &n, g, cancellable)) return 0;
    enum sn__cause cause = sn__park(g, until, SN__R_WLOCK, m);
    wait_is_over(m, cause == SN__WOKEN);
    return cause == SN__WOKEN ? 0 : sn__cause_code(g, cause);
}

static bool try_write(rwmutex *m) {
    if (!sn_trylock((sn_mutex *)&m->turn)) return false;
    bool done = shut_at_once(m);
    if (!done) sn_unlock((sn_mutex *)&m->turn);
    return done;
}

static void write_unlock(rwmutex *m) {
    int32_t alone = -RIVALS;
    sn__link in;
    sn__list_init(&in);
    if (readers_of(m) >= 0) sn__fatal("write unlock of a mutex that no writer has");
    sn__g *g = sn__enter();
    if (SN__UNLIKELY(!atomic_compare_exchange_strong_explicit(
            &m->readers, &alone, 0, memory_order_release, memory_order_relaxed))) {
        sn__lock(&m->lock);
        open_up(m, 0, &in);
        sn__unlock(&m->lock);
        sn__ready_all(&in);
    }
    give_up_turn(m);
    sn__leave(g);
}

/* ---- what is public */

static rwmutex *of(sn_rwmutex *m) { return (rwmutex *)m; }

/* A writer's unlock is before any lock, a reader's before a writer's. */
static void read_locked(const rwmutex *m) { sn__hb_acquire(&m->passes); }
static void write_locked(const rwmutex *m) {
    sn__hb_acquire(&m->passes);
    sn__hb_acquire(&m->leaving);
}

/* Without a bracket when no writer is about; it counts as an operation all the same. */
void sn_rlock(sn_rwmutex *m) {
    if (SN__LIKELY(sn__spend() && try_read(of(m)))) {
        read_locked(of(m));
        return;
    }
    sn__g *g = sn__enter_parks();
    (void)read_lock(g, of(m), SN_NEVER, false);
    read_locked(of(m));
    sn__leave(g);
}

void sn_wlock(sn_rwmutex *m) {
    sn__g *g = sn__enter_parks();
    (void)write_lock(g, of(m), SN_NEVER, false);
    write_locked(of(m));
    sn__leave(g);
}

int sn_tryrlock(sn_rwmutex *m) {
    sn__point();
    if (!try_read(of(m))) return 0;
    read_locked(of(m));
    return 1;
}

int sn_trywlock(sn_rwmutex *m) {
    sn__point();
    if (!try_write(of(m))) return 0;
    write_locked(of(m));
    return 1;
}

/* Without a bracket, as long as no writer waits. */
void sn_runlock(sn_rwmutex *m) {
    sn__hb_release(&of(m)->leaving);
    read_unlock(of(m));
    sn__point();
}

void sn_wunlock(sn_rwmutex *m) {
    sn__hb_release(&of(m)->passes);
    write_unlock(of(m));
}

typedef int lock_fn(sn__g *g, rwmutex *m, sn_time until, bool cancellable);

/* until 0 has been tried already. */
static int lock_until(sn_rwmutex *m, lock_fn *lock, sn_time until) {
    sn__g *g = sn__enter_parks();
    int rc = sn__interrupted(g);
    if (!rc) rc = until == 0 ? SN_ETIMEDOUT : lock(g, of(m), until, !g->shield);
    if (!rc) lock == read_lock ? read_locked(of(m)) : write_locked(of(m));
    sn__leave(g);
    return rc;
}

int sn_rlock_until(sn_rwmutex *m, sn_time until) {
    if (until == 0 && !sn_canceled() && sn_tryrlock(m)) return 0;
    return lock_until(m, read_lock, until);
}

int sn_wlock_until(sn_rwmutex *m, sn_time until) {
    if (until == 0 && !sn_canceled() && sn_trywlock(m)) return 0;
    return lock_until(m, write_lock, until);
}
