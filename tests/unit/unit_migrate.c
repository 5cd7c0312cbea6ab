/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Under SENNIT_MIGRATE=always a coroutine that has parked goes on on another thread, every time,
 * and whatever it waited for. On one P too: there are more threads than Ps. */
#include "check.h"

#include <sennit/sennit.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { TIMES = 200 };

static long thread_now(void) { return syscall(SYS_gettid); }

/* The value of `call`, which must have ended on another thread than it began. */
#define MOVES(call)                                                                                \
    ({                                                                                             \
        long was_ = thread_now();                                                                  \
        int rc_ = (call);                                                                          \
        CHECK(thread_now() != was_);                                                               \
        rc_;                                                                                       \
    })

static sn_time soon(void) { return sn_now() + SN_MILLISECOND / 10; }

static int yields(void *arg) {
    (void)arg;
    for (int i = 0; i < TIMES; i++) CHECK_INT(MOVES(sn_yield()), 0);
    return 0;
}

/* Each certainly parks, since nobody comes before the deadline. */
static int waits(void *arg) {
    (void)arg;
    sn_chan c;
    sn_mutex held = {{0}};
    sn_cond nobody = {{0}};
    sn_sem none = {{0}};
    int v;
    CHECK_INT(sn_chan_init(&c, sizeof v, 0, NULL, NULL), 0);
    sn_lock(&held);
    for (int i = 0; i < TIMES / 10; i++) {
        CHECK_INT(MOVES(sn_sleep(SN_MILLISECOND / 10)), 0);
        CHECK_INT(MOVES(sn_select(soon(), sn_rx(&c, &v, NULL))), SN_ETIMEDOUT);
        CHECK_INT(MOVES(sn_lock_until(&held, soon())), SN_ETIMEDOUT);
        CHECK_INT(MOVES(sn_cond_wait(&nobody, &held, soon())), SN_ETIMEDOUT);
        CHECK_INT(MOVES(sn_sem_wait(&none, soon())), SN_ETIMEDOUT);
    }
    sn_unlock(&held);
    return 0;
}

/* A try succeeds only while the receiver is parked. */
static int send_to_parked(void *arg) {
    for (int i = 0; i < TIMES; i++)
        for (int rc; (rc = sn_try_send(arg, &i)) != 0;) {
            MUST(rc == SN_EAGAIN);
            MUST(sn_yield() == 0);
        }
    return 0;
}

static int is_woken(void *arg) {
    (void)arg;
    sn_chan c;
    CHECK_INT(sn_chan_init(&c, sizeof(int), 0, NULL, NULL), 0);
    MUST(sn_go(send_to_parked, &c, 0) == 0);
    for (int i = 0, v; i < TIMES; i++) {
        CHECK_INT(MOVES(sn_recv(&c, &v)), 0);
        CHECK_INT(v, i);
    }
    return 0;
}

static int yields_in_scope(void *arg) {
    for (int i = 0; i < 20; i++) CHECK_INT(yields(arg), 0);
    return 0;
}

static int many(void *arg) {
    (void)arg;
    sn_scope s;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 8; i++) MUST(sn_go(yields_in_scope, NULL, 0) == 0);
    return sn_scope_leave(&s);
}

static int stays(void *arg) {
    (void)arg;
    long was = thread_now();
    sn_chan c;
    CHECK_INT(sn_chan_init(&c, sizeof(int), 1, NULL, NULL), 0);
    for (int i = 0, v; i < 20; i++) {
        CHECK_INT(sn_send(&c, &i), 0);
        CHECK_INT(sn_recv(&c, &v), 0);
    }
    sn_chan_free(&c);
    CHECK(thread_now() == was); /* what need not wait does not move: that would prove nothing */
    return 0;
}

static void run(sn_fn f) { CHECK_INT(sn_run(f, NULL, NULL), 0); }
static void yielding(void) { run(yields); }
static void waiting(void) { run(waits); }
static void woken(void) { run(is_woken); }
static void many_yield(void) { run(many); }
static void no_wait(void) { run(stays); }

int main(void) {
    setenv("SENNIT_MIGRATE", "always", 1);
    CASE(yielding);
    CASE(waiting);
    CASE(woken);
    CASE(many_yield);
    CASE(no_wait);
    return check_done();
}
