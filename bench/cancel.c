/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* From sn_scope_cancel to the return of each coroutine in the scope, which all wait for nothing: a
 * flat crowd, a tree in which each has a scope with ten children, a chain in which each has one.
 * Who has children returns after them. */
#include "bench.h"
#include "hist.h"

#include <string.h>

typedef struct node {
    struct grove *g;
    int64_t at;
} node;

typedef struct grove {
    int64_t n, children; /* of each; 0: all are the root's */
    sn_wg waiting;
    sn_time begun;
    sn_time *took;
} grove;

static int grow(void *arg);

static void start(grove *g, int64_t at) {
    node x = {g, at};
    bench_must(sn_go(grow, &x, sizeof x), "sn_go");
}

static int wait_for_nothing(grove *g) {
    sn_wg_done(&g->waiting);
    return sn_recv(NULL, NULL);
}

static int grow(void *arg) {
    node *x = arg;
    grove *g = x->g;
    int64_t first = x->at * g->children + 1;
    if (!g->children || first >= g->n) {
        (void)wait_for_nothing(g);
    } else {
        sn_scope s;
        sn_scope_enter(&s, SN_NEVER);
        for (int64_t i = first; i < first + g->children && i < g->n; i++) start(g, i);
        (void)wait_for_nothing(g);
        (void)!sn_scope_leave(&s);
    }
    g->took[x->at] = sn_now() - g->begun;
    return 0;
}

static sn_time fell(grove *g, hist *each) {
    sn_scope s;
    sn_wg_add(&g->waiting, g->n);
    sn_scope_enter(&s, SN_NEVER);
    for (int64_t i = 0; i < (g->children ? 1 : g->n); i++) start(g, i);
    bench_must(sn_wg_wait(&g->waiting), "wait");
    bench_must(sn_sleep(SN_MILLISECOND), "sleep"); /* all have parked */
    g->begun = sn_now();
    sn_scope_cancel(&s, SN_ECANCELED);
    sn_time spent = sn_now() - g->begun;
    (void)!sn_scope_leave(&s);
    for (int64_t i = 0; i < g->n; i++) hist_add(each, g->took[i]);
    return spent;
}

static void measure(const char *shape, int64_t children, int64_t n) {
    int64_t rounds = n < 100 ? 2000 : n < 5000 ? 400 : 20;
    grove g = {.n = n, .children = children, .took = calloc((size_t)n, sizeof(sn_time))};
    hist *each = calloc(1, sizeof *each), *call = calloc(1, sizeof *call);
    if (!g.took || !each || !call) bench_must(SN_ENOMEM, "memory");
    (void)fell(&g, each);
    hist_clear(each);
    for (int64_t i = 0; i < rounds; i++) hist_add(call, fell(&g, each));
    printf("shape=%s n=%lld rounds=%lld", shape, (long long)n, (long long)rounds);
    hist_print(each, "each");
    hist_print(call, "call");
    printf("\n");
    fflush(stdout);
    free(g.took);
    free(each);
    free(call);
}

int bench_cancel(void *args) {
    static const int64_t sizes[] = {1, 100, 10000};
    int64_t only = bench_count(args, 0);
    for (int i = 0; i < 3; i++) {
        int64_t n = sizes[i];
        if (only && n != only) continue;
        measure("flat", 0, n);
        if (n > 1) measure("tree", 10, n);
        if (n > 1) measure("chain", 1, n);
    }
    return 0;
}
