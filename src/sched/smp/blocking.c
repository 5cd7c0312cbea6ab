/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * sn_blocking: calls that are known to block, with the P given away before them.
 *
 * Each keeps a thread, so there are places for SENNIT_MAX_BLOCKED of them; further callers wait for
 * a place in the order in which they came. Not even a cancel ends that wait: f is called in any
 * case, or its caller could not tell whether what it returned is f's.
 */
#include "core/wait.h"
#include "sched/smp/settings.h"
#include "sched/smp/smp.h"

void sn__places_init(void) { sn__list_init(&sn__rt.places_wanted); }

/* places_lock held. */
static bool place_free(runtime *rt) {
    if (SN__UNLIKELY(rt->places_taken >= sn__set.max_blocked)) return false;
    rt->places_taken++;
    return true;
}

bool sn__place_try(void) {
    runtime *rt = &sn__rt;
    sn__lock(&rt->places_lock);
    bool mine = place_free(rt);
    sn__unlock(&rt->places_lock);
    return mine;
}

static void take_place(sn__g *g) {
    runtime *rt = &sn__rt;
    sn__node n;
    sn__lock(&rt->places_lock);
    if (place_free(rt)) {
        sn__unlock(&rt->places_lock);
        return;
    }
    sn__queue(&rt->places_wanted, &n, g, sn__arm(g, false), NULL);
    sn__unlock(&rt->places_lock);
    (void)sn__park(g, SN_NEVER, SN__R_BLOCKING, NULL);
}

void sn__place_back(void) {
    runtime *rt = &sn__rt;
    sn__lock(&rt->places_lock);
    sn__node *n = sn__claim_first(&rt->places_wanted, SN__WOKEN);
    if (!n) rt->places_taken--;
    sn__unlock(&rt->places_lock);
    if (n) sn__ready(n->g);
}

/* As at the begin of sn_blocking, but without a place; its end is left to the next call that may
 * park. */
void sn__give_away(void) {
    sn__g *g = sn__enter();
    if (!g->foreign) {
        M *m = m_of(g);
        if (m->p) sn__release_p(m);
        m->b.budget = 0;
    }
    sn__leave(g);
}

int sn_blocking(sn_fn f, void *arg) {
    sn__g *g = sn__enter_parks();
    if (g->foreign) return f(arg);
    take_place(g);
    M *m = m_of(g);
    if (m->p) sn__release_p(m);
    sn__leave(g);
    int rc = f(arg);
    g = sn__enter();
    sn__place_back();
    sn__refresh(g); /* waits for a P */
    sn__leave(g);
    return rc;
}
