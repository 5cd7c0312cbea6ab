/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* sn_offload: results, who owns what, callers that leave at every moment. The same text on threads
 * and on the simulated scheduler (tests/sim/io.cmake). */
#include "net_util.h"

#include <stdatomic.h>

static atomic_int begun, ended, dropped;

static void reset(void) {
    atomic_store(&begun, 0);
    atomic_store(&ended, 0);
    atomic_store(&dropped, 0);
}

typedef struct work {
    int in, out;
    char *owned;
} work;

static void twice(void *arg) {
    work *w = arg;
    atomic_fetch_add(&begun, 1);
    w->out = 2 * w->in;
    w->owned = malloc(16);
    atomic_fetch_add(&ended, 1);
}

static void drop_owned(void *arg) {
    free(((work *)arg)->owned);
    atomic_fetch_add(&dropped, 1);
}

/* A function that does not come back until it is let: a flag that its thread looks at. */
static atomic_int gate;

static void held(void *arg) {
    atomic_fetch_add(&begun, 1);
    while (!atomic_load(&gate) && sn_sleep(SN_MILLISECOND) == 0) continue;
    twice(arg);
}

static void wait_for(atomic_int *what, int n) {
    while (atomic_load(what) < n) MUST(sn_sleep(SN_MILLISECOND) == 0);
}

NET_CASE(results_come_back_in_the_argument) {
    reset();
    for (int i = 0; i < 50; i++) {
        work w = {.in = i};
        CHECK_INT(sn_offload(twice, &w, sizeof w, drop_owned, SN_NEVER), 0);
        CHECK_INT(w.out, 2 * i);
        free(w.owned);
    }
    CHECK_INT(atomic_load(&dropped), 0);
}

NET_CASE(sizes_are_bounded) {
    static char big[SN_OFFLOAD_MAX + 1];
    work w = {0};
    reset();
    CHECK_INT(sn_offload(twice, &w, 0, drop_owned, SN_NEVER), SN_EINVAL);
    CHECK_INT(sn_offload(twice, big, sizeof big, NULL, SN_NEVER), SN_E2BIG);
    CHECK_INT(atomic_load(&begun), 0);
    CHECK_INT(atomic_load(&dropped), 1);
}

NET_CASE(a_canceled_scope_begins_nothing) {
    sn_scope s;
    work w = {.owned = malloc(16)};
    reset();
    sn_scope_enter(&s, SN_NEVER);
    sn_scope_cancel(&s, SN_ECANCELED);
    CHECK_INT(sn_offload(twice, &w, sizeof w, drop_owned, SN_NEVER), SN_ECANCELED);
    CHECK_INT(atomic_load(&begun), 0);
    CHECK_INT(atomic_load(&dropped), 1);
    CHECK_INT(sn_scope_leave(&s), SN_ECANCELED);
}

NET_CASE(a_call_that_hangs_is_left_behind) {
    reset();
    atomic_store(&gate, 0);
    work w = {.in = 1};
    CHECK_INT(sn_offload(held, &w, sizeof w, drop_owned, sn_now() + 60 * SN_MILLISECOND),
              SN_ETIMEDOUT);
    CHECK(w.owned == NULL);
    atomic_store(&gate, 1);
    wait_for(&dropped, 1);
    CHECK_INT(atomic_load(&begun), 2 * atomic_load(&ended)); /* run to its end, or never begun */
}

static int one_held(void *arg) {
    work w = {.in = 1};
    int *result = arg;
    *result = sn_offload(held, &w, sizeof w, drop_owned, SN_NEVER);
    return 0;
}

NET_CASE(a_cancel_leaves_it_behind_too) {
    int result = 1;
    sn_scope s;
    reset();
    atomic_store(&gate, 0);
    sn_scope_enter(&s, SN_NEVER);
    MUST(sn_go(one_held, &result, 0) == 0);
    wait_for(&begun, 1);
    sn_scope_cancel(&s, SN_ECANCELED);
    CHECK_INT(sn_scope_leave(&s), SN_ECANCELED);
    CHECK_INT(result, SN_ECANCELED);
    atomic_store(&gate, 1);
    wait_for(&dropped, 1);
    CHECK_INT(atomic_load(&ended), 1);
}

/* --- many, with cancels and deadlines that meet the end of the call --- */

static atomic_int calls, successes;

static void brief(void *arg) {
    work *w = arg;
    for (int i = 0; i < w->in % 4 && sn_sleep(0) == 0; i++) continue;
    twice(arg);
}

static int caller(void *arg) {
    int seed = *(int *)arg, err = 0;
    for (int i = 0; i < 20 && err != SN_ECANCELED; i++) {
        work w = {.in = seed * 31 + i, .owned = NULL};
        sn_time until = i % 3 ? sn_now() + (seed * 7 + i) % 40 * SN_MICROSECOND : SN_NEVER;
        atomic_fetch_add(&calls, 1);
        err = sn_offload(brief, &w, sizeof w, drop_owned, until);
        CHECK(err == 0 || err == SN_ETIMEDOUT || err == SN_ECANCELED);
        if (err) continue;
        CHECK_INT(w.out, 2 * w.in);
        free(w.owned);
        atomic_fetch_add(&successes, 1);
    }
    return 0;
}

/* Each call ends as a success, whose bytes we free, or as one drop. */
NET_CASE(collisions) {
    enum { CALLERS = 40, ROUNDS = 4 };
    sn_scope s;
    for (int round = 0; round < ROUNDS; round++) {
        reset();
        atomic_store(&calls, 0);
        atomic_store(&successes, 0);
        sn_scope_enter(&s, SN_NEVER);
        for (int i = 0; i < CALLERS; i++) MUST(sn_go(caller, &i, sizeof i) == 0);
        MUST(sn_sleep(round * SN_MILLISECOND) == 0);
        if (round) sn_scope_cancel(&s, SN_ECANCELED);
        CHECK_INT(sn_scope_leave(&s), round ? SN_ECANCELED : 0);
        wait_for(&dropped, atomic_load(&calls) - atomic_load(&successes));
        CHECK_INT(atomic_load(&dropped), atomic_load(&calls) - atomic_load(&successes));
    }
}

int main(void) {
    CASE(results_come_back_in_the_argument);
    CASE(sizes_are_bounded);
    CASE(a_canceled_scope_begins_nothing);
    CASE(a_call_that_hangs_is_left_behind);
    CASE(a_cancel_leaves_it_behind_too);
    CASE(collisions);
    return check_done();
}
