/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The netpoller: owns all pds, and the backend (epoll or io_uring) that tells of edges.
 *
 * A pd has two sides, reading and writing; each is a word that says who waits:
 *   an edge arrives, nobody waits   -> EDGE
 *   an edge arrives, some wait      -> all are woken (they try again; most get EAGAIN)
 *   a wait comes, EDGE              -> nobody, it returns at once
 *   it is closed                    -> SHUT, for ever; all are woken
 * `state` counts users, with three bits on top:
 *   OWNED   from open to free
 *   CLOSED  no new users; those that wait are woken
 *   GONE    the descriptor is closed: done by the last user after CLOSED, before it lets go, so
 *           that peers learn of a close at once, whenever the owner frees the pd
 * Who leaves neither a user nor OWNED behind puts the pd into the free list.
 *
 * Locks: pd->lock, then nothing. The list of free pds has its own.
 */
#include "io/pd.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "io/backend.h"
#include "sched/smp/settings.h"

enum { PDS_A_BLOCK = 64 };

/* Never freed. */
typedef struct block {
    struct block *next;
    sn__pd pd[PDS_A_BLOCK];
} block;

static struct {
    sn__lockw lock;
    sn__pd *free;
    block *_Atomic blocks; /* written under lock */
    const sn__backend *by; /* under lock until `up` */
    _Atomic int up;
    _Atomic uint32_t open;       /* pds */
    _Atomic uint32_t delivering; /* batches under way */
    _Atomic uint32_t opened;     /* orders a pd's making before its events, as the kernel does */
} np;

static void np_wait(sn__poll_batch *b, sn_time until) {
    sn__hb_acquire(&np); /* the making of the backend's descriptors */
    np.by->wait(b, until);
    (void)atomic_load_explicit(&np.opened, memory_order_acquire);
}

/* Under pd->lock: everybody of one side who is still to be had, claimed, in a row to be readied. */
static SN__COLD sn__waiter *claim_all(sn__side *s, enum sn__cause cause) {
    sn__waiter *row = NULL, *w = sn__side_first(s), *next;
    for (sn__side_set(s, NULL); sn__is_waiter(w); w = next) {
        next = w->next;
        if (!sn__claim(w->g, w->ticket, cause)) continue;
        w->next = row;
        row = w;
    }
    return row;
}

static SN__COLD void ready_all(sn__waiter *w) {
    for (sn__waiter *next; w; w = next) {
        next = w->next; /* it is gone when its coroutine runs */
        sn__ready(w->g);
    }
}

/* Under pd->lock: an edge for several, or for nobody any more. */
static SN__COLD void edge_for_many(sn__side *s) {
    sn__waiter *w = claim_all(s, SN__WOKEN);
    if (!w) sn__side_set(s, SN__EDGE);
    ready_all(w);
}

/* Under pd->lock: an edge. Who waits alone is claimed, put at *to, to be readied by the caller, and
 * what comes after *to returned. */
static inline sn__g **edge_at(sn__side *s, sn__g **to) {
    sn__waiter *w = sn__side_first(s);
    if (!sn__is_waiter(w)) {
        if (w != SN__SHUT) sn__side_set(s, SN__EDGE);
        return to;
    }
    *to = w->g;
    if (SN__UNLIKELY(w->next || !sn__claim(w->g, w->ticket, SN__WOKEN))) {
        edge_for_many(s);
        return to;
    }
    sn__side_set(s, NULL);
    return to + 1;
}

/* What an event says beyond what can be read and written: which of the two to try for it. */
static SN__COLD uint32_t odd_event(sn__pd *pd, uint32_t e) {
    bool broken = e & (EPOLLERR | EPOLLHUP);
    /* Bytes behind an urgent one are read by themselves, and no edge tells of those. */
    if (e & (EPOLLRDHUP | EPOLLPRI) || broken) atomic_fetch_or(&pd->odd, SN__PD_OVER);
    if (e & SN__LAST_EVENT) {
        atomic_fetch_or(&pd->odd, SN__PD_DEAF);
        atomic_fetch_sub(&pd->added, 1);
        broken = true; /* who waits comes again, and sees it */
    }
    if (broken) e |= EPOLLIN | EPOLLOUT;
    return e & EPOLLRDHUP ? e | EPOLLIN : e;
}

/* Those whom the batch wakes, in its order. An event that outlived its descriptor's use of the pd
 * costs the next user one spurious wake. */
static void np_deliver(const sn__poll_batch *b) {
    const sn__event *at = sn__events_of(b);
    sn__g *woken[2 * SN__POLL_BATCH], **to = woken;
    atomic_fetch_add(&np.delivering, 1);
    for (const sn__event *end = at + b->n; at < end; at++) {
        sn__pd *pd = at->data.ptr;
        uint32_t e = at->events;
        if (SN__UNLIKELY(!pd)) continue; /* an interrupt */
        if (SN__UNLIKELY(e & ~(uint32_t)(EPOLLIN | EPOLLOUT))) e = odd_event(pd, e);
        sn__lock(&pd->lock);
        if (e & EPOLLIN) to = edge_at(&pd->side[SN__PD_READ], to);
        if (e & EPOLLOUT) to = edge_at(&pd->side[SN__PD_WRITE], to);
        sn__unlock(&pd->lock);
    }
    sn__ready_row(woken, (uint32_t)(to - woken));
    atomic_fetch_sub(&np.delivering, 1);
}

static void np_interrupt(void) {
    sn__hb_acquire(&np);
    np.by->interrupt();
}

static bool np_wanted(void) { return atomic_load_explicit(&np.open, memory_order_relaxed) != 0; }

static bool is_waited_for(const sn__pd *pd) {
    return sn__is_waiter(sn__side_first(&pd->side[0])) ||
           sn__is_waiter(sn__side_first(&pd->side[1]));
}

static bool any_waits(void) {
    static _Atomic(const sn__pd *) last; /* somebody mostly waits where somebody did */
    const sn__pd *pd = atomic_load(&last);
    if (pd && is_waited_for(pd)) return true;
    for (const block *k = atomic_load(&np.blocks); k; k = k->next)
        for (pd = k->pd; pd < k->pd + PDS_A_BLOCK; pd++) {
            if (!is_waited_for(pd)) continue;
            atomic_store(&last, pd);
            return true;
        }
    return false;
}

/* Of the coroutines none runs, and who asks keeps others from being readied; but the monitor may
 * have claimed some: the look at that comes last. */
static bool np_waiting(void) { return any_waits() || atomic_load(&np.delivering); }

/* The set stays for the next run: pds of the program may outlive one. */
static void np_end(void) {}

static const sn__poller poller = {np_wait, np_deliver, np_interrupt, np_wanted, np_waiting, np_end};

/* What the backend has belongs to the process that made it: what the child did to it, its parent
 * would see. So the child begins anew; pds that were open at the fork are of no use to it. */
static void in_child(void) {
    if (!atomic_load(&np.up)) return;
    np.by->forget();
    atomic_store(&np.up, 0);
    np.lock = (sn__lockw){0};
}

static void watch_forks(void) { pthread_atfork(NULL, NULL, in_child); }

/* Under np.lock. The choice stands for the life of the process, as pds outlive runs. */
static int bring_up(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (atomic_load(&np.up)) return 0;
    pthread_once(&once, watch_forks);
    int err = SN_ENOSYS;
    np.by = &sn__uring;
    if (sn__set.poller == SN__POLLER_URING) err = np.by->up();
    if (err) {
        np.by = &sn__epoll;
        err = np.by->up();
    }
    sn__hb_release(&np);
    if (err == 0) atomic_store(&np.up, 1);
    return err;
}

/* Under np.lock. */
static void add_block(void) {
    block *k = calloc(1, sizeof *k);
    if (!k) return;
    for (int i = 0; i < PDS_A_BLOCK; i++) {
        k->pd[i].next = np.free;
        np.free = &k->pd[i];
    }
    k->next = atomic_load(&np.blocks);
    atomic_store(&np.blocks, k);
}

/* Under np.lock. */
static sn__pd *get_pd(void) {
    if (!np.free) add_block();
    sn__pd *pd = np.free;
    if (pd) np.free = pd->next;
    return pd;
}

static void put_pd(sn__pd *pd) {
    sn__g *g = sn__enter();
    sn__lock(&np.lock);
    pd->next = np.free;
    np.free = pd;
    sn__unlock(&np.lock);
    sn__leave(g);
}

static void set_up(sn__pd *pd, int fd) {
    sn__lock(&pd->lock); /* a late event may be looking */
    pd->fd = fd;
    pd->side[0] = pd->side[1] = (sn__side){.deadline = SN_NEVER};
    atomic_store_explicit(&pd->odd, 0, memory_order_relaxed);
    atomic_store_explicit(&pd->added, 0, memory_order_relaxed);
    sn__unlock(&pd->lock);
    atomic_store(&pd->state, SN__PD_OWNED);
}

static int add(sn__pd *pd, int fd) {
    atomic_fetch_add(&pd->added, 1);
    sn__hb_acquire(&np);
    int err = np.by->add(pd, fd);
    if (err) atomic_fetch_sub(&pd->added, 1);
    return err;
}

int sn__pd_open(sn__pd **out, int fd) {
    sn__g *g = sn__enter();
    sn__lock(&np.lock);
    int rc = bring_up();
    sn__pd *pd = rc ? NULL : get_pd();
    sn__unlock(&np.lock);
    if (pd) set_up(pd, fd);
    if (!rc) sn__poller_set(&poller);
    sn__leave(g);
    if (!pd) return rc ? rc : SN_ENOMEM;
    atomic_fetch_add_explicit(&np.opened, 1, memory_order_release);
    rc = add(pd, fd);
    if (rc) {
        put_pd(pd);
        return rc;
    }
    atomic_fetch_add(&np.open, 1);
    *out = pd;
    return 0;
}

int sn__pd_ref(sn__pd *pd) { return sn__pd_take(pd); }

SN__COLD int sn__pd_refused(sn__pd *pd) {
    sn__pd_give(pd);
    return SN_ECLOSED;
}

/* Until the backend holds the descriptor no more: its last event may come to us or to another. */
static void take_out(sn__pd *pd) {
    enum { LOOK_AGAIN = 200 }; /* microseconds */
    np.by->remove(pd);
    while (atomic_load(&pd->added)) {
        sn__poll_batch b;
        sn__g *g = sn__enter();
        np.by->wait(&b, sn__now() + LOOK_AGAIN * SN_MICROSECOND);
        np_deliver(&b);
        sn__leave(g);
    }
}

/* The last user after the close, still a user: closes the descriptor, once. */
static bool close_fd(sn__pd *pd, int32_t *state) {
    if ((*state & (SN__PD_CLOSED | SN__PD_GONE | SN__PD_USERS)) != (SN__PD_CLOSED | 1))
        return false;
    if (!atomic_compare_exchange_strong(&pd->state, state, *state | SN__PD_GONE)) return true;
    atomic_fetch_sub(&np.open, 1);
    if (np.by->remove) take_out(pd);
    sn__hb_acquire(pd); /* all uses of it */
    close(pd->fd);
    *state = atomic_load(&pd->state);
    return true;
}

SN__COLD void sn__pd_unref_closed(sn__pd *pd) {
    int32_t s = atomic_load_explicit(&pd->state, memory_order_relaxed);
    while (close_fd(pd, &s) || !atomic_compare_exchange_weak(&pd->state, &s, s - 1)) {
    }
    if (!((s - 1) & (SN__PD_USERS | SN__PD_OWNED))) put_pd(pd);
}

void sn__pd_unref(sn__pd *pd) { sn__pd_give(pd); }

int sn__pd_fd(const sn__pd *pd) { return pd->fd; }

/* With the lock, which it gives back. An edge that was there does not hide that the scope is
 * cancelled, and is left for later then. */
SN__COLD int sn__pd_settled(sn__g *g, sn__pd *pd, int mode) {
    sn__side *s = &pd->side[mode];
    int rc = sn__interrupted(g);
    if (!rc && sn__side_first(s) == SN__SHUT) rc = SN_ECLOSED;
    if (!rc) sn__side_set(s, NULL);
    sn__unlock(&pd->lock);
    return rc;
}

static void unlink_waiter(sn__side *s, const sn__waiter *w) {
    sn__waiter *before = sn__side_first(s);
    if (before == w) {
        sn__side_set(s, w->next);
        return;
    }
    while (sn__is_waiter(before) && before->next != w) before = before->next;
    if (sn__is_waiter(before)) before->next = w->next;
}

/* The wait is over, and not by an edge. If the deadline was moved meanwhile, who waited for the old
 * one tries again. */
SN__COLD int sn__pd_given_up(sn__waiter *w, sn__pd *pd, int mode, enum sn__cause cause,
                             const sn_time *until) {
    if (cause == SN__CLOSED) return SN_ECLOSED;
    sn__lock(&pd->lock);
    unlink_waiter(&pd->side[mode], w);
    bool again = cause == SN__TIMED_OUT && *until != w->until;
    sn__unlock(&pd->lock);
    return again ? 0 : sn__cause_code(w->g, cause);
}

static SN__COLD int hear_again(sn__pd *pd) {
    if (!(atomic_fetch_and(&pd->odd, ~(uint32_t)SN__PD_DEAF) & SN__PD_DEAF)) return 0;
    int err = add(pd, pd->fd);
    if (err) atomic_fetch_or(&pd->odd, SN__PD_DEAF);
    return err;
}

static inline int wait_until(sn__pd *pd, int mode, const sn_time *until) {
    sn__g *g = sn__enter_parks();
    int rc = 0;
    if (atomic_load_explicit(&pd->odd, memory_order_relaxed) & SN__PD_DEAF) rc = hear_again(pd);
    if (!rc) rc = sn__pd_park(g, pd, mode, until);
    sn__leave(g);
    return rc;
}

int sn__pd_wait(sn__pd *pd, int mode, sn_time until) { return wait_until(pd, mode, &until); }

int sn__pd_wait_deadline(sn__pd *pd, int mode) {
    return wait_until(pd, mode, &pd->side[mode].deadline);
}

void sn__pd_kick(sn__pd *pd, int mode) {
    sn__g *g = sn__enter(), *woken;
    sn__lock(&pd->lock);
    bool any = edge_at(&pd->side[mode], &woken) != &woken;
    sn__unlock(&pd->lock);
    if (any) sn__ready(woken);
    sn__leave(g);
}

void sn__pd_set_deadline(sn__pd *pd, int mode, sn_time until) {
    sn__side *s = &pd->side[mode];
    sn__g *g = sn__enter();
    sn__lock(&pd->lock);
    s->deadline = until;
    if (sn__is_waiter(sn__side_first(s))) ready_all(claim_all(s, SN__WOKEN));
    sn__unlock(&pd->lock);
    sn__leave(g);
}

static void shut(sn__side *s) {
    ready_all(claim_all(s, SN__CLOSED));
    sn__side_set(s, SN__SHUT);
}

void sn__pd_close(sn__pd *pd) {
    sn__g *g = sn__enter();
    atomic_fetch_add(&pd->state, 1);
    atomic_fetch_or(&pd->state, SN__PD_CLOSED);
    sn__lock(&pd->lock);
    shut(&pd->side[SN__PD_READ]);
    shut(&pd->side[SN__PD_WRITE]);
    sn__unlock(&pd->lock);
    sn__leave(g);
    sn__pd_unref(pd);
}

void sn__pd_free(sn__pd *pd) {
    sn__pd_close(pd);
    if (!(atomic_fetch_and(&pd->state, ~SN__PD_OWNED) & SN__PD_USERS)) put_pd(pd);
}
