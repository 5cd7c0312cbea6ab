/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The operator's roll-out: started, and looked at; each look is held against the ledger. */
#include "fleet_sim.h"

#include "json_in.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void read_rollout(struct desk *d, const cJSON *json) {
    const char *state = json_in_str(json, "state"), *reason = json_in_str(json, "reason");
    if (!state || !json_in_int(json, "stage", &d->stage) ||
        !json_in_int(json, "version", &d->version))
        sn_sim_fail("a roll-out without state, stage or version");
    snprintf(d->state, sizeof d->state, "%s", state);
    snprintf(d->reason, sizeof d->reason, "%s", reason ? reason : "");
}

/* A verb for a roll-out in state `from`. Its answer may be lost: then it is found done. */
static void verb(struct desk *d, const char *name, const char *from) {
    char path[80], etag[64] = "";
    cJSON *json;
    snprintf(path, sizeof path, "/api/v1/rollouts/%lld", (long long)d->rollout);
    if (desk_call(d, "GET", path, NULL, etag, &json) != 200) sn_sim_fail("GET %s failed", path);
    read_rollout(d, json);
    cJSON_Delete(json);
    if (strcmp(d->state, from)) return;
    snprintf(path, sizeof path, "/api/v1/rollouts/%lld/%s", (long long)d->rollout, name);
    int status = desk_call(d, "POST", path, "{\"reason\":\"as planned\"}", etag, NULL);
    if (status != 200 && status != 412 && status != 409) sn_sim_fail("%s: %d", name, status);
}

void desk_start(struct desk *d, int64_t set) {
    const struct policy *p = &d->policy;
    char body[600];
    cJSON *json;
    snprintf(body, sizeof body,
             "{\"name\":\"to %lld\",\"set\":%lld,\"forced\":true,\"stages\":[0.05,0.2,0.5,1],"
             "\"policy\":{\"threshold\":%g,\"confidence\":%g,\"min_sample\":%lld,\"soak_s\":%lld,"
             "\"action_timeout_s\":%lld,\"on_fail\":\"%s\"}}",
             (long long)set, (long long)set, p->threshold, p->confidence, (long long)p->min_sample,
             (long long)p->soak_s, (long long)p->action_timeout_s, p->stop ? "stop" : "hold");
    int status = desk_call(d, "POST", "/api/v1/rollouts", body, NULL, &json);
    if (status != 201 || !json_in_int(json, "id", &d->rollout))
        sn_sim_fail("the roll-out was not made: %d", status);
    cJSON_Delete(json);
    if (d->field) field_expect(d->field, d->rollout);
    verb(d, "approve", "draft");
    verb(d, "start", "approved");
    d->started = sn_now();
}

/* ---- the look ---- */

static uint64_t count(const cJSON *stage, const char *name) {
    int64_t n;
    if (!json_in_int(json_in_get(stage, "counts"), name, &n) || n < 0)
        sn_sim_fail("a stage without a count of %s", name);
    return (uint64_t)n;
}

static void within(int stage, const char *what, uint64_t least, uint64_t n, uint64_t most) {
    if (n < least || n > most)
        sn_sim_fail("stage %d: the server counts %llu %s; answered %llu, sent %llu", stage + 1,
                    (unsigned long long)n, what, (unsigned long long)least,
                    (unsigned long long)most);
}

/* What was answered before the look is counted, and nothing is that had not been sent by then. */
static void hold_against(const struct ledger *was, const struct ledger *is, int i,
                         const cJSON *stage) {
    within(i, "succeeded", was->good[i], count(stage, "succeeded"), is->told_good[i]);
    within(i, "failed", was->bad[i], count(stage, "failed"), is->told_bad[i]);
    within(i, "canceled", was->canceled[i], count(stage, "canceled"), is->told_cancel[i]);
    within(i, "assigned", was->offered[i], count(stage, "assigned"), UINT64_MAX);
    if (count(stage, "assigned") > count(stage, "total"))
        sn_sim_fail("stage %d: more devices assigned than it has", i + 1);
}

static void note_decision(struct desk *d) {
    if (d->decided || !desk_decided(d)) return;
    d->decided = sn_now();
    if (!d->field) return;
    const struct ledger *l = &d->field->ledger;
    d->installed = l->installed;
    for (int i = 0; i < STAGES; i++) d->exposed += l->offered[i];
    sn_sim_note("rollout.decided", d->exposed, d->installed);
}

/* Cancels the action of some device that has one. */
static void cancel_somebody(struct desk *d) {
    const struct field *f = d->field;
    char path[80], name[16];
    uint32_t i = (uint32_t)sn_sim_draw(f->habits.devices), n = f->habits.devices;
    while (n && !f->devices[i].action) i = (i + 1) % f->habits.devices, n--;
    if (!n) return;
    device_name(i, name);
    snprintf(path, sizeof path, "/rest/v1/targets/%s/actions/%u", name, f->devices[i].action);
    int status = desk_call(d, "DELETE", path, NULL, NULL, NULL);
    if (status != 200 && status != 204 && status != 404 && status != 409 && status != 410)
        sn_sim_fail("DELETE %s: %d", path, status);
}

static void meddle(struct desk *d) {
    if (sn_sim_draw(2) && !strcmp(d->state, "running"))
        verb(d, "pause", "running");
    else
        cancel_somebody(d);
}

void desk_look(struct desk *d) {
    char path[80];
    static const struct ledger nothing;
    struct ledger was = d->field ? d->field->ledger : nothing;
    int64_t stage = d->stage;
    cJSON *json;
    snprintf(path, sizeof path, "/api/v1/rollouts/%lld", (long long)d->rollout);
    int status = desk_call(d, "GET", path, NULL, NULL, &json);
    if (status != 200) sn_sim_fail("GET %s: %d", path, status);
    read_rollout(d, json);
    if (d->stage < stage) sn_sim_fail("the roll-out went back to stage %lld", (long long)d->stage);
    const cJSON *stages = json_in_get(json, "stages");
    if (cJSON_GetArraySize(stages) != STAGES) sn_sim_fail("other stages than were asked for");
    for (int i = 0; i < STAGES; i++) {
        const cJSON *s = cJSON_GetArrayItem(stages, i);
        if (d->field) hold_against(&was, &d->field->ledger, i, s);
        if (i > d->stage && count(s, "assigned")) sn_sim_fail("stage %d is not open yet", i + 1);
    }
    cJSON_Delete(json);
    d->looks++;
    note_decision(d);
    if (d->advance && !strcmp(d->state, "held")) verb(d, "advance", "held");
    if (!strcmp(d->state, "paused")) verb(d, "resume", "paused");
    if (d->stop_after && d->looks == (uint64_t)d->stop_after) verb(d, "stop", d->state);
    if (d->meddle && sn_sim_draw(1000000) < d->meddle) meddle(d);
}

int desk_decided(const struct desk *d) {
    if (!strcmp(d->state, "held")) return !d->advance;
    return !strcmp(d->state, "stopped") || !strcmp(d->state, "done");
}
