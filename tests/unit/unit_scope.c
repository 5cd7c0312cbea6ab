/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Scopes: who waits for whom, what a first error, a deadline and a cancel reach, and what they
 * do not. */
#include "world.h"

typedef struct box {
    sn_mutex lock;
    sn_chan gate; /* never sent to: receiving from it waits until a cancel or its close */
    sn_scope *outer, *inner;
    sn_wg ready;
    int n, rc;
} box;

static void open_box(box *b) {
    memset(b, 0, sizeof *b);
    MUST(sn_chan_init(&b->gate, sizeof(int), 0, NULL, NULL) == 0);
}
static void close_box(box *b) { sn_chan_free(&b->gate); }
static void count(box *b) {
    sn_lock(&b->lock);
    b->n++;
    sn_unlock(&b->lock);
}

static int step_and_count(void *arg) {
    CHECK_INT(sn_yield(), 0);
    count(arg);
    return 1;
}

static int leave_waits(void *arg) {
    box b;
    sn_scope s;
    (void)arg;
    open_box(&b);
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 10; i++) GO(step_and_count, &b);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(b.n, 10);
    sn_scope_enter(&s, SN_NEVER);
    CHECK_INT(sn_scope_leave(&s), 0);
    close_box(&b);
    return 0;
}

static int wait_canceled(void *arg) {
    box *b = arg;
    CHECK_INT(sn_recv(&b->gate, NULL), SN_ECANCELED);
    CHECK_INT(sn_canceled(), SN_ECANCELED);
    CHECK_INT(sn_yield(), SN_ECANCELED);
    count(b);
    return SN_ECANCELED;
}
static int fail_io(void *arg) {
    (void)arg;
    return sn_yield() ? 0 : SN_EIO;
}

static int first_error(void *arg) {
    box b;
    sn_scope s;
    (void)arg;
    open_box(&b);
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 4; i++) GO(wait_canceled, &b);
    GO(fail_io, NULL);
    CHECK_INT(sn_scope_leave(&s), SN_EIO);
    CHECK_INT(b.n, 4);
    CHECK_INT(sn_canceled(), 0);
    close_box(&b);
    return 0;
}

static int wait_timed_out(void *arg) {
    box *b = arg;
    CHECK_INT(sn_recv(&b->gate, NULL), SN_ETIMEDOUT);
    CHECK_INT(sn_canceled(), SN_ETIMEDOUT);
    count(b);
    return 0;
}

static int deadline(void *arg) {
    box b;
    sn_scope s;
    (void)arg;
    open_box(&b);
    sn_time until = sn_now() + 3 * SN_MILLISECOND;
    sn_scope_enter(&s, until);
    int started = 0;
    for (int i = 0; i < 3; i++) started += go_if_open(wait_timed_out, &b, 0);
    CHECK_INT(sn_recv(NULL, NULL), SN_ETIMEDOUT);
    CHECK(sn_now() >= until);
    if (world_virtual) CHECK_INT(sn_now(), until);
    CHECK_INT(sn_scope_leave(&s), SN_ETIMEDOUT);
    CHECK_INT(b.n, started);
    CHECK_INT(sn_canceled(), 0);
    close_box(&b);
    return 0;
}

static int never_started(void *arg) {
    (void)arg;
    CHECK(!"started in a scope whose deadline has passed");
    return 0;
}

static int passed_deadline(void *arg) {
    const sn_time passed[] = {0, -SN_SECOND, sn_now()};
    (void)arg;
    for (size_t i = 0; i < sizeof passed / sizeof *passed; i++) {
        sn_scope s, inner;
        sn_scope_enter(&s, passed[i]);
        CHECK_INT(sn_canceled(), SN_ETIMEDOUT);
        CHECK_INT(sn_go(never_started, NULL, 0), SN_ETIMEDOUT);
        sn_scope_enter(&inner, SN_NEVER);
        CHECK_INT(sn_yield(), SN_ETIMEDOUT);
        CHECK_INT(sn_scope_leave(&inner), SN_ETIMEDOUT);
        CHECK_INT(sn_scope_leave(&s), SN_ETIMEDOUT);
        CHECK_INT(sn_canceled(), 0);
    }
    return 0;
}

static int nearer_deadline(void *arg) {
    sn_scope a, b;
    (void)arg;
    sn_time t = sn_now();
    sn_scope_enter(&a, t + 2 * SN_MILLISECOND);
    sn_scope_enter(&b, t + SN_SECOND);
    CHECK_INT(sn_recv(NULL, NULL), SN_ETIMEDOUT);
    CHECK(sn_now() >= t + 2 * SN_MILLISECOND);
    if (world_virtual) CHECK(sn_now() < t + SN_SECOND);
    CHECK_INT(sn_scope_leave(&b), SN_ETIMEDOUT);
    CHECK_INT(sn_scope_leave(&a), SN_ETIMEDOUT);
    t = sn_now();
    sn_scope_enter(&a, t + 3600 * SN_SECOND);
    sn_scope_enter(&b, t + SN_MILLISECOND);
    CHECK_INT(sn_recv(NULL, NULL), SN_ETIMEDOUT);
    CHECK_INT(sn_scope_leave(&b), SN_ETIMEDOUT);
    CHECK_INT(sn_canceled(), 0);
    CHECK_INT(sn_yield(), 0);
    CHECK_INT(sn_scope_leave(&a), 0);
    return 0;
}

static int owner_cancels(void *arg) {
    sn_scope s;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    sn_scope_cancel(&s, SN_EIO);
    CHECK_INT(sn_canceled(), SN_ECANCELED);
    CHECK_INT(sn_recv(NULL, NULL), SN_ECANCELED);
    sn_scope_cancel(&s, SN_ETIMEDOUT);
    CHECK_INT(sn_canceled(), SN_ECANCELED);
    CHECK_INT(sn_go(step_and_count, NULL, 0), SN_ECANCELED);
    CHECK_INT(sn_scope_go(&s, NULL, step_and_count, NULL, 0), SN_ECANCELED);
    CHECK_INT(sn_scope_leave(&s), SN_EIO);
    sn_scope_enter(&s, SN_NEVER);
    sn_scope_cancel(&s, SN_ETIMEDOUT);
    CHECK_INT(sn_recv(NULL, NULL), SN_ETIMEDOUT);
    CHECK_INT(sn_go(step_and_count, NULL, 0), SN_ETIMEDOUT);
    CHECK_INT(sn_scope_leave(&s), SN_ETIMEDOUT);
    CHECK_INT(sn_yield(), 0);
    return 0;
}

/* --- nesting */

static int inner_waits(void *arg) {
    box *b = arg;
    sn_scope mine;
    sn_scope_enter(&mine, SN_NEVER);
    GO(wait_canceled, b);
    GO(wait_canceled, b);
    sn_wg_done(&b->ready);
    CHECK_INT(sn_scope_leave(&mine), SN_ECANCELED);
    count(b);
    return 0;
}

static int cancel_reaches_in(void *arg) {
    box b;
    sn_scope s;
    (void)arg;
    open_box(&b);
    sn_wg_add(&b.ready, 2);
    sn_scope_enter(&s, SN_NEVER);
    GO(inner_waits, &b);
    GO(inner_waits, &b);
    CHECK_INT(sn_wg_wait(&b.ready), 0);
    sn_scope_cancel(&s, SN_ECANCELED);
    CHECK_INT(sn_scope_leave(&s), SN_ECANCELED);
    CHECK_INT(b.n, 6);
    close_box(&b);
    return 0;
}

static int wait_for_close(void *arg) {
    box *b = arg;
    CHECK_INT(sn_recv(&b->gate, NULL), SN_ECLOSED);
    count(b);
    return 0;
}

static int cancel_stays_in(void *arg) {
    box b, c;
    sn_scope outer, inner;
    (void)arg;
    open_box(&b), open_box(&c);
    sn_scope_enter(&outer, SN_NEVER);
    GO(wait_for_close, &b);
    sn_scope_enter(&inner, SN_NEVER);
    GO(wait_canceled, &c);
    GO(fail_io, NULL);
    CHECK_INT(sn_scope_leave(&inner), SN_EIO);
    CHECK_INT(sn_canceled(), 0);
    CHECK_INT(b.n, 0);
    sn_chan_close(&b.gate);
    CHECK_INT(sn_scope_leave(&outer), 0);
    CHECK_INT(b.n + c.n, 2);
    close_box(&b), close_box(&c);
    return 0;
}

static int deep(box *b, int depth) {
    sn_scope s;
    sn_scope_enter(&s, SN_NEVER);
    if (depth) {
        CHECK_INT(deep(b, depth - 1), SN_ECANCELED);
    } else {
        sn_wg_done(&b->ready);
        CHECK_INT(sn_recv(&b->gate, NULL), SN_ECANCELED);
    }
    return sn_scope_leave(&s);
}
static int go_deep(void *arg) { return deep(arg, 30) == SN_ECANCELED ? 0 : SN_EIO; }

static int cancel_reaches_far(void *arg) {
    box b;
    sn_scope s;
    (void)arg;
    open_box(&b);
    sn_wg_add(&b.ready, 1);
    sn_scope_enter(&s, SN_NEVER);
    GO(go_deep, &b);
    CHECK_INT(sn_wg_wait(&b.ready), 0);
    sn_scope_cancel(&s, SN_ECANCELED);
    CHECK_INT(sn_scope_leave(&s), SN_ECANCELED);
    close_box(&b);
    return 0;
}

static int enter_late(void *arg) {
    box *b = arg;
    sn_scope mine;
    sn_wg_done(&b->ready);
    CHECK_INT(sn_recv(&b->gate, NULL), SN_ECANCELED);
    sn_scope_enter(&mine, SN_NEVER);
    CHECK_INT(sn_canceled(), SN_ECANCELED);
    CHECK_INT(sn_scope_leave(&mine), SN_EIO);
    return 0;
}
static int enter_early(void *arg) {
    box *b = arg;
    sn_scope mine;
    sn_scope_enter(&mine, SN_NEVER);
    sn_wg_done(&b->ready);
    CHECK_INT(sn_recv(&b->gate, NULL), SN_ECANCELED);
    CHECK_INT(sn_canceled(), SN_ECANCELED);
    CHECK_INT(sn_scope_leave(&mine), SN_EIO);
    return 0;
}

/* Whether a scope was there before the cancel of the one outside or came after: one reason. */
static int one_reason(void *arg) {
    box b;
    sn_scope s;
    (void)arg;
    open_box(&b);
    sn_wg_add(&b.ready, 2);
    sn_scope_enter(&s, SN_NEVER);
    GO(enter_late, &b);
    GO(enter_early, &b);
    CHECK_INT(sn_wg_wait(&b.ready), 0);
    sn_scope_cancel(&s, SN_EIO);
    CHECK_INT(sn_scope_leave(&s), SN_EIO);
    close_box(&b);
    return 0;
}

/* --- shield */

static int clean_up(void *arg) {
    box *b = arg;
    CHECK_INT(sn_recv(&b->gate, NULL), SN_ECANCELED);
    CHECK_INT(sn_shield(1), 0);
    CHECK_INT(sn_shield(1), 1);
    CHECK_INT(sn_canceled(), 0);
    CHECK_INT(sn_yield(), 0);
    CHECK_INT(sn_sleep(SN_MILLISECOND), 0);
    CHECK_INT(sn_shield(0), 1);
    CHECK_INT(sn_canceled(), SN_ECANCELED);
    CHECK_INT(sn_sleep(SN_MILLISECOND), SN_ECANCELED);
    count(b);
    return 0;
}

static int shield(void *arg) {
    box b;
    sn_scope s;
    (void)arg;
    open_box(&b);
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 3; i++) GO(clean_up, &b);
    CHECK_INT(sn_yield(), 0);
    sn_scope_cancel(&s, SN_ECANCELED);
    CHECK_INT(sn_scope_leave(&s), SN_ECANCELED);
    CHECK_INT(b.n, 3);
    close_box(&b);
    return 0;
}

static int shielded_wait(void *arg) {
    box *b = arg;
    sn_shield(1);
    sn_wg_done(&b->ready);
    CHECK_INT(sn_recv(&b->gate, NULL), SN_ECLOSED);
    sn_shield(0);
    count(b);
    return 0;
}

static int leave_a_scope(void *arg) {
    box *b = arg;
    sn_scope mine;
    sn_scope_enter(&mine, SN_NEVER);
    GO(shielded_wait, b);
    int rc = sn_scope_leave(&mine);
    CHECK_INT(b->n, 1);
    CHECK_INT(rc, SN_ECANCELED);
    return 0;
}

/* A cancel does not cut short the wait for the coroutines of a scope. */
static int leave_is_not_canceled(void *arg) {
    box b;
    sn_scope s;
    (void)arg;
    open_box(&b);
    sn_wg_add(&b.ready, 1);
    sn_scope_enter(&s, SN_NEVER);
    GO(leave_a_scope, &b);
    CHECK_INT(sn_wg_wait(&b.ready), 0);
    sn_scope_cancel(&s, SN_ECANCELED);
    for (int i = 0; i < 10; i++) CHECK_INT(sn_yield(), SN_ECANCELED);
    sn_chan_close(&b.gate);
    CHECK_INT(sn_scope_leave(&s), SN_ECANCELED);
    CHECK_INT(b.n, 1);
    close_box(&b);
    return 0;
}

/* --- starting */

static int outlive(void *arg) {
    box *b = arg;
    CHECK_INT(sn_recv(&b->gate, NULL), SN_ECLOSED);
    count(b);
    sn_wg_done(&b->ready);
    return SN_EIO; /* the root scope's business */
}
static int start_in_root(void *arg) { return sn_go_root(outlive, arg, 0); }

static int root_outlives(void *arg) {
    box b;
    sn_scope s;
    (void)arg;
    open_box(&b);
    sn_wg_add(&b.ready, 1);
    sn_scope_enter(&s, SN_NEVER);
    GO(start_in_root, &b);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(b.n, 0);
    sn_chan_close(&b.gate);
    CHECK_INT(sn_wg_wait(&b.ready), 0);
    CHECK_INT(b.n, 1);
    CHECK_INT(sn_sleep(SN_MILLISECOND), 0); /* its error cancels nobody */
    close_box(&b);
    return 0;
}

static int start_outside(void *arg) {
    box *b = arg;
    CHECK_INT(sn_scope_go(b->outer, NULL, step_and_count, b, 0), 0);
    return 0;
}

static int start_in_given_scope(void *arg) {
    box b;
    sn_scope outer, inner;
    sn_attr attr = {.size = sizeof attr, .name = "named"};
    (void)arg;
    open_box(&b);
    b.outer = &outer;
    sn_scope_enter(&outer, SN_NEVER);
    sn_scope_enter(&inner, SN_NEVER);
    GO(start_outside, &b);
    CHECK_INT(sn_scope_go(&outer, &attr, start_outside, &b, 0), 0);
    CHECK_INT(sn_scope_leave(&inner), 0);
    CHECK_INT(sn_scope_leave(&outer), 0);
    CHECK_INT(b.n, 2);
    close_box(&b);
    return 0;
}

typedef struct wide {
    long double x; /* alignment 16 */
    unsigned char rest[SN_ARG_MAX - sizeof(long double)];
} wide;

static int check_wide(void *arg) {
    const wide *w = arg;
    CHECK_INT((uintptr_t)arg % 16, 0);
    CHECK(w->x == 1.5L);
    for (size_t i = 0; i < sizeof w->rest; i++) {
        if (w->rest[i] != (unsigned char)(i * 7)) CHECK_INT(w->rest[i], (unsigned char)(i * 7));
    }
    return 0;
}
static int check_int_arg(void *arg) { return *(int *)arg == 33 ? 0 : SN_EIO; }
static int check_pointer(void *arg) { return arg == (void *)check_pointer ? 0 : SN_EIO; }

static int arguments(void *arg) {
    sn_scope s;
    wide w;
    int v = 33;
    (void)arg;
    w.x = 1.5L;
    for (size_t i = 0; i < sizeof w.rest; i++) w.rest[i] = (unsigned char)(i * 7);
    sn_scope_enter(&s, SN_NEVER);
    MUST(sn_go(check_wide, &w, sizeof w) == 0);
    memset(&w, 0xEE, sizeof w);
    MUST(sn_go(check_int_arg, &v, sizeof v) == 0);
    MUST(SN_GO(check_int_arg, int, 33) == 0);
    v = 0;
    GO(check_pointer, (void *)check_pointer);
    CHECK_INT(sn_go(check_wide, &w, SN_ARG_MAX + 1), SN_E2BIG);
    CHECK_INT(sn_scope_leave(&s), 0);
    return 0;
}

static int many_children(void *arg) {
    box b;
    sn_scope s;
    (void)arg;
    open_box(&b);
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 500; i++) GO(step_and_count, &b);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(b.n, 500);
    close_box(&b);
    return 0;
}

static int give_id(void *arg) {
    *(uint64_t *)arg = sn_id();
    return 0;
}

static int ids(void *arg) {
    sn_scope s;
    uint64_t id[20];
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 20; i++) GO(give_id, &id[i]);
    CHECK_INT(sn_scope_leave(&s), 0);
    for (int i = 0; i < 20; i++) {
        CHECK(id[i] != 0 && id[i] != sn_id());
        for (int j = 0; j < i; j++) CHECK(id[i] != id[j]);
    }
    return 0;
}

static int return_five(void *arg) {
    (void)arg;
    return 5;
}
static int return_error(void *arg) {
    (void)arg;
    return SN_EPROTO;
}
static int park_and_see_cancel(void *arg) {
    box *b = arg;
    sn_wg_done(&b->ready);
    b->rc = sn_recv(NULL, NULL);
    return 0;
}
static int leave_root_behind(void *arg) {
    box *b = arg;
    sn_wg_add(&b->ready, 1);
    CHECK_INT(sn_go_root(park_and_see_cancel, b, 0), 0);
    CHECK_INT(sn_wg_wait(&b->ready), 0);
    CHECK_INT(sn_run(return_five, NULL, NULL), SN_EBUSY);
    return 6;
}

static void run_results(void) {
    box b;
    memset(&b, 0, sizeof b);
    if (!world_virtual) CHECK_INT(sn_id(), 0); /* under sim nothing is outside a run */
    for (uint64_t seed = 1; seed < 20; seed++) {
        CHECK_INT(world_run(seed, return_five, NULL), 5);
        CHECK_INT(world_run(seed, return_error, NULL), SN_EPROTO);
        b.rc = 0;
        CHECK_INT(world_run(seed, leave_root_behind, &b), 6);
        CHECK_INT(b.rc, SN_ECANCELED);
    }
}

int main(void) {
    world_case("leave waits for every coroutine of the scope", leave_waits, 500);
    world_case("the first error cancels the rest and is what leave returns", first_error, 1000);
    world_case("a deadline ends every wait in the scope, and only there", deadline, 300);
    world_case("a deadline that has passed ends the scope as it begins", passed_deadline, 50);
    world_case("of nested deadlines the nearer counts", nearer_deadline, 100);
    world_case("cancelled by its owner: the first reason stays, nothing starts", owner_cancels, 50);
    world_case("a cancel reaches the scopes inside", cancel_reaches_in, 1000);
    world_case("an inner error does not reach the scope outside", cancel_stays_in, 500);
    world_case("a cancel reaches thirty scopes deep", cancel_reaches_far, 200);
    world_case("the reason of a cancel is that of all scopes inside", one_reason, 500);
    world_case("a shield lets clean-up wait; after it the cancel is there again", shield, 500);
    world_case("leave itself is not cancelled", leave_is_not_canceled, 500);
    world_case("a coroutine of the root scope outlives its starter's scope", root_outlives, 300);
    world_case("starting into a given scope", start_in_given_scope, 300);
    world_case("arguments are copied, aligned and limited", arguments, 100);
    world_case("five hundred coroutines in one scope", many_children, 20);
    world_case("every coroutine has a number of its own", ids, 50);
    CASE(run_results);
    return check_done();
}
