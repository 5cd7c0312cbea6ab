/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Wait groups: a count and whoever waits for it to be zero, under one lock. */
#include <sennit/sync.h>

#include "core/wait.h"

typedef struct wg {
    sn__lockw lock;
    sn__link queue;
    long count;
} wg;
_Static_assert(sizeof(wg) <= sizeof(sn_wg), "sn_wg has room for a wait group");

void sn_wg_add(sn_wg *pub, long n) {
    wg *w = (wg *)pub;
    sn__link won;
    sn__node *node;
    sn__list_init(&won);
    sn__g *g = sn__enter();
    if (n < 0) sn__hb_release(w);
    sn__lock(&w->lock);
    long now;
    bool wrong = __builtin_add_overflow(w->count, n, &now) || now < 0;
    w->count = now;
    if (now == 0)
        while ((node = sn__claim_first(&w->queue, SN__WOKEN))) sn__list_push(&won, &node->link);
    sn__unlock(&w->lock);
    if (wrong) sn__fatal("wait group below zero, or beyond its range");
    sn__ready_all(&won);
    sn__leave(g);
}

static int wg_wait(sn__g *g, wg *w) {
    int rc = sn__interrupted(g);
    if (rc) return rc;
    sn__node n;
    sn__lock(&w->lock);
    if (w->count == 0) {
        sn__unlock(&w->lock);
        return 0;
    }
    sn__queue(&w->queue, &n, g, sn__arm(g, !g->shield), NULL);
    sn__unlock(&w->lock);
    enum sn__cause cause = sn__park(g, SN_NEVER, SN__R_WG, w);
    if (cause == SN__WOKEN) return 0;
    sn__lock(&w->lock);
    sn__dequeue(&n);
    sn__unlock(&w->lock);
    return sn__cause_code(g, cause);
}

int sn_wg_wait(sn_wg *pub) {
    sn__g *g = sn__enter_parks();
    int rc = wg_wait(g, (wg *)pub);
    if (!rc) sn__hb_acquire(pub);
    sn__leave(g);
    return rc;
}
