/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Select. First each case alone, in random order: one that can go on is done under its channel's
 * lock. If none can, the caller arms one ticket for all cases and goes through them again, one lock
 * at a time: it queues where it still cannot go on. Where it now can, it first claims its own
 * ticket, so that no peer which has found one of its nodes does another case; then it takes its
 * nodes back. The first peer to claim the ticket wins. (Go locks all channels for this, in order of
 * address; a claimable ticket spares the order and the crowd of locks.)
 *
 * A select that must not wait locks all its channels, in one order, for one look, so that "nothing
 * can go on" is true of one instant.
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
    size_t queued;  /* nodes: those of the first so many in random order */
} selection;

static sn__chan *chan_at(const selection *x, size_t i) { return sn__chan_of(x->cases[i].ch); }

/* Fisher and Yates, inside out, over the cases that are on; the numbers from one that is random, by
 * a linear congruence of which the upper half is good enough for so few. */
static void shuffle(selection *x) {
    uint32_t r = sn__rand();
    x->live = 0;
    for (size_t i = 0; i < x->n; i++) {
        if (!x->cases[i].ch) continue;
        size_t j = (r >> 16) * (x->live + 1) >> 16;
        r = r * 747796405u + 2891336453u;
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
    const sn__chan *c = sn__chan_of(k->ch);
    if (k->op) {
        sn__hb_reads(c, 1);
        sn__hb_reads(k->v, c->elem);
    } else if (t == SN__TRY_DONE) {
        sn__hb_writes(k->v, c->elem);
    }
    if (t == SN__TRY_CLOSED) sn__hb_acquire(&c->closed);
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

/* Whether somebody in q can still be claimed, g itself left out. */
static bool has_peer(const sn__link *q, const sn__g *g) {
    for (sn__link *l = q->next; l != q; l = l->next) {
        const sn__node *n = SN__OF(l, sn__node, link);
        if (n->g != g && atomic_load(&n->g->wait) == n->ticket) return true;
    }
    return false;
}

/* Whether the case can go on: its channel is locked. A peer found here may be gone when it is
 * tried. */
static bool could_go(const sn__chan *c, const sn_case *k, const sn__g *g) {
    if (c->closed || (k->op ? c->len < c->cap : c->len > 0)) return true;
    return has_peer(k->op ? &c->recvq : &c->sendq, g);
}

/* Takes back the nodes that are queued; that of the case `won` is out already. */
static void dequeue_all(selection *x, int won) {
    for (size_t i = 0; i < x->queued; i++) {
        int at = x->s[i].poll;
        if (at == won) continue;
        sn__chan *c = chan_at(x, (size_t)at);
        sn__lock(&c->lock);
        sn__dequeue(&x->s[at].node);
        sn__unlock(&c->lock);
    }
    x->queued = 0;
}

/* The case at `at` could go on, its channel is locked and the caller's ticket its own. Its index;
 * -1: its peer has gone. */
static int go_on(selection *x, int at) {
    sn_case *k = &x->cases[at];
    sn__g *wake = NULL;
    enum sn__try t = try_case(k, &wake);
    sn__unlock(&chan_at(x, (size_t)at)->lock);
    dequeue_all(x, -1);
    if (t == SN__TRY_NO) return -1;
    settle(k, t, wake);
    return at;
}

/* Queues g at its cases, armed. One may go on meanwhile: its index then, and *wait is false. *wait
 * true: queued at all, or a peer has won already. -1 and false: nothing is queued, try again. */
static int queue_each(selection *x, sn__g *g, bool *wait) {
    sn__ticket t = sn__arm(g, !g->shield);
    *wait = true;
    for (size_t i = 0; i < x->live; i++) {
        uint16_t at = x->s[i].poll;
        sn_case *k = &x->cases[at];
        sn__chan *c = chan_at(x, at);
        sn__lock(&c->lock);
        if (SN__UNLIKELY(could_go(c, k, g))) {
            if (sn__disarm(g, t, SN__WOKEN)) {
                *wait = false;
                return go_on(x, at);
            }
            sn__unlock(&c->lock);
            return -1;
        }
        sn__queue(k->op ? &c->sendq : &c->recvq, &x->s[at].node, g, t, k->v);
        sn__hb_waits(&x->s[at].node);
        x->queued = i + 1;
        sn__unlock(&c->lock);
    }
    return -1;
}

static int wait_any(selection *x, sn__g *g, sn_time until) {
    enum sn__cause cause = sn__park(g, until, x->live ? SN__R_SELECT : SN__R_SELECT_NONE, x->cases);
    /* A waker's node is out of its queue already, and the other wakers lost. */
    int won = -1;
    if (cause == SN__WOKEN || cause == SN__CLOSED)
        won = (int)(SN__OF(g->won, select_case, node) - x->s);
    if (won >= 0) sn__hb_woken(&x->s[won].node);
    dequeue_all(x, won);
    if (won < 0) return sn__cause_code(g, cause);
    settle(&x->cases[won], cause == SN__CLOSED ? SN__TRY_CLOSED : SN__TRY_DONE, NULL);
    return won;
}

static int try_now(selection *x) {
    order_locks(x);
    lock_all(x);
    int i = try_locked(x);
    if (i >= 0) return i;
    unlock_all(x);
    return SN_ETIMEDOUT;
}

static int select_in(selection *x, sn__g *g, sn_time until) {
    int i = sn__interrupted(g);
    if (i) return i;
    shuffle(x);
    if (until == 0) return try_now(x);
    if ((i = try_each(x)) >= 0) return i;
    for (bool wait;;) {
        i = queue_each(x, g, &wait);
        if (i >= 0) return i;
        if (wait) return wait_any(x, g, until);
    }
}

/* Few cases on a small frame: the deep one is only paid for by those who need it. */
__attribute__((noinline)) static int select_64(selection *x, sn__g *g, sn_time until) {
    select_case s[64];
    x->s = s;
    return select_in(x, g, until);
}

int sn_selectv(sn_case *cases, size_t n, sn_time until) {
    if (n > SN_CASES_MAX) return SN_EINVAL;
    selection x = {cases, NULL, n, 0, 0};
    select_case s[8];
    sn__g *g = sn__enter_parks();
    SN__EV_SELECT(g, n);
    SN__HB_IN();
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
    SN__HB_OUT();
    sn__leave(g);
    return rc;
}
