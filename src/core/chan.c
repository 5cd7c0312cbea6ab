/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Channels. Owns: the ring buffer, the two wait queues. One lock a channel; a value goes from
 * stack to stack when a peer waits, through the ring otherwise. Semantics are Go's, the algorithm
 * that of Go's runtime (a ring, two queues of waiters, direct hand-off), with claimable tickets
 * in place of its selectDone flag.
 */
#include "core/chan.h"

#include "core/mem.h"
#include "core/trace.h"

int sn_chan_init(sn_chan *pub, size_t elem, size_t cap, void *buf, void (*drop)(void *)) {
    sn__chan *c = sn__chan_of(pub);
    size_t bytes;
    if (elem > SN_ELEM_MAX || __builtin_mul_overflow(elem, cap, &bytes) || bytes > PTRDIFF_MAX)
        return SN_EINVAL;
    memset(pub, 0, sizeof *pub);
    if (!buf && bytes) {
        buf = sn__alloc(bytes);
        if (!buf) return SN_ENOMEM;
        c->own_buf = true;
    }
    c->elem = (uint32_t)elem;
    c->cap = cap;
    c->buf = buf ? buf : (char *)c; /* never NULL: no element has bytes then */
    c->drop = drop;
    c->order = sn__order(c);
    sn__list_init(&c->sendq);
    sn__list_init(&c->recvq);
    return 0;
}

sn_chan *sn_chan_new(size_t elem, size_t cap, void (*drop)(void *)) {
    sn_chan *pub = sn__alloc(sizeof *pub);
    if (!pub) return NULL;
    if (sn_chan_init(pub, elem, cap, NULL, drop)) {
        sn__free(pub);
        return NULL;
    }
    sn__chan_of(pub)->own_self = true;
    return pub;
}

void sn_chan_free(sn_chan *pub) {
    if (!pub) return;
    sn__chan *c = sn__chan_of(pub);
    if (!sn__list_empty(&c->sendq) || !sn__list_empty(&c->recvq))
        sn__fatal("channel freed while somebody waits on it");
    SN__HB_IN();
    sn__hb_writes(c, sizeof *c); /* a send at the same time is a race */
    SN__HB_OUT();
    for (size_t i = 0; c->drop && i < c->len; i++) c->drop(sn__chan_slot(c, i));
    if (c->own_buf) sn__free(c->buf);
    if (c->own_self) sn__free(pub);
}

size_t sn_chan_len(const sn_chan *pub) {
    if (!pub) return 0;
    sn__chan *c = sn__chan_of(pub);
    sn__g *g = sn__enter();
    sn__lock(&c->lock);
    size_t n = c->len;
    sn__unlock(&c->lock);
    sn__leave(g);
    return n;
}

size_t sn_chan_cap(const sn_chan *pub) { return pub ? sn__chan_of(pub)->cap : 0; }

SN__COLD _Noreturn void sn__send_on_closed(void) { sn__fatal("send on closed channel"); }

/* With the lock held, which it frees: waits in q. 0, SN_ECLOSED or the scope's code. Apart from its
 * callers, so that who need not wait pays for no frame. */
__attribute__((noinline)) static int wait_in(sn__chan *c, sn__link *q, sn__g *g, void *v,
                                             enum sn__reason why) {
    sn__node n;
    sn__queue(q, &n, g, sn__arm(g, !g->shield), v);
    sn__hb_waits(&n);
    sn__unlock(&c->lock);
    enum sn__cause cause = sn__park(g, SN_NEVER, why, c);
    sn__hb_woken(&n);
    if (SN__LIKELY(cause == SN__WOKEN)) return 0;
    if (cause == SN__CLOSED) {
        sn__hb_acquire(&c->closed);
        return SN_ECLOSED;
    }
    sn__lock(&c->lock);
    sn__dequeue(&n);
    sn__unlock(&c->lock);
    return sn__cause_code(g, cause);
}

static int wait_nil(sn__g *g, enum sn__reason why) {
    sn__arm(g, !g->shield);
    return sn__cause_code(g, sn__park(g, SN_NEVER, why, NULL));
}

/* A sender reads its value, and the channel, which a close writes; a receiver writes its value. */
static inline void sees_send(const sn__chan *c, const void *v) {
    if (!SN__HB_ON || !c) return;
    sn__hb_reads(c, 1);
    sn__hb_reads(v, c->elem);
}
static inline void sees_recv(const sn__chan *c, void *v, int rc) {
    if (SN__HB_ON && c && rc == 0) sn__hb_writes(v, c->elem);
}

static inline int chan_send(sn__g *g, sn__chan *c, const void *v) {
    int rc = sn__interrupted(g);
    if (SN__UNLIKELY(rc)) return rc;
    if (SN__UNLIKELY(!c)) return wait_nil(g, SN__R_SEND_NIL);
    sn__g *wake = NULL;
    sn__lock(&c->lock);
    enum sn__try t = sn__chan_try_send(c, v, &wake);
    if (t == SN__TRY_NO) {
        rc = wait_in(c, &c->sendq, g, (void *)(uintptr_t)v, SN__R_SEND);
        if (SN__UNLIKELY(rc == SN_ECLOSED)) sn__send_on_closed();
        return rc;
    }
    sn__unlock(&c->lock);
    if (SN__UNLIKELY(t == SN__TRY_CLOSED)) sn__send_on_closed();
    if (wake) sn__ready(wake);
    return 0;
}

int sn_send(sn_chan *pub, const void *v) {
    sn__g *g = sn__enter_parks();
    SN__EV_SEND(g, pub);
    SN__HB_IN();
    sees_send(sn__chan_of(pub), v);
    int rc = chan_send(g, sn__chan_of(pub), v);
    SN__HB_OUT();
    sn__leave(g);
    return rc;
}

static inline int chan_recv(sn__g *g, sn__chan *c, void *v) {
    int rc = sn__interrupted(g);
    if (SN__UNLIKELY(rc)) return rc;
    if (SN__UNLIKELY(!c)) return wait_nil(g, SN__R_RECV_NIL);
    sn__g *wake = NULL;
    sn__lock(&c->lock);
    enum sn__try t = sn__chan_try_recv(c, v, &wake);
    if (t == SN__TRY_NO) return wait_in(c, &c->recvq, g, v, SN__R_RECV);
    sn__unlock(&c->lock);
    if (wake) sn__ready(wake);
    return t == SN__TRY_DONE ? 0 : SN_ECLOSED;
}

static inline int bracketed_recv(sn_chan *pub, void *v) {
    sn__g *g = sn__enter_parks();
    SN__EV_RECV(g, pub);
    int rc = chan_recv(g, sn__chan_of(pub), v);
    sees_recv(sn__chan_of(pub), v, rc);
    sn__leave(g);
    return rc;
}

typedef int recv_fn(sn_chan *pub, void *v);

/* Receives only to drop: drop is the user's, so it runs after the bracket, on a copy. */
SN__COLD static int recv_and_drop(sn_chan *pub, recv_fn *receive) {
    sn__chan *c = sn__chan_of(pub);
    if (sn__self()->odd & SN__ODD_PACKED) sn__fatal("a packed coroutine receives to drop");
    _Alignas(16) char small[256];
    void *v = c->elem <= sizeof small ? small : sn__alloc(c->elem);
    if (!v) return SN_ENOMEM;
    int rc = receive(pub, v);
    if (!rc) c->drop(v);
    if (v != small) sn__free(v);
    return rc;
}

int sn_recv(sn_chan *pub, void *v) {
    if (SN__UNLIKELY(!v && pub && sn__chan_of(pub)->drop))
        return recv_and_drop(pub, bracketed_recv);
    SN__HB_IN();
    int rc = bracketed_recv(pub, v);
    SN__HB_OUT();
    return rc;
}

int sn_try_send(sn_chan *pub, const void *v) {
    if (!pub) return SN_EAGAIN;
    sn__chan *c = sn__chan_of(pub);
    sn__g *g = sn__enter(), *wake = NULL;
    SN__HB_IN();
    sees_send(c, v);
    SN__HB_OUT();
    sn__lock(&c->lock);
    enum sn__try t = sn__chan_try_send(c, v, &wake);
    sn__unlock(&c->lock);
    if (SN__UNLIKELY(t == SN__TRY_CLOSED)) sn__send_on_closed();
    if (wake) sn__ready(wake);
    sn__leave(g);
    return t == SN__TRY_DONE ? 0 : SN_EAGAIN;
}

static inline int bracketed_try_recv(sn_chan *pub, void *v) {
    sn__chan *c = sn__chan_of(pub);
    sn__g *g = sn__enter(), *wake = NULL;
    sn__lock(&c->lock);
    enum sn__try t = sn__chan_try_recv(c, v, &wake);
    sn__unlock(&c->lock);
    SN__HB_IN();
    sees_recv(c, v, t != SN__TRY_DONE);
    SN__HB_OUT();
    if (wake) sn__ready(wake);
    sn__leave(g);
    return t == SN__TRY_DONE ? 0 : t == SN__TRY_CLOSED ? SN_ECLOSED : SN_EAGAIN;
}

/* No channel, or nowhere to put the value. */
SN__COLD static int try_recv_odd(sn_chan *pub) {
    if (!pub) return SN_EAGAIN;
    if (!sn__chan_of(pub)->drop) return bracketed_try_recv(pub, NULL);
    return recv_and_drop(pub, bracketed_try_recv);
}

int sn_try_recv(sn_chan *pub, void *v) {
    if (SN__UNLIKELY(!pub || !v)) return try_recv_odd(pub);
    return bracketed_try_recv(pub, v);
}

/* Moves every waiter whose ticket we win from q to `won`. */
static void claim_all(sn__link *q, sn__link *won) {
    sn__node *n;
    while ((n = sn__claim_first(q, SN__CLOSED))) sn__list_push(won, &n->link);
}

void sn_chan_close(sn_chan *pub) {
    if (!pub) sn__fatal("close of a NULL channel");
    sn__chan *c = sn__chan_of(pub);
    sn__link won, *l;
    sn__list_init(&won);
    sn__g *g = sn__enter();
    SN__EV_CLOSE(pub);
    SN__HB_IN();
    sn__hb_writes(c, 1); /* a send at the same time is a race */
    SN__HB_OUT();
    sn__hb_release(&c->closed);
    sn__lock(&c->lock);
    bool twice = c->closed;
    c->closed = true;
    claim_all(&c->recvq, &won);
    claim_all(&c->sendq, &won);
    sn__unlock(&c->lock);
    if (twice) sn__fatal("close of a closed channel");
    while ((l = sn__list_pop(&won))) sn__ready(SN__OF(l, sn__node, link)->g);
    sn__leave(g);
}
