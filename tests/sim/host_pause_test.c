/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Hosts that stand still and go on, and hosts that are started again as they were; over many seeds
 * in both modes. */
#include <sennit/chan.h>
#include <sennit/sim.h>
#include <sennit/sync.h>
#include <sennit/time.h>

#include "check.h"

#define SEEDS 200

typedef struct clock_work {
    uint64_t ticks;
    sn_time last, longest; /* the longest time between two ticks */
    sn_mutex lock;
} clock_work;

/** Ticks every 10 ms, in two coroutines that share a lock. */
static int tick(void *arg) {
    clock_work *w = *(clock_work **)arg;
    for (;;) {
        int rc = sn_sleep(10 * SN_MILLISECOND);
        if (rc) return rc;
        sn_lock(&w->lock);
        sn_time now = sn_now();
        if (now - w->last > w->longest) w->longest = now - w->last;
        w->last = now;
        w->ticks++;
        sn_unlock(&w->lock);
    }
}

static int works(void *arg) {
    clock_work *w = *(clock_work **)arg;
    w->last = sn_now();
    int rc = sn_go(tick, &w, sizeof w);
    return rc ? rc : tick(arg);
}

static int stands_still(void *arg) {
    clock_work w = {0}, *p = &w;
    sn_host *h, *other;
    (void)arg;
    if (sn_host_new(&h, "one", "10.0.0.1") || sn_host_new(&other, "other", "10.0.0.2")) return -1;
    if (sn_host_start(h, works, &p, sizeof p) || sn_sleep(95 * SN_MILLISECOND)) return -1;
    CHECK_INT(w.ticks, 18);
    sn_host_pause(h);
    sn_host_pause(h);
    if (sn_sleep(SN_SECOND)) return -1;
    CHECK_INT(w.ticks, 18);
    clock_work mine = {0}, *q = &mine; /* others can be started meanwhile */
    if (sn_host_start(other, works, &q, sizeof q) || sn_sleep(95 * SN_MILLISECOND)) return -1;
    CHECK_INT(mine.ticks, 18);
    sn_host_stop(other, SN_STOP_PROCESS);
    sn_host_resume(h);
    sn_host_resume(h);
    if (sn_sim_settle()) return -1;
    CHECK_INT(w.ticks, 20); /* their deadline had passed */
    CHECK(w.longest > SN_SECOND);
    if (sn_sleep(95 * SN_MILLISECOND)) return -1;
    CHECK_INT(w.ticks, 38);
    sn_host_pause(h);
    sn_host_stop(h, SN_STOP_PROCESS); /* and a paused one can be stopped */
    CHECK(!sn_host_up(h));
    sn_host_resume(h);
    return 0;
}

typedef struct argument {
    clock_work *w;
    int value;
} argument;

static int adds(void *arg) {
    const argument *a = arg;
    int rc = sn_sleep(SN_MILLISECOND);
    if (rc) return rc;
    a->w->ticks += (uint64_t)a->value;
    return a->value;
}

static int starts_again(void *arg) {
    clock_work w = {0};
    argument a = {&w, 7};
    sn_host *h;
    int rc = 0;
    (void)arg;
    if (sn_host_new(&h, "one", "10.0.0.1")) return -1;
    CHECK_INT(sn_host_restart(h), SN_EINVAL);
    if (sn_host_start(h, adds, &a, sizeof a)) return -1;
    a.value = 1000; /* it has its own copy */
    CHECK_INT(sn_host_restart(h), SN_EBUSY);
    for (int i = 1; i <= 3; i++) {
        if (sn_host_wait(h, &rc)) return -1;
        CHECK_INT(rc, 7);
        CHECK_INT(w.ticks, 7 * i);
        if (sn_host_restart(h)) return -1;
    }
    return sn_host_wait(h, NULL);
}

/** Never waits for long, and may so come to its end while it is paused. */
static int is_quick(void *arg) {
    clock_work *w = *(clock_work **)arg;
    for (int i = 0; i < 20; i++) {
        sn_lock(&w->lock);
        w->ticks++;
        sn_unlock(&w->lock);
    }
    return 0;
}

static uint64_t ended_while_paused;

static int ends_while_paused(void *arg) {
    clock_work w = {0}, *p = &w;
    sn_host *h;
    (void)arg;
    if (sn_host_new(&h, "one", "10.0.0.1") || sn_host_start(h, is_quick, &p, sizeof p)) return -1;
    while (!w.ticks)
        if (sn_yield()) return -1;
    sn_host_pause(h);
    if (sn_sleep(SN_SECOND)) return -1;
    if (sn_host_up(h)) return 0;
    ended_while_paused++;
    if (sn_host_restart(h) || sn_sleep(SN_SECOND)) return -1;
    CHECK_INT(w.ticks, 40); /* another process: that one is not paused */
    return 0;
}

static void over_seeds(sn_fn f) {
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        uint64_t hash[2];
        for (int twice = 0; twice < 2; twice++) {
            sn_sim_config c = {.size = sizeof c, .seed = seed, .mode = seed % 2};
            sn_sim_result r = {.size = sizeof r};
            CHECK_INT(sn_sim_run(&c, f, NULL, &r), 0);
            CHECK_INT(r.rc, 0);
            hash[twice] = r.hash;
        }
        CHECK(hash[0] == hash[1]);
    }
}

static void a_paused_host_stands_still(void) { over_seeds(stands_still); }
static void a_host_starts_again_as_it_was(void) { over_seeds(starts_again); }
static void a_host_ends_while_it_is_paused(void) {
    over_seeds(ends_while_paused);
    CHECK(ended_while_paused);
}

int main(void) {
    CASE(a_paused_host_stands_still);
    CASE(a_host_starts_again_as_it_was);
    CASE(a_host_ends_while_it_is_paused);
    return check_done();
}
