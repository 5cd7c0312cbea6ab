/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Switching and starting: yield, spawn, skynet. */
#include "bench.h"

typedef struct spin {
    sn_wg done;
    int64_t n;
} spin;

static int yield_n(void *arg) {
    spin *s = arg;
    for (int64_t i = 0; i < s->n; i++) {
        int rc = sn_yield();
        if (rc) return rc;
    }
    sn_wg_done(&s->done);
    return 0;
}

static void yield_two(int64_t n) {
    spin s = {.n = n};
    sn_wg_add(&s.done, 2);
    bench_go(yield_n, &s);
    bench_go(yield_n, &s);
    bench_must(sn_wg_wait(&s.done), "wait");
}

int bench_yield(void *args) { return bench_measure(yield_two, bench_count(args, 10000000), 2); }

/* --- starting */

static int just_done(void *arg) {
    sn_wg_done(arg);
    return 0;
}

static void spawn_in_bursts(int64_t n, int64_t burst) {
    while (n > 0) {
        int64_t m = burst < n ? burst : n;
        sn_wg w = {{0}};
        sn_wg_add(&w, m);
        for (int64_t i = 0; i < m; i++) bench_go(just_done, &w);
        bench_must(sn_wg_wait(&w), "wait");
        n -= m;
    }
}

static int spawn(int64_t n, int64_t burst) {
    if (burst < n) spawn_in_bursts(burst * 10, burst);
    bench_begin();
    spawn_in_bursts(n, burst);
    bench_report(n);
    return 0;
}

int bench_spawn1(void *args) { return spawn(bench_count(args, 1000000), 1); }
int bench_spawn10k(void *args) { return spawn(bench_count(args, 1000000), 10000); }
int bench_spawn1m(void *args) { return spawn(bench_count(args, 1000000), 1000000); }

/* --- skynet */

enum { LEAVES = 1000000, BRANCH = 10 };
typedef struct node {
    sn_chan *up;
    int64_t num, size;
} node;

static int grow(void *arg) {
    const node *k = arg;
    if (k->size == 1) return sn_send(k->up, &k->num);
    sn_chan c;
    int64_t sum = 0, v;
    bench_must(sn_chan_init(&c, sizeof v, 0, NULL, NULL), "channel");
    for (int64_t i = 0; i < BRANCH; i++) {
        node child = {&c, k->num + i * (k->size / BRANCH), k->size / BRANCH};
        bench_must(sn_go(grow, &child, sizeof child), "sn_go");
    }
    for (int i = 0; i < BRANCH; i++) {
        bench_must(sn_recv(&c, &v), "receive");
        sum += v;
    }
    sn_chan_free(&c);
    return sn_send(k->up, &sum);
}

int bench_skynet(void *args) {
    sn_chan c;
    int64_t sum = 0;
    (void)args;
    bench_must(sn_chan_init(&c, sizeof sum, 0, NULL, NULL), "channel");
    node root = {&c, 0, LEAVES};
    bench_begin();
    bench_must(sn_go(grow, &root, sizeof root), "sn_go");
    bench_must(sn_recv(&c, &sum), "receive");
    if (sum != (int64_t)LEAVES * (LEAVES - 1) / 2) return SN_EBADMSG;
    bench_report(1);
    sn_chan_free(&c);
    return 0;
}
