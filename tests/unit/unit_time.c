/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The clock, sleeping and tickers. Under sim time is virtual and the checks are exact; on
 * threads only what can be promised there is checked: never early, nothing lost. */
#include "world.h"

static int sleeps_exactly(void *arg) {
    static const sn_time d[] = {1, 999, SN_MICROSECOND, SN_MILLISECOND, 3 * SN_MILLISECOND + 7};
    (void)arg;
    for (size_t i = 0; i < sizeof d / sizeof *d; i++) {
        sn_time t = sn_now();
        CHECK_INT(sn_sleep(d[i]), 0);
        CHECK(sn_now() >= t + d[i]);
        if (world_virtual) CHECK_INT(sn_now() - t, d[i]);
        t = sn_now() + d[i];
        CHECK_INT(sn_sleep_until(t), 0);
        CHECK(sn_now() >= t);
        if (world_virtual) CHECK_INT(sn_now(), t);
    }
    return 0;
}

static int past_does_not_wait(void *arg) {
    sn_time t = sn_now();
    (void)arg;
    CHECK_INT(sn_sleep(0), 0);
    CHECK_INT(sn_sleep(-5), 0);
    CHECK_INT(sn_sleep(INT64_MIN), 0);
    CHECK_INT(sn_sleep_until(t - 1), 0);
    CHECK_INT(sn_sleep_until(INT64_MIN), 0);
    if (world_virtual) CHECK_INT(sn_now(), t);
    return 0;
}

static int never_is_long(void *arg) {
    sn_scope s;
    (void)arg;
    sn_scope_enter(&s, sn_now() + SN_MILLISECOND);
    CHECK_INT(sn_sleep(SN_NEVER), SN_ETIMEDOUT);
    CHECK_INT(sn_scope_leave(&s), SN_ETIMEDOUT);
    sn_scope_enter(&s, sn_now() + SN_MILLISECOND);
    CHECK_INT(sn_sleep_until(SN_NEVER), SN_ETIMEDOUT);
    CHECK_INT(sn_scope_leave(&s), SN_ETIMEDOUT);
    return 0;
}

enum { SLEEPERS = 60 };
typedef struct dorm {
    sn_mutex lock;
    sn_time until[SLEEPERS], woke[SLEEPERS];
    int order[SLEEPERS], n;
} dorm;
typedef struct sleeper {
    dorm *d;
    int i;
} sleeper;

static int sleep_and_sign(void *arg) {
    sleeper *s = arg;
    CHECK_INT(sn_sleep_until(s->d->until[s->i]), 0);
    s->d->woke[s->i] = sn_now();
    sn_lock(&s->d->lock);
    s->d->order[s->d->n++] = s->i;
    sn_unlock(&s->d->lock);
    return 0;
}

/* Distinct deadlines in random order: under sim they end exactly then, so in that order. */
static int wake_in_order(void *arg) {
    uint64_t rng = world_round();
    dorm *d = calloc(1, sizeof *d);
    sn_scope s;
    (void)arg;
    MUST(d);
    sn_time t = sn_now() + SN_MILLISECOND;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < SLEEPERS; i++) {
        d->until[i] = t + ((int64_t)pick(&rng, 100) * SLEEPERS + i) * 500;
        sleeper z = {d, i};
        MUST(sn_go(sleep_and_sign, &z, sizeof z) == 0);
    }
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(d->n, SLEEPERS);
    for (int i = 0; i < SLEEPERS; i++) {
        CHECK(d->woke[i] >= d->until[i]);
        if (world_virtual) CHECK_INT(d->woke[i], d->until[i]);
        if (world_virtual && i) CHECK(d->until[d->order[i]] >= d->until[d->order[i - 1]]);
    }
    free(d);
    return 0;
}

static int same_moment(void *arg) {
    dorm *d = calloc(1, sizeof *d);
    sn_scope s;
    (void)arg;
    MUST(d);
    sn_time t = sn_now() + 2 * SN_MILLISECOND;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < SLEEPERS; i++) {
        d->until[i] = t;
        sleeper z = {d, i};
        MUST(sn_go(sleep_and_sign, &z, sizeof z) == 0);
    }
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(d->n, SLEEPERS);
    for (int i = 0; i < SLEEPERS; i++) CHECK(d->woke[i] >= t);
    free(d);
    return 0;
}

/* A deadline that was not needed is forgotten: nobody waits for it, then or later. */
static int deadlines_are_taken_back(void *arg) {
    sn_chan c;
    int v = 1;
    (void)arg;
    sn_time t = sn_now();
    MUST(sn_chan_init(&c, sizeof v, 1, NULL, NULL) == 0);
    for (int i = 0; i < 200; i++) {
        sn_scope s;
        sn_scope_enter(&s, t + 3600 * SN_SECOND + i);
        CHECK_INT(sn_send(&c, &v), 0);
        CHECK_INT(sn_select(t + 7200 * SN_SECOND, sn_rx(&c, &v, NULL)), 0);
        CHECK_INT(sn_scope_leave(&s), 0);
    }
    CHECK_INT(sn_sleep(SN_MILLISECOND), 0);
    CHECK(sn_now() < t + 3600 * SN_SECOND);
    sn_chan_free(&c);
    return 0;
}

typedef struct nap {
    sn_scope *scope;
    sn_time until;
    long woke, canceled;
} nap;

static int nap_and_see(void *arg) {
    nap *n = arg;
    int rc = sn_sleep_until(n->until);
    CHECK(rc == 0 || rc == SN_ECANCELED);
    if (rc == 0) CHECK(sn_now() >= n->until);
    n->woke += rc == 0;
    n->canceled += rc != 0;
    return 0;
}

/* The cancel comes at the very moment of the deadline. */
static int cancel_meets_timer(void *arg) {
    static nap n;
    sn_scope s;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    n.until = sn_now() + SN_MILLISECOND;
    GO(nap_and_see, &n);
    sn_shield(1);
    CHECK_INT(sn_sleep_until(n.until), 0);
    sn_shield(0);
    sn_scope_cancel(&s, SN_ECANCELED);
    CHECK_INT(sn_scope_leave(&s), SN_ECANCELED);
    if (world_round() == 500) CHECK(!world_virtual || (n.woke > 10 && n.canceled > 10));
    return 0;
}

static int ticks(void *arg) {
    uint64_t rng = world_round();
    sn_time start = sn_now(), period = 100 * SN_MICROSECOND;
    sn_ticker t;
    int64_t seen = 0;
    (void)arg;
    sn_ticker_init(&t, period);
    for (int i = 0; i < 20; i++) {
        uint64_t missed = 99;
        if (pick(&rng, 2)) CHECK_INT(sn_sleep(pick(&rng, 400) * SN_MICROSECOND), 0);
        sn_time before = sn_now();
        CHECK_INT(sn_tick(&t, i % 5 ? &missed : NULL), 0);
        if (i % 5 == 0) missed = (uint64_t)((t.next - start) / period - 2 - seen);
        seen += 1 + (int64_t)missed;
        CHECK(sn_now() >= t.next - period);
        if (!world_virtual) continue;
        sn_time due = start + seen * period;
        CHECK_INT(t.next, due + period);
        CHECK_INT(sn_now(), before > due ? before : due);
    }
    return 0;
}

static int late_tick(void *arg) {
    sn_ticker t;
    uint64_t missed = 99;
    (void)arg;
    sn_time period = SN_MILLISECOND;
    sn_ticker_init(&t, period);
    CHECK_INT(sn_tick(&t, &missed), 0);
    if (world_virtual) CHECK_INT(missed, 0);
    CHECK_INT(sn_sleep(3 * period + period / 2), 0);
    CHECK_INT(sn_tick(&t, &missed), 0);
    CHECK(missed >= 2);
    if (world_virtual) CHECK_INT(missed, 2);
    return 0;
}

/* Beside a channel: the select waits until the next tick, and it is taken then. */
static int tick_in_select(void *arg) {
    sn_ticker t;
    sn_chan c;
    (void)arg;
    sn_time period = SN_MILLISECOND, start;
    MUST(sn_chan_init(&c, 1, 0, NULL, NULL) == 0);
    sn_ticker_init(&t, period);
    start = sn_ticker_next(&t) - period;
    CHECK(sn_try_tick(&t, NULL) == SN_EAGAIN || !world_virtual);
    uint64_t seen = 0, missed = 0;
    while (seen < 5) {
        int rc = sn_select(sn_ticker_next(&t), sn_rx(&c, NULL, NULL));
        CHECK_INT(rc, SN_ETIMEDOUT);
        CHECK_INT(sn_try_tick(&t, &missed), 0);
        seen += 1 + missed;
        CHECK_INT(sn_ticker_next(&t), start + (sn_time)(seen + 1) * period);
        if (world_virtual) CHECK_INT(missed, seen == 5 ? 1 : 0);
        if (seen == 3) CHECK_INT(sn_sleep(period * 2 + period / 2), 0);
    }
    sn_chan_free(&c);
    return 0;
}

/* Cancelled, no tick is lost; a period that ends after all time never comes. */
static int ticks_that_do_not_come(void *arg) {
    sn_ticker t;
    sn_scope s;
    uint64_t missed = 99;
    (void)arg;
    sn_ticker_init(&t, SN_NEVER);
    CHECK_INT(sn_try_tick(&t, &missed), SN_EAGAIN);
    CHECK(sn_ticker_next(&t) == SN_NEVER);
    sn_ticker_init(&t, SN_MILLISECOND);
    sn_time first = sn_ticker_next(&t);
    sn_scope_enter(&s, SN_NEVER);
    sn_scope_cancel(&s, SN_ECANCELED);
    CHECK_INT(sn_tick(&t, &missed), SN_ECANCELED);
    CHECK_INT(sn_scope_leave(&s), SN_ECANCELED);
    CHECK_INT(missed, 99);
    CHECK_INT(sn_ticker_next(&t), first);
    return 0;
}

static int clocks(void *arg) {
    sn_time a = sn_now();
    int64_t utc = sn_utc_ms();
    (void)arg;
    for (int i = 0; i < 100; i++) {
        sn_time b = sn_now();
        CHECK(b >= a);
        a = b;
    }
    CHECK(utc > INT64_C(1500000000000)); /* 2017 */
    CHECK_INT(sn_sleep(20 * SN_MILLISECOND), 0);
    CHECK(sn_utc_ms() >= utc);
    if (world_virtual) CHECK_INT(sn_utc_ms() - utc, 20);
    return 0;
}

static unsigned char drawn[2][64];
static int draw_bytes(void *arg) {
    sn_random(arg, sizeof drawn[0]);
    return 0;
}

static void random_bytes(void) {
    unsigned zero = 0;
    CHECK_INT(world_run(1, draw_bytes, drawn[0]), 0);
    CHECK_INT(world_run(2, draw_bytes, drawn[1]), 0);
    CHECK(memcmp(drawn[0], drawn[1], sizeof drawn[0]));
    for (size_t i = 0; i < sizeof drawn[0]; i++) zero += drawn[0][i] == 0;
    CHECK(zero < 8);
    CHECK_INT(world_run(1, draw_bytes, drawn[1]), 0);
    CHECK_INT(!memcmp(drawn[0], drawn[1], sizeof drawn[0]), world_virtual);
}

int main(void) {
    world_case("a sleep lasts its time", sleeps_exactly, 50);
    world_case("a time that is past does not wait", past_does_not_wait, 50);
    world_case("a sleep for ever is ended by the scope", never_is_long, 50);
    world_case("sleepers wake in the order of their deadlines", wake_in_order, 100);
    world_case("sixty deadlines at one moment", same_moment, 100);
    world_case("a deadline that was not needed is taken back", deadlines_are_taken_back, 20);
    world_case("a cancel and a deadline at one moment", cancel_meets_timer, 500);
    world_case("a ticker counts every period, seen or missed", ticks, 200);
    world_case("a late tick says how many it missed", late_tick, 20);
    world_case("a ticker beside a channel", tick_in_select, 20);
    world_case("ticks that do not come", ticks_that_do_not_come, 5);
    world_case("clocks go forward", clocks, 20);
    CASE(random_bytes);
    return check_done();
}
