/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The fast verbs under smp: the lock, the ticket, and the bracket that every public call opens
 * and closes.
 *
 * The bracket. An M that runs user code (state USER) may lose its P at any instant to the monitor
 * (monitor.c); inside the bracket (state RUNTIME) it never does. The protocol, tried in a model:
 *
 *   enter:   state := RUNTIME (relaxed); compiler fence; look at `take`
 *   leave:   state := USER (release)
 *   monitor: take: NONE -> ASK; barrier on all threads; state USER? CAS ASK -> TAKEN : ASK -> NONE
 *   an owner that sees ASK answers by CAS ASK -> NONE and keeps its P. If that fails, one of two
 *   things came between: TAKEN, and the P is lost; or NONE, the monitor has itself taken its
 *   question back, and the P is kept. Nobody waits for anybody.
 *
 * The monitor's barrier makes the owner's relaxed store and load act as if a full fence stood
 * between them, and only the rare side pays. Where the kernel has no such barrier the owner pays
 * a real fence (sn__own_fence).
 */
#ifndef SN_SCHED_INLINE_H
#define SN_SCHED_INLINE_H

/** Free, held, held with sleepers: spins briefly, then sleeps on the word. */
typedef struct sn__lockw {
    _Atomic uint32_t word;
} sn__lockw;

/** A G's part of this scheduler's own. */
typedef struct sn__own {
    _Atomic uint32_t since; /**< coarse time when it last parked; a foreign thread's futex */
} sn__own;

SN__COLD void sn__lock_slow(sn__lockw *l);
SN__COLD void sn__unlock_slow(sn__lockw *l);

static inline void sn__lock(sn__lockw *l) {
    uint32_t zero = 0;
    if (SN__UNLIKELY(!atomic_compare_exchange_strong_explicit(
            &l->word, &zero, 1, memory_order_acquire, memory_order_relaxed)))
        sn__lock_slow(l);
}
static inline void sn__unlock(sn__lockw *l) {
    if (SN__UNLIKELY(atomic_exchange_explicit(&l->word, 0, memory_order_release) == 2))
        sn__unlock_slow(l);
}

enum { SN__RUNTIME, SN__USER };
/** NONE; ASK: the monitor would like the P; TAKEN: it has it; LOST: the owner knows. */
enum { SN__TAKE_NONE, SN__TAKE_ASK, SN__TAKE_TAKEN, SN__TAKE_LOST };

/** What the bracket touches of an M: its first member. */
typedef struct sn__bracket {
    _Atomic uint32_t state;
    _Atomic uint32_t take;
    _Atomic uint32_t entries; /**< counts brackets: stands still while user code hogs */
    int32_t budget;           /**< operations left before others get a turn */
    sn__g *self;              /**< the coroutine that runs here */
} sn__bracket;

void *sn__tls_get(void);
extern SN__HIDDEN bool sn__own_fence;
/** The rare ends of sn__enter: `take` is set, or a foreign thread. */
SN__COLD void sn__take_seen(sn__bracket *b);
SN__COLD sn__g *sn__enter_foreign(void);
/** … of sn__enter_parks: the budget is spent or the P is lost. Returns with both mended. (Not
 * called cold: gcc would take what follows the call for cold too.) */
void sn__refresh(sn__g *g);

static inline __attribute__((always_inline)) sn__bracket *sn__open(void) {
    sn__bracket *b = sn__tls_get();
    if (SN__UNLIKELY(!b)) return NULL;
    atomic_store_explicit(&b->state, SN__RUNTIME, memory_order_relaxed);
    if (SN__UNLIKELY(sn__own_fence)) atomic_thread_fence(memory_order_seq_cst);
    atomic_signal_fence(memory_order_seq_cst);
    if (SN__UNLIKELY(atomic_load_explicit(&b->take, memory_order_acquire) != SN__TAKE_NONE))
        sn__take_seen(b);
    atomic_store_explicit(&b->entries, atomic_load_explicit(&b->entries, memory_order_relaxed) + 1,
                          memory_order_relaxed);
    return b;
}

static inline __attribute__((always_inline)) sn__g *sn__enter(void) {
    sn__bracket *b = sn__open();
    return SN__LIKELY(b) ? b->self : sn__enter_foreign();
}

static inline sn__g *sn__enter_parks(void) {
    sn__bracket *b = sn__open();
    if (SN__UNLIKELY(!b)) return sn__enter_foreign();
    sn__g *g = b->self;
    if (SN__UNLIKELY(--b->budget < 0)) sn__refresh(g);
    return g;
}

/* The budget is the M's own, and the caller stays on it until it parks. */
static inline bool sn__spend(void) {
    sn__bracket *b = sn__tls_get();
    return SN__LIKELY(b != NULL) && --b->budget >= 0;
}

static inline void sn__leave(sn__g *g) {
    sn__bracket *b = g->thread;
    if (SN__LIKELY(b)) atomic_store_explicit(&b->state, SN__USER, memory_order_release);
}

/** sn__self, inline. */
static inline sn__g *sn__caller(void) {
    sn__bracket *b = sn__tls_get();
    return SN__LIKELY(b != NULL) ? b->self : sn__enter_foreign();
}

static inline uintptr_t sn__order(const void *object) { return (uintptr_t)object; }

/** Where sim may let another go first; there is nothing to choose on threads. */
static inline void sn__point(void) {}

/** A new ticket. It comes before the look at the scope's cancel that follows in sn__park: a
 *  canceller sees the ticket or the waiter sees the cancel. The canceller's barrier makes it so. */
static inline sn__ticket sn__arm(sn__g *g, bool cancellable) {
    sn__ticket was = atomic_load_explicit(&g->wait, memory_order_relaxed);
    sn__ticket t = ((was | 0xff) + 1) | (cancellable ? SN__ARMED : SN__ARMED_SHUT);
    atomic_store_explicit(&g->status, SN__WAITING, memory_order_relaxed);
    atomic_store_explicit(&g->wait, t, memory_order_release);
    if (SN__UNLIKELY(sn__own_fence)) atomic_thread_fence(memory_order_seq_cst);
    atomic_signal_fence(memory_order_seq_cst);
    return t;
}

static inline bool sn__claim(sn__g *g, sn__ticket t, enum sn__cause cause) {
    return atomic_compare_exchange_strong(&g->wait, &t,
                                          (t & ~(sn__ticket)0xff) | (sn__ticket)cause);
}

/** By g itself, armed with t, when there is nothing to wait for; false: somebody has won t. */
static inline bool sn__disarm(sn__g *g, sn__ticket t, enum sn__cause cause) {
    if (!sn__claim(g, t, cause)) return false;
    atomic_store_explicit(&g->status, SN__RUNNING, memory_order_relaxed);
    return true;
}

#endif
