/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Stacks that were deep once: what they hold before and after trimming, what trimming costs, and
 * what going deep again costs then. */
#include "bench.h"

#include <alloca.h>
#include <stdatomic.h>
#include <unistd.h>

enum { DEEP = 40 * 1024, PAGE = 4096 };

typedef struct crowd {
    sn_chan gate;
    sn_wg done;
    atomic_llong up;
} crowd;

static __attribute__((noinline)) void dig(void) {
    volatile char *hole = alloca(DEEP);
    for (int i = 0; i < DEEP; i += PAGE) hole[i] = 1;
}

static int deep_twice(void *arg) {
    crowd *w = arg;
    dig();
    atomic_fetch_add(&w->up, 1);
    int rc = sn_recv(&w->gate, NULL);
    dig();
    sn_wg_done(&w->done);
    return rc == SN_ECLOSED ? 0 : rc;
}

static uint64_t trimmed(void) {
    sn_stats st = {.size = sizeof st};
    sn_get_stats(&st);
    return st.trimmed;
}

/* Until no more has come back for as long as a sweep takes; the time of the last change. */
static sn_time wait_for_trimming(void) {
    const char *ms = getenv("SENNIT_TRIM_MS");
    sn_time quiet = 3 * (ms && *ms ? atoi(ms) : 5000) * SN_MILLISECOND, last = sn_now();
    for (uint64_t was = 0, now; sn_now() < last + quiet; was = now) {
        bench_must(sn_sleep(20 * SN_MILLISECOND), "sleep");
        if ((now = trimmed()) != was) last = sn_now();
    }
    return last;
}

int bench_trim(void *args) {
    int64_t n = bench_count(args, 100000);
    crowd w = {.up = 0};
    bench_must(sn_chan_init(&w.gate, sizeof(int64_t), 0, NULL, NULL), "channel");
    sn_wg_add(&w.done, n);
    long rss0 = bench_status("VmRSS");
    for (int64_t i = 0; i < n; i++) bench_go(deep_twice, &w);
    while (atomic_load(&w.up) < n) bench_must(sn_yield(), "yield");
    long rss1 = bench_status("VmRSS");
    int64_t cpu = bench_cpu();
    sn_time t = sn_now(), last = wait_for_trimming();
    cpu = bench_cpu() - cpu;
    long rss2 = bench_status("VmRSS");
    sn_time again = sn_now();
    sn_chan_close(&w.gate);
    bench_must(sn_wg_wait(&w.done), "wait");
    again = sn_now() - again;
    printf("n=%lld rss_before_b=%.0f rss_after_b=%.0f trimmed_mb=%.1f took_ms=%.0f cpu_ns=%.0f "
           "again_ns=%.0f\n",
           (long long)n, (double)(rss1 - rss0) * 1024 / (double)n,
           (double)(rss2 - rss0) * 1024 / (double)n, (double)trimmed() / (1 << 20),
           (double)(last - t) / 1e6, (double)cpu / (double)n, (double)again / (double)n);
    sn_chan_free(&w.gate);
    return 0;
}
