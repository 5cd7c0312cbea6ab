/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the tests of docs/guide/calling-c.md share. They run with SENNIT_MIGRATE=always, so that
 * every park ends on another thread: what a library keeps for a thread is then certainly another's,
 * and what is called safe in the guide's table has stood that. The UNSAFE cases show what goes
 * wrong. */
#ifndef TESTS_CALLING_H
#define TESTS_CALLING_H

#include "check.h"

#include <sennit/sennit.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline long thread_now(void) { return syscall(SYS_gettid); }

/* Parks, and goes on on another thread: at once, unless a thread that was lost to a call of this
 * coroutine's own is the next to be free. */
static inline void park_and_move(void) {
    long was = thread_now();
    for (int i = 0; i < 1000 && thread_now() == was; i++) MUST(sn_yield() == 0);
    MUST(thread_now() != was);
}

/* A case is a coroutine that may call what it likes. */
#define CALLING_CASE(name)                                                                         \
    static void name##_body(void);                                                                 \
    static int name##_co(void *arg) {                                                              \
        (void)arg;                                                                                 \
        name##_body();                                                                             \
        return 0;                                                                                  \
    }                                                                                              \
    static void name(void) {                                                                       \
        sn_attr a_;                                                                                \
        memset(&a_, 0, sizeof a_);                                                                 \
        a_.size = sizeof a_;                                                                       \
        a_.flags = SN_FOREIGN;                                                                     \
        CHECK_INT(sn_run(name##_co, NULL, &a_), 0);                                                \
    }                                                                                              \
    static void name##_body(void)

/* n coroutines of f with stacks for libraries; all must end well. */
static inline void crowd(int n, sn_fn f, void *arg) {
    sn_attr a;
    sn_scope s;
    memset(&a, 0, sizeof a);
    a.size = sizeof a;
    a.flags = SN_FOREIGN;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < n; i++) MUST(sn_scope_go(&s, &a, f, arg, 0) == 0);
    CHECK_INT(sn_scope_leave(&s), 0);
}

/* Whether what a library keeps for a thread is still there after a park. */
typedef int (*keeps_fn)(void);
enum { KEEPERS = 3, ROAMERS = 4, KEEP_TIMES = 20 };
static struct {
    keeps_fn keeps;
    void (*soil)(void); /* what others do to their threads meanwhile; NULL */
    int over, lost;
} keeping;

static inline int keeper(void *arg) {
    (void)arg;
    for (int i = 0; i < KEEP_TIMES; i++)
        if (!keeping.keeps()) __atomic_fetch_add(&keeping.lost, 1, __ATOMIC_SEQ_CST);
    return 0;
}
static inline int roamer(void *arg) {
    (void)arg;
    while (!__atomic_load_n(&keeping.over, __ATOMIC_SEQ_CST)) {
        if (keeping.soil) keeping.soil();
        MUST(sn_yield() == 0);
    }
    return 0;
}

/* A park of a keeper: the others have gone on for a while. */
static inline void park_for_long(void) {
    for (int i = 0; i < 3; i++) MUST(sn_yield() == 0);
    MUST(sn_sleep(20 * SN_MICROSECOND) == 0);
}

/* Some do it at the same time, among others that go from thread to thread. How often something was
 * not there any more. `flags`: SN_PIN or 0. */
static inline int lost_over_parks(keeps_fn keeps, void (*soil)(void), uint32_t flags) {
    sn_attr a;
    sn_scope all, keepers;
    memset(&a, 0, sizeof a);
    a.size = sizeof a;
    a.flags = SN_FOREIGN;
    keeping.keeps = keeps;
    keeping.soil = soil;
    keeping.over = keeping.lost = 0;
    sn_scope_enter(&all, SN_NEVER);
    for (int i = 0; i < ROAMERS; i++) MUST(sn_scope_go(&all, &a, roamer, NULL, 0) == 0);
    a.flags |= flags;
    sn_scope_enter(&keepers, SN_NEVER);
    for (int i = 0; i < KEEPERS; i++) MUST(sn_scope_go(&keepers, &a, keeper, NULL, 0) == 0);
    CHECK_INT(sn_scope_leave(&keepers), 0);
    __atomic_store_n(&keeping.over, 1, __ATOMIC_SEQ_CST);
    CHECK_INT(sn_scope_leave(&all), 0);
    return keeping.lost;
}

#endif
