/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Threads that are not ours use channels, locks and scopes of running coroutines: by tries and
 * posts, and by parking themselves. */
#include "stress.h"

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

enum { THREADS = 4, EACH = 2000 };

typedef struct bridge {
    sn_chan in, out;
    sn_sem posts;
    sn_mutex m;
    sn_cond cond;
    sn_wg all;
    sn_scope *scope;
    atomic_long sum, got, posted, running;
    long guarded, rung;
} bridge;

static long count(void) { return STRESS_SANITIZED ? EACH / 10 : EACH; }

static void start_threads(bridge *b, pthread_t *t, void *(*f)(void *)) {
    atomic_store(&b->running, THREADS);
    for (int i = 0; i < THREADS; i++) MUST(pthread_create(&t[i], NULL, f, b) == 0);
}
/* A coroutine must not block in pthread_join while the threads need it: it looks now and then. */
static void join_threads(bridge *b, pthread_t *t) {
    while (atomic_load(&b->running)) CHECK_INT(sn_sleep(SN_MILLISECOND), 0);
    for (int i = 0; i < THREADS; i++) pthread_join(t[i], NULL);
}

static bridge *open_bridge(size_t cap) {
    bridge *b = calloc(1, sizeof *b);
    MUST(b && sn_chan_init(&b->in, sizeof(long), cap, NULL, NULL) == 0 &&
         sn_chan_init(&b->out, sizeof(long), cap, NULL, NULL) == 0);
    return b;
}
static void close_bridge(bridge *b) {
    sn_chan_free(&b->in);
    sn_chan_free(&b->out);
    free(b);
}

/* --- a thread that no call of ours has told of yet: not a deadlock */

static void *come_late(void *arg) {
    bridge *b = arg;
    long v = 5;
    usleep(20000); /* all coroutines are asleep by now */
    while (sn_try_send(&b->in, &v)) sched_yield();
    return NULL;
}

static int foreign_comes_late(void *arg) {
    bridge *b = open_bridge(0);
    pthread_t t;
    long v = 0;
    (void)arg;
    MUST(pthread_create(&t, NULL, come_late, b) == 0);
    CHECK_INT(sn_recv(&b->in, &v), 0);
    CHECK_INT(v, 5);
    pthread_join(t, NULL);
    close_bridge(b);
    return 0;
}

/* --- tries and posts */

/* Sends while it can and receives while it can: neither waits for the other's end. */
static void *try_things(void *arg) {
    bridge *b = arg;
    long sent = 0, got = 0;
    while (sent < count() || got < count()) {
        long v = sent + 1, before = sent + got;
        if (sent < count() && sn_try_send(&b->in, &v) == 0) {
            sent++;
            sn_sem_post(&b->posts);
        }
        if (got < count() && sn_try_recv(&b->out, &v) == 0) {
            got++;
            atomic_fetch_add(&b->sum, v);
        }
        if (sent + got == before) sched_yield();
    }
    CHECK_INT(sn_id(), 0);
    atomic_fetch_sub(&b->running, 1);
    return NULL;
}

static int echo_doubled(void *arg) {
    bridge *b = arg;
    long v;
    while (sn_recv(&b->in, &v) == 0) {
        v *= 2;
        CHECK_INT(sn_send(&b->out, &v), 0);
        atomic_fetch_add(&b->got, 1);
    }
    return 0;
}
static int wait_for_posts(void *arg) {
    bridge *b = arg;
    for (long i = 0; i < THREADS * count(); i++) CHECK_INT(sn_sem_wait(&b->posts, SN_NEVER), 0);
    return 0;
}

static int foreign_tries(void *arg) {
    pthread_t t[THREADS];
    (void)arg;
    for (size_t cap = 0; cap < 20; cap += 16) {
        bridge *b = open_bridge(cap);
        sn_scope s, posts;
        sn_scope_enter(&s, SN_NEVER);
        for (int i = 0; i < 3; i++) GO(echo_doubled, b);
        sn_scope_enter(&posts, SN_NEVER);
        GO(wait_for_posts, b);
        start_threads(b, t, try_things);
        join_threads(b, t);
        CHECK_INT(sn_scope_leave(&posts), 0);
        sn_chan_close(&b->in);
        CHECK_INT(sn_scope_leave(&s), 0);
        CHECK_INT(atomic_load(&b->got), THREADS * count());
        CHECK_INT(atomic_load(&b->sum), THREADS * count() * (count() + 1));
        close_bridge(b);
    }
    return 0;
}

/* --- parking calls on foreign threads */

static void *park_threads(void *arg) {
    bridge *b = arg;
    for (long v = 1, w; v <= count(); v++) {
        CHECK_INT(sn_send(&b->in, &v), 0);
        CHECK_INT(sn_recv(&b->out, &w), 0);
        atomic_fetch_add(&b->sum, w);
        sn_lock(&b->m);
        long was = b->guarded;
        b->guarded = was + 1;
        sn_unlock(&b->m);
        if (v % 50 == 0) CHECK_INT(sn_sleep(100 * SN_MICROSECOND), 0);
        if (v % 70 == 0) {
            long x;
            int k = sn_select(sn_now() + 50 * SN_MICROSECOND, sn_rx(NULL, &x, NULL));
            CHECK_INT(k, SN_ETIMEDOUT);
        }
    }
    sn_wg_done(&b->all);
    atomic_fetch_sub(&b->running, 1);
    return NULL;
}

static int guard_too(void *arg) {
    bridge *b = arg;
    for (long i = 0; i < count(); i++) {
        sn_lock(&b->m);
        long was = b->guarded;
        if (i % 16 == 0) CHECK_INT(sn_yield(), 0);
        b->guarded = was + 1;
        sn_unlock(&b->m);
    }
    return 0;
}

static int foreign_parks(void *arg) {
    pthread_t t[THREADS];
    (void)arg;
    for (size_t cap = 0; cap < 2; cap++) {
        bridge *b = open_bridge(cap);
        sn_scope s;
        sn_scope_enter(&s, SN_NEVER);
        sn_wg_add(&b->all, THREADS);
        for (int i = 0; i < 3; i++) GO(echo_doubled, b);
        for (int i = 0; i < 2; i++) GO(guard_too, b);
        start_threads(b, t, park_threads);
        join_threads(b, t);
        CHECK_INT(sn_wg_wait(&b->all), 0);
        sn_chan_close(&b->in);
        CHECK_INT(sn_scope_leave(&s), 0);
        CHECK_INT(b->guarded, (THREADS + 2) * count());
        CHECK_INT(atomic_load(&b->sum), THREADS * count() * (count() + 1));
        close_bridge(b);
    }
    return 0;
}

/* --- cancels, signals of conditions and closes from threads */

static void *cancel_it(void *arg) {
    bridge *b = arg;
    sn_scope_cancel(b->scope, SN_ECANCELED);
    atomic_fetch_sub(&b->running, 1);
    return NULL;
}

static int wait_long(void *arg) {
    bridge *b = arg;
    CHECK_INT(sn_recv(&b->in, NULL), SN_ECANCELED);
    return 0;
}

static int foreign_cancels(void *arg) {
    pthread_t t[THREADS];
    (void)arg;
    for (int round = 0; round < 30; round++) {
        bridge *b = open_bridge(0);
        sn_scope s;
        b->scope = &s;
        sn_scope_enter(&s, SN_NEVER);
        for (int i = 0; i < 5; i++) GO(wait_long, b);
        start_threads(b, t, cancel_it);
        sn_shield(1);
        join_threads(b, t);
        sn_shield(0);
        CHECK_INT(sn_scope_leave(&s), SN_ECANCELED);
        close_bridge(b);
    }
    return 0;
}

static void *ring_and_close(void *arg) {
    bridge *b = arg;
    for (long i = 0; i < count(); i++) {
        sn_lock(&b->m);
        b->rung++;
        sn_unlock(&b->m);
        sn_cond_signal(&b->cond);
    }
    if (atomic_fetch_sub(&b->running, 1) == 1) sn_chan_close(&b->in);
    return NULL;
}

static int hear_rings(void *arg) {
    bridge *b = arg;
    for (long heard = 0; heard < THREADS * count();) {
        sn_lock(&b->m);
        while (!b->rung) CHECK_INT(sn_cond_wait(&b->cond, &b->m, SN_NEVER), 0);
        heard += b->rung;
        b->rung = 0;
        sn_unlock(&b->m);
    }
    CHECK_INT(sn_recv(&b->in, NULL), SN_ECLOSED);
    return 0;
}

static int foreign_rings(void *arg) {
    pthread_t t[THREADS];
    bridge *b = open_bridge(0);
    sn_scope s;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    GO(hear_rings, b);
    start_threads(b, t, ring_and_close);
    join_threads(b, t);
    CHECK_INT(sn_scope_leave(&s), 0);
    close_bridge(b);
    return 0;
}

/* A thread waits for another thread through a channel while no runtime runs. */
static void *send_one(void *arg) {
    long v = 9;
    CHECK_INT(sn_send(arg, &v), 0);
    return NULL;
}

static void without_a_runtime(void) {
    sn_chan c;
    pthread_t t;
    long v = 0;
    MUST(sn_chan_init(&c, sizeof v, 0, NULL, NULL) == 0);
    MUST(pthread_create(&t, NULL, send_one, &c) == 0);
    CHECK_INT(sn_recv(&c, &v), 0);
    CHECK_INT(v, 9);
    pthread_join(t, NULL);
    sn_chan_free(&c);
}

int main(void) {
    stress_case("a thread that comes late", foreign_comes_late);
    stress_case("tries and posts from threads", foreign_tries);
    stress_case("parking calls on threads", foreign_parks);
    stress_case("cancels from threads", foreign_cancels);
    stress_case("signals and a close from threads", foreign_rings);
    CASE(without_a_runtime);
    return check_done();
}
