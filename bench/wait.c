/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Waiting: memory of the idle, lateness of timers, a sleeper beside a hog. */
#include "bench.h"

#include <stdatomic.h>
#include <unistd.h>

typedef struct crowd {
    sn_scope all;
    sn_chan c;
    sn_wg done;
    atomic_llong up;
} crowd;

static int stand(void *arg) {
    crowd *w = arg;
    atomic_fetch_add(&w->up, 1);
    int rc = sn_recv(&w->c, NULL);
    sn_wg_done(&w->done);
    return rc == SN_ECLOSED ? 0 : rc;
}

static sn_time start_crowd(crowd *w, int64_t n, const sn_attr *attr) {
    sn_time t = sn_now();
    for (int64_t i = 0; i < n; i++)
        if (attr)
            bench_must(sn_scope_go(&w->all, attr, stand, w, 0), "sn_scope_go");
        else
            bench_go(stand, w);
    while (atomic_load(&w->up) < n) bench_must(sn_yield(), "yield");
    return sn_now() - t;
}

static int idle(int64_t n, const sn_attr *attr) {
    crowd w = {.up = 0};
    bench_must(sn_chan_init(&w.c, sizeof(int64_t), 0, NULL, NULL), "channel");
    sn_wg_add(&w.done, n);
    sn_scope_enter(&w.all, SN_NEVER);
    long rss = bench_status("VmRSS"), pte = bench_status("VmPTE");
    sn_time create = start_crowd(&w, n, attr);
    bench_must(sn_sleep(50 * SN_MILLISECOND), "sleep");
    long rss2 = bench_status("VmRSS"), pte2 = bench_status("VmPTE");
    sn_time wake = sn_now();
    sn_chan_close(&w.c);
    bench_must(sn_wg_wait(&w.done), "wait");
    wake = sn_now() - wake;
    printf("n=%lld rss_b=%.0f pte_b=%.0f create_ns=%.1f wake_exit_ns=%.1f rss_mb=%.1f\n",
           (long long)n, (double)(rss2 - rss) * 1024 / (double)n,
           (double)(pte2 - pte) * 1024 / (double)n, (double)create / (double)n,
           (double)wake / (double)n, (double)rss2 / 1024);
    int rc = sn_scope_leave(&w.all);
    sn_chan_free(&w.c);
    return rc;
}

int bench_idle(void *args) { return idle(bench_count(args, 100000), NULL); }

SN_SMALL_PROOF(stand_small, stand);

int bench_idlesmall(void *args) {
    const sn_attr attr = {.size = sizeof attr, .flags = SN_SMALL, .small = &stand_small};
    return idle(bench_count(args, 100000), &attr);
}

/* --- timers: lateness in a histogram of microseconds */

enum { LATEST = 200000 };
static atomic_llong hist[LATEST + 1];
static atomic_llong wakeups;
static atomic_int counting;

static void record(sn_time late) {
    sn_time us = late / SN_MICROSECOND;
    us = us < 0 ? 0 : us > LATEST ? LATEST : us;
    atomic_fetch_add_explicit(&hist[us], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&wakeups, 1, memory_order_relaxed);
}

static long percentile(double q) {
    long long all = 0, seen = 0;
    for (int i = 0; i <= LATEST; i++) all += atomic_load(&hist[i]);
    for (int i = 0; i <= LATEST; i++) {
        seen += atomic_load(&hist[i]);
        if ((double)seen > q * (double)all) return i;
    }
    return LATEST;
}

static int nap_forever(void *arg) {
    uint64_t x = *(uint64_t *)arg;
    for (;;) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        sn_time d = (sn_time)(1 + x % 100) * SN_MILLISECOND, t = sn_now();
        if (sn_sleep(d)) return 0;
        if (atomic_load_explicit(&counting, memory_order_relaxed)) record(sn_now() - t - d);
    }
}

static void measure_naps(void) {
    int64_t cpu = bench_cpu();
    sn_time t = sn_now();
    atomic_store(&counting, 1);
    bench_must(sn_sleep(5 * SN_SECOND), "sleep");
    atomic_store(&counting, 0);
    t = sn_now() - t;
    cpu = bench_cpu() - cpu;
    double k = (double)atomic_load(&wakeups);
    printf("wakeups_s=%.0f cpu_ns=%.1f cpu_pct=%.1f p50_us=%ld p99_us=%ld max_us=%ld hwm_kb=%ld\n",
           k * 1e9 / (double)t, (double)cpu / k, 100.0 * (double)cpu / (double)t, percentile(.5),
           percentile(.99), percentile(.9999999), bench_status("VmHWM"));
}

int bench_timers(void *args) {
    int64_t n = bench_count(args, 100000);
    sn_scope s;
    sn_scope_enter(&s, SN_NEVER);
    for (int64_t i = 0; i < n; i++) {
        uint64_t x = (uint64_t)i * 0x9E3779B97F4A7C15u + 88172645463325252u;
        bench_must(sn_go(nap_forever, &x, sizeof x), "sn_go");
    }
    bench_must(sn_sleep(SN_SECOND), "sleep");
    measure_naps();
    sn_scope_cancel(&s, SN_ECANCELED);
    int rc = sn_scope_leave(&s);
    return rc == SN_ECANCELED ? 0 : rc;
}

/* --- a hog */

static int hog(void *arg) {
    volatile uint64_t x = 1;
    (void)arg;
    for (;;) x = x * 6364136223846793005u + 1;
    return 0;
}

static int by_value(const void *a, const void *b) {
    long x = *(const long *)a, y = *(const long *)b;
    return (x > y) - (x < y);
}

/* The hog never ends, so the program does. */
int bench_preempt(void *args) {
    enum { MOST = 8192 };
    long *late = calloc(MOST, sizeof *late);
    int n = 0;
    (void)args;
    if (!late) return SN_ENOMEM;
    bench_go(hog, NULL);
    for (sn_time end = sn_now() + 5 * SN_SECOND; sn_now() < end && n < MOST;) {
        sn_time t = sn_now();
        bench_must(sn_sleep(SN_MILLISECOND), "sleep");
        late[n++] = (long)((sn_now() - t - SN_MILLISECOND) / SN_MICROSECOND);
    }
    qsort(late, (size_t)n, sizeof *late, by_value);
    printf("n=%d p50_us=%ld p99_us=%ld max_us=%ld\n", n, late[n / 2], late[n * 99 / 100],
           late[n - 1]);
    fflush(stdout);
    _exit(0);
}
