/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The inside of a pd, for those whose every call goes through it: the socket, the poller. Others
 * need poll.h alone. What is inline here is for files beneath ThreadSanitizer (see SENNIT_BENEATH):
 * seen, its atomics would order coroutines that share nothing but a descriptor.
 */
#ifndef SN_IO_PD_H
#define SN_IO_PD_H

#include "core/sched.h"
#include "io/poll.h"

enum { SN__PD_CLOSED = INT32_MIN, SN__PD_OWNED = 1 << 30, SN__PD_GONE = 1 << 29 };
enum { SN__PD_USERS = (1 << 29) - 1 };

/* Who waits, on its stack. */
typedef struct sn__waiter {
    struct sn__waiter *next;
    sn__g *g;
    sn__ticket ticket;
    sn_time until;
} sn__waiter;

/* Written under the pd's lock; `first` is looked at without, to see that nobody waits. */
typedef struct sn__side {
    sn__waiter *_Atomic first; /* those who wait, the last first; or one of the two below */
    sn_time deadline;          /* of those that wait until it */
} sn__side;
#define SN__EDGE ((sn__waiter *)1) /* an edge that no wait has consumed */
#define SN__SHUT ((sn__waiter *)2) /* closed */
static inline bool sn__is_waiter(const sn__waiter *w) { return w > SN__SHUT; }

static inline sn__waiter *sn__side_first(const sn__side *s) {
    return atomic_load_explicit(&s->first, memory_order_relaxed);
}
static inline void sn__side_set(sn__side *s, sn__waiter *w) {
    atomic_store_explicit(&s->first, w, memory_order_relaxed);
}

/* What is not as usual with a pd: see sn__pd_over; the backend has to be told of it again before
 * the next wait. */
enum { SN__PD_OVER = 1, SN__PD_DEAF = 2 };

struct sn__pd {
    _Atomic int32_t state; /* users; OWNED, CLOSED, GONE */
    _Atomic uint32_t odd;  /* OVER, DEAF */
    int fd;
    sn__lockw lock;
    sn__side side[2];
    _Atomic uint32_t added; /* how often the backend holds it; only where there is a `remove` */
    sn__pd *next;           /* in the free list */
};

/** The rare ends of the two below. */
SN__COLD int sn__pd_refused(sn__pd *pd);
SN__COLD void sn__pd_unref_closed(sn__pd *pd);

/** sn__pd_ref and sn__pd_unref, inline. */
static inline int sn__pd_take(sn__pd *pd) {
    if (SN__LIKELY(!(atomic_fetch_add(&pd->state, 1) & SN__PD_CLOSED))) return 0;
    return sn__pd_refused(pd);
}
static inline void sn__pd_give(sn__pd *pd) {
    sn__hb_release(pd);
    int32_t s = atomic_load_explicit(&pd->state, memory_order_relaxed);
    while (SN__LIKELY(!(s & SN__PD_CLOSED)))
        if (SN__LIKELY(atomic_compare_exchange_weak(&pd->state, &s, s - 1))) return;
    sn__pd_unref_closed(pd);
}

/** The rare ends of the next one. */
SN__COLD int sn__pd_settled(sn__g *g, sn__pd *pd, int mode);
SN__COLD int sn__pd_given_up(sn__waiter *w, sn__pd *pd, int mode, enum sn__cause cause,
                             const sn_time *until);

/** sn__pd_wait for g, the caller, in a bracket that may park, and a pd that is not DEAF. *until is
 *  read with the lock. The scope is looked at by sn__park: nobody else need have done it. */
static inline __attribute__((always_inline)) int sn__pd_park(sn__g *g, sn__pd *pd, int mode,
                                                             const sn_time *until) {
    sn__waiter w;
    sn__lock(&pd->lock);
    w.next = sn__side_first(&pd->side[mode]);
    if (SN__UNLIKELY(w.next != NULL) && !sn__is_waiter(w.next)) return sn__pd_settled(g, pd, mode);
    w.g = g;
    w.ticket = sn__arm(g, !g->shield);
    w.until = *until;
    sn__side_set(&pd->side[mode], &w);
    sn__unlock(&pd->lock);
    enum sn__cause cause = sn__park(g, w.until, SN__R_IO, pd);
    if (SN__LIKELY(cause == SN__WOKEN)) return 0;
    return sn__pd_given_up(&w, pd, mode, cause, until);
}

#endif
