/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A sleeper of 1 ms beside coroutines that take all the CPU they get: how late it wakes. */
#include "bench.h"
#include "hist.h"

#include <unistd.h>

enum { MANY = 32, FEW = 8 };

static volatile uint64_t sink;

static int spin(void *arg) {
    (void)arg;
    for (;;) sink = sink * 6364136223846793005u + 1;
    return 0;
}

static int64_t steps_5ms;

static sn_time compute(int64_t steps) {
    sn_time t = sn_now();
    for (int64_t i = 0; i < steps; i++) sink = sink * 6364136223846793005u + 1;
    return sn_now() - t;
}

/* How many steps take 5 ms when nobody else runs: the best of some. */
static void calibrate(void) {
    enum { STEPS = 1000000, TRIES = 20 };
    sn_time best = SN_NEVER;
    for (int i = 0; i < TRIES; i++) {
        sn_time t = compute(STEPS);
        if (t < best) best = t;
    }
    steps_5ms = STEPS * 5 * SN_MILLISECOND / best;
}

static int compute_and_yield(void *arg) {
    (void)arg;
    for (;;) {
        (void)compute(steps_5ms);
        bench_must(sn_yield(), "yield");
    }
    return 0;
}

/* They never end, so the program does. */
static int sleep_beside(sn_fn f, int n) {
    hist *late = calloc(1, sizeof *late);
    if (!late) return SN_ENOMEM;
    for (int i = 0; i < n; i++) bench_go(f, NULL);
    for (sn_time end = sn_now() + 5 * SN_SECOND; sn_now() < end;) {
        sn_time t = sn_now();
        bench_must(sn_sleep(SN_MILLISECOND), "sleep");
        hist_add(late, sn_now() - t - SN_MILLISECOND);
    }
    printf("n=%lld p50_us=%.1f p99_us=%.1f max_us=%.1f\n", hist_count(late),
           (double)hist_at(late, .5) / 1e3, (double)hist_at(late, .99) / 1e3,
           (double)atomic_load(&late->most) / 1e3);
    fflush(stdout);
    _exit(0);
}

int bench_preempt32(void *args) {
    (void)args;
    return sleep_beside(spin, MANY);
}

int bench_compute8(void *args) {
    (void)args;
    calibrate();
    return sleep_beside(compute_and_yield, FEW);
}
