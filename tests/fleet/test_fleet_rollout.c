/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Roll-outs end to end through the domain, without HTTP and coroutines: operations commit at
 * once, the test's loop is the fleet. */
#include "backup.h"
#include "fleet_impl.h"
#include "world.h"

enum { DEVICES = 1000 };

static char dir[200];
static fleet *f;

static void set_up(void) {
    world_dir(dir);
    f = world_open(dir, NULL);
    world_gateway(f);
}

static void tear_down(void) {
    fleet_err err = {{0}};
    fleet_close(f);
    int rc = backup_check(dir, NULL, &err);
    if (rc) fprintf(stderr, "check: %s\n", err.text);
    CHECK_INT(rc, 0);
    world_remove(dir);
}

/* What memory knows must be what the rows say; a start from the rows must not change it. */
static void reopen_and_compare(int64_t id) {
    rollout *a = malloc(2 * sizeof *a), *b = a + 1;
    fleet_stats sa, sb;
    int64_t tenant = world_actor(f).tenant;
    MUST(fleet_rollout_get(f, tenant, id, a) == 0);
    fleet_get_stats(f, &sa);
    fleet_close(f);
    f = world_open(dir, NULL);
    fleet_tick(f);
    MUST(fleet_rollout_get(f, tenant, id, b) == 0);
    fleet_get_stats(f, &sb);
    CHECK_INT(sa.devices, sb.devices);
    CHECK_INT(sa.in_flight, sb.in_flight);
    CHECK_INT(a->state, b->state);
    for (uint32_t i = 0; i < a->stages_n; i++) {
        CHECK_INT(a->stages[i].counts.assigned, b->stages[i].counts.assigned);
        CHECK_INT(a->stages[i].counts.succeeded, b->stages[i].counts.succeeded);
        CHECK_INT(a->stages[i].counts.failed, b->stages[i].counts.failed);
        CHECK_INT(a->stages[i].counts.downloading, b->stages[i].counts.downloading);
        CHECK_INT(a->stages[i].counts.installing, b->stages[i].counts.installing);
        CHECK_INT(a->stages[i].counts.canceling, b->stages[i].counts.canceling);
    }
    free(a);
}

/* One round: every device polls, and who has a job finishes it. fails(i) decides how. */
static int round_of_polls(int (*fails)(int)) {
    int worked = 0;
    for (int i = 0; i < DEVICES; i++) {
        fleet_poll_reply p;
        MUST(world_poll(f, i, &p) == 0);
        if (p.link != POLL_DEPLOY) continue;
        MUST(world_report(f, &p.device, p.action, EXEC_PROCEEDING, RESULT_NONE) == 0);
        int bad = fails && fails(i);
        MUST(world_report(f, &p.device, p.action, EXEC_CLOSED,
                          bad ? RESULT_FAILURE : RESULT_SUCCESS) == 0);
        CHECK_INT(world_report(f, &p.device, p.action, EXEC_CLOSED, RESULT_SUCCESS), FLEET_GONE);
        worked++;
    }
    return worked;
}

static enum rollout_state state_of(int64_t id, rollout *r) {
    MUST(fleet_rollout_get(f, world_actor(f).tenant, id, r) == 0);
    return r->state;
}

static void good_version_reaches_everyone(void) {
    set_up();
    round_of_polls(NULL); /* they register */
    int64_t set = world_set(f, "2"), id = world_rollout(f, set, "good");
    rollout *r = malloc(sizeof *r);
    int total = 0, rounds = 0;
    for (; state_of(id, r) != ROLLOUT_DONE && rounds < 60; rounds++) {
        total += round_of_polls(NULL);
        fleet_tick(f);
        if (rounds == 2) reopen_and_compare(id);
    }
    CHECK_INT(total, DEVICES);
    CHECK_INT(r->state, ROLLOUT_DONE);
    CHECK_INT(r->stage, 3);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < 4; i++) {
        CHECK_INT(r->stages[i].counts.total, r->stages[i].counts.succeeded);
        CHECK_INT(r->stages[i].outcome, JUDGE_PASS);
        sum += r->stages[i].counts.succeeded;
    }
    CHECK_INT(sum, DEVICES);
    CHECK(r->stages[0].counts.total > 25 && r->stages[0].counts.total < 80);
    CHECK_INT(round_of_polls(NULL), 0);
    free(r);
    tear_down();
}

static uint64_t whole_fleet(int64_t id) {
    rollout *r = malloc(sizeof *r);
    uint64_t sum = 0;
    MUST(fleet_rollout_get(f, world_actor(f).tenant, id, r) == 0);
    for (uint32_t i = 0; i < r->stages_n; i++) sum += r->stages[i].counts.total;
    free(r);
    return sum;
}

static void a_paused_one_keeps_its_sizes_over_a_start(void) {
    set_up();
    round_of_polls(NULL);
    fleet_actor by = world_actor(f);
    int64_t id = world_rollout(f, world_set(f, "2"), "paused");
    MUST(fleet_rollout_verb(f, &by, id, ROLLOUT_PAUSE, "", -1, NULL, NULL) == 0);
    CHECK_INT(whole_fleet(id), DEVICES);
    fleet_close(f);
    f = world_open(dir, NULL); /* nobody ticks: people look at once */
    CHECK_INT(whole_fleet(id), DEVICES);
    tear_down();
}

static int one_in_twenty(int i) { return i % 20 == 7; }

static void bad_version_is_held_in_stage_one(void) {
    set_up();
    round_of_polls(NULL);
    int64_t set = world_set(f, "2"), id = world_rollout(f, set, "bad");
    rollout *r = malloc(sizeof *r);
    for (int rounds = 0; state_of(id, r) == ROLLOUT_RUNNING && rounds < 60; rounds++) {
        round_of_polls(one_in_twenty);
        fleet_tick(f);
    }
    CHECK_INT(r->state, ROLLOUT_HELD);
    CHECK_INT(r->stage, 0);
    CHECK(r->stages[0].counts.failed > 0);
    CHECK_INT(round_of_polls(NULL), 0); /* nothing is offered while it is held */
    fleet_record *rows;
    uint32_t n;
    char object[32];
    snprintf(object, sizeof object, "rollout/%lld", (long long)id);
    MUST(fleet_records(f, world_actor(f).tenant, object, NULL, &rows, &n, NULL) == 0);
    CHECK_INT(n, 4); /* create, approve, start, judge: newest first */
    CHECK(strstr(rows[0].line, "\"event\":\"rollout.judge\"") != NULL);
    CHECK(strstr(rows[0].line, r->reason) != NULL);
    free(rows);
    reopen_and_compare(id);
    CHECK_INT(round_of_polls(NULL), 0);
    free(r);
    tear_down();
}

/* Each kind of report that leaves an action open, in turn; the fourth says nothing. */
static int report_open(const fleet_poll_reply *p, int kind) {
    static const enum feedback_exec says[] = {EXEC_DOWNLOAD, EXEC_DOWNLOADED, EXEC_PROCEEDING};
    return kind == 3 ? 0 : world_report(f, &p->device, p->action, says[kind], RESULT_NONE);
}

static void open_devices_are_told_apart(void) {
    set_up();
    round_of_polls(NULL);
    int64_t id = world_rollout(f, world_set(f, "2"), "apart");
    rollout *r = malloc(sizeof *r);
    uint64_t asked = 0;
    for (int i = 0; i < DEVICES; i++) {
        fleet_poll_reply p;
        MUST(world_poll(f, i, &p) == 0);
        if (p.link == POLL_DEPLOY) MUST(report_open(&p, (int)(asked++ % 4)) == 0);
    }
    state_of(id, r);
    const judge_counts *c = &r->stages[0].counts;
    CHECK(asked > 25);
    CHECK_INT(c->assigned, asked);
    CHECK_INT(c->downloading, (asked + 3) / 4 + (asked + 2) / 4);
    CHECK_INT(c->installing, (asked + 1) / 4);
    CHECK_INT(c->canceling, 0);
    reopen_and_compare(id);
    fleet_actor by = world_actor(f);
    MUST(fleet_rollout_verb(f, &by, id, ROLLOUT_STOP, "", -1, r, NULL) == 0);
    CHECK_INT(c->downloading + c->installing, 0);
    CHECK_INT(c->canceling, asked);
    free(r);
    tear_down();
}

static void pause_resume_stop(void) {
    set_up();
    fleet_actor by = world_actor(f);
    round_of_polls(NULL);
    int64_t set = world_set(f, "2"), id = world_rollout(f, set, "p");
    rollout r;
    MUST(fleet_rollout_verb(f, &by, id, ROLLOUT_PAUSE, "lunch", -1, &r, NULL) == 0);
    CHECK_INT(round_of_polls(NULL), 0);
    fleet_err err;
    CHECK_INT(fleet_rollout_verb(f, &by, id, ROLLOUT_RESUME, "", r.version - 1, NULL, &err),
              FLEET_STALE);
    CHECK_INT(fleet_rollout_verb(f, &by, id, ROLLOUT_START, "", -1, NULL, &err), SN_EBUSY);
    MUST(fleet_rollout_verb(f, &by, id, ROLLOUT_RESUME, "", r.version, NULL, NULL) == 0);
    fleet_poll_reply p, q;
    int i = 0;
    for (p.link = POLL_NOTHING; p.link != POLL_DEPLOY; i++) MUST(world_poll(f, i, &p) == 0);
    MUST(world_poll(f, i - 1, &q) == 0); /* offered again until it is closed */
    CHECK_INT(q.action, p.action);
    MUST(fleet_rollout_verb(f, &by, id, ROLLOUT_STOP, "enough", -1, NULL, NULL) == 0);
    MUST(world_poll(f, i - 1, &q) == 0);
    CHECK_INT(q.link, POLL_CANCEL);
    CHECK_INT(q.action, p.action);
    CHECK_INT(fleet_cancel_get(f, &p.device, p.action), 0);
    fleet_feedback fb = {.exec = EXEC_CLOSED, .result = RESULT_SUCCESS, .code = INT32_MIN};
    CHECK_INT(fleet_cancel_post(f, &p.device, p.action, &fb), 0);
    MUST(world_poll(f, i - 1, &q) == 0);
    CHECK_INT(q.link, POLL_NOTHING);
    CHECK_INT(round_of_polls(NULL), 0);
    reopen_and_compare(id);
    tear_down();
}

static void in_flight_is_limited(void) {
    set_up();
    fleet_actor by = world_actor(f);
    round_of_polls(NULL);
    rollout r = {.set_id = world_set(f, "2")};
    snprintf(r.name, sizeof r.name, "few");
    rollout_defaults(&r);
    r.policy.max_in_flight = 5;
    MUST(fleet_rollout_create(f, &by, &r, NULL, NULL) == 0);
    MUST(fleet_rollout_verb(f, &by, r.id, ROLLOUT_APPROVE, "", -1, NULL, NULL) == 0);
    MUST(fleet_rollout_verb(f, &by, r.id, ROLLOUT_START, "", -1, NULL, NULL) == 0);
    fleet_poll_reply p, first = {.link = POLL_NOTHING};
    int offered = 0;
    for (int i = 0; i < DEVICES; i++) {
        MUST(world_poll(f, i, &p) == 0);
        if (p.link == POLL_DEPLOY && !offered++) first = p;
    }
    CHECK_INT(offered, 5);
    MUST(world_report(f, &first.device, first.action, EXEC_CLOSED, RESULT_SUCCESS) == 0);
    offered = 0;
    for (int i = 0; i < DEVICES; i++) {
        MUST(world_poll(f, i, &p) == 0);
        offered += p.link == POLL_DEPLOY;
    }
    CHECK_INT(offered, 5);
    tear_down();
}

static void silent_devices_count(void) {
    set_up();
    fleet_actor by = world_actor(f);
    round_of_polls(NULL);
    rollout r = {.set_id = world_set(f, "2")};
    snprintf(r.name, sizeof r.name, "silent");
    rollout_defaults(&r);
    r.policy.action_timeout_s = 1;
    MUST(fleet_rollout_create(f, &by, &r, NULL, NULL) == 0);
    MUST(fleet_rollout_verb(f, &by, r.id, ROLLOUT_APPROVE, "", -1, NULL, NULL) == 0);
    MUST(fleet_rollout_verb(f, &by, r.id, ROLLOUT_START, "", -1, NULL, NULL) == 0);
    fleet_poll_reply p, last = {.link = POLL_NOTHING};
    uint64_t offered = 0;
    for (int i = 0; i < DEVICES; i++) {
        MUST(world_poll(f, i, &p) == 0);
        if (p.link != POLL_DEPLOY) continue;
        offered++;
        last = p;
    }
    for (int64_t until = sn_utc_ms() + 1100; sn_utc_ms() < until;) fleet_tick(f);
    state_of(r.id, &r);
    CHECK_INT(r.stages[0].counts.silent, offered);
    CHECK_INT(r.state, ROLLOUT_HELD);
    CHECK_INT(r.hold, HOLD_FAILED);
    CHECK_INT(world_report(f, &last.device, last.action, EXEC_CLOSED, RESULT_SUCCESS), FLEET_GONE);
    reopen_and_compare(r.id);
    tear_down();
}

static int was_away(sql *db, void *arg) {
    (void)arg;
    return sql_exec(db, "UPDATE alive SET utc_ms = utc_ms - 3600000;"
                        "UPDATE action SET deadline_ms = deadline_ms - 3600000 WHERE active = 1"
                        " AND deadline_ms > 0;"
                        "UPDATE stage SET soak_from_ms = 5000 WHERE n = 0");
}

static int made_long_ago(sql *db, void *arg) {
    (void)arg;
    return sql_exec(db, "UPDATE action SET created_ms = created_ms - 86460000,"
                        " deadline_ms = deadline_ms - 86460000 WHERE active = 1");
}

/* The server was down for an hour and the deadlines passed meanwhile: nobody could report, so
 * nobody is silent. */
static void the_servers_absence_is_forgiven(void) {
    set_up();
    round_of_polls(NULL);
    int64_t id = world_rollout(f, world_set(f, "2"), "away");
    fleet_poll_reply p = {.link = POLL_NOTHING};
    for (int i = 0; p.link != POLL_DEPLOY; i++) MUST(world_poll(f, i, &p) == 0);
    fleet_actor by = world_actor(f);
    fleet_action before, after;
    const char *by_hand = "veh-900";
    int64_t hand;
    MUST(fleet_assign(f, &by, world_set(f, "3"), &by_hand, 1, 1, &hand, NULL) == 0);
    MUST(fleet_action_get(f, world_actor(f).tenant, p.action, &before) == 0);
    MUST(store_write(f->store, was_away, NULL) == 0);
    fleet_close(f);
    f = world_open(dir, NULL);
    rollout r;
    state_of(id, &r);
    CHECK(r.stages[0].soak_from_ms >= 5000 + 3600000); /* an hour in which nobody could report */
    MUST(fleet_action_get(f, world_actor(f).tenant, hand, &after) == 0);
    CHECK_INT(after.deadline_ms, 0); /* has none */
    fleet_tick(f);
    MUST(fleet_action_get(f, world_actor(f).tenant, p.action, &after) == 0);
    CHECK_INT(after.status, ACTION_PENDING);
    CHECK(after.deadline_ms >= before.deadline_ms);
    state_of(id, &r);
    CHECK_INT(r.stages[0].counts.silent, 0);
    tear_down();
}

/* The wall clock is set forward by a day while devices work: nobody is late for that. */
static void a_clock_set_forward_is_forgiven(void) {
    set_up();
    round_of_polls(NULL);
    int64_t id = world_rollout(f, world_set(f, "2"), "jump");
    fleet_poll_reply p = {.link = POLL_NOTHING};
    for (int i = 0; p.link != POLL_DEPLOY; i++) MUST(world_poll(f, i, &p) == 0);
    fleet_action before, after;
    MUST(fleet_action_get(f, world_actor(f).tenant, p.action, &before) == 0);
    fleet_mind_clock(f);
    f->clock_utc -= 86400000 + 60000; /* as if the last look had been before the jump */
    MUST(store_write(f->store, made_long_ago, NULL) == 0);
    fleet_mind_clock(f);
    fleet_tick(f);
    MUST(fleet_action_get(f, world_actor(f).tenant, p.action, &after) == 0);
    CHECK_INT(after.status, ACTION_PENDING);
    CHECK(after.deadline_ms >= before.deadline_ms);
    rollout r;
    state_of(id, &r);
    CHECK_INT(r.stages[0].counts.silent, 0);
    tear_down();
}

static void filter_takes_only_those_that_match(void) {
    set_up();
    fleet_actor by = world_actor(f);
    round_of_polls(NULL);
    fleet_attr eu = {"region", "eu"};
    for (int i = 0; i < 100; i++) {
        char cid[32];
        snprintf(cid, sizeof cid, "veh-%d", i);
        MUST(fleet_device_attrs_set(f, &by, cid, ATTR_MERGE, &eu, 1, NULL) == 0);
    }
    rollout r = {.set_id = world_set(f, "2"), .filter_key = "region", .filter_value = "eu"};
    fleet_rollout_plan plan;
    snprintf(r.name, sizeof r.name, "eu");
    rollout_defaults(&r);
    r.policy.judge.soak_s = 0;
    MUST(fleet_rollout_create(f, &by, &r, &plan, NULL) == 0);
    CHECK_INT(plan.needed, 45);
    CHECK(plan.warnings_n >= 2); /* 100 devices cannot fill the first stages */
    uint64_t total = 0;
    for (uint32_t i = 0; i < 4; i++) total += r.stages[i].counts.total;
    CHECK_INT(total, 100);
    MUST(fleet_rollout_verb(f, &by, r.id, ROLLOUT_APPROVE, "", -1, NULL, NULL) == 0);
    MUST(fleet_rollout_verb(f, &by, r.id, ROLLOUT_START, "", -1, NULL, NULL) == 0);
    int worked = 0;
    for (int i = 0; i < 40; i++) {
        worked += round_of_polls(NULL);
        fleet_tick(f);
        if (state_of(r.id, &r) == ROLLOUT_HELD)
            MUST(fleet_rollout_verb(f, &by, r.id, ROLLOUT_ADVANCE, "small", -1, NULL, NULL) == 0);
    }
    CHECK_INT(worked, 100);
    CHECK_INT(state_of(r.id, &r), ROLLOUT_DONE);
    tear_down();
}

static void manual_assignment_and_cancel(void) {
    set_up();
    fleet_actor by = world_actor(f);
    int64_t one = world_set(f, "1"), two = world_set(f, "2"), id1, id2;
    char token[TOKEN_MAX + 1];
    const char *cid = "board-1";
    MUST(fleet_device_create(f, &by, cid, NULL, NULL, token, NULL) == 0);
    CHECK_INT(fleet_device_create(f, &by, cid, NULL, NULL, token, NULL), SN_EEXIST);
    MUST(fleet_device_token(f, &by, cid, "secret", token, NULL) == 0);
    fleet_cred cred = {CRED_TARGET, "secret", 6}, wrong = {CRED_TARGET, "secreT", 6};
    fleet_poll_reply p;
    CHECK_INT(fleet_poll(f, by.tenant, cid, &wrong, NULL, &p), SN_EACCES);
    CHECK_INT(fleet_poll(f, by.tenant, "board-2", &cred, NULL, &p), SN_EACCES);
    MUST(fleet_poll(f, by.tenant, cid, &cred, NULL, &p) == 0);
    CHECK_INT(p.link, POLL_NOTHING);
    CHECK_INT(strlen(p.sleep), 8);
    MUST(fleet_assign(f, &by, one, &cid, 1, 1, &id1, NULL) == 0);
    MUST(fleet_poll(f, by.tenant, cid, &cred, NULL, &p) == 0);
    CHECK_INT(p.link, POLL_DEPLOY);
    CHECK_INT(p.action, id1);
    fleet_deployment *d;
    MUST(fleet_deployment_get(f, &p.device, id1, &d) == 0);
    CHECK_INT(d->chunks_n, 1);
    CHECK_INT(d->chunks[0].module.artifacts_n, 1);
    CHECK_STR(d->chunks[0].artifacts[0].filename, "image.swu");
    int64_t module = d->chunks[0].module.id;
    free(d);
    fleet_artifact *files;
    uint32_t n;
    CHECK_INT(fleet_device_artifacts(f, &p.device, module, "image.swu", &files, &n), 0);
    free(files);
    CHECK_INT(fleet_device_artifacts(f, &p.device, module + 1, NULL, &files, &n), SN_ENOENT);
    /* a second set: the first is cancelled before */
    MUST(fleet_assign(f, &by, two, &cid, 1, 0, &id2, NULL) == 0);
    MUST(fleet_poll(f, by.tenant, cid, &cred, NULL, &p) == 0);
    CHECK_INT(p.link, POLL_CANCEL);
    CHECK_INT(p.action, id1);
    CHECK_INT(fleet_deployment_get(f, &p.device, id1, &d), SN_ENOENT);
    fleet_feedback fb = {.exec = EXEC_CLOSED, .result = RESULT_SUCCESS, .code = INT32_MIN};
    MUST(fleet_cancel_post(f, &p.device, id1, &fb) == 0);
    MUST(fleet_poll(f, by.tenant, cid, &cred, NULL, &p) == 0);
    CHECK_INT(p.link, POLL_DEPLOY);
    CHECK_INT(p.action, id2);
    MUST(world_report(f, &p.device, id2, EXEC_CLOSED, RESULT_SUCCESS) == 0);
    MUST(fleet_poll(f, by.tenant, cid, &cred, NULL, &p) == 0);
    CHECK_INT(p.link, POLL_NOTHING);
    CHECK_INT(p.installed, id2);
    MUST(fleet_installed_get(f, &p.device, id2, &d) == 0);
    free(d);
    fleet_device dev;
    MUST(fleet_device_get(f, by.tenant, cid, &dev) == 0);
    CHECK_INT(dev.installed_set, two);
    CHECK_INT(dev.status, ACTION_FINISHED);
    CHECK_STR(dev.installed_version, "2");
    CHECK_INT(fleet_action_cancel(f, &by, id2, 0, NULL), SN_EBUSY);
    tear_down();
}

static void another_device_and_tenant_are_refused(void) {
    set_up();
    fleet_actor by = world_actor(f);
    int64_t other, set = world_set(f, "1"), id;
    fleet_poll_reply a, b, c;
    MUST(fleet_tenant_create(f, &by, "other", &other, NULL) == 0);
    MUST(world_poll(f, 1, &a) == 0);
    MUST(world_poll(f, 2, &b) == 0);
    const char *cid = "veh-1";
    MUST(fleet_assign(f, &by, set, &cid, 1, 1, &id, NULL) == 0);
    CHECK_INT(world_report(f, &b.device, id, EXEC_CLOSED, RESULT_FAILURE), SN_ENOENT);
    fleet_deployment *d;
    CHECK_INT(fleet_deployment_get(f, &b.device, id, &d), SN_ENOENT);
    fleet_device_ref foreign = a.device;
    foreign.tenant = other;
    CHECK_INT(world_report(f, &foreign, id, EXEC_CLOSED, RESULT_FAILURE), SN_ENOENT);
    fleet_cred cred = {CRED_GATEWAY, "gateway", 7};
    CHECK_INT(fleet_poll(f, other, "veh-1", &cred, NULL, &c), SN_EACCES);
    fleet_actor there = {other, "eve", ROLE_ADMIN};
    int64_t ids[1];
    CHECK_INT(fleet_assign(f, &there, set, &cid, 1, 1, ids, NULL), SN_ENOENT);
    fleet_action row;
    CHECK_INT(fleet_action_get(f, other, id, &row), SN_ENOENT);
    MUST(fleet_action_get(f, by.tenant, id, &row) == 0);
    CHECK_INT(row.status, ACTION_PENDING);
    tear_down();
}

int main(void) {
    log_set_level(LOG_ERROR);
    CASE(good_version_reaches_everyone);
    CASE(a_paused_one_keeps_its_sizes_over_a_start);
    CASE(bad_version_is_held_in_stage_one);
    CASE(open_devices_are_told_apart);
    CASE(pause_resume_stop);
    CASE(in_flight_is_limited);
    CASE(silent_devices_count);
    CASE(the_servers_absence_is_forgiven);
    CASE(a_clock_set_forward_is_forgiven);
    CASE(filter_takes_only_those_that_match);
    CASE(manual_assignment_and_cancel);
    CASE(another_device_and_tenant_are_refused);
    return check_done();
}
