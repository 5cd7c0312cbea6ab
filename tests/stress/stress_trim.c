/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Coroutines that go deep, wait with little or much on their stacks, and go deep again at once when
 * they are woken, while a thread in the monitor's place, without its patience, gives back what it
 * finds unused: nothing of theirs may change. */
#include "stress.h"

#include <alloca.h>
#include <pthread.h>

#include "sched/smp/smp.h"

enum { CROWD = STRESS_LIVE < 2000 ? 200 : 2000, DEPTHS = 11, ENOUGH = 100 * 24 * 1024 };
static sn_chan gate;
static atomic_int over;

static uint32_t next(uint32_t *x) {
    *x ^= *x << 13;
    *x ^= *x >> 17;
    *x ^= *x << 5;
    return *x;
}

/* So many bytes of the stack are x's, over a call of f. */
static __attribute__((noinline)) void with_stack(size_t bytes, uint32_t x, sn_time nap) {
    volatile uint32_t *mine = alloca(bytes + sizeof *mine);
    size_t n = bytes / sizeof *mine + 1;
    int bad = 0;
    for (size_t i = 0; i < n; i++) mine[i] = x + (uint32_t)i;
    if (nap > 0) {
        int v;
        int rc = sn_select(sn_now() + nap, sn_rx(&gate, &v, NULL));
        CHECK(rc == 0 || rc == SN_ETIMEDOUT);
    }
    for (size_t i = 0; i < n; i++) bad += mine[i] != x + (uint32_t)i;
    CHECK_INT(bad, 0);
}

static int deep_and_idle(void *arg) {
    uint32_t x = *(uint32_t *)arg;
    for (int i = 0; i < 8 && !atomic_load(&over); i++) {
        with_stack(next(&x) % DEPTHS * 4096, x, 0);
        with_stack(next(&x) % DEPTHS * 4096, x, next(&x) % 70 * SN_MILLISECOND);
    }
    return 0;
}

static int waker(void *arg) {
    (void)arg;
    while (!atomic_load(&over)) {
        for (int v = 0; v < 20; v++) {
            int rc = sn_try_send(&gate, &v);
            CHECK(rc == 0 || rc == SN_EAGAIN);
        }
        CHECK_INT(sn_sleep(SN_MILLISECOND), 0);
    }
    return 0;
}

static void *trim_always(void *arg) {
    (void)arg;
    while (!atomic_load(&over)) sn__trim_step(true, 0);
    return NULL;
}

/* Its peer wakes it soon after it has come to rest: often while it is being trimmed. */
static int in_step(void *arg) {
    sn_chan *c = arg;
    uint32_t x = (uint32_t)(uintptr_t)c | 1;
    for (int v = 0; !atomic_load(&over); v++) {
        if (sn_send(c, &v) || sn_recv(c, &v)) return 0;
        with_stack(next(&x) % 4 * 4096 + 2048, x, 0);
    }
    sn_chan_close(c);
    return 0;
}

static int in_step_back(void *arg) {
    sn_chan *c = arg;
    uint32_t x = (uint32_t)(uintptr_t)c | 2;
    for (int v; !sn_recv(c, &v);) {
        with_stack(next(&x) % 4 * 4096 + 2048, x, 0);
        if (sn_send(c, &v)) return 0;
    }
    return 0;
}

/* While `body` runs, whatever waits is trimmed. */
static int trimmed_all_the_time(sn_fn body) {
    pthread_t trimmer;
    sn_scope all;
    atomic_store(&over, 0);
    MUST(pthread_create(&trimmer, NULL, trim_always, NULL) == 0);
    sn_scope_enter(&all, SN_NEVER);
    MUST(sn_go(body, NULL, 0) == 0);
    CHECK_INT(sn_sleep(stress_time()), 0);
    atomic_store(&over, 1);
    CHECK_INT(sn_scope_leave(&all), 0);
    CHECK_INT(pthread_join(trimmer, NULL), 0);
    return 0;
}

static int pairs(void *arg) {
    enum { PAIRS = 3 };
    sn_chan c[PAIRS];
    sn_scope s;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 2 * PAIRS; i++) {
        if (i < PAIRS) MUST(sn_chan_init(&c[i], sizeof(int), 0, NULL, NULL) == 0);
        MUST(sn_go(i < PAIRS ? in_step : in_step_back, &c[i % PAIRS], 0) == 0);
    }
    CHECK_INT(sn_scope_leave(&s), 0);
    for (int i = 0; i < PAIRS; i++) sn_chan_free(&c[i]);
    return 0;
}

static int crowds(void *arg) {
    (void)arg;
    MUST(sn_chan_init(&gate, sizeof(int), 0, NULL, NULL) == 0);
    MUST(sn_go(waker, NULL, 0) == 0);
    for (uint32_t x = 1; !atomic_load(&over);) {
        sn_scope s;
        sn_scope_enter(&s, SN_NEVER);
        for (int i = 0; i < CROWD; i++) {
            next(&x);
            MUST(sn_go(deep_and_idle, &x, sizeof x) == 0);
        }
        CHECK_INT(sn_scope_leave(&s), 0);
    }
    return 0;
}

static int many(void *arg) {
    (void)arg;
    int rc = trimmed_all_the_time(crowds);
    sn_chan_free(&gate);
    return rc;
}

static int few(void *arg) {
    (void)arg;
    return trimmed_all_the_time(pairs);
}

/* Waits with nothing on its stack, so that it can be trimmed; and ends, so that it can be, too. */
static int deep_once(void *arg) {
    with_stack(40 * 1024, 7, 0);
    return *(int *)arg ? sn_sleep(400 * SN_MILLISECOND) : 0;
}

static int comes_back(void *arg) {
    sn_stats st = {.size = sizeof st};
    (void)arg;
    for (int waits = 0; waits < 2; waits++) {
        sn_scope s;
        sn_get_stats(&st);
        uint64_t before = st.trimmed;
        sn_scope_enter(&s, SN_NEVER);
        for (int i = 0; i < 100; i++) MUST(sn_go(deep_once, &waits, sizeof waits) == 0);
        CHECK_INT(sn_scope_leave(&s), 0);
        for (int i = 0; i < 1000 && st.trimmed - before < ENOUGH; i++) {
            CHECK_INT(sn_sleep(10 * SN_MILLISECOND), 0);
            sn_get_stats(&st);
        }
        CHECK(st.trimmed - before >= ENOUGH);
    }
    return 0;
}

int main(void) {
    if (getenv("SENNIT_NO_MEMBARRIER"))
        return printf("skipped: without membarrier, no trimming\n") < 0;
    setenv("SENNIT_TRIM_MS", "0", 1);
    stress_case("deep stacks that wait, trimmed", many);
    stress_case("trimmed and woken at once", few);
    setenv("SENNIT_TRIM_MS", "50", 1);
    stress_case("memory comes back", comes_back);
    return check_done();
}
