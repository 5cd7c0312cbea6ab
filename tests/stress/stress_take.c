/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The hand-over of a P, the very code of it: an owner that goes in and out as fast as it can, and
 * a monitor that asks for the P all the time. No two own it at once, and it is never lost. */
#include "stress.h"

#include <pthread.h>
#include <sched.h>

#include "sched/smp/smp.h"
#include "sched/smp/take.h"

typedef struct duel {
    M m;
    G g;
    P p;
    P *_Atomic pool;
    atomic_int users, both, wrong, lost;
    atomic_long entries, taken, kept;
    atomic_int stop;
} duel;

static void use(duel *d) {
    if (atomic_fetch_add_explicit(&d->users, 1, memory_order_relaxed))
        atomic_fetch_add(&d->both, 1);
    d->p.tick++; /* plain: who owns it may */
    atomic_fetch_sub_explicit(&d->users, 1, memory_order_relaxed);
}

/* Without a P: takes it from where the monitor puts it; it must come there. */
static void get_back(duel *d) {
    sn_time end = sn_now() + 20 * SN_SECOND;
    P *p;
    while (!(p = atomic_exchange(&d->pool, NULL))) {
        if (sn_now() > end) {
            atomic_store(&d->lost, 1);
            return;
        }
        sched_yield();
    }
    d->m.p = p;
    sn__take_owns(&d->m.b);
}

static void *own(void *arg) {
    duel *d = arg;
    uint64_t rng = 1;
    sn__tls_set(&d->m);
    while (!atomic_load_explicit(&d->stop, memory_order_relaxed) && !atomic_load(&d->lost)) {
        (void)sn__open();
        if (!d->m.p) get_back(d);
        if (d->m.p) use(d);
        sn__leave(&d->g.core);
        atomic_fetch_add_explicit(&d->entries, 1, memory_order_relaxed);
        for (unsigned i = pick(&rng, 100) ? 0 : pick(&rng, 2000); i; i--) sn__cpu_relax();
    }
    sn__tls_set(NULL);
    return NULL;
}

static void ask(duel *d) {
    if (!sn__take_ask(&d->m.b)) return;
    atomic_thread_fence(memory_order_seq_cst);
    if (!sn__own_fence) sn__os_heavy_barrier();
    P *p = d->m.p;
    if (!sn__take_decide(&d->m.b)) {
        atomic_fetch_add_explicit(&d->kept, 1, memory_order_relaxed);
        return;
    }
    if (p != &d->p) atomic_fetch_add(&d->wrong, 1);
    use(d);
    atomic_fetch_add_explicit(&d->taken, 1, memory_order_relaxed);
    atomic_store(&d->pool, p);
}

static void fight(bool fences) {
    static duel zero;
    duel *d = malloc(sizeof *d);
    pthread_t owner;
    MUST(d);
    *d = zero;
    d->m.p = &d->p;
    d->m.b.self = &d->g.core;
    d->g.core.thread = &d->m;
    sn__own_fence = fences;
    alarm((unsigned)(60 + stress_time() / SN_SECOND * 10));
    MUST(pthread_create(&owner, NULL, own, d) == 0);
    for (sn_time end = sn_now() + stress_time(); sn_now() < end && !atomic_load(&d->lost);) ask(d);
    atomic_store(&d->stop, 1);
    MUST(pthread_join(owner, NULL) == 0);
    printf("%ld entries, %ld taken, %ld kept\n", atomic_load(&d->entries), atomic_load(&d->taken),
           atomic_load(&d->kept));
    CHECK_INT(atomic_load(&d->both), 0);
    CHECK_INT(atomic_load(&d->wrong), 0);
    CHECK_INT(atomic_load(&d->lost), 0);
    CHECK(atomic_load(&d->taken) > 0);
    free(d);
}

static void by_barrier(void) {
    if (sn__os_heavy_barrier_init())
        fight(false);
    else
        printf("skipped: this kernel has no barrier on all threads\n");
}
static void by_fences(void) { fight(true); }

int main(void) {
    CASE(by_barrier);
    CASE(by_fences);
    return check_done();
}
