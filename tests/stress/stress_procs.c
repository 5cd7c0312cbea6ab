/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The number of Ps changes at random while everything runs: nothing is lost, and it settles. */
#include "stress.h"

#include <stdbool.h>
#include <time.h>

enum { MOST = 8, PAIRS = 8, SLEEPERS = 40, BURST = 100 };

static atomic_bool over;
static atomic_long spawned, ended, slept;

static uint32_t procs_now(void) {
    sn_stats st = {.size = sizeof st};
    sn_get_stats(&st);
    return st.procs;
}

static int changes(void *arg) {
    uint64_t seed = 7;
    sn_time end = sn_now() + stress_time();
    (void)arg;
    while (sn_now() < end) {
        uint32_t n = 1 + pick(&seed, MOST);
        CHECK_INT(sn_set_procs(n), 0);
        CHECK_INT(procs_now(), n);
        if (pick(&seed, 4))
            MUST(sn_sleep((sn_time)pick(&seed, 2000) * SN_MICROSECOND) == 0);
        else
            MUST(sn_yield() == 0);
    }
    atomic_store(&over, true);
    return 0;
}

/* Values over an unbuffered channel: a lost wake-up hangs both. */
static int produces(void *arg) {
    long n = 0;
    do MUST(sn_send(arg, &n) == 0);
    while (n++, !atomic_load(&over));
    sn_chan_close(arg);
    return 0;
}

static int consumes(void *arg) {
    long v, want = 0;
    for (; sn_recv(arg, &v) == 0; want++) CHECK_INT(v, want);
    CHECK(want > 0);
    return 0;
}

static int sleeps(void *arg) {
    uint64_t seed = (uint64_t)(uintptr_t)arg;
    do {
        MUST(sn_sleep((sn_time)pick(&seed, 3000) * SN_MICROSECOND) == 0);
        atomic_fetch_add(&slept, 1);
    } while (!atomic_load(&over));
    return 0;
}

/* Deadlines that are taken back: timers are deleted while they move. */
static int has_deadlines(void *arg) {
    sn_sem s = {{0}};
    (void)arg;
    while (!atomic_load(&over)) {
        sn_scope inner;
        sn_scope_enter(&inner, sn_now() + SN_SECOND * 3600);
        CHECK_INT(sn_sem_wait(&s, sn_now() + 50 * SN_MICROSECOND), SN_ETIMEDOUT);
        CHECK_INT(sn_scope_leave(&inner), 0);
    }
    return 0;
}

static int ends_at_once(void *arg) {
    (void)arg;
    atomic_fetch_add(&ended, 1);
    return 0;
}

static int spawns(void *arg) {
    (void)arg;
    while (!atomic_load(&over)) {
        sn_scope s;
        sn_scope_enter(&s, SN_NEVER);
        for (int i = 0; i < BURST; i++) GO(ends_at_once, NULL);
        atomic_fetch_add(&spawned, BURST);
        CHECK_INT(sn_scope_leave(&s), 0);
    }
    return 0;
}

static int naps(void *arg) {
    (void)arg;
    usleep(200);
    return 0;
}

static int blocks(void *arg) {
    (void)arg;
    while (!atomic_load(&over)) CHECK_INT(sn_blocking(naps, NULL), 0);
    return 0;
}

/* Loses its P to the monitor now and then, which may be surplus by then. */
static int computes(void *arg) {
    (void)arg;
    while (!atomic_load(&over)) {
        sn_time until = sn_now() + 15 * SN_MILLISECOND;
        while (sn_now() < until) {
        }
        MUST(sn_yield() == 0);
    }
    return 0;
}

static int all_at_once(void *arg) {
    sn_chan c[PAIRS];
    sn_scope s;
    (void)arg;
    atomic_store(&over, false);
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < PAIRS; i++) {
        MUST(sn_chan_init(&c[i], sizeof(long), 0, NULL, NULL) == 0);
        GO(produces, &c[i]);
        GO(consumes, &c[i]);
    }
    for (uintptr_t i = 1; i <= SLEEPERS; i++) GO(sleeps, (void *)i);
    for (int i = 0; i < 4; i++) GO(has_deadlines, NULL);
    GO(spawns, NULL);
    GO(blocks, NULL);
    GO(computes, NULL);
    GO(changes, NULL);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(atomic_load(&ended), atomic_load(&spawned));
    CHECK(atomic_load(&slept) > 0);
    return 0;
}

static int sleeps_once(void *arg) {
    MUST(sn_sleep((sn_time)(uintptr_t)arg * 50 * SN_MICROSECOND) == 0);
    return 0;
}

/* Shrinks over and over with many armed: each must fire, those of the surplus Ps too. */
static int timers_follow(void *arg) {
    sn_time end = sn_now() + stress_time() / 2;
    (void)arg;
    while (sn_now() < end) {
        sn_scope s;
        MUST(sn_set_procs(MOST) == 0);
        sn_scope_enter(&s, SN_NEVER);
        for (uintptr_t i = 1; i <= SLEEPERS; i++) GO(sleeps_once, (void *)i);
        MUST(sn_sleep(500 * SN_MICROSECOND) == 0);
        MUST(sn_set_procs(1) == 0);
        CHECK_INT(sn_scope_leave(&s), 0);
    }
    return 0;
}

static sn_time cpu_of_process(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * SN_SECOND + t.tv_nsec;
}

static int yields(void *arg) {
    (void)arg;
    while (!atomic_load(&over)) MUST(sn_yield() == 0);
    return 0;
}

/* After the last change one P is in use, whatever was before: no more than one CPU's time goes by,
 * and the monitor's. */
static int settles(void *arg) {
    sn_scope s;
    (void)arg;
    atomic_store(&over, false);
    sn_scope_enter(&s, SN_NEVER);
    MUST(sn_set_procs(MOST) == 0);
    for (int i = 0; i < 4 * MOST; i++) GO(yields, NULL);
    MUST(sn_sleep(20 * SN_MILLISECOND) == 0);
    MUST(sn_set_procs(1) == 0);
    MUST(sn_sleep(20 * SN_MILLISECOND) == 0);
    sn_time wall = sn_now(), cpu = cpu_of_process();
    while (sn_now() < wall + 200 * SN_MILLISECOND) MUST(sn_yield() == 0);
    cpu = cpu_of_process() - cpu;
    wall = sn_now() - wall;
    CHECK(cpu < wall + wall / 2);
    atomic_store(&over, true);
    return sn_scope_leave(&s);
}

static int refuses(void *arg) {
    uint32_t was = procs_now();
    (void)arg;
    CHECK_INT(sn_set_procs(1025), SN_EINVAL);
    CHECK_INT(procs_now(), was);
    CHECK_INT(sn_set_procs(1024), 0);
    CHECK_INT(procs_now(), 1024);
    CHECK_INT(sn_set_procs(0), 0);
    CHECK_INT(procs_now(), was);
    return 0;
}

int main(void) {
    CHECK_INT(sn_set_procs(1), SN_EPERM);
    stress_case("bounds", refuses);
    stress_case("all at once", all_at_once);
    stress_case("timers follow", timers_follow);
    stress_case("one is enough", settles);
    return check_done();
}
