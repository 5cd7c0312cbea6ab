/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Roll-outs under /api/v1. A verb needs the version that its operator saw (If-Match). */
#include "api.h"

#include "reply.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX (64u << 10)
#define REASON_BODY_MAX 4096u

/* With set and plan looked up: for one roll-out. */
static void send_rollout(struct app *app, sn_http_writer *w, int status, const rollout *ro) {
    fleet_set set;
    fleet_rollout_plan plan;
    char etag[API_ETAG_MAX];
    json j = {0};
    int has_set = !fleet_set_get(app->fleet, ro->tenant, ro->set_id, &set);
    int has_plan = !fleet_rollout_plan_get(app->fleet, ro->tenant, ro->id, &plan);
    api_etag(ro, etag);
    sn_http_set(w, "ETag", etag);
    api_render_rollout(&j, NULL, ro, has_set ? &set : NULL, has_plan ? &plan : NULL);
    reply_json(w, status, &j);
}

API_HANDLER(api_rollouts) {
    fleet_page page;
    rollout *rows;
    uint32_t n;
    uint64_t total;
    json j = {0};
    if (reply_page(w, r, "search", &page)) return;
    int rc = fleet_rollouts(app->fleet, who->tenant, &page, &rows, &n, &total);
    if (rc) {
        reply_result(w, rc, NULL);
        return;
    }
    api_list_begin(&j, "rollouts", total, &page);
    for (uint32_t i = 0; i < n; i++) {
        fleet_set set;
        int has_set = !fleet_set_get(app->fleet, who->tenant, rows[i].set_id, &set);
        api_render_rollout(&j, NULL, &rows[i], has_set ? &set : NULL, NULL);
    }
    api_list_end(&j);
    free(rows);
    reply_json(w, 200, &j);
}

API_HANDLER(api_rollout_create) {
    rollout ro;
    fleet_err err = {""};
    cJSON *body = reply_body_object(w, r, BODY_MAX);
    if (!body) return;
    int rc = api_rollout_read(body, &ro, &err);
    cJSON_Delete(body);
    if (!rc) rc = fleet_rollout_create(app->fleet, &who->actor, &ro, NULL, &err);
    if (rc) {
        reply_result(w, rc, &err);
        return;
    }
    sn_http_setf(w, "Location", "/api/v1/rollouts/%lld", (long long)ro.id);
    send_rollout(app, w, 201, &ro);
}

API_HANDLER(api_rollout) {
    int64_t id;
    rollout ro;
    if (reply_path_id(w, r, "id", &id)) return;
    int rc = fleet_rollout_get(app->fleet, who->tenant, id, &ro);
    if (rc)
        reply_result(w, rc, NULL);
    else
        send_rollout(app, w, 200, &ro);
}

/* The version in If-Match. 0, or -1 when it was answered: 428 without one, 412 for another form
 * than ours, which can't be the current one. "*" is no version that somebody saw: 428 too. */
static int read_if_match(sn_http_writer *w, sn_http_request *r, int64_t *version) {
    const char *tag = sn_http_header(r, "If-Match");
    char *end;
    if (!tag || !strcmp(tag, "*")) {
        sn_http_problem(w, 428, NULL, NULL,
                        "If-Match with the ETag of the roll-out that you saw is needed");
        return -1;
    }
    *version = *tag == '"' ? strtoll(tag + 1, &end, 10) : -1;
    if (*tag == '"' && end != tag + 1 && !strcmp(end, "\"") && *version >= 0) return 0;
    sn_http_problem(w, 412, NULL, NULL, "If-Match is not an ETag of this roll-out");
    return -1;
}

/* The optional {"reason":"…"}. 0, or -1 when it was answered. */
static int read_reason(sn_http_writer *w, sn_http_request *r, char out[FLEET_REASON_MAX]) {
    char *text;
    size_t n;
    const char *why;
    out[0] = 0;
    if (sn_http_body_all(r, REASON_BODY_MAX, &text, &n)) return -1;
    if (!n) return 0;
    cJSON *body = json_in_object(text, n, &why);
    const cJSON *reason = json_in_get(body, "reason");
    const char *s = json_in_str(body, "reason");
    int bad = !body || (reason && !s) || (s && strlen(s) >= FLEET_REASON_MAX);
    if (!bad && s) snprintf(out, FLEET_REASON_MAX, "%s", s);
    cJSON_Delete(body);
    if (!bad) return 0;
    sn_http_problem(w, 400, NULL, NULL, "the body is not {\"reason\":\"at most 255 bytes\"}");
    return -1;
}

static void verb(struct app *app, sn_http_writer *w, sn_http_request *r, struct caller *who,
                 enum rollout_verb v) {
    int64_t id, version;
    char reason[FLEET_REASON_MAX];
    rollout ro;
    fleet_err err = {""};
    if (reply_path_id(w, r, "id", &id) || read_if_match(w, r, &version) ||
        read_reason(w, r, reason))
        return;
    int rc = fleet_rollout_verb(app->fleet, &who->actor, id, v, reason, version, &ro, &err);
    if (rc)
        reply_result(w, rc, &err);
    else
        send_rollout(app, w, 200, &ro);
}

API_HANDLER(api_rollout_approve) { verb(app, w, r, who, ROLLOUT_APPROVE); }
API_HANDLER(api_rollout_start) { verb(app, w, r, who, ROLLOUT_START); }
API_HANDLER(api_rollout_pause) { verb(app, w, r, who, ROLLOUT_PAUSE); }
API_HANDLER(api_rollout_resume) { verb(app, w, r, who, ROLLOUT_RESUME); }
API_HANDLER(api_rollout_advance) { verb(app, w, r, who, ROLLOUT_ADVANCE); }
API_HANDLER(api_rollout_stop) { verb(app, w, r, who, ROLLOUT_STOP); }

static int status_of(const char *name, enum action_status *out) {
    for (int s = ACTION_NONE; s <= ACTION_TIMED_OUT; s++) {
        if (strcmp(action_status_name((enum action_status)s), name)) continue;
        *out = (enum action_status)s;
        return 0;
    }
    return SN_EINVAL;
}

API_HANDLER(api_rollout_devices) {
    int64_t id;
    fleet_page page;
    fleet_action *rows;
    uint32_t n;
    uint64_t total;
    json j = {0};
    enum action_status status = ACTION_NONE;
    const char *want = sn_http_query(r, "status");
    if (reply_path_id(w, r, "id", &id) || reply_page(w, r, "search", &page)) return;
    if (want && *want && status_of(want, &status)) {
        sn_http_problemf(w, 400, "status \"%.40s\" is not known", want);
        return;
    }
    int rc = fleet_rollout_actions(app->fleet, who->tenant, id, status, &page, &rows, &n, &total);
    if (rc) {
        reply_result(w, rc, NULL);
        return;
    }
    api_list_begin(&j, "actions", total, &page);
    for (uint32_t i = 0; i < n; i++) api_render_action(&j, &rows[i]);
    api_list_end(&j);
    free(rows);
    reply_json(w, 200, &j);
}
