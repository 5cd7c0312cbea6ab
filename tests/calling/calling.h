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

#endif
