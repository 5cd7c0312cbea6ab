/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The scheduler: starting and ending by the thousand, timers, hogs and blocked calls beside those
 * who wait, and run after run. What is checked is that all go on, not how fast. */
#include "stress.h"

#include <unistd.h>

/* --- starting */

static atomic_long born;

static int tree(void *arg) {
    int depth = *(int *)arg;
    atomic_fetch_add_explicit(&born, 1, memory_order_relaxed);
    if (depth == 0) return sn_yield();
    sn_scope s;
    int next = depth - 1;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 4; i++) MUST(sn_go(tree, &next, sizeof next) == 0);
    return sn_scope_leave(&s);
}

static int trees(void *arg) {
    sn_time end = sn_now() + stress_time() / 2;
    int depth = 4;
    long each = 1 + 4 + 16 + 64 + 256;
    (void)arg;
    while (sn_now() < end && !check_failed_) {
        atomic_store(&born, 0);
        CHECK_INT(tree(&depth), 0);
        CHECK_INT(atomic_load(&born), each);
    }
    return 0;
}

static int be_counted(void *arg) {
    atomic_fetch_add_explicit((atomic_long *)arg, 1, memory_order_relaxed);
    return 0;
}

static int bursts(void *arg) {
    sn_time end = sn_now() + stress_time() / 2;
    int n = STRESS_LIVE < 5000 ? STRESS_LIVE : 5000;
    (void)arg;
    while (sn_now() < end && !check_failed_) {
        atomic_long count = 0;
        sn_scope s;
        sn_scope_enter(&s, SN_NEVER);
        for (int i = 0; i < n; i++) MUST(sn_go(be_counted, &count, 0) == 0);
        CHECK_INT(sn_scope_leave(&s), 0);
        CHECK_INT(atomic_load(&count), n);
    }
    sn_stats st = {.size = sizeof st};
    do { /* the last of them has left its scope, but perhaps not its stack */
        CHECK_INT(sn_yield(), 0);
        sn_get_stats(&st);
    } while (st.live > 1);
    CHECK_INT(st.live, 1);
    CHECK(st.spawned >= (uint64_t)n);
    return 0;
}

/* --- timers */

typedef struct naps {
    atomic_long woke, early, timed_out, canceled;
    sn_time end;
} naps;
typedef struct napper {
    naps *n;
    uint64_t rng;
} napper;

static int nap_a_lot(void *arg) {
    napper *p = arg;
    while (sn_now() < p->n->end) {
        sn_time d = (sn_time)pick(&p->rng, 3000) * SN_MICROSECOND, t = sn_now();
        if (pick(&p->rng, 2)) {
            CHECK_INT(sn_sleep(d), 0);
            if (sn_now() - t < d) atomic_fetch_add(&p->n->early, 1);
            atomic_fetch_add(&p->n->woke, 1);
            continue;
        }
        sn_scope s;
        sn_scope_enter(&s, t + d);
        int rc = sn_sleep((sn_time)pick(&p->rng, 3000) * SN_MICROSECOND);
        CHECK(rc == 0 || rc == SN_ETIMEDOUT);
        if (rc && sn_now() < t + d) atomic_fetch_add(&p->n->early, 1);
        atomic_fetch_add(&p->n->timed_out, rc != 0);
        rc = sn_scope_leave(&s);
        CHECK(rc == 0 || rc == SN_ETIMEDOUT);
    }
    return 0;
}

static int timers(void *arg) {
    naps n = {.end = sn_now() + stress_time()};
    sn_scope s;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < (STRESS_SANITIZED ? 100 : 1000); i++) {
        napper p = {&n, (uint64_t)i};
        MUST(sn_go(nap_a_lot, &p, sizeof p) == 0);
    }
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(atomic_load(&n.early), 0);
    CHECK(atomic_load(&n.woke) > 0 && atomic_load(&n.timed_out) > 0);
    return 0;
}

static int sleep_long(void *arg) {
    naps *n = arg;
    int rc = sn_sleep(3600 * SN_SECOND);
    CHECK_INT(rc, SN_ECANCELED);
    atomic_fetch_add(&n->canceled, 1);
    return 0;
}

/* A thousand long sleeps are taken back at once. */
static int timers_taken_back(void *arg) {
    naps n = {.end = 0};
    sn_scope s;
    (void)arg;
    for (int round = 1; round <= 5; round++) {
        sn_scope_enter(&s, SN_NEVER);
        for (int i = 0; i < 500; i++) GO(sleep_long, &n);
        if (round & 1) CHECK_INT(sn_sleep(2 * SN_MILLISECOND), 0);
        sn_scope_cancel(&s, SN_ECANCELED);
        CHECK_INT(sn_scope_leave(&s), SN_ECANCELED);
        CHECK_INT(atomic_load(&n.canceled), round * 500);
    }
    return 0;
}

/* --- hogs and blocked calls: they end only when others have gone on */

typedef struct company {
    atomic_int naps, passes, done;
    sn_chan c;
    int pipe[2];
} company;

static int hog(void *arg) {
    company *k = arg;
    while (!atomic_load_explicit(&k->done, memory_order_relaxed)) {
    }
    return 0;
}

static int nap_twenty(void *arg) {
    company *k = arg;
    for (int i = 0; i < 20; i++) {
        CHECK_INT(sn_sleep(SN_MILLISECOND), 0);
        atomic_fetch_add(&k->naps, 1);
    }
    return 0;
}

static int pass_hundred(void *arg) {
    company *k = arg;
    for (int v = 0; v < 100; v++) CHECK_INT(sn_send(&k->c, &v), 0);
    return 0;
}
static int take_hundred(void *arg) {
    company *k = arg;
    for (int i = 0, v; i < 100; i++) {
        CHECK_INT(sn_recv(&k->c, &v), 0);
        atomic_fetch_add(&k->passes, 1);
    }
    return 0;
}

static void keep_company(company *k, sn_fn rude, int how_many) {
    sn_scope rude_scope, others;
    MUST(sn_chan_init(&k->c, sizeof(int), 0, NULL, NULL) == 0);
    sn_scope_enter(&rude_scope, SN_NEVER);
    for (int i = 0; i < how_many; i++) GO(rude, k);
    sn_scope_enter(&others, SN_NEVER);
    GO(nap_twenty, k);
    GO(pass_hundred, k);
    GO(take_hundred, k);
    CHECK_INT(sn_scope_leave(&others), 0);
    CHECK_INT(atomic_load(&k->naps), 20);
    CHECK_INT(atomic_load(&k->passes), 100);
    atomic_store(&k->done, 1);
    if (k->pipe[1]) {
        for (int i = 0; i < how_many; i++) CHECK_INT(write(k->pipe[1], "x", 1), 1);
    }
    CHECK_INT(sn_scope_leave(&rude_scope), 0);
    sn_chan_free(&k->c);
}

static int hogs(void *arg) {
    (void)arg;
    for (int n = 1; n <= 4; n += 3) {
        company k = {.naps = 0};
        keep_company(&k, hog, n);
    }
    return 0;
}

static int read_pipe(void *arg) {
    company *k = arg;
    char b;
    CHECK_INT(read(k->pipe[0], &b, 1), 1);
    return 0;
}
static int do_read(void *arg) {
    char b;
    return read(((company *)arg)->pipe[0], &b, 1) == 1 ? 17 : SN_EIO;
}
static int read_pipe_known(void *arg) {
    CHECK_INT(sn_blocking(do_read, arg), 17);
    return 0;
}

static int blocked(void *arg) {
    static const sn_fn how[] = {read_pipe, read_pipe_known};
    (void)arg;
    for (int i = 0; i < 4; i++) {
        company k = {.naps = 0};
        MUST(pipe(k.pipe) == 0);
        keep_company(&k, how[i & 1], i < 2 ? 2 : 24);
        close(k.pipe[0]);
        close(k.pipe[1]);
    }
    return 0;
}

static int block_and_park(void *arg) {
    atomic_long *n = arg;
    for (int i = 0; i < 10; i++) {
        usleep(i % 3 ? 200 : 15000);
        CHECK_INT(sn_yield(), 0);
        usleep(100);
        CHECK_INT(sn_sleep(SN_MILLISECOND), 0);
        atomic_fetch_add(n, 1);
    }
    return 0;
}

static int short_blocks(void *arg) {
    atomic_long n = 0;
    sn_scope s;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 30; i++) MUST(sn_go(block_and_park, &n, 0) == 0);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(atomic_load(&n), 300);
    return 0;
}

/* A coroutine that was a hog is an ordinary one afterwards: it parks, wakes and is cancelled. */
static int hog_then_wait(void *arg) {
    company *k = arg;
    for (int i = 0; i < 3; i++) {
        sn_time end = sn_now() + 30 * SN_MILLISECOND;
        while (sn_now() < end) {
        }
        volatile unsigned x = 0;
        while (x < 3000000) x++;
        CHECK_INT(sn_sleep(SN_MILLISECOND), 0);
    }
    atomic_fetch_add(&k->passes, 1);
    CHECK_INT(sn_recv(&k->c, NULL), SN_ECANCELED);
    return 0;
}

static int hogs_come_back(void *arg) {
    company k = {.naps = 0};
    sn_scope s;
    (void)arg;
    MUST(sn_chan_init(&k.c, sizeof(int), 0, NULL, NULL) == 0);
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 4; i++) GO(hog_then_wait, &k);
    GO(nap_twenty, &k);
    while (atomic_load(&k.passes) < 4 || atomic_load(&k.naps) < 20) {
        CHECK_INT(sn_sleep(SN_MILLISECOND), 0);
    }
    sn_scope_cancel(&s, SN_ECANCELED);
    CHECK_INT(sn_scope_leave(&s), SN_ECANCELED);
    sn_chan_free(&k.c);
    return 0;
}

/* --- run after run */

static int small_run(void *arg) {
    atomic_long n = 0;
    sn_scope s;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 10; i++) MUST(sn_go(be_counted, &n, 0) == 0);
    CHECK_INT(sn_scope_leave(&s), 0);
    if (*(int *)arg % 3 == 0) CHECK_INT(sn_sleep(100 * SN_MICROSECOND), 0);
    if (*(int *)arg % 4 == 0) MUST(sn_go_root(sleep_long, &(naps){.end = 0}, sizeof(naps)) == 0);
    return (int)atomic_load(&n);
}

static void many_runs(void) {
    for (int i = 0; i < (STRESS_SANITIZED ? 50 : 300); i++) {
        sn_attr attr = {.size = sizeof attr, .procs = (uint32_t)(i % 5)};
        CHECK_INT(sn_run(small_run, &i, &attr), 10);
    }
}

int main(void) {
    stress_case("trees of coroutines", trees);
    stress_case("bursts of coroutines", bursts);
    stress_case("timers", timers);
    stress_case("timers taken back", timers_taken_back);
    stress_case("hogs beside sleepers and channels", hogs);
    stress_case("blocked calls beside sleepers and channels", blocked);
    stress_case("short blocking calls everywhere", short_blocks);
    stress_case("hogs that wait again", hogs_come_back);
    CASE(many_runs);
    return check_done();
}
