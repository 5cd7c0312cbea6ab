/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A queue of waiters: what channels, locks and counters have in common. The object's own
 * sn__lock guards it; the nodes live on the waiters' stacks. */
#ifndef SN_CORE_WAIT_H
#define SN_CORE_WAIT_H

#include "core/sched.h"

typedef struct sn__node {
    sn__link link;
    sn__g *g;
    sn__ticket ticket;
    void *value; /**< where the value comes from or goes to */
    bool queued; /**< in a queue; under the object's lock */
} sn__node;

/** Queues g, armed with t, at the end. */
static inline void sn__queue(sn__link *q, sn__node *n, sn__g *g, sn__ticket t, void *value) {
    n->g = g;
    n->ticket = t;
    n->value = value;
    n->queued = true;
    sn__list_push(q, &n->link);
}
/** Takes g's own node out, if a waker has not. */
static inline void sn__dequeue(sn__node *n) {
    if (!n->queued) return;
    sn__list_del(&n->link);
    n->queued = false;
}
/** The first waiter whose ticket we win with `cause`, out of the queue and not yet readied;
 *  NULL: none. Those lost to a time-out or a cancel are dropped on the way. */
static inline sn__node *sn__claim_first(sn__link *q, enum sn__cause cause) {
    sn__link *l;
    while ((l = sn__list_pop(q))) {
        sn__node *n = SN__OF(l, sn__node, link);
        n->queued = false;
        if (sn__claim(n->g, n->ticket, cause)) {
            n->g->won = n;
            return n;
        }
    }
    return NULL;
}
/** Readies those whose nodes are in the list `won`. No lock is held. */
static inline void sn__ready_all(sn__link *won) {
    sn__link *l;
    while ((l = sn__list_pop(won))) sn__ready(SN__OF(l, sn__node, link)->g);
}

#endif
