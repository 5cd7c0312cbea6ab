/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Data folders of releases open in this one (migrated where they must be), say what they said,
 * and go on. make_golden.c made them; a folder once released is never made again. */
#include "backup.h"
#include "fleet_impl.h"
#include "world.h"

static char dir[200], from[600];

static fleet *open_copy(void) {
    fleet_err err = {{0}};
    world_dir(dir);
    char to[260];
    snprintf(to, sizeof to, "%s/data", dir);
    /* as a backup it is restored: copied, and checked while it is still in its own schema */
    int rc = backup_restore(from, to, &err);
    if (rc && rc != FLEET_SCHEMA) fprintf(stderr, "%s\n", err.text);
    MUST(rc == 0 || rc == FLEET_SCHEMA);
    snprintf(dir + strlen(dir), 10, "/data");
    return world_open(dir, NULL);
}

static void close_copy(fleet *f) {
    fleet_err err = {{0}};
    fleet_close(f);
    int rc = backup_check(dir, NULL, &err);
    if (rc) fprintf(stderr, "%s\n", err.text);
    CHECK_INT(rc, 0);
    *strrchr(dir, '/') = 0;
    world_remove(dir);
}

static void it_says_what_it_said(void) {
    fleet *f = open_copy();
    int64_t tenant = world_actor(f).tenant, other;
    CHECK_INT(fleet_tenant(f, "OTHER", &other), 0);
    fleet_stats st;
    fleet_get_stats(f, &st);
    CHECK_INT(st.devices, 41);
    CHECK(fleet_first_token(f) == NULL);
    fleet_user *users;
    fleet_attr *attrs;
    uint32_t n;
    MUST(fleet_users(f, tenant, &users, &n) == 0);
    CHECK_INT(n, 2);
    CHECK_STR(users[1].name, "olga");
    CHECK_INT(users[1].role, ROLE_OPERATOR);
    free(users);
    MUST(fleet_device_attrs(f, tenant, "veh-39", &attrs, &n) == 0);
    CHECK_INT(n, 2);
    CHECK_STR(attrs[0].value, "r\xC3\xA9v 2");
    free(attrs);
    rollout *rows;
    uint64_t total;
    MUST(fleet_rollouts(f, tenant, NULL, &rows, &n, &total) == 0);
    CHECK_INT(n, 1);
    CHECK_INT(rows[0].state, ROLLOUT_RUNNING);
    CHECK_INT(rows[0].stages[0].counts.succeeded, 2);
    CHECK_INT(rows[0].stages[0].counts.failed, 1);
    CHECK_INT(rows[0].policy.judge.threshold_ppm, 400000);
    free(rows);
    fleet_cred cred = {CRED_TARGET, "golden-token", 12};
    fleet_poll_reply p;
    MUST(fleet_poll(f, tenant, "board-1", &cred, NULL, &p) == 0);
    CHECK_INT(p.link, POLL_CANCEL);
    fleet_action a; /* by hand, so without a deadline, however long the server was away */
    MUST(fleet_action_get(f, tenant, p.action, &a) == 0);
    CHECK_INT(a.deadline_ms, 0);
    CHECK_STR(p.sleep, "00:00:01");
    close_copy(f);
}

/* The board accepts the cancel it was asked for, then takes part as the others do. */
static int work_of_board(fleet *f, int64_t tenant) {
    fleet_cred cred = {CRED_TARGET, "golden-token", 12};
    fleet_feedback ok = {.exec = EXEC_CLOSED, .result = RESULT_SUCCESS, .code = INT32_MIN};
    fleet_poll_reply p;
    MUST(fleet_poll(f, tenant, "board-1", &cred, NULL, &p) == 0);
    if (p.link == POLL_CANCEL) MUST(fleet_cancel_post(f, &p.device, p.action, &ok) == 0);
    if (p.link != POLL_DEPLOY) return 0;
    MUST(fleet_feedback_post(f, &p.device, p.action, &ok) == 0);
    return 1;
}

/* The devices that were at work when it was kept finish, and the roll-out ends. */
static void it_goes_on(void) {
    fleet *f = open_copy();
    int64_t tenant = world_actor(f).tenant;
    fleet_actor by = world_actor(f);
    rollout r = {.state = ROLLOUT_RUNNING};
    int worked = 0;
    for (int round = 0; round < 40 && r.state != ROLLOUT_DONE; round++) {
        for (int i = 0; i < 40; i++) {
            fleet_poll_reply p;
            MUST(world_poll(f, i, &p) == 0);
            if (p.link != POLL_DEPLOY) continue;
            MUST(world_report(f, &p.device, p.action, EXEC_CLOSED, RESULT_SUCCESS) == 0);
            worked++;
        }
        worked += work_of_board(f, tenant);
        fleet_tick(f);
        MUST(fleet_rollout_get(f, tenant, 1, &r) == 0);
        if (r.state == ROLLOUT_HELD)
            MUST(fleet_rollout_verb(f, &by, 1, ROLLOUT_ADVANCE, "on", -1, NULL, NULL) == 0);
    }
    CHECK_INT(r.state, ROLLOUT_DONE);
    CHECK_INT(worked, 38);
    close_copy(f);
}

int main(int argc, char **argv) {
    MUST(argc == 2);
    snprintf(from, sizeof from, "%s", argv[1]);
    log_set_level(LOG_ERROR);
    CASE(it_says_what_it_said);
    CASE(it_goes_on);
    return check_done();
}
