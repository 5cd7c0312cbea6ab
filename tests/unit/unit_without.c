/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Each part of a kernel that we can do without, done without, in two ways: forbidden by its setting
 * ("setting": it must not be asked for even once) and unknown to the kernel ("kernel": asked for,
 * refused, and not asked for again and again). Either way the same work is done with what is left.
 *
 *   unit_without PART setting|kernel
 *
 * The calls of the library go through the wrappers here, which count them.
 */
#include "check.h"

#include <errno.h>
#include <pthread.h>
#include <sennit/sennit.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>

enum { GUARD_INSTALL = 102, NONE = -1 };

#ifdef SYS_futex_time64
enum { FUTEX_TIME64 = SYS_futex_time64 };
#else
enum { FUTEX_TIME64 = NONE };
#endif

/* getrandom and madvise are functions of the C library; their numbers stand for them here. */
typedef struct part {
    const char *name, *setting, *forbids, *wants; /* values of the setting; NULL: not set */
    long call, also;
    int most; /* times that it may be asked for when the kernel refuses, at most */
} part;
static const part parts[] = {
    {"membarrier", "SENNIT_NO_MEMBARRIER", "1", NULL, SYS_membarrier, NONE, 1},
    {"getrandom", "SENNIT_NO_GETRANDOM", "1", NULL, SYS_getrandom, NONE, 1},
    {"epoll_pwait2", "SENNIT_NO_EPOLL_PWAIT2", "1", NULL, SYS_epoll_pwait2, NONE, 8},
    {"futex_time64", "SENNIT_NO_FUTEX_TIME64", "1", NULL, FUTEX_TIME64, NONE, 8},
    {"sched_attr", "SENNIT_NO_SCHED_ATTR", "1", NULL, SYS_sched_getattr, SYS_sched_setattr, 8},
    {"guard_install", "SENNIT_NO_GUARD_INSTALL", "1", NULL, SYS_madvise, SYS_process_madvise, 16},
    {"io_uring", "SENNIT_POLLER", "epoll", "io_uring", SYS_io_uring_setup, NONE, 1},
};
static const part *without;
static int refuse;
static atomic_int asked;

/* 1: this call is of the part, and refused. */
static int comes_by(long call) {
    if (!without || call == NONE || (call != without->call && call != without->also)) return 0;
    atomic_fetch_add(&asked, 1);
    if (refuse) errno = ENOSYS;
    return refuse;
}

long __real_syscall(long call, ...);
long __wrap_syscall(long call, ...);
long __wrap_syscall(long call, ...) {
    long a[6];
    va_list ap;
    va_start(ap, call);
    for (int i = 0; i < 6; i++) a[i] = va_arg(ap, long);
    va_end(ap);
    if (comes_by(call)) return -1;
    return __real_syscall(call, a[0], a[1], a[2], a[3], a[4], a[5]);
}

ssize_t __real_getrandom(void *buf, size_t n, unsigned flags);
ssize_t __wrap_getrandom(void *buf, size_t n, unsigned flags);
ssize_t __wrap_getrandom(void *buf, size_t n, unsigned flags) {
    return comes_by(SYS_getrandom) ? -1 : __real_getrandom(buf, n, flags);
}

int __real_madvise(void *at, size_t n, int advice);
int __wrap_madvise(void *at, size_t n, int advice);
int __wrap_madvise(void *at, size_t n, int advice) {
    if (advice == GUARD_INSTALL && comes_by(SYS_madvise)) return -1;
    return __real_madvise(at, n, advice);
}

/* --- the work: all that the parts are for */

static int sleeps(void *arg) {
    sn_time from = sn_now();
    for (int i = 0; i < 5; i++) MUST(sn_sleep(SN_MILLISECOND) == 0);
    CHECK(sn_now() - from >= 5 * SN_MILLISECOND);
    atomic_fetch_add((atomic_int *)arg, 1);
    return 0;
}

/* Nothing comes: its time-out is the poller's. */
static int waits_for_a_datagram(void *arg) {
    sn_dgram *d;
    char c;
    size_t n;
    MUST(sn_dgram_open(&d, "127.0.0.1:0") == 0);
    for (int i = 0; i < 3; i++)
        CHECK_INT(sn_dgram_recv(d, &c, 1, &n, NULL, sn_now() + SN_MILLISECOND), SN_ETIMEDOUT);
    sn_dgram_free(d);
    atomic_fetch_add((atomic_int *)arg, 1);
    return 0;
}

static void *foreign(void *arg) {
    sn_chan *c = arg;
    int v = 0;
    CHECK(sn_recv(c, &v) == 0 && v == 7);
    return NULL;
}

/* A value for a thread of the program, which sleeps until it comes. */
static void with_a_foreign_thread(void) {
    pthread_t t;
    sn_chan *c = sn_chan_new(sizeof(int), 0, NULL);
    MUST(c && pthread_create(&t, NULL, foreign, c) == 0);
    MUST(sn_sleep(SN_MILLISECOND) == 0);
    MUST(sn_send(c, &(int){7}) == 0);
    pthread_join(t, NULL);
    sn_chan_free(c);
}

static void chance(void) {
    unsigned char a[64] = {0}, b[64] = {0};
    int same = 0;
    sn_random(a, sizeof a);
    sn_random(b, sizeof b);
    for (size_t i = 0; i < sizeof a; i++) same += a[i] == b[i];
    CHECK(same < 16); /* of 64: one in four is no chance any more */
}

/* The P is one, and the caller keeps it: the others need the hand-over. */
static void hog_until(atomic_int *done, int n) {
    time_t give_up = time(NULL) + 50;
    while (atomic_load(done) < n && time(NULL) < give_up) continue;
    CHECK_INT(atomic_load(done), n);
}

static int work(void *arg) {
    enum { SLEEPERS = 20 };
    atomic_int done = 0;
    sn_scope s;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < SLEEPERS; i++) MUST(sn_go(sleeps, &done, 0) == 0);
    MUST(sn_go(waits_for_a_datagram, &done, 0) == 0);
    hog_until(&done, SLEEPERS + 1);
    CHECK_INT(sn_scope_leave(&s), 0);
    with_a_foreign_thread();
    chance();
    return 0;
}

static void the_work_is_done(void) {
    CHECK_INT(sn_run(work, NULL, NULL), 0);
    printf("%s: asked for %d times\n", without->name, atomic_load(&asked));
    if (!refuse)
        CHECK_INT(atomic_load(&asked), 0);
    else if (without->call != NONE)
        CHECK(atomic_load(&asked) >= 1 && atomic_load(&asked) <= without->most);
}

int main(int argc, char **argv) {
    MUST(argc == 3);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!strcmp(parts[i].name, argv[1])) without = &parts[i];
    MUST(without);
    refuse = !strcmp(argv[2], "kernel");
    const char *value = refuse ? without->wants : without->forbids;
    if (value) setenv(without->setting, value, 1);
    CASE(the_work_is_done);
    return check_done();
}
