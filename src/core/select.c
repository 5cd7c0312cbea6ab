/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Select. First each case alone, in random order: one that can go on is done under its channel's
 * lock only. If none can, all channels are locked in one order, looked at once more, and the
 * caller is queued on each with one ticket; the first to claim it wins (Go's algorithm with the
 * optimistic pass before it). A select that must not wait goes straight to the locked look, so
 * that "nothing can go on" is true of one instant.
 */
#include "core/chan.h"
#include "core/mem.h"
#include "core/trace.h"

typedef struct select_case {
    sn__node node;
    uint16_t poll; /* random order: index of the case to try */
    uint16_t lock; /* in order of their channels: index of the case to lock */
} select_case;

typedef struct selection {
    sn_case *cases;
    select_case *s;
    size_t n, live; /* cases; those whose channel is not NULL */
} selection;

static sn__chan *chan_at(const selection *x, size_t i) { return sn__chan_of(x->cases[i].ch); }

/* Fisher and Yates, inside out, over the cases that are on. */
static void shuffle(selection *x) {
    x->live = 0;
    for (size_t i = 0; i < x->n; i++) {
        if (!x->cases[i].ch) continue;
        size_t j = sn__rand() % (x->live + 1);
        x->s[x->live].poll = x->s[j].poll;
        x->s[j].poll = (uint16_t)i;
        x->live++;
    }
}

static uintptr_t order_at(const selection *x, size_t i) { return chan_at(x, i)->order; }

static void sift(selection *x, size_t root, size_t end) {
    uint16_t v = x->s[root].lock;
    for (size_t child; (child = 2 * root + 1) < end; root = child) {
        if (child + 1 < end && order_at(x, x->s[child].lock) < order_at(x, x->s[child + 1].lock))
            child++;
        if (order_at(x, v) >= order_at(x, x->s[child].lock)) break;
        x->s[root].lock = x->s[child].lock;
    }
    x->s[root].lock = v;
}

/* Heap sort: bounded stack and time whatever the user passes. */
static void order_locks(selection *x) {
    for (size_t i = 0; i < x->live; i++) x->s[i].lock = x->s[i].poll;
    for (size_t i = x->live / 2; i-- > 0;) sift(x, i, x->live);
    for (size_t end = x->live; end-- > 1;) {
        uint16_t top = x->s[0].lock;
        x->s[0].lock = x->s[end].lock;
        x->s[end].lock = top;
        sift(x, 0, end);
    }
}

static void lock_all(selection *x) {
    sn__chan *last = NULL;
    for (size_t i = 0; i < x->live; i++) {
        sn__chan *c = chan_at(x, x->s[i].lock);
        if (c != last) sn__lock(&c->lock);
        last = c;
    }
}

static void unlock_all(selection *x) {
    for (size_t i = x->live; i-- > 0;) {
        sn__chan *c = chan_at(x, x->s[i].lock);
        if (i > 0 && chan_at(x, x->s[i - 1].lock) == c) continue;
        sn__unlock(&c->lock);
    }
}

static enum sn__try try_case(sn_case *k, sn__g **wake) {
    sn__chan *c = sn__chan_of(k->ch);
    return k->op ? sn__chan_try_send(c, k->v, wake) : sn__chan_try_recv(c, k->v, wake);
}

/* A case went on: say so, wake the peer. No lock is held. */
static void settle(sn_case *k, enum sn__try t, sn__g *wake) {
    if (t == SN__TRY_CLOSED && k->op) sn__send_on_closed();
    if (!k->op && k->err) *k->err = t == SN__TRY_CLOSED ? SN_ECLOSED : 0;
    if (wake) sn__ready(wake);
}

static int try_each(selection *x) {
    for (size_t i = 0; i < x->live; i++) {
        sn_case *k = &x->cases[x->s[i].poll];
        sn__chan *c = sn__chan_of(k->ch);
        sn__g *wake = NULL;
        sn__lock(&c->lock);
        enum sn__try t = try_case(k, &wake);
        sn__unlock(&c->lock);
        if (t == SN__TRY_NO) continue;
        settle(k, t, wake);
        return x->s[i].poll;
    }
    return -1;
}

/* All channels are locked; frees them if a case goes on. */
static int try_locked(selection *x) {
    for (size_t i = 0; i < x->live; i++) {
        sn_case *k = &x->cases[x->s[i].poll];
        sn__g *wake = NULL;
        enum sn__try t = try_case(k, &wake);
        if (t == SN__TRY_NO) continue;
        unlock_all(x);
        settle(k, t, wake);
        return x->s[i].poll;
    }
    return -1;
}

static void queue_all(selection *x, sn__g *g) {
    sn__ticket t = sn__arm(g, !g->shield);
    for (size_t i = 0; i < x->live; i++) {
        uint16_t at = x->s[i].poll;
        sn_case *k = &x->cases[at];
        sn__chan *c = sn__chan_of(k->ch);
        sn__queue(k->op ? &c->sendq : &c->recvq, &x->s[at].node, g, t, k->v);
    }
}

static void dequeue_all(selection *x) {
    lock_all(x);
    for (size_t i = 0; i < x->live; i++) sn__dequeue(&x->s[x->s[i].poll].node);
    unlock_all(x);
}

static int wait_any(selection *x, sn__g *g, sn_time until) {
    enum sn__cause cause = sn__park(g, until, x->live ? SN__R_SELECT : SN__R_SELECT_NONE, x->cases);
    /* A waker's node is out of its queue already, and the other wakers lost. */
    int won = -1;
    if (cause == SN__WOKEN || cause == SN__CLOSED)
        won = (int)(SN__OF(g->won, select_case, node) - x->s);
    dequeue_all(x);
    if (won < 0) return sn__cause_code(g, cause);
    settle(&x->cases[won], cause == SN__CLOSED ? SN__TRY_CLOSED : SN__TRY_DONE, NULL);
    return won;
}

static int select_in(selection *x, sn__g *g, sn_time until) {
    int i = sn__interrupted(g);
    if (i) return i;
    shuffle(x);
    if (until != 0 && (i = try_each(x)) >= 0) return i;
    order_locks(x);
    lock_all(x);
    if ((i = try_locked(x)) >= 0) return i;
    if (until == 0) {
        unlock_all(x);
        return SN_ETIMEDOUT;
    }
    queue_all(x, g);
    unlock_all(x);
    return wait_any(x, g, until);
}

/* Few cases on a small frame: the deep one is only paid for by those who need it. */
__attribute__((noinline)) static int select_64(selection *x, sn__g *g, sn_time until) {
    select_case s[64];
    x->s = s;
    return select_in(x, g, until);
}

int sn_selectv(sn_case *cases, size_t n, sn_time until) {
    if (n > SN_CASES_MAX) return SN_EINVAL;
    selection x = {cases, NULL, n, 0};
    select_case s[8];
    sn__g *g = sn__enter_parks();
    SN__EV_SELECT(g, n);
    int rc;
    if (n <= 8) {
        x.s = s;
        rc = select_in(&x, g, until);
    } else if (n <= 64) {
        rc = select_64(&x, g, until);
    } else if (!(x.s = sn__alloc(n * sizeof *x.s))) {
        rc = SN_ENOMEM;
    } else {
        rc = select_in(&x, g, until);
        sn__free(x.s);
    }
    sn__leave(g);
    return rc;
}
