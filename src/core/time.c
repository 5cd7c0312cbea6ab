/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Sleeping and tickers: a wait that only its own deadline or the scope ends. */
#include <sennit/time.h>

#include "core/sched.h"

static sn_time later(sn_time t, sn_time d) {
    sn_time sum;
    return __builtin_add_overflow(t, d, &sum) ? SN_NEVER : sum;
}

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
    int rc = sn__interrupted(g);
    if (d <= 0)
        sn__yield(g);
    else if (!rc)
        rc = sleep_until(g, later(sn__now(), d));
    sn__leave(g);
    return rc;
}

void sn_ticker_init(sn_ticker *t, sn_time period) {
    if (period <= 0) sn__fatal("ticker with a period that is not above zero");
    t->period = period;
    t->next = later(sn_now(), period);
}

/* The last tick that was due by `now`; how many before it nobody has seen. */
static uint64_t see(sn_ticker *t, sn_time now) {
    sn_time missed = now > t->next ? (now - t->next) / t->period : 0;
    t->next = later(t->next + missed * t->period, t->period);
    return (uint64_t)missed;
}

int sn_try_tick(sn_ticker *t, uint64_t *missed) {
    sn_time now = sn_now();
    if (now < t->next) return SN_EAGAIN;
    uint64_t n = see(t, now);
    if (missed) *missed = n;
    return 0;
}

int sn_tick(sn_ticker *t, uint64_t *missed) {
    sn_time now = sn_now();
    int rc = sn_sleep_until(t->next);
    if (rc) return rc;
    uint64_t n = see(t, now);
    if (missed) *missed = n;
    return 0;
}
