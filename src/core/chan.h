/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The inside of a channel, shared by chan.c and select.c. */
#ifndef SN_CORE_CHAN_H
#define SN_CORE_CHAN_H

#include <sennit/chan.h>

#include "core/mem.h"
#include "core/wait.h"

/*
 * lock guards everything below it. Invariants while it is free:
 *   recvq not empty (of unclaimed waiters)  =>  len == 0 and not closed
 *   sendq not empty (of unclaimed waiters)  =>  len == cap and not closed
 */
typedef struct sn__chan {
    sn__lockw lock;
    uint32_t elem;
    size_t cap, len, head;
    char *buf;
    sn__link sendq, recvq;
    void (*drop)(void *);
    bool closed;
    bool own_buf;    /**< buf is ours to free */
    bool own_self;   /**< made by sn_chan_new */
    uintptr_t order; /**< whom to lock first: see sn__order */
} sn__chan;

_Static_assert(sizeof(sn__chan) <= sizeof(sn_chan), "sn_chan has room for a channel");

static inline sn__chan *sn__chan_of(const sn_chan *c) { return (sn__chan *)(uintptr_t)c; }

/** Where the i-th of the values that are buffered lies, or will. */
static inline char *sn__chan_slot(const sn__chan *c, size_t i) {
    size_t at = c->head + i;
    if (at >= c->cap) at -= c->cap;
    return c->buf + at * c->elem;
}

/** What a try found, with the channel locked before and after. */
enum sn__try { SN__TRY_NO, SN__TRY_DONE, SN__TRY_CLOSED };

static inline void sn__chan_put(sn__chan *c, const void *v) {
    sn__copy(sn__chan_slot(c, c->len), v, c->elem);
    c->len++;
}

static inline void sn__chan_get(sn__chan *c, void *v) {
    if (v) sn__copy(v, c->buf + c->head * c->elem, c->elem);
    if (++c->head == c->cap) c->head = 0;
    c->len--;
}

/** Where the k-th send, the k-th receive and the (k + cap)-th send take turns: the i-th from the
 *  head. */
static inline const void *sn__chan_turn(const sn__chan *c, size_t i) {
    if (c->elem) return sn__chan_slot(c, i);
    return (const char *)c + (c->head + i) % c->cap % sizeof *c;
}

/** The caller does its part of an operation with the one who waits. Without a ring each part
 *  happens before the other is done; with one it is as if the value had been through it. */
static inline void sn__chan_meet(sn__chan *c, const sn__node *peer) {
    if (!SN__HB_ON) return;
    if (c->cap == 0) {
        sn__hb_release(peer);
        sn__hb_as(peer->g, peer, peer);
        sn__hb_acquire(peer);
    } else {
        const void *at = sn__chan_turn(c, 0);
        sn__hb_turn(at);
        sn__hb_as(peer->g, peer, at);
        if (++c->head == c->cap) c->head = 0;
    }
}

/** The caller takes its turn with the i-th; and in the name of a peer, unless that is NULL. */
static inline void sn__chan_take_turn(const sn__chan *c, size_t i, const sn__node *peer) {
    if (!SN__HB_ON) return;
    sn__hb_turn(sn__chan_turn(c, i));
    if (peer) sn__hb_as(peer->g, peer, sn__chan_turn(c, i));
}

/** Sends if that needs no waiting. *wake: whom to ready once the lock is free. */
static inline enum sn__try sn__chan_try_send(sn__chan *c, const void *v, sn__g **wake) {
    if (SN__UNLIKELY(c->closed)) return SN__TRY_CLOSED;
    sn__node *peer = sn__claim_first(&c->recvq, SN__WOKEN);
    if (peer) {
        if (peer->value) sn__copy(peer->value, v, c->elem);
        sn__chan_meet(c, peer);
        *wake = peer->g;
        return SN__TRY_DONE;
    }
    if (c->len == c->cap) return SN__TRY_NO;
    sn__chan_take_turn(c, c->len, NULL);
    sn__chan_put(c, v);
    return SN__TRY_DONE;
}

/** Receives if that needs no waiting; *wake as in sn__chan_try_send. */
static inline enum sn__try sn__chan_try_recv(sn__chan *c, void *v, sn__g **wake) {
    if (c->len) {
        sn__node *peer = sn__claim_first(&c->sendq, SN__WOKEN);
        sn__chan_take_turn(c, 0, peer);
        sn__chan_get(c, v);
        if (peer) {
            sn__chan_put(c, peer->value);
            *wake = peer->g;
        }
        return SN__TRY_DONE;
    }
    sn__node *peer = sn__claim_first(&c->sendq, SN__WOKEN);
    if (peer) {
        if (v) sn__copy(v, peer->value, c->elem);
        sn__chan_meet(c, peer);
        *wake = peer->g;
        return SN__TRY_DONE;
    }
    if (!c->closed) return SN__TRY_NO;
    sn__hb_acquire(&c->closed);
    return SN__TRY_CLOSED;
}

SN__COLD _Noreturn void sn__send_on_closed(void);

#endif
