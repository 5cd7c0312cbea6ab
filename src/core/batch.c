/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Many values through a channel under one lock. What moves is what single sends and receives would
 * have moved, in the same order; only the locking, and the waking of those who waited for it, are
 * done once for all.
 */
#include "core/chan.h"
#include "core/mem.h"
#include "core/trace.h"

static char *at(const void *v, size_t elem, size_t i) { return (char *)(uintptr_t)v + i * elem; }

/* From the ring's position `from` on: as many as lie in one piece. */
static size_t piece(const sn__chan *c, size_t from, size_t n) {
    size_t to_end = c->cap - from;
    return n < to_end ? n : to_end;
}

static void ring_put_many(sn__chan *c, const char *v, size_t n) {
    for (size_t done = 0; done < n;) {
        size_t tail = c->head + c->len;
        if (tail >= c->cap) tail -= c->cap;
        size_t k = piece(c, tail, n - done);
        for (size_t i = 0; SN__HB_ON && i < k; i++) sn__chan_take_turn(c, c->len + i, NULL);
        if (c->elem) sn__hb_copy(c->buf + tail * c->elem, at(v, c->elem, done), k * c->elem);
        c->len += k;
        done += k;
    }
}

static void ring_get_many(sn__chan *c, char *v, size_t n) {
    for (size_t done = 0; done < n;) {
        size_t k = piece(c, c->head, n - done);
        for (size_t i = 0; SN__HB_ON && i < k; i++) sn__chan_take_turn(c, i, NULL);
        if (c->elem) sn__hb_copy(at(v, c->elem, done), c->buf + c->head * c->elem, k * c->elem);
        c->head += k;
        if (c->head == c->cap) c->head = 0;
        c->len -= k;
        done += k;
    }
}

/* ---- sending */

/* Locked, not closed: to those who wait, then into the ring. How many moved. */
static size_t put(sn__chan *c, const char *v, size_t n, sn__link *won) {
    size_t done = 0;
    while (done < n) {
        sn__node *peer = sn__claim_first(&c->recvq, SN__WOKEN);
        if (!peer) break;
        if (peer->value) sn__copy(peer->value, at(v, c->elem, done), c->elem);
        sn__chan_meet(c, peer);
        sn__list_push(won, &peer->link);
        done++;
    }
    size_t room = c->cap - c->len, k = n - done < room ? n - done : room;
    ring_put_many(c, at(v, c->elem, done), k);
    return done + k;
}

/* Waits, queued with the next value as any sender: 0, that one has moved; or why not. */
static int wait_to_send(sn__g *g, sn__chan *c, sn__node *n) {
    enum sn__cause cause = sn__park(g, SN_NEVER, SN__R_SEND, c);
    sn__hb_woken(n);
    if (cause == SN__WOKEN) return 0;
    if (cause == SN__CLOSED) sn__send_on_closed();
    sn__lock(&c->lock);
    sn__dequeue(n);
    sn__unlock(&c->lock);
    return sn__cause_code(g, cause);
}

static int send_many(sn__g *g, sn__chan *c, const void *v, size_t n, size_t *done) {
    int rc = 0;
    while (!rc && *done < n && !(rc = sn__interrupted(g))) {
        sn__link won;
        sn__node node;
        sn__list_init(&won);
        sn__lock(&c->lock);
        bool closed = c->closed;
        if (!closed) *done += put(c, at(v, c->elem, *done), n - *done, &won);
        bool wait = !closed && *done < n;
        if (wait) {
            sn__queue(&c->sendq, &node, g, sn__arm(g, !g->shield), at(v, c->elem, *done));
            sn__hb_waits(&node);
        }
        sn__unlock(&c->lock);
        if (closed) sn__send_on_closed();
        sn__ready_all(&won);
        if (wait && !(rc = wait_to_send(g, c, &node))) ++*done;
    }
    return rc;
}

int sn_send_many(sn_chan *pub, const void *v, size_t n, size_t *done) {
    size_t moved = 0;
    if (done) *done = 0;
    if (!pub) return n ? sn_send(NULL, v) : 0;
    sn__g *g = sn__enter_parks();
    SN__EV_SEND(g, pub);
    SN__HB_IN();
    sn__hb_reads(pub, 1);
    sn__hb_reads(v, n * sn__chan_of(pub)->elem);
    int rc = send_many(g, sn__chan_of(pub), v, n, &moved);
    SN__HB_OUT();
    sn__leave(g);
    if (done) *done = moved;
    return rc;
}

int sn_try_send_many(sn_chan *pub, const void *v, size_t n, size_t *done) {
    *done = 0;
    if (!pub || !n) return n ? SN_EAGAIN : 0;
    sn__chan *c = sn__chan_of(pub);
    sn__link won;
    sn__list_init(&won);
    sn__g *g = sn__enter();
    sn__lock(&c->lock);
    bool closed = c->closed;
    if (!closed) *done = put(c, v, n, &won);
    sn__unlock(&c->lock);
    SN__HB_IN();
    sn__hb_reads(pub, 1);
    sn__hb_reads(v, *done * c->elem);
    SN__HB_OUT();
    if (closed) sn__send_on_closed();
    sn__ready_all(&won);
    sn__leave(g);
    return *done ? 0 : SN_EAGAIN;
}

/* ---- receiving */

/* Locked: fills the ring from those who wait to send. */
static void refill(sn__chan *c, sn__link *won) {
    while (c->len < c->cap) {
        sn__node *peer = sn__claim_first(&c->sendq, SN__WOKEN);
        if (!peer) return;
        if (SN__HB_ON) sn__hb_as(peer->g, peer, sn__chan_turn(c, c->len));
        ring_put_many(c, peer->value, 1);
        sn__list_push(won, &peer->link);
    }
}

/* Locked: from the ring, which is filled up again from those who wait, or straight from them. */
static size_t take(sn__chan *c, char *v, size_t n, sn__link *won) {
    size_t done = 0;
    while (done < n && c->len) {
        size_t k = n - done < c->len ? n - done : c->len;
        ring_get_many(c, at(v, c->elem, done), k);
        done += k;
        refill(c, won);
    }
    while (done < n && !c->cap) {
        sn__node *peer = sn__claim_first(&c->sendq, SN__WOKEN);
        if (!peer) break;
        sn__copy(at(v, c->elem, done), peer->value, c->elem);
        sn__chan_meet(c, peer);
        sn__list_push(won, &peer->link);
        done++;
    }
    return done;
}

/* Waits for the first value, as any receiver. */
static int wait_to_recv(sn__g *g, sn__chan *c, sn__node *n) {
    enum sn__cause cause = sn__park(g, SN_NEVER, SN__R_RECV, c);
    sn__hb_woken(n);
    if (cause == SN__WOKEN) return 0;
    if (cause == SN__CLOSED) {
        sn__hb_acquire(&c->closed);
        return SN_ECLOSED;
    }
    sn__lock(&c->lock);
    sn__dequeue(n);
    sn__unlock(&c->lock);
    return sn__cause_code(g, cause);
}

/* What is there now. SN_EAGAIN: nothing is, and `node`, if it is not NULL, is queued. */
static int recv_now(sn__g *g, sn__chan *c, char *v, size_t n, size_t *done, sn__node *node) {
    sn__link won;
    sn__list_init(&won);
    sn__lock(&c->lock);
    size_t k = take(c, v, n, &won);
    bool closed = c->closed;
    if (!k && !closed && node) {
        sn__queue(&c->recvq, node, g, sn__arm(g, !g->shield), v);
        sn__hb_waits(node);
    }
    if (!k && closed) sn__hb_acquire(&c->closed);
    sn__unlock(&c->lock);
    sn__ready_all(&won);
    *done += k;
    return k ? 0 : closed ? SN_ECLOSED : SN_EAGAIN;
}

static int recv_many(sn__g *g, sn__chan *c, char *v, size_t n, size_t *done) {
    sn__node node;
    int rc = sn__interrupted(g);
    if (rc) return rc;
    rc = recv_now(g, c, v, n, done, &node);
    if (rc != SN_EAGAIN) return rc;
    rc = wait_to_recv(g, c, &node);
    if (rc) return rc;
    *done = 1;
    if (n > 1) (void)recv_now(g, c, at(v, c->elem, 1), n - 1, done, NULL);
    return 0;
}

int sn_recv_many(sn_chan *pub, void *v, size_t n, size_t *done) {
    *done = 0;
    if (!n) return SN_EINVAL;
    if (!pub) return sn_recv(NULL, v);
    sn__g *g = sn__enter_parks();
    SN__EV_RECV(g, pub);
    SN__HB_IN();
    int rc = recv_many(g, sn__chan_of(pub), v, n, done);
    sn__hb_writes(v, *done * sn__chan_of(pub)->elem);
    SN__HB_OUT();
    sn__leave(g);
    return rc;
}

int sn_try_recv_many(sn_chan *pub, void *v, size_t n, size_t *done) {
    *done = 0;
    if (!n) return SN_EINVAL;
    if (!pub) return SN_EAGAIN;
    sn__g *g = sn__enter();
    int rc = recv_now(g, sn__chan_of(pub), v, n, done, NULL);
    SN__HB_IN();
    sn__hb_writes(v, *done * sn__chan_of(pub)->elem);
    SN__HB_OUT();
    sn__leave(g);
    return rc;
}
