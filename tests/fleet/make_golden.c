/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Makes the data folder of this release that tests/golden/data keeps: run it once a release,
 *
 *   build/tests/make_golden tests/golden/data/0.1.0
 *
 * It is a backup, so without the signing key. What it holds is written down in test_golden.c. */
#include "backup.h"
#include "fleet_impl.h"
#include "world.h"

enum { DEVICES = 40 };

/* A roll-out of two stages that a few devices answer; left in the middle. */
static void half_a_rollout(fleet *f, int64_t set) {
    fleet_actor by = world_actor(f);
    rollout r = {.set_id = set};
    snprintf(r.name, sizeof r.name, "half way");
    rollout_defaults(&r);
    r.policy.judge.threshold_ppm = 400000;
    r.policy.judge.soak_s = 0;
    r.policy.action_timeout_s = 90 * 86400;
    r.stages_n = 2;
    r.stages[0].share_ppm = 500000;
    r.stages[1].share_ppm = 1000000;
    MUST(fleet_rollout_create(f, &by, &r, NULL, NULL) == 0);
    MUST(fleet_rollout_verb(f, &by, r.id, ROLLOUT_APPROVE, "golden", -1, NULL, NULL) == 0);
    MUST(fleet_rollout_verb(f, &by, r.id, ROLLOUT_START, "golden", -1, NULL, NULL) == 0);
    int closed = 0;
    for (int i = 0; i < DEVICES; i++) {
        fleet_poll_reply p;
        MUST(world_poll(f, i, &p) == 0);
        if (p.link != POLL_DEPLOY) continue;
        closed++;
        MUST(world_report(f, &p.device, p.action, EXEC_PROCEEDING, RESULT_NONE) == 0);
        if (closed <= 3)
            MUST(world_report(f, &p.device, p.action, EXEC_CLOSED,
                              closed == 2 ? RESULT_FAILURE : RESULT_SUCCESS) == 0);
    }
    MUST(closed > 10);
}

static void fill(fleet *f) {
    fleet_actor by = world_actor(f);
    char token[TOKEN_MAX + 1];
    int64_t id, tenant;
    fleet_poll_reply p;
    fleet_attr attrs[] = {{"region", "eu"}, {"hw", "r\xC3\xA9v 2"}};
    world_gateway(f);
    for (int i = 0; i < DEVICES; i++) MUST(world_poll(f, i, &p) == 0);
    MUST(fleet_attrs_put(f, &p.device, ATTR_REPLACE, attrs, 2, NULL) == 0);
    MUST(fleet_device_create(f, &by, "board-1", "bench board", "golden-token", token, NULL) == 0);
    MUST(fleet_user_create(f, &by, "olga", ROLE_OPERATOR, token, &id, NULL) == 0);
    MUST(fleet_tenant_create(f, &by, "other", &tenant, NULL) == 0);
    half_a_rollout(f, world_set(f, "2.0"));
    const char *cid = "board-1";
    MUST(fleet_assign(f, &by, world_set(f, "1.0"), &cid, 1, 0, &id, NULL) == 0);
    MUST(fleet_action_cancel(f, &by, id, 0, NULL) == 0);
}

int main(int argc, char **argv) {
    char dir[200];
    fleet_err err = {{0}};
    if (argc != 2) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    world_dir(dir);
    fleet *f = world_open(dir, NULL);
    fill(f);
    fleet_close(f);
    int rc = backup_make(dir, argv[1], &err);
    world_remove(dir);
    if (rc) fprintf(stderr, "%s\n", err.text);
    CHECK_INT(rc, 0);
    return check_failed_;
}
