/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The netpoller: owns all pds, and the backend (epoll or io_uring) that tells of edges.
 *
 * A pd has two sides, reading and writing; each is a latch and a queue of waiters:
 *   an edge arrives, nobody waits   -> ready = true
 *   an edge arrives, some wait      -> all are woken (they try again; most get EAGAIN)
 *   a wait comes, ready             -> ready = false, it returns at once
 * `state` counts users, with three bits on top:
 *   OWNED   from open to free
 *   CLOSED  no new users; those that wait are woken
 *   GONE    the descriptor is closed: done by the last user after CLOSED, before it lets go, so
 *           that peers learn of a close at once, whenever the owner frees the pd
 * Who leaves neither a user nor OWNED behind puts the pd into the free list.
 *
 * Locks: pd->lock, then nothing. The list of free pds has its own.
 */
#include "io/poll.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "core/wait.h"
#include "io/backend.h"
#include "sched/smp/settings.h"

static const uint32_t CLOSED = 1u << 31, OWNED = 1u << 30, GONE = 1u << 29;
static const uint32_t USERS = (1u << 29) - 1;
enum { PDS_A_BLOCK = 64 };

typedef struct side {
    sn__link queue;
    bool ready;
} side;

struct sn__pd {
    _Atomic uint32_t state; /* users; OWNED, CLOSED, GONE */
    atomic_bool over;       /* the peer has ended, or an error came: no further edge is certain */
    _Atomic uint32_t deaf;  /* the backend has to be told of it again before the next wait */
    _Atomic uint32_t added; /* how often the backend holds it; only where there is a `remove` */
    int fd;
    sn__lockw lock;
    side side[2];
    sn__pd *next; /* in the free list */
};

static struct {
    sn__lockw lock;
    sn__pd *free;
    const sn__backend *by; /* under lock until `up` */
    _Atomic int up;
    _Atomic uint32_t waiting;
    _Atomic uint32_t opened; /* orders a pd's making before its events, as the kernel does */
} np;

static void np_wait(sn__poll_batch *b, sn_time until) {
    sn__hb_acquire(&np); /* the making of the backend's descriptors */
    np.by->wait(b, until);
    (void)atomic_load_explicit(&np.opened, memory_order_acquire);
}

/* Under pd->lock: everybody of one side, claimed, onto `won`. */
static bool claim_side(side *s, enum sn__cause cause, sn__link *won) {
    sn__node *n;
    bool any = false;
    while ((n = sn__claim_first(&s->queue, cause))) {
        sn__list_push(won, &n->link);
        any = true;
    }
    return any;
}

static void ready_all(sn__link *won) {
    sn__link *l;
    while ((l = sn__list_pop(won))) sn__ready(SN__OF(l, sn__node, link)->g);
}

/* Under pd->lock. The first who waits and is still to be had, readied by the caller if it is the
 * only one; else all onto `won`. */
static inline sn__g *edge_at(side *s, sn__link *won) {
    if (sn__list_empty(&s->queue)) {
        s->ready = true;
        return NULL;
    }
    sn__node *n = sn__claim_first(&s->queue, SN__WOKEN);
    s->ready = !n;
    if (!n || SN__LIKELY(sn__list_empty(&s->queue))) return n ? n->g : NULL;
    claim_side(s, SN__WOKEN, won);
    return n->g;
}

static void edge(sn__pd *pd, bool in, bool out) {
    sn__link won = {NULL, NULL};
    sn__g *reader = NULL, *writer = NULL;
    sn__lock(&pd->lock);
    if (in) reader = edge_at(&pd->side[SN__PD_READ], &won);
    if (out) writer = edge_at(&pd->side[SN__PD_WRITE], &won);
    sn__unlock(&pd->lock);
    if (reader) sn__ready(reader);
    if (writer) sn__ready(writer);
    if (SN__UNLIKELY(won.next)) ready_all(&won);
}

/* An event that outlived its descriptor's use of the pd costs the next user one spurious wake. */
static void np_deliver(const sn__poll_batch *b) {
    for (int i = 0; i < b->n; i++) {
        uint32_t e = b->at[i].events, broken = e & (EPOLLERR | EPOLLHUP);
        sn__pd *pd = b->at[i].what;
        if (e & (EPOLLRDHUP | EPOLLERR | EPOLLHUP))
            atomic_store_explicit(&pd->over, true, memory_order_relaxed);
        if (SN__UNLIKELY(e & SN__LAST_EVENT)) {
            atomic_store(&pd->deaf, 1);
            atomic_fetch_sub(&pd->added, 1);
            broken = true; /* who waits comes again, and sees it */
        }
        edge(pd, e & (EPOLLIN | EPOLLRDHUP) || broken, e & EPOLLOUT || broken);
    }
}

static void np_interrupt(void) {
    sn__hb_acquire(&np);
    np.by->interrupt();
}

static uint32_t np_waiting(void) { return atomic_load(&np.waiting); }

/* The set stays for the next run: pds of the program may outlive one. */
static void np_end(void) {}

static const sn__poller poller = {np_wait, np_deliver, np_interrupt, np_waiting, np_end};

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

/* Under np.lock: pds come in blocks that are never freed. */
static sn__pd *get_pd(void) {
    if (!np.free) {
        sn__pd *block = calloc(PDS_A_BLOCK, sizeof *block);
        for (int i = 0; block && i < PDS_A_BLOCK; i++) {
            block[i].next = np.free;
            np.free = &block[i];
        }
    }
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
    pd->side[0].ready = pd->side[1].ready = false;
    atomic_store_explicit(&pd->over, false, memory_order_relaxed);
    atomic_store_explicit(&pd->deaf, 0, memory_order_relaxed);
    atomic_store_explicit(&pd->added, 0, memory_order_relaxed);
    sn__unlock(&pd->lock);
    atomic_store(&pd->state, OWNED);
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
    *out = pd;
    return 0;
}

int sn__pd_ref(sn__pd *pd) {
    if (SN__LIKELY(!(atomic_fetch_add(&pd->state, 1) & CLOSED))) return 0;
    sn__pd_unref(pd);
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
static bool close_fd(sn__pd *pd, uint32_t *state) {
    if ((*state & (CLOSED | GONE | USERS)) != (CLOSED | 1)) return false;
    if (!atomic_compare_exchange_strong(&pd->state, state, *state | GONE)) return true;
    if (np.by->remove) take_out(pd);
    sn__hb_acquire(pd); /* all uses of it */
    close(pd->fd);
    *state = atomic_load(&pd->state);
    return true;
}

void sn__pd_unref(sn__pd *pd) {
    sn__hb_release(pd);
    uint32_t s = atomic_load_explicit(&pd->state, memory_order_relaxed);
    for (;;) {
        if (SN__UNLIKELY(s & CLOSED) && close_fd(pd, &s)) continue;
        if (atomic_compare_exchange_weak(&pd->state, &s, s - 1)) break;
    }
    if (SN__UNLIKELY(!((s - 1) & (USERS | OWNED)))) put_pd(pd);
}

int sn__pd_fd(const sn__pd *pd) { return pd->fd; }

bool sn__pd_over(const sn__pd *pd) { return atomic_load_explicit(&pd->over, memory_order_relaxed); }

static int code_of(sn__g *g, enum sn__cause cause) {
    if (cause == SN__WOKEN) return 0;
    return cause == SN__CLOSED ? SN_ECLOSED : sn__cause_code(g, cause);
}

/* Under pd->lock: is there nothing to wait for? *rc is then the wait's result. */
static bool settled(sn__pd *pd, side *s, int *rc) {
    bool closed = atomic_load(&pd->state) & CLOSED;
    bool ready = s->ready;
    *rc = closed ? SN_ECLOSED : ready ? 0 : SN_ETIMEDOUT;
    s->ready = false;
    return closed || ready;
}

static int hear_again(sn__pd *pd) { return atomic_exchange(&pd->deaf, 0) ? add(pd, pd->fd) : 0; }

static int pd_wait(sn__g *g, sn__pd *pd, int mode, sn_time until) {
    side *s = &pd->side[mode];
    sn__node n;
    int rc = sn__interrupted(g);
    if (SN__UNLIKELY(atomic_load_explicit(&pd->deaf, memory_order_relaxed)) && !rc)
        rc = hear_again(pd);
    if (rc) return rc;
    sn__lock(&pd->lock);
    if (settled(pd, s, &rc) || until <= 0) {
        sn__unlock(&pd->lock);
        return rc;
    }
    sn__queue(&s->queue, &n, g, sn__arm(g, !g->shield), NULL);
    sn__unlock(&pd->lock);
    atomic_fetch_add(&np.waiting, 1);
    enum sn__cause cause = sn__park(g, until, SN__R_IO, pd);
    atomic_fetch_sub(&np.waiting, 1);
    if (cause != SN__WOKEN && cause != SN__CLOSED) {
        sn__lock(&pd->lock);
        sn__dequeue(&n);
        sn__unlock(&pd->lock);
    }
    return code_of(g, cause);
}

int sn__pd_wait(sn__pd *pd, int mode, sn_time until) {
    sn__g *g = sn__enter_parks();
    int rc = pd_wait(g, pd, mode, until);
    sn__leave(g);
    return rc;
}

void sn__pd_kick(sn__pd *pd, int mode) {
    sn__g *g = sn__enter();
    edge(pd, mode == SN__PD_READ, mode == SN__PD_WRITE);
    sn__leave(g);
}

void sn__pd_close(sn__pd *pd) {
    sn__link won;
    sn__list_init(&won);
    sn__g *g = sn__enter();
    atomic_fetch_add(&pd->state, 1);
    atomic_fetch_or(&pd->state, CLOSED);
    sn__lock(&pd->lock);
    claim_side(&pd->side[SN__PD_READ], SN__CLOSED, &won);
    claim_side(&pd->side[SN__PD_WRITE], SN__CLOSED, &won);
    sn__unlock(&pd->lock);
    ready_all(&won);
    sn__leave(g);
    sn__pd_unref(pd);
}

void sn__pd_free(sn__pd *pd) {
    sn__pd_close(pd);
    if (!(atomic_fetch_and(&pd->state, ~OWNED) & USERS)) put_pd(pd);
}
