/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Rings and funnels fed from where nobody may wait: threads that are not ours, and a signal
 * handler. */
#include "stress.h"

#include <pthread.h>
#include <sched.h>
#include <sennit/ring.h>
#include <signal.h>
#include <unistd.h>

enum { CAP = 64, EACH = 200000, SIGNALS = 2000, THREADS = 3 };

static long count(void) { return STRESS_SANITIZED ? EACH / 20 : EACH; }

typedef struct belt {
    sn_ring r;
    uint64_t mem[CAP];
    long want;
} belt;

static belt *belt_new(void) {
    belt *b = calloc(1, sizeof *b);
    MUST(b && sn_ring_init(&b->r, b->mem, sizeof *b->mem, CAP) == 0);
    return b;
}

static int drain(void *arg) {
    belt *b = arg;
    while (sn_ring_wait(&b->r, SN_NEVER) == 0) {
        size_t n;
        const uint64_t *v = sn_ring_peek(&b->r, &n);
        for (size_t i = 0; i < n; i++) CHECK_INT(v[i], b->want++);
        sn_ring_release(&b->r, n);
    }
    return 0;
}

static int put(belt *b, uint64_t v) {
    size_t n = 1;
    uint64_t *room = sn_ring_reserve(&b->r, &n);
    if (!room) return 0;
    *room = v;
    sn_ring_commit(&b->r, 1);
    return 1;
}

/* --- a thread */

static void *feed(void *arg) {
    belt *b = arg;
    uint64_t x = 88172645463325252u;
    for (long i = 0; i < count();) {
        if (put(b, (uint64_t)i))
            i++;
        else
            sched_yield();
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        if (x % 64 == 0) usleep(1); /* so that the consumer comes to wait */
    }
    sn_ring_close(&b->r);
    return NULL;
}

static int fed_by_a_thread(void *arg) {
    belt *b = belt_new();
    sn_scope s;
    pthread_t t;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    GO(drain, b);
    MUST(pthread_create(&t, NULL, feed, b) == 0);
    CHECK_INT(sn_scope_leave(&s), 0);
    pthread_join(t, NULL);
    CHECK_INT(b->want, count());
    free(b);
    return 0;
}

/* --- a signal handler, on a thread that does nothing else */

static belt *_Atomic signalled;
static _Atomic long dropped, sent;

static void on_signal(int signo) {
    belt *b = signalled;
    (void)signo;
    if (put(b, (uint64_t)sent))
        sent++;
    else
        dropped++;
}

static void *interrupt_me(void *arg) {
    (void)arg;
    for (int i = 0; i < SIGNALS; i++) {
        MUST(pthread_kill(pthread_self(), SIGUSR1) == 0);
        if (i % 8 == 0) usleep(20);
    }
    sn_ring_close(&((belt *)signalled)->r);
    return NULL;
}

static int fed_by_a_signal_handler(void *arg) {
    belt *b = belt_new();
    struct sigaction sa = {.sa_handler = on_signal}, old;
    sn_scope s;
    pthread_t t;
    (void)arg;
    signalled = b;
    sent = dropped = 0;
    sigemptyset(&sa.sa_mask);
    MUST(sigaction(SIGUSR1, &sa, &old) == 0);
    sn_scope_enter(&s, SN_NEVER);
    GO(drain, b);
    MUST(pthread_create(&t, NULL, interrupt_me, NULL) == 0);
    CHECK_INT(sn_scope_leave(&s), 0);
    pthread_join(t, NULL);
    sigaction(SIGUSR1, &old, NULL);
    CHECK_INT(b->want, sent);
    CHECK_INT(sent + dropped, SIGNALS);
    free(b);
    return 0;
}

/* --- many threads, one funnel */

typedef struct item {
    uint32_t who, nth;
} item;
typedef struct crowd {
    sn_funnel f;
    uint64_t mem[SN_FUNNEL_BYTES(sizeof(item), CAP) / 8];
    atomic_long who, at_work;
    long next[THREADS];
} crowd;

static void *push(void *arg) {
    crowd *c = arg;
    item v = {(uint32_t)atomic_fetch_add(&c->who, 1), 0};
    while (v.nth < (uint32_t)(count() / THREADS)) {
        if (sn_funnel_put(&c->f, &v) == 0)
            v.nth++;
        else
            sched_yield();
    }
    if (atomic_fetch_sub(&c->at_work, 1) == 1) sn_funnel_close(&c->f);
    return NULL;
}

static int pull(void *arg) {
    crowd *c = arg;
    item v;
    while (sn_funnel_get(&c->f, &v, SN_NEVER) == 0) CHECK_INT(v.nth, c->next[v.who]++);
    return 0;
}

static int fed_by_a_crowd(void *arg) {
    crowd *c = calloc(1, sizeof *c);
    sn_scope s;
    pthread_t t[THREADS];
    (void)arg;
    MUST(c && sn_funnel_init(&c->f, c->mem, sizeof(item), CAP) == 0);
    atomic_store(&c->at_work, THREADS);
    sn_scope_enter(&s, SN_NEVER);
    GO(pull, c);
    for (int i = 0; i < THREADS; i++) MUST(pthread_create(&t[i], NULL, push, c) == 0);
    CHECK_INT(sn_scope_leave(&s), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(t[i], NULL);
        CHECK_INT(c->next[i], count() / THREADS);
    }
    free(c);
    return 0;
}

int main(void) {
    stress_case("fed by a thread", fed_by_a_thread);
    stress_case("fed by a signal handler", fed_by_a_signal_handler);
    stress_case("fed by a crowd", fed_by_a_crowd);
    return check_done();
}
