/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One mutex, eight coroutines: back to back, and with work of their own between. */
#include "bench.h"

#include <stdatomic.h>

static atomic_ullong sink;

/* What the mutex guards lies beside it, what it does not guard elsewhere: so people lay it out, and
 * so Go's allocator does. */
typedef struct desk {
    _Alignas(64) sn_mutex m;
    int64_t count;
    _Alignas(64) sn_wg done;
    int64_t each;
} desk;

static int lock_only(void *arg) {
    desk *d = arg;
    for (int64_t i = 0, n = d->each; i < n; i++) {
        sn_lock(&d->m);
        d->count++;
        sn_unlock(&d->m);
    }
    sn_wg_done(&d->done);
    return 0;
}

static uint64_t stir(uint64_t x) {
    for (int k = 0; k < 60; k++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    return x;
}

static int lock_and_work(void *arg) {
    desk *d = arg;
    uint64_t x = 88172645463325252u;
    for (int64_t i = 0, n = d->each; i < n; i++) {
        sn_lock(&d->m);
        d->count++;
        sn_unlock(&d->m);
        x = stir(x);
    }
    atomic_fetch_add(&sink, x);
    sn_wg_done(&d->done);
    return 0;
}

static void eight(sn_fn f, int64_t n) {
    desk d = {.each = n / 8};
    sn_wg_add(&d.done, 8);
    for (int i = 0; i < 8; i++) bench_go(f, &d);
    bench_must(sn_wg_wait(&d.done), "wait");
    if (d.count != n / 8 * 8) bench_must(SN_EBADMSG, "count under the mutex");
}

static void plain(int64_t n) { eight(lock_only, n); }
static void with_work(int64_t n) { eight(lock_and_work, n); }

int bench_mutex8(void *args) { return bench_measure(plain, bench_count(args, 16000000), 1); }
int bench_mutex8w(void *args) { return bench_measure(with_work, bench_count(args, 8000000), 1); }
