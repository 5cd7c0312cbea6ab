/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* core-flight: many ask for few keys, and some give up. core-group: functions, of which one may
 * fail, with room for some at once. core-pool: objects and buffers go from hand to hand. */
#include "core.h"
#include "hold.h"

#include <sennit/sennit.h>
#include <stdlib.h>
#include <string.h>

/* ---- core-flight */

enum { KEYS = 2, ASKERS = 6, ASKS = 3 };

typedef struct answer {
    int key, nth;
} answer;

typedef struct library {
    sn_flight f;
    int patient;      /* nobody gives up, so no call is abandoned */
    int on[KEYS];     /* calls */
    int calls, ended; /* begun; over */
    int fails[ASKERS * ASKS];
} library;

/* One that was abandoned may be on beside the next for its key. */
static int look_up(void *ctx, const void *key, size_t n, void *result) {
    library *l = ctx;
    const int k = *(const int *)key;
    HOLD(n == sizeof k && k < KEYS, "a key of %d bytes", (int)n);
    int nth = l->calls++;
    HOLD(nth < ASKERS * ASKS, "more calls than were asked for");
    HOLD(!l->on[k]++ || !l->patient, "two calls for key %d", k);
    int rc = one_in(3) ? sn_yield() : sn_sleep(1 + some_time(20));
    HOLD(!rc || (rc == SN_ECANCELED && !l->patient), "a call was ended by %s", sn_errname(rc));
    l->on[k]--;
    l->ended++;
    l->fails[nth] = rc || one_in(4);
    *(answer *)result = (answer){k, nth};
    return rc ? rc : l->fails[nth] ? SN_EIO : 0;
}

static int ask(void *arg) {
    library *l = arg;
    for (int i = 0; i < ASKS; i++) {
        int k = (int)sn_sim_draw(KEYS);
        answer a = {-1, -1};
        sn_scope s;
        int hasty = !l->patient && one_in(2);
        sn_scope_enter(&s, hasty ? sn_now() + some_time(25) : SN_NEVER);
        int rc = sn_flight_do(&l->f, &k, sizeof k, &a), over = sn_canceled();
        int left = sn_scope_leave(&s);
        HOLD(!left || cut_short(left), "leave: %s", sn_errname(left));
        HOLD(rc == 0 || rc == SN_EIO || (over && rc == over), "%s, and the scope says %s",
             sn_errname(rc), sn_errname(over));
        HOLD(a.key == (rc ? -1 : k), "asked for key %d, and was told of %d", k, a.key);
        HOLD(rc || !l->fails[a.nth], "the result of a call that failed");
        if (sn_canceled()) return 0;
    }
    return 0;
}

int core_flight(void *arg) {
    library l;
    sn_scope all, some;
    (void)arg;
    memset(&l, 0, sizeof l);
    OK(sn_flight_init(&l.f, look_up, &l, sizeof(answer)));
    l.patient = one_in(2);
    sn_scope_enter(&all, SN_NEVER);
    for (int i = 0; i < ASKERS / 2; i++) OK(sn_go(ask, &l, 0));
    sn_scope_enter(&some, !l.patient && one_in(2) ? sn_now() + some_time(60) : SN_NEVER);
    for (int i = 0; i < ASKERS / 2; i++) {
        int rc = sn_go(ask, &l, 0);
        HOLD(!rc || cut_short(rc), "go: %s", sn_errname(rc));
    }
    if (!l.patient && one_in(2)) sn_scope_cancel(&some, SN_ECANCELED);
    int rc = sn_scope_leave(&some);
    HOLD(!rc || cut_short(rc), "leave: %s", sn_errname(rc));
    OK(sn_scope_leave(&all));
    sn_flight_end(&l.f);
    HOLD(l.calls == l.ended, "%d of %d calls have ended", l.ended, l.calls);
    return 0;
}

/* ---- core-group */

enum { TASKS = 10 };

typedef struct yard {
    sn_group g;
    long limit, inside;
    int started, ran, failed; /* failed: how many have said so */
} yard;

static int labour(void *arg) {
    yard *y = arg;
    y->ran++;
    HOLD(++y->inside <= y->limit, "%ld at once, where %ld may be", y->inside, y->limit);
    int rc = one_in(2) ? sn_yield() : sn_sleep(some_time(20));
    y->inside--;
    if (!rc && one_in(12)) {
        y->failed++;
        return SN_EIO;
    }
    return rc;
}

int core_group(void *arg) {
    yard y;
    (void)arg;
    memset(&y, 0, sizeof y);
    y.limit = 1 + (long)sn_sim_draw(3);
    sn_group_enter(&y.g, y.limit, one_in(3) ? sn_now() + some_time(60) : SN_NEVER);
    for (int i = 0, rc = 0; i < TASKS && !rc; i++) {
        int failed_alone = y.failed && y.limit == 1;
        rc = one_in(3) ? sn_group_try_go(&y.g, labour, &y, 0) : sn_group_go(&y.g, labour, &y, 0);
        HOLD(!failed_alone || rc == SN_EAGAIN || cut_short(rc), "started after the failure");
        y.started += !rc;
        if (rc == SN_EAGAIN) rc = 0;
        HOLD(!rc || cut_short(rc), "group go: %s", sn_errname(rc));
    }
    int rc = sn_group_leave(&y.g);
    HOLD(!y.inside && y.ran == y.started, "%d started, %d ran", y.started, y.ran);
    HOLD(rc == SN_EIO || !y.failed || cut_short(rc), "failed, and left with %s", sn_errname(rc));
    HOLD(y.limit > 1 || y.failed <= 1, "%d failed one after the other", y.failed);
    return 0;
}

/* ---- core-pool */

enum { HANDS = 5, TURNS = 4, SIZE = 24 };

typedef struct shop {
    sn_pool pool;
    sn_bufs bufs;
    int made, ended;
} shop;

typedef struct tool {
    int held;
    uint64_t by;
} tool;

static void *make(void *ctx) {
    shop *s = ctx;
    tool *t = calloc(1, sizeof *t);
    if (one_in(2)) (void)!sn_yield();
    s->made++;
    return t;
}

static void end(void *ctx, void *object) {
    shop *s = ctx;
    tool *t = object;
    HOLD(!t->held, "a tool that is in use was ended");
    if (one_in(2)) (void)!sn_yield();
    s->ended++;
    free(t);
}

static tool *take(shop *s) {
    tool *t = sn_pool_get(&s->pool);
    HOLD(t, "no tool");
    HOLD(!t->held++, "a tool in two hands");
    t->by = sn_id();
    return t;
}

static void put(shop *s, tool *t) {
    HOLD(t->held == 1 && t->by == sn_id(), "a tool was taken away");
    t->held = 0;
    sn_pool_put(&s->pool, t);
}

static void scribble(shop *s) {
    sn_buf b;
    char mine[SIZE];
    size_t n = 1 + (size_t)sn_sim_draw(SIZE);
    memset(mine, 1 + (int)sn_sim_draw(255), sizeof mine);
    OK(sn_bufs_get(&s->bufs, &b));
    for (int i = 0; i < SIZE; i++) HOLD(!b.at[i], "a buffer with something in it");
    OK(sn_buf_append(&b, mine, n));
    (void)!sn_yield();
    HOLD(b.n == n && !memcmp(b.at, mine, n), "a buffer in two hands");
    sn_bufs_put(&s->bufs, &b);
}

static int toil(void *arg) {
    shop *s = arg;
    for (int i = 0; i < TURNS; i++) {
        tool *a = take(s), *b = one_in(2) ? take(s) : NULL;
        if (one_in(2)) (void)!sn_yield();
        if (b) put(s, b);
        scribble(s);
        put(s, a);
    }
    return 0;
}

int core_pool(void *arg) {
    shop s;
    sn_scope all;
    (void)arg;
    memset(&s, 0, sizeof s);
    size_t keep = 1 + (size_t)sn_sim_draw(3);
    OK(sn_pool_init(&s.pool, keep, make, end, &s));
    OK(sn_bufs_init(&s.bufs, SIZE, keep));
    sn_scope_enter(&all, SN_NEVER);
    for (int i = 0; i < HANDS; i++) OK(sn_go(toil, &s, 0));
    OK(sn_scope_leave(&all));
    sn_pool_end(&s.pool);
    sn_bufs_end(&s.bufs);
    HOLD(s.made == s.ended, "%d made, %d ended", s.made, s.ended);
    return 0;
}
