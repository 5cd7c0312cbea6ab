/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Condition variables: a queue under its own lock. A waiter is queued before it lets go of the
 * mutex, so a signal sent under that mutex is never lost. */
#include "core/mutex.h"

typedef struct cond {
    sn__lockw lock;
    sn__link queue;
} cond;
_Static_assert(sizeof(cond) <= sizeof(sn_cond), "sn_cond has room for a condition");

int sn_cond_wait(sn_cond *pub, sn_mutex *pm, sn_time until) {
    cond *c = (cond *)pub;
    sn__mutex *m = sn__mutex_of(pm);
    sn__g *g = sn__enter_parks();
    int rc = sn__interrupted(g);
    if (!rc && until == 0) rc = SN_ETIMEDOUT;
    if (rc) {
        sn__leave(g);
        return rc;
    }
    sn__node n;
    sn__lock(&c->lock);
    sn__queue(&c->queue, &n, g, sn__arm(g, !g->shield), NULL);
    sn__unlock(&c->lock);
    sn__hb_release(m);
    sn__g *next = sn__mutex_unlock(m);
    if (next) sn__ready(next);
    enum sn__cause cause = sn__park(g, until, SN__R_COND, c);
    if (cause == SN__WOKEN) sn__hb_acquire(c);
    if (cause != SN__WOKEN) {
        sn__lock(&c->lock);
        sn__dequeue(&n);
        sn__unlock(&c->lock);
        rc = sn__cause_code(g, cause);
    }
    (void)sn__mutex_lock(g, m, SN_NEVER, false);
    sn__hb_acquire(m);
    sn__leave(g);
    return rc;
}

void sn_cond_signal(sn_cond *pub) {
    cond *c = (cond *)pub;
    sn__g *g = sn__enter();
    sn__hb_release(c);
    sn__lock(&c->lock);
    sn__node *n = sn__claim_first(&c->queue, SN__WOKEN);
    sn__unlock(&c->lock);
    if (n) sn__ready(n->g);
    sn__leave(g);
}

void sn_cond_broadcast(sn_cond *pub) {
    cond *c = (cond *)pub;
    sn__link won;
    sn__node *n;
    sn__list_init(&won);
    sn__g *g = sn__enter();
    sn__hb_release(c);
    sn__lock(&c->lock);
    while ((n = sn__claim_first(&c->queue, SN__WOKEN))) sn__list_push(&won, &n->link);
    sn__unlock(&c->lock);
    sn__ready_all(&won);
    sn__leave(g);
}
