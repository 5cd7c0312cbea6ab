/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One mutex, many contenders that want it all the time, each holding it for about a microsecond:
 * how much gets done, how long each waited, and how unequally they were served. The program
 * sennit-bench-barging runs the same with a mutex that has no starvation mode. */
#include "bench.h"
#include "hist.h"

enum { SECONDS = 3 };

typedef struct stage {
    sn_mutex m;
    atomic_int on; /* 0: warm up, 1: count, 2: go home */
    hist waits;
    uint64_t state;
} stage;

typedef struct actor {
    stage *s;
    int64_t turns;
} actor;

static uint64_t stir(uint64_t x, int rounds) {
    for (int k = 0; k < rounds; k++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    return x;
}

static int contend(void *arg) {
    actor *a = arg;
    stage *s = a->s;
    for (int on; (on = atomic_load_explicit(&s->on, memory_order_relaxed)) < 2;) {
        sn_time t = sn_now();
        sn_lock(&s->m);
        sn_time waited = sn_now() - t;
        s->state = stir(s->state, 600);
        sn_unlock(&s->m);
        if (on) {
            hist_add(&s->waits, waited);
            a->turns++;
        }
        bench_must(sn_yield(), "yield");
    }
    return 0;
}

static void count_turns(stage *s, const actor *a, int64_t n, double seconds) {
    int64_t all = 0, least = INT64_MAX, most = 0;
    for (int64_t i = 0; i < n; i++) {
        all += a[i].turns;
        least = a[i].turns < least ? a[i].turns : least;
        most = a[i].turns > most ? a[i].turns : most;
    }
    printf("n=%lld ops_s=%.0f least=%lld most=%lld", (long long)n, (double)all / seconds,
           (long long)least, (long long)most);
    hist_print(&s->waits, "wait");
    printf("\n");
}

int bench_contend(void *args) {
    int64_t n = bench_count(args, 1000);
    stage *s = calloc(1, sizeof *s);
    actor *a = calloc((size_t)n, sizeof *a);
    sn_scope scope;
    if (!s || !a) {
        free(s);
        free(a);
        return SN_ENOMEM;
    }
    s->state = 88172645463325252u;
    sn_scope_enter(&scope, SN_NEVER);
    for (int64_t i = 0; i < n; i++) {
        a[i].s = s;
        bench_go(contend, &a[i]);
    }
    bench_must(sn_sleep(SN_SECOND / 2), "sleep");
    sn_time begun = sn_now();
    atomic_store(&s->on, 1);
    bench_must(sn_sleep(SECONDS * SN_SECOND), "sleep");
    atomic_store(&s->on, 2);
    double seconds = (double)(sn_now() - begun) / 1e9;
    bench_must(sn_scope_leave(&scope), "scope");
    count_turns(s, a, n, seconds);
    free(a);
    free(s);
    return 0;
}
