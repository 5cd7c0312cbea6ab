/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Coroutines that block are known after a while and give their P away themselves; those that do not
 * any more are known as well, and no place is lost. On one P. */
#include "stress.h"

#include "sched/smp/smp.h"

enum { TRIES = 3000, BLOCKERS = 6, CALLS = 40 };

static int run_on_one(sn_fn f) {
    sn_attr attr = {.size = sizeof attr, .procs = 1};
    return sn_run(f, NULL, &attr);
}

static bool marked(void) { return sn__self()->odd & SN__ODD_BLOCKS; }

static uint32_t places(void) {
    sn__lock(&sn__rt.places_lock);
    uint32_t n = sn__rt.places_taken;
    sn__unlock(&sn__rt.places_lock);
    return n;
}

static atomic_bool over;

/* Somebody always waits for the P. */
static int be_there(void *arg) {
    (void)arg;
    while (!atomic_load(&over)) MUST(sn_yield() == 0);
    return 0;
}

static bool block_until_marked(void) {
    for (int i = 0; i < TRIES && !marked(); i++) {
        usleep(1000);
        MUST(sn_yield() == 0);
    }
    return marked();
}

static int with_company(sn_fn f) {
    sn_scope s;
    atomic_store(&over, false);
    sn_scope_enter(&s, SN_NEVER);
    GO(be_there, NULL);
    int rc = f(NULL);
    atomic_store(&over, true);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(places(), 0);
    return rc;
}

/* Each try is short, but the thread may lose its CPU in it and seem to have blocked. */
static int in_short(void *arg) {
    (void)arg;
    MUST(block_until_marked());
    for (int i = 0; i < TRIES && marked(); i++) MUST(sn_yield() == 0);
    CHECK(!marked());
    return 0;
}

static int computing(void *arg) {
    (void)arg;
    MUST(block_until_marked());
    for (int i = 0; i < TRIES && marked(); i++) {
        for (sn_time end = sn__os_now() + SN_MILLISECOND; sn__os_now() < end;) {
        }
        MUST(sn_yield() == 0);
    }
    CHECK(!marked());
    return 0;
}

static int short_co(void *arg) { return (void)arg, with_company(in_short); }
static int computing_co(void *arg) { return (void)arg, with_company(computing); }

static void who_blocks_no_more_is_found_out(void) {
    CHECK_INT(run_on_one(short_co), 0);
    CHECK_INT(run_on_one(computing_co), 0);
}

/* --- few takes */

static int block_and_yield(void *arg) {
    (void)arg;
    for (int i = 0; i < CALLS; i++) {
        usleep(1000);
        CHECK_INT(sn_yield(), 0);
    }
    return 0;
}

static int many_block(void *arg) {
    sn_scope s;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < BLOCKERS; i++) GO(block_and_yield, NULL);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(places(), 0);
    CHECK(atomic_load(&sn__rt.handovers) * 2 < BLOCKERS * CALLS);
    return 0;
}

static void the_monitor_takes_few(void) { CHECK_INT(run_on_one(many_block), 0); }

/* --- every way out of a guess, with one place for all */

static sn_mutex lock;

static int be_called(void *arg) {
    (void)arg;
    usleep(200);
    return 5;
}

/* Each wait is followed by a call that blocks, so the mark stays; a lock that is wanted by many is
 * waited for more than once in one call. */
static int do_all(void *arg) {
    (void)arg;
    for (int i = 0; i < CALLS; i++) {
        usleep(1000);
        sn_lock(&lock);
        usleep(100);
        sn_unlock(&lock);
        CHECK_INT(sn_sleep(i % 3 * 100 * SN_MICROSECOND), 0);
        usleep(100);
        if (i % 8 == 0) CHECK_INT(sn_blocking(be_called, NULL), 5);
        if (i % 16 == 0) sn_pin();
        CHECK_INT(sn_yield(), 0);
        if (i % 16 == 0) sn_unpin();
    }
    return 0; /* some while guessed, some not */
}

static int all_do(void *arg) {
    sn_scope s;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < BLOCKERS; i++) GO(do_all, NULL);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(sn_blocking(be_called, NULL), 5);
    CHECK_INT(places(), 0);
    return 0;
}

static void no_place_is_lost(void) {
    setenv("SENNIT_MAX_BLOCKED", "1", 1);
    CHECK_INT(run_on_one(all_do), 0);
    setenv("SENNIT_MAX_BLOCKED", "2", 1);
    CHECK_INT(sn_run(all_do, NULL, NULL), 0);
    unsetenv("SENNIT_MAX_BLOCKED");
}

int main(void) {
    alarm(250);
    CASE(who_blocks_no_more_is_found_out);
    CASE(the_monitor_takes_few);
    CASE(no_place_is_lost);
    return check_done();
}
