/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Power loss at every write of a recorded roll-out. After each: what was acknowledged is there,
 * no device has two actions for the roll-out, nothing is counted twice, and the roll-out goes on
 * to its end. (That a killed process loses nothing is another test's matter.) */
#include "fleet_impl.h"
#include "memvfs.h"
#include "world.h"

enum { DEVICES = 24, BAD = 5 };

/* Every write where it runs at full speed; a sample of them under the sanitizer. */
#if defined(__SANITIZE_ADDRESS__)
enum { STRIDE = 5 };
#else
enum { STRIDE = 1 };
#endif

static char dir[200];
static int64_t the_rollout;

/* An acknowledged closing report: which action, and how many events had been logged then. */
static struct ack {
    int64_t action;
    size_t at;
    enum action_status status;
} acks[DEVICES];
static atomic_int acks_n;

/* Without syncs there is nothing to lose, so this test runs in the safe mode. */
static fleet *open_safe(void) {
    fleet *f = NULL;
    fleet_err err = {{0}};
    fleet_config cfg = {.data_dir = dir, .vfs = MEMVFS_NAME, .sync = STORE_SYNC_FULL};
    if (fleet_open(&f, &cfg, &err)) fprintf(stderr, "%s\n", err.text);
    return f;
}

static void keep_ack(int64_t action, int bad) {
    acks[atomic_fetch_add(&acks_n, 1)] =
        (struct ack){action, memvfs_events(), bad ? ACTION_ERROR : ACTION_FINISHED};
}

/* One round of polls and reports; every fifth vehicle fails. Returns how many closed. */
static int round_of_polls(fleet *f, int keep_acks) {
    int closed = 0;
    for (int i = 0; i < DEVICES; i++) {
        fleet_poll_reply p;
        MUST(world_poll(f, i, &p) == 0);
        if (p.link != POLL_DEPLOY) continue;
        int bad = i % BAD == 0;
        MUST(world_report(f, &p.device, p.action, EXEC_PROCEEDING, RESULT_NONE) == 0);
        MUST(world_report(f, &p.device, p.action, EXEC_CLOSED,
                          bad ? RESULT_FAILURE : RESULT_SUCCESS) == 0);
        closed++;
        if (keep_acks)
            acks[acks_n++] =
                (struct ack){p.action, memvfs_events(), bad ? ACTION_ERROR : ACTION_FINISHED};
    }
    return closed;
}

/* To the end: a person lets it go on wherever it is held. 1 when it is done. */
static int finish(fleet *f, int64_t id, int keep_acks) {
    fleet_actor by = world_actor(f);
    rollout r;
    for (int i = 0; i < 40; i++) {
        round_of_polls(f, keep_acks);
        fleet_tick(f);
        MUST(fleet_rollout_get(f, by.tenant, id, &r) == 0);
        if (r.state == ROLLOUT_DONE) return 1;
        if (r.state == ROLLOUT_HELD)
            MUST(fleet_rollout_verb(f, &by, id, ROLLOUT_ADVANCE, "on", -1, NULL, NULL) == 0);
    }
    return 0;
}

static int64_t begin_rollout(fleet *f, int64_t set) {
    fleet_actor by = world_actor(f);
    rollout r = {.set_id = set};
    snprintf(r.name, sizeof r.name, "cut");
    rollout_defaults(&r);
    r.stages_n = 2;
    r.stages[0].share_ppm = 400000;
    r.stages[1].share_ppm = 1000000;
    r.policy.judge.soak_s = 0;
    r.policy.judge.threshold_ppm = 600000;
    MUST(fleet_rollout_create(f, &by, &r, NULL, NULL) == 0);
    MUST(fleet_rollout_verb(f, &by, r.id, ROLLOUT_APPROVE, "", -1, NULL, NULL) == 0);
    MUST(fleet_rollout_verb(f, &by, r.id, ROLLOUT_START, "", -1, NULL, NULL) == 0);
    return r.id;
}

static size_t recorded_from;

static void record_a_run(void) {
    fleet *f = open_safe();
    MUST(f != NULL);
    world_gateway(f);
    round_of_polls(f, 0);
    int64_t set = world_set(f, "2");
    recorded_from = memvfs_events();
    the_rollout = begin_rollout(f, set);
    CHECK_INT(finish(f, the_rollout, 1), 1);
    CHECK_INT(acks_n, DEVICES);
    fleet_close(f);
    memvfs_log(0);
}

static int count_op(sql *db, void *arg) {
    int64_t *n = arg;
    int rc = sql_int(db, &n[0],
                     "SELECT count(*) FROM (SELECT 1 FROM action WHERE rollout_id IS NOT NULL"
                     " GROUP BY rollout_id, device_id HAVING count(*) > 1)",
                     "");
    if (rc >= 0) rc = sql_int(db, &n[1], "SELECT count(*) FROM pragma_foreign_key_check", "");
    if (rc >= 0)
        rc = sql_int(db, &n[2],
                     "SELECT count(*) FROM pragma_integrity_check"
                     " WHERE integrity_check <> 'ok'",
                     "");
    return rc < 0 ? rc : 0;
}

static void acknowledged_is_there(fleet *f, size_t k) {
    int64_t tenant = world_actor(f).tenant;
    for (int i = 0; i < acks_n; i++) {
        fleet_action a;
        if (acks[i].at > k) continue;
        MUST(fleet_action_get(f, tenant, acks[i].action, &a) == 0);
        CHECK_INT(a.status, acks[i].status);
    }
}

static int verify_op(sql *db, void *tenant) {
    uint64_t records;
    fleet_err err = {{0}};
    int rc = record_verify_db(db, *(int64_t *)tenant, &records, &err);
    if (rc) fprintf(stderr, "%s\n", err.text);
    return rc;
}

static void end_is_right(fleet *f, int64_t id) {
    rollout r;
    uint64_t good = 0, bad = 0;
    int64_t tenant = world_actor(f).tenant;
    MUST(fleet_rollout_get(f, tenant, id, &r) == 0);
    for (uint32_t i = 0; i < r.stages_n; i++) {
        good += r.stages[i].counts.succeeded;
        bad += r.stages[i].counts.failed;
    }
    CHECK_INT(bad, (DEVICES + BAD - 1) / BAD);
    CHECK_INT(good, DEVICES - bad);
    CHECK_INT(store_read(f->store, verify_op, &tenant), 0);
}

static size_t first_ack(void) {
    size_t first = SIZE_MAX;
    for (int i = 0; i < acks_n; i++)
        if (acks[i].at < first) first = acks[i].at;
    return first;
}

static void survives(size_t k, uint64_t seed, int to_the_end) {
    memvfs_cut(k, seed);
    fleet *f = open_safe();
    MUST(f != NULL);
    int64_t n[3] = {1, 1, 1};
    MUST(store_read(f->store, count_op, n) == 0);
    CHECK_INT(n[0], 0);
    CHECK_INT(n[1], 0);
    CHECK_INT(n[2], 0);
    acknowledged_is_there(f, k);
    rollout r;
    int there = fleet_rollout_get(f, world_actor(f).tenant, the_rollout, &r) == 0;
    CHECK(there || first_ack() > k);
    if (there && to_the_end && r.state >= ROLLOUT_RUNNING) {
        CHECK_INT(finish(f, the_rollout, 0), 1);
        end_is_right(f, the_rollout);
    }
    fleet_close(f);
}

/* While the folder is being made: it is there afterwards, whole, or can be made. */
static void every_write_of_the_first_start(void) {
    for (size_t k = 1; k <= recorded_from && !check_failed_; k += STRIDE) {
        memvfs_cut(k, k * 104729);
        fleet *f = open_safe();
        CHECK(f != NULL);
        if (f) {
            world_gateway(f);
            CHECK(round_of_polls(f, 0) == 0);
            fleet_close(f);
        }
        if (check_failed_) fprintf(stderr, "power cut after event %zu\n", k);
    }
}

static void every_write(void) {
    size_t n = memvfs_events();
    CHECK(n > recorded_from + 60);
    size_t cuts = 0;
    for (size_t k = recorded_from + 1; k <= n && !check_failed_; k += STRIDE, cuts++) {
        survives(k, k * 7919, 1);
        if (check_failed_) fprintf(stderr, "power cut after event %zu of %zu\n", k, n);
    }
    printf("power cuts: %zu, acknowledged reports: %d\n", cuts, atomic_load(&acks_n));
}

/* ---- the same with group commit: all devices at once, several reports in one transaction
 * --------- */

static atomic_int over;

struct device {
    fleet *f;
    int number;
};

static int device_life(void *arg) {
    const struct device *d = arg;
    while (!atomic_load(&over)) {
        fleet_poll_reply p;
        int bad = d->number % BAD == 0;
        MUST(world_poll(d->f, d->number, &p) == 0);
        if (p.link == POLL_DEPLOY) {
            MUST(world_report(d->f, &p.device, p.action, EXEC_PROCEEDING, RESULT_NONE) == 0);
            MUST(world_report(d->f, &p.device, p.action, EXEC_CLOSED,
                              bad ? RESULT_FAILURE : RESULT_SUCCESS) == 0);
            keep_ack(p.action, bad);
        }
        MUST(sn_sleep(SN_MILLISECOND) == 0);
    }
    return 0;
}

/* Lets it go on where it is held, until it is done. */
static void see_it_through(fleet *f, int64_t id) {
    fleet_actor by = world_actor(f);
    for (;;) {
        rollout r;
        MUST(fleet_rollout_get(f, by.tenant, id, &r) == 0);
        if (r.state == ROLLOUT_DONE) return;
        if (r.state == ROLLOUT_HELD)
            MUST(fleet_rollout_verb(f, &by, id, ROLLOUT_ADVANCE, "on", -1, NULL, NULL) == 0);
        MUST(sn_sleep(5 * SN_MILLISECOND) == 0);
    }
}

static int concurrent_run(void *arg) {
    fleet *f = NULL;
    fleet_config cfg = {
        .data_dir = arg, .vfs = MEMVFS_NAME, .commit_window_us = 2000, .tick_ms = 5};
    MUST(fleet_open(&f, &cfg, NULL) == 0);
    sn_scope core, load;
    sn_scope_enter(&core, SN_NEVER);
    MUST(fleet_start(f, &core) == 0);
    world_gateway(f);
    for (int i = 0; i < DEVICES; i++) {
        fleet_poll_reply p;
        MUST(world_poll(f, i, &p) == 0);
    }
    int64_t set = world_set(f, "4");
    recorded_from = memvfs_events();
    sn_scope_enter(&load, SN_NEVER);
    for (int i = 0; i < DEVICES; i++) {
        struct device d = {f, i};
        MUST(sn_go(device_life, &d, sizeof d) == 0);
    }
    the_rollout = begin_rollout(f, set);
    see_it_through(f, the_rollout);
    atomic_store(&over, 1);
    MUST(sn_scope_leave(&load) == 0);
    fleet_stats st;
    fleet_get_stats(f, &st);
    CHECK(st.store.ops > st.store.commits);
    fleet_stop(f);
    MUST(sn_scope_leave(&core) == 0);
    fleet_close(f);
    return 0;
}

static void record_a_concurrent_run(void) {
    memvfs_reset();
    memvfs_log(1);
    acks_n = 0;
    CHECK_INT(sn_run(concurrent_run, dir, NULL), 0);
    memvfs_log(0);
    CHECK_INT(acks_n, DEVICES);
}

/* The test's own honesty: with less than a full sync, reports that were acknowledged do get
 * lost. If this finds none, the disk above is too kind to prove anything. */
static void the_disk_does_forget(void) {
    fleet *f = NULL;
    fleet_config cfg = {.data_dir = dir, .vfs = MEMVFS_NAME, .sync = STORE_SYNC_NORMAL};
    memvfs_reset();
    memvfs_log(1);
    acks_n = 0;
    MUST(fleet_open(&f, &cfg, NULL) == 0);
    world_gateway(f);
    round_of_polls(f, 0);
    int64_t set = world_set(f, "3"), id = begin_rollout(f, set);
    MUST(finish(f, id, 1));
    fleet_close(f);
    memvfs_log(0);
    int lost = 0;
    for (size_t k = first_ack(); k <= memvfs_events() && !lost; k++) {
        memvfs_cut(k, k);
        if (!(f = open_safe())) continue;
        for (int i = 0; i < acks_n; i++) {
            fleet_action a;
            if (acks[i].at > k) continue;
            int rc = fleet_action_get(f, world_actor(f).tenant, acks[i].action, &a);
            lost += rc || a.status != acks[i].status;
        }
        fleet_close(f);
    }
    CHECK(lost > 0);
}

int main(void) {
    log_set_level(LOG_ERROR);
    memvfs_register();
    memvfs_log(1);
    world_dir(dir);
    CASE(record_a_run);
    CASE(every_write_of_the_first_start);
    CASE(every_write);
    CASE(record_a_concurrent_run);
    CASE(every_write);
    CASE(the_disk_does_forget);
    memvfs_reset();
    world_remove(dir);
    return check_done();
}
