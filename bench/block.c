/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Calls that block: many coroutines make system calls of 1 ms, without a word or by sn_blocking. */
#include "bench.h"

#include <sys/select.h>

enum { CALLERS = 100 };

static int block_1ms(void *arg) {
    struct timeval t = {.tv_usec = 1000};
    (void)arg;
    return select(0, NULL, NULL, NULL, &t);
}

/* Both look in at the library between two calls, as a program would. */
static int call_plainly(void *arg) {
    for (int64_t n = *(int64_t *)arg; n > 0; n--) {
        bench_must(block_1ms(NULL), "select");
        bench_must(sn_yield(), "yield");
    }
    return 0;
}

static int call_with_a_word(void *arg) {
    for (int64_t n = *(int64_t *)arg; n > 0; n--)
        bench_must(sn_blocking(block_1ms, NULL), "select");
    return 0;
}

static void call_all(sn_fn f, int64_t n) {
    sn_scope s;
    int64_t each = n / CALLERS;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < CALLERS; i++) bench_must(sn_go(f, &each, sizeof each), "sn_go");
    bench_must(sn_scope_leave(&s), "leave");
}

static void plainly(int64_t n) { call_all(call_plainly, n); }
static void with_a_word(int64_t n) { call_all(call_with_a_word, n); }

int bench_blocksys(void *args) {
    return bench_measure(plainly, bench_count(args, 50000) / CALLERS * CALLERS, 1);
}

int bench_blockhint(void *args) {
    return bench_measure(with_a_word, bench_count(args, 200000) / CALLERS * CALLERS, 1);
}
