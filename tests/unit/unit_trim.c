/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A coroutine that is held for trimming may be run all the same by who looked just before, and wait
 * again: then its stack is left alone. */
#include "check.h"

#include <sennit/sennit.h>
#include <sys/mman.h>

#include "sched/smp/smp.h"

enum { DEEP = 40 * 1024 };

static G *_Atomic waiting;
static atomic_bool resumed, locked;

void __real_sn__os_heavy_barrier(void);
void __wrap_sn__os_heavy_barrier(void);
/* Between hold and look: what is left of one that has run and waits again. */
void __wrap_sn__os_heavy_barrier(void) {
    uint32_t held = SN__HELD;
    G *g = atomic_load(&waiting);
    __real_sn__os_heavy_barrier();
    if (resumed && g) atomic_compare_exchange_strong(&g->ctx.busy, &held, 0);
}

int __real_madvise(void *lo, size_t n, int advice);
int __wrap_madvise(void *lo, size_t n, int advice);
/* Of pages that a program has locked the kernel takes none. */
int __wrap_madvise(void *lo, size_t n, int advice) {
    return locked && advice == MADV_DONTNEED ? -1 : __real_madvise(lo, n, advice);
}

static __attribute__((noinline)) void go_deep(void) {
    volatile char much[DEEP];
    for (size_t i = 0; i < sizeof much; i++) much[i] = 1;
}

static int waits_with_little(void *done) {
    go_deep();
    atomic_store(&waiting, (G *)sn__current());
    return sn_sem_wait(done, SN_NEVER);
}

static bool is_parked(G *g) {
    return g && atomic_load(&g->core.status) == SN__WAITING && !sn__ctx_busy(&g->ctx);
}

static uint64_t trimmed(void) {
    sn_stats st = {.size = sizeof st};
    sn_get_stats(&st);
    return st.trimmed;
}

static int is_held(void *arg) {
    sn_sem done = {{0}};
    sn_scope s;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    MUST(sn_go(waits_with_little, &done, 0) == 0);
    while (!is_parked(atomic_load(&waiting))) MUST(sn_yield() == 0);
    resumed = true;
    sn__trim_step(false, 0);
    CHECK_INT(trimmed(), 0);
    resumed = false;
    locked = true;
    sn__trim_step(false, 0);
    CHECK_INT(trimmed(), 0); /* what was not given back is not counted */
    locked = false;
    sn__trim_step(false, 0);
    CHECK(trimmed() >= DEEP / 2);
    sn_sem_post(&done);
    return sn_scope_leave(&s);
}

static void who_has_run_is_left_alone(void) {
    sn_attr attr = {.size = sizeof attr, .procs = 1};
    CHECK_INT(sn_run(is_held, NULL, &attr), 0);
}

int main(void) {
    setenv("SENNIT_TRIM_MS", "0", 1); /* not by the monitor */
    if (!sn__os_heavy_barrier_init()) return printf("skipped: no membarrier here\n") < 0;
    CASE(who_has_run_is_left_alone);
    return check_done();
}
