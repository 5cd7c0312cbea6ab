/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Counting semaphore: a count and a FIFO queue under one lock. Who wants several waits at the head
 * of the queue until there are as many, and keeps those behind it waiting, or it would starve. So
 * the count is below what the first of those who wait wants. */
#include <sennit/sync.h>

#include "core/wait.h"

typedef struct sem {
    sn__lockw lock;
    sn__link queue;
    long count;
} sem;
_Static_assert(sizeof(sem) <= sizeof(sn_sem), "sn_sem has room for a semaphore");

typedef struct waiter {
    sn__node n;
    long wants;
} waiter;

void sn_sem_init(sn_sem *pub, long count) {
    *pub = (sn_sem){{0}};
    ((sem *)pub)->count = count;
}

/* Under s->lock: the first who still waits. Those whose wait is over need no longer be here. */
static waiter *first(sem *s) {
    while (!sn__list_empty(&s->queue)) {
        sn__node *n = SN__OF(s->queue.next, sn__node, link);
        if (atomic_load(&n->g->wait) == n->ticket) return SN__OF(n, waiter, n);
        sn__dequeue(n);
    }
    return NULL;
}

/* Under s->lock: those whose turn it is have theirs, and are to be readied. */
static void serve(sem *s, sn__link *won) {
    for (waiter *w; (w = first(s)) && w->wants <= s->count;) {
        long wants = w->wants;
        sn__dequeue(&w->n);
        if (!sn__claim(w->n.g, w->n.ticket, SN__WOKEN)) continue;
        s->count -= wants;
        sn__list_push(won, &w->n.link);
    }
}

/* w has not got its share and goes; who waited behind it may have theirs now. */
static void leave(sem *s, waiter *w) {
    sn__link won;
    sn__list_init(&won);
    sn__lock(&s->lock);
    sn__dequeue(&w->n);
    serve(s, &won);
    sn__unlock(&s->lock);
    sn__ready_all(&won);
}

static int sem_wait(sn__g *g, sem *s, long n, sn_time until) {
    int rc = sn__interrupted(g);
    if (rc) return rc;
    waiter w = {.wants = n};
    sn__lock(&s->lock);
    bool there = n <= s->count && !first(s);
    if (there || until == 0) {
        if (there) s->count -= n;
        sn__unlock(&s->lock);
        return there ? 0 : SN_ETIMEDOUT;
    }
    sn__queue(&s->queue, &w.n, g, sn__arm(g, !g->shield), NULL);
    sn__unlock(&s->lock);
    enum sn__cause cause = sn__park(g, until, SN__R_SEM, s);
    if (cause == SN__WOKEN) return 0;
    leave(s, &w);
    return sn__cause_code(g, cause);
}

int sn_sem_wait_n(sn_sem *pub, long n, sn_time until) {
    if (n < 0) return SN_EINVAL;
    sn__g *g = sn__enter_parks();
    int rc = sem_wait(g, (sem *)pub, n, until);
    if (!rc) sn__hb_acquire(pub);
    sn__leave(g);
    return rc;
}

int sn_sem_wait(sn_sem *pub, sn_time until) { return sn_sem_wait_n(pub, 1, until); }

void sn_sem_post_n(sn_sem *pub, long n) {
    sem *s = (sem *)pub;
    sn__link won;
    sn__list_init(&won);
    sn__g *g = sn__enter();
    sn__hb_release(s);
    sn__lock(&s->lock);
    bool wrong = n < 0 || __builtin_add_overflow(s->count, n, &s->count);
    if (!wrong) serve(s, &won);
    sn__unlock(&s->lock);
    if (wrong) sn__fatal("semaphore posted with a number below zero, or beyond its range");
    sn__ready_all(&won);
    sn__leave(g);
}

void sn_sem_post(sn_sem *pub) { sn_sem_post_n(pub, 1); }
