/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* core-rwmutex, core-weights, core-batch: coroutines with deadlines, some of them cancelled, about
 * one lock, one semaphore, one channel that is filled and emptied by the handful. */
#include "core.h"
#include "hold.h"

#include <sennit/sennit.h>
#include <string.h>

enum { TEAM = 6, ROUNDS = 4 };

typedef struct table {
    sn_rwmutex m;
    int readers, writers;
    sn_sem sem;
    long seats, taken;
} table;

static sn_time patience(void) { return one_in(2) ? SN_NEVER : sn_now() + 1 + some_time(20); }

static int stay(void) {
    switch (sn_sim_draw(3)) {
    case 0:
        return sn_yield();
    case 1:
        return sn_sleep(1 + some_time(20));
    default:
        return 0;
    }
}

/* Starts TEAM coroutines, half of them in a scope that is cancelled after a while. */
static void run_team(sn_fn f, table *t) {
    sn_scope all, some;
    sn_scope_enter(&all, SN_NEVER);
    for (int i = 0; i < TEAM / 2; i++) OK(sn_go(f, t, 0));
    sn_scope_enter(&some, one_in(2) ? sn_now() + some_time(60) : SN_NEVER);
    for (int i = 0; i < TEAM / 2; i++) {
        int rc = sn_go(f, t, 0);
        HOLD(!rc || cut_short(rc), "go: %s", sn_errname(rc));
    }
    if (one_in(2)) sn_scope_cancel(&some, SN_ECANCELED);
    int rc = sn_scope_leave(&some);
    HOLD(!rc || cut_short(rc), "leave: %s", sn_errname(rc));
    OK(sn_scope_leave(&all));
}

/* ---- core-rwmutex */

static int lock_it(table *t, int writes) {
    switch (sn_sim_draw(4)) {
    case 0:
        return (writes ? sn_trywlock(&t->m) : sn_tryrlock(&t->m)) ? 0 : SN_EAGAIN;
    case 1:
        if (writes)
            sn_wlock(&t->m);
        else
            sn_rlock(&t->m);
        return 0;
    default:
        return writes ? sn_wlock_until(&t->m, patience()) : sn_rlock_until(&t->m, patience());
    }
}

static int inside(table *t, int writes) {
    int *mine = writes ? &t->writers : &t->readers;
    ++*mine;
    HOLD(!t->writers || t->writers + t->readers == 1, "%d writers and %d readers have it",
         t->writers, t->readers);
    int rc = stay();
    HOLD(!t->writers || t->writers + t->readers == 1, "%d writers and %d readers have it",
         t->writers, t->readers);
    --*mine;
    if (writes)
        sn_wunlock(&t->m);
    else
        sn_runlock(&t->m);
    return rc;
}

static int use_rwmutex(void *arg) {
    table *t = arg;
    for (int i = 0; i < ROUNDS; i++) {
        int writes = one_in(3), rc = lock_it(t, writes);
        if (rc == SN_ECANCELED) return 0;
        if (!rc && inside(t, writes)) return 0;
    }
    return 0;
}

int core_rwmutex(void *arg) {
    table t;
    (void)arg;
    memset(&t, 0, sizeof t);
    run_team(use_rwmutex, &t);
    HOLD(sn_trywlock(&t.m), "the mutex is held by nobody");
    sn_wunlock(&t.m);
    return 0;
}

/* ---- core-weights */

static int use_weights(void *arg) {
    table *t = arg;
    for (int i = 0; i < ROUNDS; i++) {
        long n = 1 + (long)sn_sim_draw((uint64_t)t->seats);
        int rc = sn_sem_wait_n(&t->sem, n, one_in(4) ? 0 : patience());
        if (rc == SN_ECANCELED) return 0;
        if (rc) continue;
        t->taken += n;
        HOLD(t->taken <= t->seats, "%ld of %ld are taken", t->taken, t->seats);
        rc = stay();
        t->taken -= n;
        sn_sem_post_n(&t->sem, n);
        if (rc) return 0;
    }
    return 0;
}

int core_weights(void *arg) {
    table t;
    (void)arg;
    memset(&t, 0, sizeof t);
    t.seats = 2 + (long)sn_sim_draw(4);
    sn_sem_init(&t.sem, t.seats);
    run_team(use_weights, &t);
    HOLD(sn_sem_wait_n(&t.sem, t.seats, 0) == 0, "fewer than %ld are left", t.seats);
    HOLD(sn_sem_wait(&t.sem, 0) == SN_ETIMEDOUT, "more than %ld are left", t.seats);
    return 0;
}

/* ---- core-batch */

enum { SENDERS = 3, EACH = 10, HANDFUL = 4 };

typedef struct quay {
    sn_chan c;
    sn_wg senders;
    int plain;         /* single sends and receives too */
    int sent[SENDERS]; /* how many of each have moved, as it says */
    int got[SENDERS][EACH];
} quay;

typedef struct hand {
    quay *q;
    int who;
} hand;

static int load(void *arg) {
    const hand *h = arg;
    int *sent = &h->q->sent[h->who], rc = 0;
    while (!rc && *sent < EACH) {
        int v[HANDFUL];
        size_t n = 1 + sn_sim_draw(HANDFUL), done = 0;
        if (n > (size_t)(EACH - *sent)) n = (size_t)(EACH - *sent);
        for (size_t i = 0; i < n; i++) v[i] = h->who * EACH + *sent + (int)i;
        rc = h->q->plain && one_in(4) ? sn_send(&h->q->c, v) : sn_send_many(&h->q->c, v, n, &done);
        if (!done && !rc) done = 1;
        *sent += (int)done;
        if (!rc && one_in(3)) rc = sn_sleep(some_time(8));
    }
    sn_wg_done(&h->q->senders);
    return 0;
}

static void unload(quay *q, const int *v, size_t n) {
    for (size_t i = 0; i < n; i++) {
        HOLD(v[i] >= 0 && v[i] < SENDERS * EACH, "a value of %d", v[i]);
        int times = ++q->got[v[i] / EACH][v[i] % EACH];
        HOLD(times == 1, "value %d arrived %d times", v[i], times);
    }
}

/* Until it is closed, if the scope does not end it before. */
static int receive(void *arg) {
    quay *q = arg;
    for (int rc = 0; !rc;) {
        int v[HANDFUL] = {-1, -1, -1, -1};
        size_t n = 0;
        rc = q->plain && one_in(4) ? sn_recv(&q->c, v)
                                   : sn_recv_many(&q->c, v, 1 + sn_sim_draw(HANDFUL), &n);
        if (!rc && !n) n = 1;
        HOLD(!rc || !n, "%s, and %d values", sn_errname(rc), (int)n);
        unload(q, v, n);
        if (!rc && one_in(2)) rc = sn_sleep(some_time(8));
    }
    return 0;
}

static void start_senders(quay *q, sn_scope *s) {
    sn_scope_enter(s, one_in(2) ? sn_now() + some_time(30) : SN_NEVER);
    for (int i = 0; i < SENDERS; i++) {
        hand h = {q, i};
        int rc = sn_go(load, &h, sizeof h);
        if (rc) sn_wg_done(&q->senders);
        HOLD(!rc || cut_short(rc), "go: %s", sn_errname(rc));
    }
    if (one_in(3)) {
        (void)!sn_yield();
        sn_scope_cancel(s, SN_ECANCELED);
    }
}

/* Some who do not wait for long, beside one who does. */
static int receive_for_a_while(void *arg) {
    sn_scope s;
    sn_scope_enter(&s, sn_now() + some_time(40));
    for (uint64_t n = sn_sim_draw(3); n; n--) {
        int rc = sn_go(receive, arg, 0);
        HOLD(!rc || cut_short(rc), "go: %s", sn_errname(rc));
    }
    int rc = sn_scope_leave(&s);
    HOLD(!rc || cut_short(rc), "leave: %s", sn_errname(rc));
    return 0;
}

static void judge(const quay *q) {
    for (int i = 0; i < SENDERS; i++)
        for (int k = 0; k < EACH; k++)
            HOLD(q->got[i][k] == (k < q->sent[i]), "sender %d says %d moved; value %d did %d times",
                 i, q->sent[i], k, q->got[i][k]);
}

/* What was sent is received, and nothing else is. */
int core_batch(void *arg) {
    quay q;
    sn_scope all, senders;
    (void)arg;
    memset(&q, 0, sizeof q);
    OK(sn_chan_init(&q.c, sizeof(int), (size_t)sn_sim_draw(4), NULL, NULL));
    q.plain = one_in(2);
    sn_wg_add(&q.senders, SENDERS);
    sn_scope_enter(&all, SN_NEVER);
    OK(sn_go(receive, &q, 0));
    OK(sn_go(receive_for_a_while, &q, 0));
    start_senders(&q, &senders);
    int rc = sn_scope_leave(&senders);
    HOLD(!rc || cut_short(rc), "leave: %s", sn_errname(rc));
    OK(sn_wg_wait(&q.senders));
    sn_chan_close(&q.c);
    OK(sn_scope_leave(&all));
    judge(&q);
    sn_chan_free(&q.c);
    return 0;
}
