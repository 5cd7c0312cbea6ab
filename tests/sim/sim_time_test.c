/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Virtual time: it stands still while anybody can run, settle and quiesce wait for exactly that,
 * and a host's clocks jump and drift as they are told. Over seeds, in both modes. */
#include "world.h"

#include <sennit/sim.h>

#define MS SN_MILLISECOND

/* ---- settle ---- */

enum { RUNNERS = 5, ROUNDS = 30 };
typedef struct track {
    sn_chan ch[RUNNERS];
    int passed, woke, far;
} track;
typedef struct runner {
    track *t;
    int i;
} runner;

/* Passes values on round the ring; the first takes each out when it has come round. */
static int pass_on(void *arg) {
    const runner *r = arg;
    int v;
    while (sn_recv(&r->t->ch[r->i], &v) == 0) {
        r->t->passed++;
        if (--v == 0) continue;
        int rc = sn_send(&r->t->ch[(r->i + 1) % RUNNERS], &v);
        if (rc) return rc;
        if (v % 3 == 0 && (rc = sn_yield()) != 0) return rc;
    }
    return 0;
}

static int sleeper(void *arg) {
    track *t = *(track **)arg;
    int rc = sn_sleep(MS);
    t->woke++;
    return rc;
}

static int settles(void *arg) {
    track t = {.passed = 0}, *p = &t;
    sn_scope s;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < RUNNERS; i++) MUST(sn_chan_init(&t.ch[i], sizeof(int), 1, NULL, NULL) == 0);
    for (int i = 0; i < RUNNERS; i++) {
        runner r = {&t, i};
        MUST(sn_go(pass_on, &r, sizeof r) == 0);
    }
    MUST(sn_go(sleeper, &p, sizeof p) == 0);
    sn_time begin = sn_now();
    CHECK_INT(sn_sim_settle(), 0);
    for (int round = 1; round <= 3; round++) {
        CHECK_INT(sn_send(&t.ch[0], &(int){ROUNDS}), 0);
        CHECK_INT(sn_sim_settle(), 0);
        CHECK_INT(t.passed, ROUNDS * round);
        CHECK_INT(sn_now(), begin);
        CHECK_INT(t.woke, 0);
    }
    CHECK_INT(sn_sim_settle(), 0); /* nothing to wait for */
    CHECK_INT(sn_sleep(MS), 0);
    CHECK_INT(sn_sim_settle(), 0);
    CHECK_INT(t.woke, 1);
    for (int i = 0; i < RUNNERS; i++) sn_chan_close(&t.ch[i]);
    CHECK_INT(sn_scope_leave(&s), 0);
    for (int i = 0; i < RUNNERS; i++) sn_chan_free(&t.ch[i]);
    return 0;
}

static int settle_too(void *arg) {
    int *done = *(int **)arg, rc = sn_sim_settle();
    ++*done;
    return rc;
}

/* Each settles in its turn; none waits for the other for ever. */
static int settles_together(void *arg) {
    int done = 0, *p = &done;
    sn_scope s;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 4; i++) MUST(sn_go(settle_too, &p, sizeof p) == 0);
    CHECK_INT(sn_sim_settle(), 0);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(done, 4);
    return 0;
}

static int spin(void *arg) {
    const int *stop = *(int **)arg;
    while (!*stop) {
        int rc = sn_yield();
        if (rc) return rc;
    }
    return 0;
}

static int cancel_soon(void *arg) {
    sn_scope *s = *(sn_scope **)arg;
    for (int i = 0; i < 5; i++)
        if (sn_yield()) break;
    sn_scope_cancel(s, SN_ECANCELED);
    return 0;
}

static int settle_is_cancelled(void *arg) {
    sn_scope outer, s;
    int stop = 0, *p = &stop;
    sn_scope *q = &s;
    (void)arg;
    sn_scope_enter(&outer, SN_NEVER);
    MUST(sn_go(spin, &p, sizeof p) == 0); /* there is always one that can run */
    sn_scope_enter(&s, SN_NEVER);
    MUST(sn_scope_go(&outer, NULL, cancel_soon, &q, sizeof q) == 0);
    CHECK_INT(sn_sim_settle(), SN_ECANCELED);
    CHECK_INT(sn_sim_settle(), SN_ECANCELED);
    CHECK_INT(sn_sim_quiesce(SN_NEVER), SN_ECANCELED);
    CHECK_INT(sn_scope_leave(&s), SN_ECANCELED);
    stop = 1;
    CHECK_INT(sn_scope_leave(&outer), 0);
    return 0;
}

/* ---- quiesce ---- */

/* Sleeps, then hands on to another that does. */
static int relay(void *arg) {
    int left = *(int *)arg;
    int rc = sn_sleep(10 * MS);
    if (rc || --left == 0) return rc;
    return sn_go(relay, &left, sizeof left);
}

static int quiesces(void *arg) {
    sn_time begin = sn_now();
    (void)arg;
    CHECK_INT(sn_sim_quiesce(SN_NEVER), 0); /* there is nothing */
    CHECK_INT(sn_now(), begin);
    MUST(sn_go(relay, &(int){20}, sizeof(int)) == 0);
    CHECK_INT(sn_sim_quiesce(begin + 95 * MS), SN_ETIMEDOUT);
    CHECK_INT(sn_now(), begin + 95 * MS);
    CHECK_INT(sn_sim_quiesce(SN_NEVER), 0);
    CHECK_INT(sn_now(), begin + 200 * MS);
    CHECK_INT(sn_sim_quiesce(sn_now() + MS), 0);
    CHECK_INT(sn_now(), begin + 200 * MS);
    CHECK_INT(sn_sim_quiesce(sn_now()), sn_sim_quiesce(0)); /* a past one: no time, no matter */
    return 0;
}

static int tick(void *arg) {
    sn_ticker t;
    (void)arg;
    sn_ticker_init(&t, 7 * MS);
    for (;;) {
        int rc = sn_tick(&t, NULL);
        if (rc) return rc;
    }
}

static int quiesce_too(void *arg) {
    sn_time until = *(sn_time *)arg;
    return sn_sim_quiesce(until) == (until == SN_NEVER ? 0 : SN_ETIMEDOUT) ? 0 : SN_EIO;
}

static int never_quiet(void *arg) {
    sn_time begin = sn_now(), until = begin + 60 * MS, never = SN_NEVER;
    sn_scope s;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    MUST(sn_go(tick, NULL, 0) == 0);
    MUST(sn_scope_go(&s, NULL, quiesce_too, &until, sizeof until) == 0);
    CHECK_INT(sn_sim_quiesce(begin + 100 * MS), SN_ETIMEDOUT);
    CHECK_INT(sn_now(), begin + 100 * MS);
    sn_scope_cancel(&s, SN_ECANCELED);
    CHECK_INT(sn_scope_leave(&s), SN_ECANCELED);
    sn_scope_enter(&s, SN_NEVER); /* now it is, for two at once */
    MUST(sn_go(quiesce_too, &never, sizeof never) == 0);
    CHECK_INT(sn_sim_quiesce(sn_now() + SN_SECOND), 0);
    CHECK_INT(sn_now(), begin + 100 * MS);
    CHECK_INT(sn_scope_leave(&s), 0);
    return 0;
}

/* ---- clocks ---- */

typedef struct watch {
    sn_time slept[8], late[8]; /* by the host's clock */
    int n;
} watch;

static int sleeps(void *arg) {
    watch *w = *(watch **)arg;
    for (; w->n < 8; w->n++) {
        sn_time until = sn_now() + 100 * MS;
        int rc = w->n % 2 ? sn_sleep(100 * MS) : sn_sleep_until(until);
        if (rc) return rc;
        w->slept[w->n] = sn_now() - until + 100 * MS;
        w->late[w->n] = sn_now() - until;
    }
    return 0;
}

/* Whatever its pace, a host's sleep lasts its time by its own clock. */
static int drifts(void *arg) {
    watch w = {.n = 0}, *p = &w;
    sn_host *h;
    int rc;
    int32_t ppm = (int32_t)sn_sim_draw(200001) - 100000;
    (void)arg;
    MUST(sn_host_new(&h, "h", "10.0.0.1") == 0);
    CHECK_INT(sn_host_drift(h, ppm), 0);
    sn_time begin = sn_now();
    MUST(sn_host_start(h, sleeps, &p, sizeof p) == 0);
    CHECK_INT(sn_host_wait(h, &rc), 0);
    CHECK_INT(rc, 0);
    double world = (double)(sn_now() - begin), want = 800e6 / (1 + ppm / 1e6);
    CHECK(world > want - 100 && world < want + 100);
    for (int i = 0; i < 8; i++) CHECK(w.late[i] >= 0 && w.late[i] <= 2);
    return 0;
}

/* It may change at any time: no clock goes backwards, no deadline is early, none is forgotten. */
static int drift_changes(void *arg) {
    watch w = {.n = 0}, *p = &w;
    sn_host *h;
    (void)arg;
    MUST(sn_host_new(&h, "h", "10.0.0.1") == 0);
    MUST(sn_host_start(h, sleeps, &p, sizeof p) == 0);
    for (int i = 0; i < 30 && sn_host_up(h); i++) {
        CHECK_INT(sn_host_drift(h, (int32_t)sn_sim_draw(200001) - 100000), 0);
        sn_host_jump(h, (sn_time)sn_sim_draw(2000 * SN_SECOND) - 1000 * SN_SECOND);
        CHECK_INT(sn_sleep((sn_time)sn_sim_draw(60 * MS)), 0);
    }
    CHECK_INT(sn_host_wait(h, NULL), 0);
    CHECK_INT(w.n, 8);
    for (int i = 0; i < 8; i++) CHECK(w.late[i] >= 0 && w.late[i] <= 2);
    return 0;
}

typedef struct clocks {
    sn_time mono;
    int64_t utc;
} clocks;

static int look(void *arg) {
    clocks *c = *(clocks **)arg;
    *c = (clocks){sn_now(), sn_utc_ms()};
    return 0;
}

static clocks clocks_of(sn_host *h) {
    clocks c, *p = &c;
    MUST(sn_host_start(h, look, &p, sizeof p) == 0);
    CHECK_INT(sn_host_wait(h, NULL), 0);
    return c;
}

static int jumps(void *arg) {
    sn_host *h, *other;
    (void)arg;
    MUST(sn_host_new(&h, "h", "10.0.0.1") == 0 && sn_host_new(&other, "o", "10.0.0.2") == 0);
    clocks before = clocks_of(h);
    sn_host_jump(h, -3600 * SN_SECOND);
    clocks after = clocks_of(h);
    CHECK_INT(after.utc - before.utc, -3600000);
    CHECK_INT(after.mono, before.mono);
    CHECK_INT(clocks_of(other).utc, before.utc);
    CHECK_INT(sn_host_drift(h, 100001), SN_EINVAL);
    CHECK_INT(sn_host_drift(h, -100001), SN_EINVAL);
    CHECK_INT(sn_host_drift(h, 100000), 0);
    CHECK_INT(sn_sleep(10 * SN_SECOND), 0);
    clocks fast = clocks_of(h);
    CHECK_INT(fast.utc - after.utc, 11000);
    CHECK_INT(fast.mono - after.mono, 11 * SN_SECOND);
    CHECK_INT(clocks_of(other).utc - before.utc, 10000);
    return 0;
}

static int wait_for_ever(void *arg) {
    (void)arg;
    return sn_recv(NULL, NULL);
}

/* Monotonic time is since boot; a kill is no boot. The battery keeps the wall clock. */
static int clocks_of_boots(void *arg) {
    sn_host *h;
    (void)arg;
    MUST(sn_host_new(&h, "h", "10.0.0.1") == 0);
    CHECK_INT(sn_host_drift(h, (int32_t)sn_sim_draw(2001) - 1000), 0);
    CHECK_INT(sn_sleep(100 * SN_SECOND), 0);
    for (int power = 0; power < 2; power++) {
        clocks before = clocks_of(h);
        MUST(sn_host_start(h, wait_for_ever, NULL, 0) == 0);
        sn_host_stop(h, power ? SN_STOP_POWER : SN_STOP_PROCESS);
        clocks after = clocks_of(h);
        CHECK(after.utc - before.utc <= 1);
        CHECK(after.utc - before.utc >= 0);
        CHECK(power ? after.mono < before.mono - 50 * SN_SECOND : after.mono == before.mono);
    }
    return 0;
}

int main(void) {
    world_case("settle: all that can happen now has, and no time went by", settles, 20);
    world_case("four settle at once", settles_together, 20);
    world_case("settle and quiesce are cancelled", settle_is_cancelled, 20);
    world_case("quiesce: all that will ever happen has", quiesces, 20);
    world_case("where something always happens, quiesce needs its deadline", never_quiet, 20);
    world_case("a drifting host sleeps its own time", drifts, 20);
    world_case("drift and jumps at any time", drift_changes, 20);
    world_case("the wall clock jumps alone", jumps, 5);
    world_case("clocks of boots", clocks_of_boots, 5);
    return check_done();
}
