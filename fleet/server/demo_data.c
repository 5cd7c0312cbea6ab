/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The demonstration's data: a folder that is its own, two images, a roll-out. */
#include "demo.h"

#include <sennit/sennit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARK "made-by-sennit-demo"
#define IMAGE_PIECE 32768
#define FOLDER_DEPTH 6

/* ---- the folder ---- */

struct removal {
    const char *dir;
    int depth;
};

static int remove_tree(const char *path, int depth);

static int remove_entry(void *arg, const char *name) {
    const struct removal *r = arg;
    char path[512];
    int n = snprintf(path, sizeof path, "%s/%s", r->dir, name);
    return n < (int)sizeof path ? remove_tree(path, r->depth + 1) : SN_E2BIG;
}

static int remove_tree(const char *path, int depth) {
    sn_file_info info;
    struct removal r = {path, depth};
    if (depth > FOLDER_DEPTH) return SN_E2BIG;
    int rc = sn_path_stat(path, &info);
    if (!rc && info.is_dir) rc = sn_path_list(path, remove_entry, &r);
    /* a socket of the client, or a dangling link, has no status but can be removed */
    if (!rc || rc == SN_ENOENT) rc = sn_path_remove(path);
    return rc;
}

int demo_clear(const struct demo_conf *c, fleet_err *err) {
    char mark[300];
    sn_file_info info;
    snprintf(mark, sizeof mark, "%s/" MARK, c->data);
    int rc = sn_path_stat(c->data, &info);
    if (!rc && sn_path_stat(mark, &info))
        return fleet_fail(err, SN_EEXIST, "%s exists and no demo made it: name another with --data",
                          c->data);
    if (!rc) rc = remove_tree(c->data, 0);
    if (!rc || rc == SN_ENOENT) rc = sn_path_mkdir(c->data);
    if (!rc) rc = sn_path_write(mark, "", 0);
    return rc ? fleet_fail(err, rc, "%s: %s", c->data, sn_strerror(rc)) : 0;
}

/* ---- modules and sets ---- */

static int store_image(const char *dir, const char *path, artifact_hashes *h, fleet_err *err) {
    artifact_upload *up;
    sn_file *file;
    char *piece = malloc(IMAGE_PIECE);
    if (!piece) return SN_ENOMEM;
    int rc = sn_file_open(&file, path, SN_F_READ);
    if (rc) {
        free(piece);
        return fleet_fail(err, rc, "%s: %s (is it built? --firmware DIR names the folder)", path,
                          sn_strerror(rc));
    }
    rc = artifact_begin(&up, dir, err);
    uint64_t at = 0;
    size_t n = 1;
    while (!rc && n) {
        rc = sn_file_read(file, piece, IMAGE_PIECE, at, &n);
        if (!rc && n) rc = artifact_add(up, piece, n, err);
        at += n;
        if (rc) artifact_abort(up);
    }
    sn_file_close(file);
    free(piece);
    return rc ? rc : artifact_finish(up, h, err);
}

static int make_version(struct demo *d, int v, fleet_err *err) {
    char path[400], name[32], version[16];
    artifact_hashes h;
    int64_t module, artifact;
    snprintf(name, sizeof name, "fw-v%d.swu", v);
    snprintf(version, sizeof version, "%d.0.0", v);
    snprintf(path, sizeof path, "%s/%s", d->conf->firmware, name);
    int rc = store_image(fleet_artifact_dir(d->fleet), path, &h, err);
    if (!rc) rc = fleet_module_create(d->fleet, &d->actor, "blinkd", version, "os", &module, err);
    if (!rc) rc = fleet_artifact_create(d->fleet, &d->actor, module, name, &h, &artifact, err);
    if (!rc)
        rc = fleet_set_create(d->fleet, &d->actor, "blinkd", version, "os", &module, 1,
                              &d->sets[v - 1], err);
    return rc;
}

int demo_make_data(struct demo *d, fleet_err *err) {
    const char *settings[][2] = {{"pollingTime", "00:00:03"},
                                 {"authentication.gatewaytoken.enabled", "true"},
                                 {"authentication.gatewaytoken.key", d->gateway_token}};
    int rc = fleet_tenant(d->fleet, "DEFAULT", &d->actor.tenant);
    for (int i = 0; !rc && i < 3; i++)
        rc = fleet_setting_set(d->fleet, &d->actor, settings[i][0], settings[i][1], err);
    if (!rc) rc = make_version(d, 1, err);
    return rc ? rc : make_version(d, 2, err);
}

/* ---- the roll-out ---- */

static void print_policy(const rollout *ro, const fleet_rollout_plan *plan) {
    const judge_policy *p = &ro->policy.judge;
    printf("\nroll-out %lld: %s\n  stages    ", (long long)ro->id, ro->name);
    for (uint32_t i = 0; i < ro->stages_n; i++)
        printf("%s%g %%", i ? " -> " : "", ro->stages[i].share_ppm / 1e4);
    printf("\n  policy    a stage passes when, with %g %% confidence, at most %g %% of the devices "
           "fail,\n            and it stays so for %u s; silent devices count as failed; a failed "
           "stage holds\n  sample    %llu devices without a failure\n",
           p->confidence_ppm / 1e4, p->threshold_ppm / 1e4, p->soak_s,
           (unsigned long long)plan->needed);
    for (uint32_t i = 0; i < plan->warnings_n; i++) printf("  warning   %s\n", plan->warnings[i]);
}

int demo_make_rollout(struct demo *d, fleet_err *err) {
    rollout ro;
    fleet_rollout_plan plan;
    memset(&ro, 0, sizeof ro);
    rollout_defaults(&ro);
    snprintf(ro.name, sizeof ro.name, "blinkd 2.0.0");
    ro.set_id = d->sets[1];
    ro.forced = 1;
    ro.policy.judge.soak_s = (uint32_t)d->conf->soak_s;
    int rc = fleet_rollout_create(d->fleet, &d->actor, &ro, &plan, err);
    if (rc) return rc;
    d->rollout = ro.id;
    print_policy(&ro, &plan);
    rc = fleet_rollout_verb(d->fleet, &d->actor, ro.id, ROLLOUT_APPROVE, "demo", ro.version, &ro,
                            err);
    if (!rc)
        rc = fleet_rollout_verb(d->fleet, &d->actor, ro.id, ROLLOUT_START, "demo", ro.version, &ro,
                                err);
    return rc;
}

static void print_stage(const rollout *ro, int seconds) {
    uint32_t i = ro->stage < ro->stages_n ? ro->stage : ro->stages_n - 1;
    const rollout_stage *s = &ro->stages[i];
    printf("  %3d s  stage %u of %u (%g %%)  %-8s  %4llu of %llu asked  %4llu ok  %3llu failed  "
           "%3llu silent\n",
           seconds, i + 1, ro->stages_n, s->share_ppm / 1e4, rollout_state_name(ro->state),
           (unsigned long long)s->counts.assigned, (unsigned long long)s->counts.total,
           (unsigned long long)s->counts.succeeded, (unsigned long long)s->counts.failed,
           (unsigned long long)s->counts.silent);
    fflush(stdout);
}

/* What the judge said when a stage closed. */
static void print_closed(const rollout *ro, uint32_t from) {
    for (uint32_t i = from; i < ro->stage && i < ro->stages_n; i++)
        printf("         stage %u passed: %s\n", i + 1, ro->stages[i].reason);
}

int demo_watch(struct demo *d, rollout *last) {
    sn_time start = sn_now(), next = 0;
    uint64_t seen = 0;
    uint32_t stage = 0;
    memset(last, 0, sizeof *last);
    for (;;) {
        int rc = fleet_rollout_get(d->fleet, d->actor.tenant, d->rollout, last);
        if (rc) return rc;
        int over = last->state == ROLLOUT_DONE || last->state == ROLLOUT_HELD ||
                   last->state == ROLLOUT_STOPPED;
        int moved = last->stage != stage || over;
        if (moved) print_closed(last, stage);
        stage = last->stage;
        if (moved || sn_now() >= next) {
            print_stage(last, (int)((sn_now() - start) / SN_SECOND));
            next = sn_now() + 5 * SN_SECOND;
        }
        if (over) return 0;
        rc = fleet_wait_change(d->fleet, seen, next, &seen);
        if (rc && (rc != SN_ETIMEDOUT || sn_canceled())) return rc;
        rc = sn_sleep(200 * SN_MILLISECOND);
        if (rc) return rc;
    }
}
