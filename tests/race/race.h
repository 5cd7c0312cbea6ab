/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the tests of the race detector share. Each case is one statement of the memory model, made a
 * program: SILENT ones rest on an edge that the model gives, RACES ones on one that it does not
 * give and must be reported, also when all coroutines share one thread. */
#ifndef TESTS_RACE_H
#define TESTS_RACE_H

#include "check.h"

#include <sennit/sennit.h>
#include <stdatomic.h>

static atomic_int race_reports;

/* The sanitizer's own call for each report. */
__attribute__((visibility("default"))) void __tsan_on_report(void *report);
void __tsan_on_report(void *report) {
    (void)report;
    atomic_fetch_add_explicit(&race_reports, 1, memory_order_relaxed);
}

/* What a case works on. The two who meet are `one` and `other`; there is one P, and `one` runs
 * first, until it waits. */
typedef struct shared {
    long x;
    sn_chan c;
    sn_mutex m;
    sn_rwmutex rw;
    sn_cond cond;
    sn_sem sem;
    sn_wg wg;
    sn_once once;
    sn_scope scope;
    sn_ring ring;
    sn_funnel funnel;
    long ring_mem[4], funnel_mem[8];
    atomic_long atom;
    size_t cap;
    sn_fn one, other;
} shared;

static int race_main(void *arg) {
    shared *s = arg;
    sn_scope all;
    MUST(sn_chan_init(&s->c, sizeof(long), s->cap, NULL, NULL) == 0);
    MUST(sn_ring_init(&s->ring, s->ring_mem, sizeof(long), 4) == 0);
    MUST(sn_funnel_init(&s->funnel, s->funnel_mem, sizeof(long), 4) == 0);
    sn_sem_init(&s->sem, 0);
    sn_wg_add(&s->wg, 1);
    sn_scope_enter(&all, SN_NEVER);
    CHECK_INT(sn_go(s->other, s, 0), 0);
    CHECK_INT(sn_go(s->one, s, 0), 0); /* the last one started runs first */
    CHECK_INT(sn_scope_leave(&all), 0);
    sn_chan_free(&s->c);
    return 0;
}

static void race_case(const char *name, sn_fn one, sn_fn other, size_t cap, int races) {
    const sn_attr a = {.size = sizeof a, .procs = 1};
    shared *s = calloc(1, sizeof *s);
    MUST(s);
    s->one = one;
    s->other = other;
    s->cap = cap;
    check_failed_ = 0;
    int before = atomic_load(&race_reports);
    CHECK_INT(sn_run(race_main, s, &a), 0);
    int reports = atomic_load(&race_reports) - before;
    if (races ? reports == 0 : reports != 0) {
        fprintf(stderr, "%s: %d reports, %s\n", name, reports,
                races ? "though there is no such edge" : "though the edge is there");
        check_failed_ = 1;
    }
    if (check_failed_)
        check_failed_n_++;
    else
        check_passed_n_++;
    free(s);
}

/* SILENT(name, cap) { one } THE_OTHER(name) { other }, and so RACES; CASE_OF(name) runs it. */
#define RACE_PAIR(name, capacity, is_race)                                                         \
    enum { name##_cap = (capacity), name##_races = (is_race) };                                    \
    static int name##_one(void *arg);                                                              \
    static int name##_other(void *arg);                                                            \
    static void name##_body(shared *s);                                                            \
    static int name##_one(void *arg) {                                                             \
        name##_body(arg);                                                                          \
        return 0;                                                                                  \
    }                                                                                              \
    static void name##_body(shared *s)
#define SILENT(name, capacity) RACE_PAIR(name, capacity, 0)
#define RACES(name, capacity) RACE_PAIR(name, capacity, 1)
#define THE_OTHER(name)                                                                            \
    static void name##_body2(shared *s);                                                           \
    static int name##_other(void *arg) {                                                           \
        name##_body2(arg);                                                                         \
        return 0;                                                                                  \
    }                                                                                              \
    static void name##_body2(shared *s)
#define CASE_OF(name) race_case(#name, name##_one, name##_other, name##_cap, name##_races)

static inline void send_to(sn_chan *c) {
    long v = 7;
    CHECK_INT(sn_send(c, &v), 0);
}
static inline void receive_from(sn_chan *c) {
    long v;
    CHECK_INT(sn_recv(c, &v), 0);
    CHECK_INT(v, 7);
}
/* Lets the other do all it can. */
static inline void let_others(void) {
    for (int i = 0; i < 10; i++) CHECK_INT(sn_yield(), 0);
}

#endif
