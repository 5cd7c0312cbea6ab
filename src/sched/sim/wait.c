/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Places to wait at, for the world and for what is asked of the run as a whole. */
#include "sched/sim/state.h"

typedef struct waiter {
    sn__link link;
    sn__g *g;
    sn__ticket ticket;
} waiter;

int sn__sim_wait_raw(sn__waiters *w, sn_time until, enum sn__reason why, bool cancellable) {
    sim *s = &sn__sim;
    sn__g *g = sn__self();
    waiter me = {.g = g};
    bool was = s->quiet;
    s->quiet = true; /* nobody comes between the caller's look and its place in the list */
    me.ticket = sn__arm(g, cancellable);
    s->quiet = was;
    sn__list_push(&w->list, &me.link);
    enum sn__cause cause = sn__park(g, until, why, w);
    if (me.link.next) sn__list_del(&me.link);
    return cause == SN__WOKEN ? 0 : sn__cause_code(g, cause);
}

int sn__sim_wait(sn__waiters *w, sn_time until, enum sn__reason why) {
    const sn__g *g = sn__self();
    const sn_host *h = sn__sim_host();
    if (h && h->frozen) return SN_ECANCELED;
    int rc = sn__interrupted(g);
    if (rc) return rc;
    return until <= 0 ? SN_ETIMEDOUT : sn__sim_wait_raw(w, until, why, !g->shield);
}

bool sn__sim_wake_one(sn__waiters *w) {
    for (sn__link *l; (l = sn__list_pop(&w->list));) {
        waiter *one = SN__OF(l, waiter, link);
        bool was = sn__sim.quiet;
        sn__sim.quiet = true;
        bool won = sn__claim(one->g, one->ticket, SN__WOKEN);
        if (won) sn__ready(one->g);
        sn__sim.quiet = was;
        if (won) return true;
    }
    return false;
}

void sn__sim_wake(sn__waiters *w) {
    while (sn__sim_wake_one(w))
        ;
}

int sn_sim_settle(void) {
    const sn__g *g = sn__enter_parks();
    int rc = sn__interrupted(g);
    return rc ? rc : sn__sim_wait_raw(&sn__sim.settlers, SN_NEVER, SN__R_SLEEP, !g->shield);
}

int sn_sim_quiesce(sn_time until) {
    sim *s = &sn__sim;
    const sn__g *g = sn__enter_parks();
    int rc = sn__interrupted(g);
    if (rc) return rc;
    s->quiescers_timed += until != SN_NEVER;
    rc = sn__sim_wait_raw(&s->quiescers, until, SN__R_SLEEP, !g->shield);
    s->quiescers_timed -= until != SN_NEVER;
    return rc;
}
