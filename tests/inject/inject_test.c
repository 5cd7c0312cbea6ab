/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Failing calls of core and scheduler: see inject.h. */
#include "child.h"
#include "inject.h"

#include <errno.h>
#include <pthread.h>
#include <sys/syscall.h>

/* ---- the scenarios: 0, or the error that a call gave */

static int yields(void *arg) {
    (void)arg;
    return sn_yield();
}

/* Coroutines with stacks of each class, their arguments copied, in scopes. */
static int spawns(void *arg) {
    (void)arg;
    sn_scope s;
    int err = 0;
    sn_scope_enter(&s, SN_NEVER);
    for (size_t kib = 16; kib <= 1024 && !err; kib *= 4) {
        const sn_attr a = {.size = sizeof a, .stack = kib * 1024};
        for (int i = 0; i < 20 && !err; i++) err = sn_scope_go(&s, &a, yields, &i, sizeof i);
    }
    int left = sn_scope_leave(&s);
    return err ? err : left;
}

/* All values arrive, in order, or the channel was never made. */
static int sends_ten(void *arg) {
    int err = 0;
    for (int i = 0; i < 10 && !err; i++) err = sn_send(arg, &i);
    sn_chan_close(arg);
    return err;
}
static int through_a_channel(size_t cap) {
    sn_scope s;
    sn_chan *c = sn_chan_new(sizeof(int), cap, NULL);
    if (!c) return SN_ENOMEM;
    sn_scope_enter(&s, SN_NEVER);
    int v, n = 0, err = sn_scope_go(&s, NULL, sends_ten, c, 0);
    while (!err && sn_recv(c, &v) == 0) CHECK_INT(v, n++);
    if (!err) CHECK_INT(n, 10);
    CHECK_INT(sn_scope_leave(&s), 0);
    sn_chan_free(c);
    return err;
}
static int channels(void *arg) {
    (void)arg;
    int err = through_a_channel(0);
    return err ? err : through_a_channel(4);
}

/* A select of many cases allocates. */
static int big_select(void *arg) {
    enum { N = 100 };
    sn_chan c[N];
    sn_case k[N];
    int v = 7, got = 0, made = 0, err = 0;
    (void)arg;
    while (made < N && !err)
        if (!(err = sn_chan_init(&c[made], sizeof v, 1, NULL, NULL))) made++;
    for (int i = 0; i < made; i++) k[i] = sn_rx(&c[i], &got, NULL);
    if (!err) err = sn_try_send(&c[N / 2], &v);
    if (!err) {
        int i = sn_selectv(k, N, SN_NEVER);
        err = i < 0 ? i : 0;
        if (!err) CHECK(i == N / 2 && got == 7);
    }
    for (int i = 0; i < made; i++) sn_chan_free(&c[i]);
    return err;
}

/* Time-outs need room in a heap. */
static int sleeps(void *arg) {
    (void)arg;
    return sn_sleep(SN_MILLISECOND);
}
static int timers(void *arg) {
    (void)arg;
    sn_scope s;
    int err = 0;
    sn_scope_enter(&s, sn_now() + 10 * SN_SECOND);
    for (int i = 0; i < 100 && !err; i++) err = sn_go(sleeps, NULL, 0);
    int left = sn_scope_leave(&s);
    return err ? err : left;
}

/* A call that blocks needs another thread. */
static int blocks(void *arg) {
    (void)arg;
    usleep(2000);
    return 0;
}
static int blocking(void *arg) {
    (void)arg;
    sn_scope s;
    sn_scope_enter(&s, SN_NEVER);
    int err = sn_go(yields, NULL, 0);
    if (!err) err = sn_blocking(blocks, NULL);
    int left = sn_scope_leave(&s);
    return err ? err : left;
}

static void doubles(void *arg) { *(int *)arg *= 2; }
static int offloads(void *arg) {
    int v = 21;
    (void)arg;
    int err = sn_offload(doubles, &v, sizeof v, NULL, SN_NEVER);
    CHECK_INT(v, err ? 21 : 42);
    return err;
}

static int computes(void *ctx, const void *key, size_t n, void *result) {
    (void)ctx, (void)key, (void)n;
    *(int *)result = 42;
    return 0;
}
static int flights(void *arg) {
    sn_flight f;
    int v = 0;
    (void)arg;
    int err = sn_flight_init(&f, computes, NULL, sizeof v);
    if (err) return err;
    for (char key = 'a'; key < 'z' && !err; key++) {
        err = sn_flight_do(&f, &key, 1, &v);
        if (!err) CHECK_INT(v, 42);
    }
    sn_flight_end(&f);
    return err;
}

static int buffers(void *arg) {
    sn_bufs p;
    sn_buf b[20];
    int n = 0;
    (void)arg;
    int err = sn_bufs_init(&p, 100, 4);
    if (err) return err;
    while (n < 20 && !(err = sn_bufs_get(&p, &b[n]))) {
        CHECK_INT(sn_buf_append(&b[n], "x", 1), 0);
        n++;
    }
    while (n > 0) sn_bufs_put(&p, &b[--n]);
    sn_bufs_end(&p);
    return err;
}

/* Values of a coroutine's own, and elements too large for the stack of who only drops them. */
static sn_local local = SN_LOCAL(NULL);
static int locals(void *arg) {
    static int value;
    (void)arg;
    int err = sn_local_set(&local, &value);
    CHECK(sn_local_get(&local) == (err ? NULL : &value));
    return err;
}
static void count_drop(void *v) { ++**(int **)v; }
static int drops(void *arg) {
    enum { BIG = 1000 };
    _Alignas(16) char v[BIG] = {0};
    int dropped = 0, *at = &dropped;
    (void)arg;
    memcpy(v, &at, sizeof at);
    sn_chan *c = sn_chan_new(BIG, 2, count_drop);
    if (!c) return SN_ENOMEM;
    int err = sn_send(c, v);
    if (!err) err = sn_send(c, v);
    if (!err) err = sn_recv(c, NULL);
    if (!err) CHECK_INT(dropped, 1);
    sn_chan_free(c);
    return err;
}

/* More Ps, and less again, while coroutines run. */
static int procs(void *arg) {
    (void)arg;
    int err = sn_set_procs(5);
    if (!err) err = spawns(NULL);
    if (!err) err = sn_set_procs(1);
    if (!err) err = spawns(NULL);
    return err ? err : sn_set_procs(0);
}

/* A sandbox entered late. Who waits makes the monitor ask the hog for its P. */
static int waits_for(void *arg) {
    *(volatile int *)arg = 1;
    return 0;
}
static int without_barrier(void *arg) {
    volatile int ran = 0;
    sn_scope s;
    (void)arg;
    inject_forbid(SYS_membarrier, EPERM);
    sn_scope_enter(&s, SN_NEVER);
    MUST(sn_go(waits_for, (void *)(uintptr_t)&ran, 0) == 0);
    while (!ran) {
    }
    return sn_scope_leave(&s);
}

static int without_entropy(void *arg) {
    int v;
    (void)arg;
    inject_refuse("getrandom");
    inject_refuse("fopen");
    sn_random(&v, sizeof v);
    return 0;
}

/* A thread of nobody's needs something of its own. */
static void *comes_by(void *arg) {
    int v = 1;
    CHECK_INT(sn_try_send(arg, &v), 0);
    return NULL;
}
static int foreign(void *arg) {
    pthread_t t;
    int v = 0;
    (void)arg;
    sn_chan *c = sn_chan_new(sizeof v, 1, NULL);
    if (!c) return SN_ENOMEM;
    int err = pthread_create(&t, NULL, comes_by, c) ? SN_EAGAIN : 0;
    if (!err) err = sn_recv(c, &v);
    if (!err) CHECK(v == 1 && pthread_join(t, NULL) == 0);
    sn_chan_free(c);
    return err;
}

/* The monitor looks at what the hog does. */
static int naps(void *arg) {
    (void)arg;
    return sn_sleep(SN_MILLISECOND);
}
static int hogs(void *arg) {
    sn_scope s;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    int err = 0;
    for (int i = 0; i < 3 && !err; i++) err = sn_go(naps, NULL, 0);
    for (sn_time until = sn_now() + 5 * SN_MILLISECOND; !err && sn_now() < until;) usleep(2000);
    int left = sn_scope_leave(&s);
    return err ? err : left;
}

static const inject_scenario scenarios[] = {
    {"spawns", spawns, 0},   {"channels", channels, 0}, {"big_select", big_select, 0},
    {"timers", timers, 0},   {"blocking", blocking, 0}, {"offloads", offloads, 0},
    {"flights", flights, 0}, {"buffers", buffers, 0},   {"locals", locals, 0},
    {"foreign", foreign, 0}, {"hogs", hogs, 0},         {"drops", drops, 0},
    {"procs", procs, 0},
};

int main(int argc, char **argv) {
    static const char *const forbidden[] = {"sennit: membarrier", "SENNIT_NO_MEMBARRIER=1", NULL};
    static const char *const entropy[] = {"sennit: no entropy from the kernel", NULL};
    if (argc == 3 && !strcmp(argv[1], "child"))
        return sn_run(strcmp(argv[2], "entropy") ? without_barrier : without_entropy, NULL, NULL);
    if (argc == 1) {
        child_dies("entropy", entropy);
        setenv("SENNIT_PROCS", "1", 1);
        child_dies("without_barrier", forbidden);
        setenv("SENNIT_PROCS", "2", 1);
    }
    return inject_all(argc, argv, scenarios, sizeof scenarios / sizeof *scenarios);
}
