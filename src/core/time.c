/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Sleeping and tickers: a wait that only its own deadline or the scope ends. */
#include <sennit/time.h>

#include "core/sched.h"

static int sleep_until(sn__g *g, sn_time until) {
    int rc = sn__interrupted(g);
    if (rc) return rc;
    sn__arm(g, !g->shield);
    enum sn__cause cause = sn__park(g, until, SN__R_SLEEP, NULL);
    return cause == SN__TIMED_OUT ? 0 : sn__cause_code(g, cause);
}

int sn_sleep_until(sn_time t) {
    sn__g *g = sn__enter_parks();
    int rc = sleep_until(g, t);
    sn__leave(g);
    return rc;
}

int sn_sleep(sn_time d) {
    sn__g *g = sn__enter_parks();
    sn_time until;
    int rc = sn__interrupted(g);
    if (d <= 0)
        sn__yield(g);
    else if (!rc)
        rc = sleep_until(g, __builtin_add_overflow(sn__now(), d, &until) ? SN_NEVER : until);
    sn__leave(g);
    return rc;
}

void sn_ticker_init(sn_ticker *t, sn_time period) {
    if (period <= 0) sn__fatal("ticker with a period that is not above zero");
    t->period = period;
    t->next = sn_now() + period;
}

int sn_tick(sn_ticker *t, uint64_t *missed) {
    uint64_t skipped = 0;
    sn_time now = sn_now();
    if (now >= t->next + t->period) {
        skipped = (uint64_t)((now - t->next) / t->period);
        t->next += (sn_time)skipped * t->period;
    }
    if (missed) *missed = skipped;
    int rc = sn_sleep_until(t->next);
    if (!rc) t->next += t->period;
    return rc;
}
