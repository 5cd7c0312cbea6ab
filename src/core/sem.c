/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Counting semaphore: a count and a FIFO queue under one lock. The count is above zero only
 * while nobody waits. */
#include <sennit/sync.h>

#include "core/wait.h"

typedef struct sem {
    sn__lockw lock;
    sn__link queue;
    long count;
} sem;
_Static_assert(sizeof(sem) <= sizeof(sn_sem), "sn_sem has room for a semaphore");

void sn_sem_init(sn_sem *pub, long count) {
    *pub = (sn_sem){{0}};
    ((sem *)pub)->count = count;
}

static int sem_wait(sn__g *g, sem *s, sn_time until) {
    int rc = sn__interrupted(g);
    if (rc) return rc;
    sn__lock(&s->lock);
    if (s->count > 0 || until == 0) {
        rc = s->count > 0 ? 0 : SN_ETIMEDOUT;
        if (!rc) s->count--;
        sn__unlock(&s->lock);
        return rc;
    }
    sn__node n;
    sn__queue(&s->queue, &n, g, sn__arm(g, !g->shield), NULL);
    sn__unlock(&s->lock);
    enum sn__cause cause = sn__park(g, until, SN__R_SEM, s);
    if (cause == SN__WOKEN) return 0;
    sn__lock(&s->lock);
    sn__dequeue(&n);
    sn__unlock(&s->lock);
    return sn__cause_code(g, cause);
}

int sn_sem_wait(sn_sem *pub, sn_time until) {
    sn__g *g = sn__enter_parks();
    int rc = sem_wait(g, (sem *)pub, until);
    sn__leave(g);
    return rc;
}

void sn_sem_post(sn_sem *pub) {
    sem *s = (sem *)pub;
    sn__g *g = sn__enter();
    sn__lock(&s->lock);
    sn__node *n = sn__claim_first(&s->queue, SN__WOKEN);
    if (!n) s->count++;
    sn__unlock(&s->lock);
    if (n) sn__ready(n->g);
    sn__leave(g);
}
