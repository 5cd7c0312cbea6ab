/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What tests of the fleet's domain begin with: a data folder of their own, a set to roll out,
 * devices that poll. Steps that cannot fail are MUSTs: a failing one names its line. */
#ifndef TESTS_FLEET_WORLD_H
#define TESTS_FLEET_WORLD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fleet.h"

/** A new empty folder under $TMPDIR; the name is written into out (200 bytes). */
static inline void world_dir(char *out) {
    const char *tmp = getenv("TMPDIR");
    snprintf(out, 200, "%s/fleet-test-XXXXXX", tmp ? tmp : "/tmp");
    MUST(mkdtemp(out) != NULL);
}

/** Removes it with what is in it. */
static inline void world_remove(const char *dir) {
    char cmd[260];
    snprintf(cmd, sizeof cmd, "rm -rf '%s'", dir);
    MUST(system(cmd) == 0);
}

static inline fleet *world_open(const char *dir, const char *vfs) {
    fleet *f = NULL;
    fleet_err err = {{0}};
    /* without a sync a commit: what a power cut does is another test's matter */
    fleet_config cfg = {.data_dir = dir, .vfs = vfs, .sync = STORE_SYNC_NORMAL};
    if (fleet_open(&f, &cfg, &err)) fprintf(stderr, "fleet_open: %s\n", err.text);
    MUST(f != NULL);
    return f;
}

static inline fleet_actor world_actor(fleet *f) {
    int64_t tenant = 0;
    MUST(fleet_tenant(f, "default", &tenant) == 0);
    return (fleet_actor){tenant, "tester", ROLE_ADMIN};
}

/** A set with one module and one artifact, version `version`. */
static inline int64_t world_set(fleet *f, const char *version) {
    fleet_actor by = world_actor(f);
    artifact_upload *u;
    artifact_hashes h;
    int64_t module, file, set;
    MUST(artifact_begin(&u, fleet_artifact_dir(f), NULL) == 0);
    MUST(artifact_add(u, version, strlen(version), NULL) == 0);
    MUST(artifact_finish(u, &h, NULL) == 0);
    MUST(fleet_module_create(f, &by, "os", version, "os", &module, NULL) == 0);
    MUST(fleet_artifact_create(f, &by, module, "image.swu", &h, &file, NULL) == 0);
    MUST(fleet_set_create(f, &by, "board", version, "os", &module, 1, &set, NULL) == 0);
    return set;
}

/** Lets devices with the gateway token "gateway" register by themselves, poll each second. */
static inline void world_gateway(fleet *f) {
    fleet_actor by = world_actor(f);
    MUST(fleet_setting_set(f, &by, "authentication.gatewaytoken.enabled", "true", NULL) == 0);
    MUST(fleet_setting_set(f, &by, "authentication.gatewaytoken.key", "gateway", NULL) == 0);
    MUST(fleet_setting_set(f, &by, "pollingTime", "00:00:01", NULL) == 0);
}

static inline int world_poll(fleet *f, int i, fleet_poll_reply *out) {
    char cid[32];
    fleet_cred cred = {CRED_GATEWAY, "gateway", 7};
    snprintf(cid, sizeof cid, "veh-%d", i);
    return fleet_poll(f, world_actor(f).tenant, cid, &cred, "127.0.0.1", out);
}

static inline int world_report(fleet *f, const fleet_device_ref *d, int64_t action,
                               enum feedback_exec exec, enum feedback_result result) {
    fleet_feedback fb = {.exec = exec, .result = result, .code = INT32_MIN, .details = "done"};
    return fleet_feedback_post(f, d, action, &fb);
}

/** A running roll-out of `set`, without soak time. */
static inline int64_t world_rollout(fleet *f, int64_t set, const char *name) {
    fleet_actor by = world_actor(f);
    rollout *r = calloc(1, sizeof *r);
    MUST(r != NULL);
    snprintf(r->name, sizeof r->name, "%s", name);
    r->set_id = set;
    rollout_defaults(r);
    r->policy.judge.soak_s = 0;
    MUST(fleet_rollout_create(f, &by, r, NULL, NULL) == 0);
    int64_t id = r->id;
    MUST(fleet_rollout_verb(f, &by, id, ROLLOUT_APPROVE, "", -1, NULL, NULL) == 0);
    MUST(fleet_rollout_verb(f, &by, id, ROLLOUT_START, "", -1, NULL, NULL) == 0);
    free(r);
    return id;
}

#endif
