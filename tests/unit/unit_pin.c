/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Pinned coroutines stay on their thread, whatever they wait for, and nobody else runs there; and
 * what is stolen under SENNIT_STEAL. */
#include "check.h"

#include <sennit/sennit.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { TIMES = 100, MANY = 6, OTHERS = 16 };

static long thread_now(void) { return syscall(SYS_gettid); }
static atomic_int over;
static _Thread_local void *owner; /* of this thread, as a library may keep it */
/* The thread's own, whoever runs there: no race between coroutines. And asked for anew each time,
 * since one that is not pinned may be elsewhere by then. */
#define OF_THREAD __attribute__((noinline, no_sanitize("thread"))) static
OF_THREAD void *owner_here(void) { return owner; }
OF_THREAD void own_here(void *who) { owner = who; }

/* Every kind of wait, on the same thread, whose state nobody else has touched. */
static void waits_here(void *me) {
    long thread = thread_now();
    sn_sem none = {{0}};
    own_here(me);
    for (int i = 0; i < TIMES; i++) {
        CHECK_INT(sn_yield(), 0);
        CHECK(thread_now() == thread && owner_here() == me);
        if (i % 10) continue;
        CHECK_INT(sn_sleep(50 * SN_MICROSECOND), 0);
        CHECK_INT(sn_sem_wait(&none, sn_now() + 50 * SN_MICROSECOND), SN_ETIMEDOUT);
        CHECK(thread_now() == thread && owner_here() == me);
    }
    own_here(NULL);
}

static int is_pinned(void *arg) {
    sn_pin();
    waits_here(&arg);
    sn_pin(); /* nests */
    sn_unpin();
    waits_here(&arg);
    sn_unpin();
    return sn_yield();
}

static int born_pinned(void *arg) {
    waits_here(&arg);
    return 0; /* unpinned by its end */
}

/* Not pinned: never finds itself on a thread that is somebody's. */
static int roams(void *arg) {
    (void)arg;
    while (!atomic_load(&over)) {
        CHECK(owner_here() == NULL);
        CHECK_INT(sn_yield(), 0);
    }
    return 0;
}

static int crowd(void *arg) {
    sn_scope all, pinned;
    sn_attr attr = {.size = sizeof attr, .flags = SN_PIN};
    (void)arg;
    atomic_store(&over, 0);
    sn_scope_enter(&all, SN_NEVER);
    for (int i = 0; i < OTHERS; i++) MUST(sn_go(roams, NULL, 0) == 0);
    sn_scope_enter(&pinned, SN_NEVER);
    for (int i = 0; i < MANY; i++) {
        MUST(sn_go(is_pinned, NULL, 0) == 0);
        MUST(sn_scope_go(&pinned, &attr, born_pinned, NULL, 0) == 0);
    }
    CHECK_INT(sn_scope_leave(&pinned), 0);
    atomic_store(&over, 1);
    return sn_scope_leave(&all);
}

static int pongs(void *arg) {
    sn_chan *c = arg;
    for (int v; sn_recv(&c[0], &v) == 0;) CHECK_INT(sn_send(&c[1], &v), 0);
    sn_chan_close(&c[1]);
    return 0;
}

/* Two that are pinned and wake each other. */
static int two_pinned(void *arg) {
    sn_chan c[2];
    sn_attr attr = {.size = sizeof attr, .flags = SN_PIN};
    sn_scope s;
    (void)arg;
    for (int i = 0; i < 2; i++) CHECK_INT(sn_chan_init(&c[i], sizeof(int), 0, NULL, NULL), 0);
    sn_scope_enter(&s, SN_NEVER);
    MUST(sn_scope_go(&s, &attr, pongs, c, 0) == 0);
    sn_pin();
    long thread = thread_now();
    for (int i = 0, v = 0; i < TIMES; i++) {
        CHECK_INT(sn_send(&c[0], &i), 0);
        CHECK_INT(sn_recv(&c[1], &v), 0);
        CHECK_INT(v, i);
    }
    CHECK(thread_now() == thread);
    sn_chan_close(&c[0]);
    CHECK_INT(sn_scope_leave(&s), 0);
    sn_unpin();
    return 0;
}

static long callers_thread;
static int on_callers_thread(void *arg) {
    CHECK(thread_now() == callers_thread);
    waits_here(&arg);
    CHECK(thread_now() == callers_thread);
    return 0;
}

static int nap(void *arg) {
    usleep(1000);
    own_here(arg);
    return 0;
}

/* A blocking call, a lost P: it comes back to the same thread, whose state is there. */
static int blocks_pinned(void *arg) {
    (void)arg;
    sn_pin();
    for (int i = 1; i < 20; i++) {
        CHECK_INT(sn_blocking(nap, &i), 0);
        CHECK(owner_here() == &i);
    }
    sn_time until = sn_now() + 30 * SN_MILLISECOND;
    long thread = thread_now();
    while (sn_now() < until) {
    }
    CHECK_INT(sn_yield(), 0);
    CHECK(thread_now() == thread);
    own_here(NULL);
    sn_unpin();
    return 0;
}

static int hog_beside(void *arg) {
    sn_scope s;
    atomic_store(&over, 0);
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < OTHERS; i++) MUST(sn_go(roams, NULL, 0) == 0);
    int rc = blocks_pinned(arg);
    atomic_store(&over, 1);
    return sn_scope_leave(&s) || rc;
}

/* Nobody can wake a pinned coroutine: that is a deadlock like any other. Its last words are looked
 * at by tests/stress/fatal.c; here it is only that a pinned thread counts as asleep. */
static int wakes_pinned(void *arg) {
    sn_sem *s = arg;
    MUST(sn_sleep(SN_MILLISECOND) == 0);
    sn_sem_post(s);
    return 0;
}

static int sleeps_pinned(void *arg) {
    sn_sem s = {{0}};
    (void)arg;
    sn_pin();
    for (int i = 0; i < 20; i++) {
        MUST(sn_go_root(wakes_pinned, &s, 0) == 0);
        CHECK_INT(sn_sem_wait(&s, SN_NEVER), 0);
    }
    return 0;
}

static void run(sn_fn f) { CHECK_INT(sn_run(f, NULL, NULL), 0); }
static void in_a_crowd(void) { run(crowd); }
static void each_other(void) { run(two_pinned); }
static void blocking(void) { run(hog_beside); }
static void asleep(void) { run(sleeps_pinned); }
static void main_thread(void) {
    sn_attr attr = {.size = sizeof attr, .flags = SN_PIN};
    callers_thread = thread_now();
    CHECK_INT(sn_run(on_callers_thread, NULL, &attr), 0);
    CHECK(thread_now() == callers_thread);
}

/* --- stealing */

static uint64_t steals(void) {
    sn_stats st = {.size = sizeof st};
    sn_get_stats(&st);
    return st.steals;
}

static int moves(void *arg) {
    long was = thread_now();
    for (int i = 0; i < 2000; i++) {
        CHECK_INT(sn_yield(), 0);
        if (thread_now() != was) atomic_fetch_add((atomic_int *)arg, 1);
        was = thread_now();
    }
    return 0;
}

static int steal_some(void *arg) {
    sn_scope s;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < OTHERS; i++) MUST(sn_go(moves, arg, 0) == 0);
    int rc = sn_scope_leave(&s);
    if (!strcmp(getenv("SENNIT_STEAL"), "none")) CHECK_INT(steals(), 0);
    return rc;
}

/* Who waits in the slot has run before: it is not fresh, and stays. Its waker keeps its P busy for
 * a moment, in which the other, that was woken for one which is fresh, looks everywhere. */
static int answers(void *arg) {
    sn_chan *c = arg;
    for (int v; sn_recv(&c[0], &v) == 0;) CHECK_INT(sn_send(&c[1], &v), 0);
    return 0;
}
static int ends_at_once(void *arg) {
    (void)arg;
    return 0;
}
static int slot_is_not_fresh(void *arg) {
    sn_chan c[2];
    sn_scope s;
    (void)arg;
    for (int i = 0; i < 2; i++) MUST(sn_chan_init(&c[i], sizeof(int), 0, NULL, NULL) == 0);
    sn_scope_enter(&s, SN_NEVER);
    MUST(sn_go(answers, c, 0) == 0);
    for (int i = 0, v; i < TIMES; i++) {
        MUST(sn_go(ends_at_once, NULL, 0) == 0);
        CHECK_INT(sn_send(&c[0], &i), 0);
        for (sn_time until = sn_now() + 100 * SN_MICROSECOND; sn_now() < until;) {
        }
        CHECK_INT(sn_recv(&c[1], &v), 0);
    }
    sn_chan_close(&c[0]);
    int rc = sn_scope_leave(&s);
    for (int i = 0; i < 2; i++) sn_chan_free(&c[i]);
    return rc;
}

static void stealing(void) {
    static const char *const how[] = {"all", "fresh", "none"};
    for (int i = 0; i < 3; i++) {
        atomic_int moved = 0;
        setenv("SENNIT_STEAL", how[i], 1);
        CHECK_INT(sn_run(steal_some, &moved, NULL), 0);
        CHECK_INT(sn_run(slot_is_not_fresh, NULL, NULL), 0);
    }
    unsetenv("SENNIT_STEAL");
}

int main(void) {
    CASE(in_a_crowd);
    CASE(each_other);
    CASE(main_thread);
    CASE(blocking);
    CASE(asleep);
    CASE(stealing);
    return check_done();
}
