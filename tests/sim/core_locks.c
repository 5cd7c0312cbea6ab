/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* core-mutex, core-sem, core-cond: coroutines with deadlines, some of them cancelled, about one
 * lock. Nobody is inside with another, nothing is left taken, nobody waits for ever. */
#include "core.h"
#include "hold.h"

#include <sennit/sennit.h>
#include <string.h>

enum { TEAM = 4, ROUNDS = 4 };

typedef struct table {
    sn_mutex mutex;
    sn_sem sem;
    long seats;
    int inside;
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
    HOLD(!t->inside, "%d still inside", t->inside);
}

/* ---- core-mutex */

static int lock_it(table *t) {
    switch (sn_sim_draw(4)) {
    case 0:
        return sn_trylock(&t->mutex) ? 0 : SN_EAGAIN;
    case 1:
        sn_lock(&t->mutex);
        return 0;
    default:
        return sn_lock_until(&t->mutex, patience());
    }
}

static int use_mutex(void *arg) {
    table *t = arg;
    for (int i = 0; i < ROUNDS; i++) {
        int rc = lock_it(t);
        if (rc == SN_ECANCELED) return 0;
        if (rc) continue;
        HOLD(!t->inside++, "two hold the mutex");
        rc = stay();
        t->inside--;
        sn_unlock(&t->mutex);
        if (rc) return 0;
    }
    return 0;
}

int core_mutex(void *arg) {
    table t;
    (void)arg;
    memset(&t, 0, sizeof t);
    run_team(use_mutex, &t);
    HOLD(sn_trylock(&t.mutex), "the mutex is held by nobody");
    sn_unlock(&t.mutex);
    return 0;
}

/* ---- core-sem */

static int use_sem(void *arg) {
    table *t = arg;
    for (int i = 0; i < ROUNDS; i++) {
        int rc = sn_sem_wait(&t->sem, one_in(4) ? 0 : patience());
        if (rc == SN_ECANCELED) return 0;
        if (rc) continue;
        HOLD(++t->inside <= t->seats, "%d hold a semaphore of %ld", t->inside, t->seats);
        rc = stay();
        t->inside--;
        sn_sem_post(&t->sem);
        if (rc) return 0;
    }
    return 0;
}

int core_sem(void *arg) {
    table t;
    long free_seats = 0;
    (void)arg;
    memset(&t, 0, sizeof t);
    t.seats = 1 + (long)sn_sim_draw(2);
    sn_sem_init(&t.sem, t.seats);
    run_team(use_sem, &t);
    while (!sn_sem_wait(&t.sem, 0)) free_seats++;
    HOLD(free_seats == t.seats, "a semaphore of %ld counts %ld when nobody holds it", t.seats,
         free_seats);
    return 0;
}

/* ---- core-cond: a queue with room for two */

enum { ITEMS = 6, ROOM = 2, MAKERS = 2, TAKERS = 3 };

typedef struct store {
    sn_mutex lock;
    sn_cond changed, space;
    int patient; /* nobody has a deadline */
    int n, made, taken, seen[ITEMS], items[ROOM];
} store;

/* A wait may end early; what it waited for is looked at again. */
static void wait_for(store *s, sn_cond *c) {
    sn_time until = s->patient || one_in(2) ? SN_NEVER : sn_now() + 1 + some_time(20);
    int rc = sn_cond_wait(c, &s->lock, until);
    HOLD(!rc || (rc == SN_ETIMEDOUT && until != SN_NEVER), "cond: %s", sn_errname(rc));
}

static int make(void *arg) {
    store *s = arg;
    for (int more = 1; more;) {
        sn_lock(&s->lock);
        while (s->n == ROOM && s->made < ITEMS) wait_for(s, &s->space);
        more = s->made < ITEMS;
        if (more) s->items[s->n++] = s->made++;
        sn_unlock(&s->lock);
        if (more) sn_cond_signal(&s->changed);
        if (one_in(3)) OK(sn_sleep(some_time(20)));
    }
    return 0;
}

static int consume(void *arg) {
    store *s = arg;
    for (int more = 1; more;) {
        sn_lock(&s->lock);
        while (!s->n && s->taken < ITEMS) wait_for(s, &s->changed);
        more = s->n > 0;
        if (more) s->seen[s->items[--s->n]]++;
        s->taken += more;
        int last = more && s->taken == ITEMS;
        sn_unlock(&s->lock);
        if (more) sn_cond_signal(&s->space);
        if (last) sn_cond_broadcast(&s->changed), sn_cond_broadcast(&s->space);
    }
    return 0;
}

int core_cond(void *arg) {
    store s;
    sn_scope all;
    (void)arg;
    memset(&s, 0, sizeof s);
    s.patient = one_in(2);
    sn_scope_enter(&all, SN_NEVER);
    for (int i = 0; i < TAKERS; i++) OK(sn_go(consume, &s, 0));
    for (int i = 0; i < MAKERS; i++) OK(sn_go(make, &s, 0));
    OK(sn_scope_leave(&all));
    for (int i = 0; i < ITEMS; i++)
        HOLD(s.seen[i] == 1, "item %d was taken %d times", i, s.seen[i]);
    return 0;
}
