/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Channels and select: ping-pong, producers and consumers, select over four. */
#include "bench.h"

#include <stdatomic.h>

static atomic_llong sink; /* so that no sum is thrown away unused */

static void make(sn_chan *c, size_t cap) {
    bench_must(sn_chan_init(c, sizeof(int64_t), cap, NULL, NULL), "channel");
}

typedef struct table {
    sn_chan a, b;
    int64_t n;
} table;

static int pong(void *arg) {
    table *t = arg;
    for (int64_t i = 0, v; i < t->n; i++) {
        bench_must(sn_recv(&t->a, &v), "receive");
        bench_must(sn_send(&t->b, &v), "send");
    }
    return 0;
}

static void ping(int64_t n) {
    table t = {.n = n};
    sn_scope s;
    make(&t.a, 0), make(&t.b, 0);
    sn_scope_enter(&s, SN_NEVER);
    bench_go(pong, &t);
    for (int64_t i = 0, v; i < n; i++) {
        bench_must(sn_send(&t.a, &i), "send");
        bench_must(sn_recv(&t.b, &v), "receive");
    }
    bench_must(sn_scope_leave(&s), "leave");
    sn_chan_free(&t.a), sn_chan_free(&t.b);
}

int bench_pingpong(void *args) { return bench_measure(ping, bench_count(args, 3000000), 1); }

/* --- producers and consumers */

typedef struct factory {
    sn_chan c;
    sn_wg made, used;
    int64_t each;
} factory;

static int produce(void *arg) {
    factory *f = arg;
    for (int64_t i = 0; i < f->each; i++) bench_must(sn_send(&f->c, &i), "send");
    sn_wg_done(&f->made);
    return 0;
}

static int consume(void *arg) {
    factory *f = arg;
    int64_t sum = 0, v;
    while (sn_recv(&f->c, &v) == 0) sum += v;
    atomic_fetch_add(&sink, sum);
    sn_wg_done(&f->used);
    return 0;
}

static void factory_run(int64_t n, int producers, int consumers) {
    factory f = {.each = n / producers};
    make(&f.c, 128);
    sn_wg_add(&f.made, producers);
    sn_wg_add(&f.used, consumers);
    for (int i = 0; i < producers; i++) bench_go(produce, &f);
    for (int i = 0; i < consumers; i++) bench_go(consume, &f);
    bench_must(sn_wg_wait(&f.made), "wait");
    sn_chan_close(&f.c);
    bench_must(sn_wg_wait(&f.used), "wait");
    sn_chan_free(&f.c);
}

static void one_to_one(int64_t n) { factory_run(n, 1, 1); }
static void four_to_four(int64_t n) { factory_run(n, 4, 4); }
int bench_pc11(void *args) { return bench_measure(one_to_one, bench_count(args, 20000000), 1); }
int bench_pc44(void *args) { return bench_measure(four_to_four, bench_count(args, 20000000), 1); }

/* --- select */

typedef struct feed {
    sn_chan c;
    int64_t n;
} feed;

static int feed_run(void *arg) {
    feed *f = arg;
    for (int64_t i = 0; i < f->n; i++) bench_must(sn_send(&f->c, &i), "send");
    return 0;
}

static void select_four(int64_t n) {
    feed f[4];
    sn_scope s;
    int64_t sum = 0, v = 0;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 4; i++) {
        make(&f[i].c, 0);
        f[i].n = n / 4;
        bench_go(feed_run, &f[i]);
    }
    for (int64_t i = 0; i < n / 4 * 4; i++) {
        bench_must(sn_select(SN_NEVER, sn_rx(&f[0].c, &v, NULL), sn_rx(&f[1].c, &v, NULL),
                             sn_rx(&f[2].c, &v, NULL), sn_rx(&f[3].c, &v, NULL)),
                   "select");
        sum += v;
    }
    bench_must(sn_scope_leave(&s), "leave");
    atomic_fetch_add(&sink, sum);
    for (int i = 0; i < 4; i++) sn_chan_free(&f[i].c);
}

int bench_sel4(void *args) { return bench_measure(select_four, bench_count(args, 4000000), 1); }
