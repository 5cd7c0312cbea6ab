/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* core-scopes: scopes inside a scope, ended by deadlines, errors, cancels and by themselves. Time
 * is virtual, so each must end at the instant its reason came, and with that reason.
 * core-errors: what a member failed with is what its scope is left with. core-cancel: a cancel
 * reaches who is just entering scopes. */
#include "core.h"
#include "hold.h"

#include <sennit/sennit.h>
#include <string.h>

enum { WORKERS = 3, ROUNDS = 4, MEMBERS = 2, LONG = 1000, SHORT = 100 };

typedef struct worker {
    struct stage *stage;
    sn_scope scope; /* entered again and again */
} worker;

typedef struct stage {
    sn_scope scope;
    sn_wg entered;
    sn_mutex lock;
    sn_cond never;
    sn_time until, ended; /* its deadline; when it was cancelled, 0: not yet */
    worker workers[WORKERS];
} stage;

/* One of the waits that only a cancel ends. */
static int wait_for_nothing(stage *s) {
    int rc = 0;
    switch (sn_sim_draw(4)) {
    case 0:
        return sn_recv(NULL, NULL);
    case 1:
        return sn_select(SN_NEVER, sn_rx(NULL, NULL, NULL));
    case 2:
        rc = sn_lock_until(&s->lock, SN_NEVER);
        if (rc) return rc;
        rc = sn_cond_wait(&s->never, &s->lock, SN_NEVER);
        sn_unlock(&s->lock);
        return rc;
    default:
        return sn_sleep(LONG * SN_SECOND);
    }
}

static int wait_inside(void *arg) {
    stage *s = arg;
    sn_scope inner;
    if (one_in(2)) return wait_for_nothing(s);
    sn_scope_enter(&inner, SN_NEVER);
    int rc = wait_for_nothing(s);
    int left = sn_scope_leave(&inner);
    HOLD(cut_short(rc) && (left == rc || left == SN_EIO),
         "an inner wait ended with %s, its scope with %s", sn_errname(rc), sn_errname(left));
    return rc;
}

static int fail_soon(void *arg) {
    (void)arg;
    int rc = one_in(2) ? 0 : sn_sleep(1 + some_time(SHORT));
    return rc ? rc : SN_EIO;
}

/* Is it over because all is over? */
static int outer_over(const stage *s) { return s->ended || sn_now() >= s->until; }

static void start(sn_fn f, void *arg) {
    int rc = sn_go(f, arg, 0);
    HOLD(!rc || cut_short(rc), "go: %s", sn_errname(rc));
}

/* Members wait for nothing until the deadline ends them. */
static void by_deadline(worker *w) {
    sn_time until = sn_now() + some_time(SHORT);
    sn_scope_enter(&w->scope, until);
    for (int i = 0; i < MEMBERS; i++) start(wait_inside, w->stage);
    int rc = sn_scope_leave(&w->scope);
    HOLD(cut_short(rc), "left with %s, not by its deadline", sn_errname(rc));
    HOLD(sn_now() == until || outer_over(w->stage), "left %lld ns after its deadline",
         (long long)(sn_now() - until));
}

/* One fails, and the others are ended by that. */
static void by_error(worker *w) {
    sn_time most = sn_now() + SHORT;
    sn_scope_enter(&w->scope, sn_now() + SHORT * 2);
    start(fail_soon, NULL);
    for (int i = 0; i < MEMBERS; i++) start(wait_inside, w->stage);
    int rc = sn_scope_leave(&w->scope);
    HOLD(rc == SN_EIO || outer_over(w->stage), "left with %s, not with its member's error",
         sn_errname(rc));
    HOLD(sn_now() <= most || outer_over(w->stage), "left late");
}

/* Nothing ends it but itself. */
static void by_itself(worker *w) {
    sn_time d = some_time(SHORT * 4), begun = sn_now();
    sn_scope_enter(&w->scope, SN_NEVER);
    int slept = sn_sleep(d), rc = sn_scope_leave(&w->scope);
    HOLD(!slept || slept == rc, "a sleep ended with %s, its scope with %s", sn_errname(slept),
         sn_errname(rc));
    HOLD(!rc || outer_over(w->stage), "left with %s for no reason", sn_errname(rc));
    HOLD(rc || sn_now() == begun + d, "slept for %lld ns, not %lld", (long long)(sn_now() - begun),
         (long long)d);
}

static int work(void *arg) {
    worker *w = arg;
    for (int i = 0; i < ROUNDS; i++) {
        switch (sn_sim_draw(3)) {
        case 0:
            by_deadline(w);
            break;
        case 1:
            by_error(w);
            break;
        default:
            by_itself(w);
        }
    }
    sn_scope_enter(&w->scope, SN_NEVER);
    start(wait_inside, w->stage);
    return sn_scope_leave(&w->scope);
}

static int end_it(void *arg) {
    stage *s = arg;
    OK(sn_wg_wait(&s->entered));
    OK(sn_sleep(some_time(SHORT * 3)));
    s->ended = sn_now();
    sn_scope_cancel(&s->scope, SN_ECANCELED);
    return 0;
}

static int hold_stage(void *arg) {
    stage *s = arg;
    sn_scope_enter(&s->scope, s->until);
    for (int i = 0; i < WORKERS; i++) {
        s->workers[i].stage = s;
        start(work, &s->workers[i]);
    }
    sn_wg_done(&s->entered);
    int rc = sn_scope_leave(&s->scope);
    HOLD(cut_short(rc), "the outer scope left with %s", sn_errname(rc));
    HOLD(sn_now() == (s->ended ? s->ended : s->until), "the outer scope left late");
    return 0;
}

int core_scopes(void *arg) {
    static stage s;
    sn_scope all;
    (void)arg;
    memset(&s, 0, sizeof s);
    s.until = one_in(2) ? sn_now() + some_time(SHORT * 3) : SN_NEVER;
    sn_wg_add(&s.entered, 1);
    sn_scope_enter(&all, SN_NEVER);
    OK(sn_go(hold_stage, &s, 0));
    if (s.until == SN_NEVER) OK(sn_go(end_it, &s, 0));
    OK(sn_scope_leave(&all));
    return 0;
}

/* ---- core-errors */

typedef struct crew {
    sn_scope scope;
    int failed;
} crew;

static int may_fail(void *arg) {
    crew *c = arg;
    if (one_in(2)) return 0;
    c->failed++;
    return SN_EIO;
}

int core_errors(void *arg) {
    static crew c;
    (void)arg;
    for (int round = 0; round < ROUNDS; round++) {
        c.failed = 0;
        sn_scope_enter(&c.scope, SN_NEVER);
        for (uint64_t n = 1 + sn_sim_draw(MEMBERS); n; n--) {
            int rc = sn_go(may_fail, &c, 0);
            HOLD(!rc || c.failed, "go: %s", sn_errname(rc));
        }
        int rc = sn_scope_leave(&c.scope);
        HOLD(rc == (c.failed ? SN_EIO : 0), "%d failed, the scope left with %s", c.failed,
             sn_errname(rc));
    }
    return 0;
}

/* ---- core-cancel */

enum { DIVERS = 3, DEPTH = 3 };

/* Enters scope in scope and waits for nothing in the innermost. */
static int dive(void *arg) {
    sn_scope s[DEPTH];
    (void)arg;
    for (int i = 0; i < DEPTH; i++) sn_scope_enter(&s[i], SN_NEVER);
    int rc = sn_recv(NULL, NULL);
    HOLD(rc == SN_ECANCELED, "a wait for nothing ended with %s", sn_errname(rc));
    for (int i = DEPTH; i-- > 0;) {
        rc = sn_scope_leave(&s[i]);
        HOLD(rc == SN_ECANCELED, "left with %s", sn_errname(rc));
    }
    return 0;
}

int core_cancel(void *arg) {
    sn_scope all;
    (void)arg;
    sn_scope_enter(&all, SN_NEVER);
    for (int i = 0; i < DIVERS; i++) start(dive, NULL);
    if (one_in(2)) OK(sn_yield());
    sn_scope_cancel(&all, SN_ECANCELED);
    int rc = sn_scope_leave(&all);
    HOLD(rc == SN_ECANCELED, "left with %s", sn_errname(rc));
    return 0;
}
