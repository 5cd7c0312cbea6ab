/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* /rest/v1/targets: devices, their attributes and their actions. */
#include "mgmt.h"

#include "reply.h"
#include <stdlib.h>
#include <string.h>

static void render_target(json *j, const fleet_device *d, const char *token) {
    json_obj(j, NULL);
    json_str(j, "controllerId", d->cid);
    json_str(j, "name", d->name[0] ? d->name : d->cid);
    json_int(j, "createdAt", d->created_ms);
    if (d->last_poll_ms) json_int(j, "lastControllerRequestAt", d->last_poll_ms);
    json_str(j, "updateStatus",
             d->action                       ? "pending"
             : d->status == ACTION_ERROR     ? "error"
             : d->status == ACTION_TIMED_OUT ? "error"
             : d->installed_set              ? "in_sync"
             : d->last_poll_ms               ? "registered"
                                             : "unknown");
    if (d->address[0]) json_str(j, "ipAddress", d->address);
    if (token) json_str(j, "securityToken", token);
    json_obj_end(j);
}

MGMT_HANDLER(mgmt_targets) {
    fleet_page page;
    fleet_device *rows;
    uint32_t n;
    uint64_t total;
    json j = {0};
    if (reply_page(w, r, NULL, &page)) return;
    int rc = fleet_devices(app->fleet, who->tenant, &page, &rows, &n, &total);
    if (rc) {
        reply_result(w, rc, NULL);
        return;
    }
    mgmt_list_begin(&j);
    for (uint32_t i = 0; i < n; i++) render_target(&j, &rows[i], NULL);
    mgmt_list_end(&j, total, n);
    free(rows);
    reply_json(w, 200, &j);
}

/* Before the first of a request is made all are looked at: an answer that refuses one would lose
 * the tokens that were made for those before it. */
static int check_one(void *arg, const cJSON *o) {
    const struct mgmt_creation *c = arg;
    const char *cid = json_in_str(o, "controllerId");
    fleet_device d;
    if (!cid) return fleet_fail(c->err, SN_EINVAL, "controllerId is not a text");
    int rc = fleet_cid_check(cid, strlen(cid), c->err);
    if (rc) return rc;
    for (const cJSON *other = o->next; other; other = other->next) {
        const char *same = json_in_str(other, "controllerId");
        if (same && !strcmp(same, cid))
            return fleet_fail(c->err, SN_EEXIST, "target %s is there twice", cid);
    }
    rc = fleet_device_get(c->app->fleet, c->who->tenant, cid, &d);
    if (!rc) return fleet_fail(c->err, SN_EEXIST, "target %s exists already", cid);
    return rc == SN_ENOENT ? 0 : rc;
}

/* A token of the body's own is kept as it is; otherwise one is made, and shown here only. */
static int create_one(void *arg, const cJSON *o) {
    struct mgmt_creation *c = arg;
    const char *cid = json_in_str(o, "controllerId"), *name = json_in_str(o, "name");
    char token[TOKEN_MAX + 1];
    fleet_device d;
    int rc = fleet_device_create(c->app->fleet, &c->who->actor, cid, name ? name : "",
                                 json_in_str(o, "securityToken"), token, c->err);
    if (!rc) rc = fleet_device_get(c->app->fleet, c->who->tenant, cid, &d);
    if (!rc) render_target(c->out, &d, token);
    return rc;
}

MGMT_HANDLER(mgmt_targets_create) {
    sn_http_set(w, "Cache-Control", "no-store");
    mgmt_create(app, w, r, who, check_one, create_one);
}

MGMT_HANDLER(mgmt_target) {
    fleet_device d;
    json j = {0};
    int rc = fleet_device_get(app->fleet, who->tenant, sn_http_value(r, "cid"), &d);
    if (rc) {
        reply_result(w, rc, NULL);
        return;
    }
    render_target(&j, &d, NULL);
    reply_json(w, 200, &j);
}

MGMT_HANDLER(mgmt_target_delete) {
    fleet_err err = {""};
    int rc = fleet_device_delete(app->fleet, &who->actor, sn_http_value(r, "cid"), &err);
    reply_done(w, rc, &err);
}

MGMT_HANDLER(mgmt_attributes) {
    fleet_attr *rows;
    uint32_t n;
    json j = {0};
    int rc = fleet_device_attrs(app->fleet, who->tenant, sn_http_value(r, "cid"), &rows, &n);
    if (rc) {
        reply_result(w, rc, NULL);
        return;
    }
    json_obj(&j, NULL);
    for (uint32_t i = 0; i < n; i++) json_str(&j, rows[i].key, rows[i].value);
    json_obj_end(&j);
    free(rows);
    reply_json(w, 200, &j);
}

/* ---- actions ---- */

/* hawkBit tells finished from pending; the finer state is `detailStatus`. */
static void render_action(json *j, const fleet_action *a) {
    json_obj(j, NULL);
    json_int(j, "id", a->id);
    json_str(j, "type",
             a->status == ACTION_CANCELING || a->status == ACTION_CANCELED ? "cancel" : "update");
    json_str(j, "status", action_closed(a->status) ? "finished" : "pending");
    json_str(j, "detailStatus", action_status_name(a->status));
    json_str(j, "forceType", a->forced ? "forced" : "soft");
    json_int(j, "createdAt", a->created_ms);
    json_int(j, "lastModifiedAt", a->changed_ms);
    if (a->rollout) json_int(j, "rollout", a->rollout);
    json_obj_end(j);
}

MGMT_HANDLER(mgmt_actions) {
    fleet_page page;
    fleet_action *rows;
    uint32_t n;
    uint64_t total;
    json j = {0};
    if (reply_page(w, r, NULL, &page)) return;
    int rc =
        fleet_actions(app->fleet, who->tenant, sn_http_value(r, "cid"), &page, &rows, &n, &total);
    if (rc) {
        reply_result(w, rc, NULL);
        return;
    }
    mgmt_list_begin(&j);
    for (uint32_t i = 0; i < n; i++) render_action(&j, &rows[i]);
    mgmt_list_end(&j, total, n);
    free(rows);
    reply_json(w, 200, &j);
}

/* The path's action, which must be the path's target's. 0, or -1 when it was answered. */
static int find_action(struct app *app, sn_http_writer *w, sn_http_request *r, struct caller *who,
                       fleet_action *a) {
    int64_t id;
    if (reply_path_id(w, r, "id", &id)) return -1;
    int rc = fleet_action_get(app->fleet, who->tenant, id, a);
    if (!rc && strcmp(a->cid, sn_http_value(r, "cid"))) rc = SN_ENOENT;
    if (rc) reply_result(w, rc, NULL);
    return rc ? -1 : 0;
}

MGMT_HANDLER(mgmt_action) {
    fleet_action a;
    json j = {0};
    if (find_action(app, w, r, who, &a)) return;
    render_action(&j, &a);
    reply_json(w, 200, &j);
}

MGMT_HANDLER(mgmt_action_cancel) {
    fleet_action a;
    fleet_err err = {""};
    const char *force = sn_http_query(r, "force");
    if (find_action(app, w, r, who, &a)) return;
    int rc =
        fleet_action_cancel(app->fleet, &who->actor, a.id, force && !strcmp(force, "true"), &err);
    if (rc)
        reply_result(w, rc, &err);
    else
        sn_http_reply(w, 204, NULL, "", 0);
}

static void render_status(json *j, const fleet_status *s) {
    json_obj(j, NULL);
    json_int(j, "id", s->id);
    json_str(j, "type", action_status_name(s->status));
    json_arr(j, "messages");
    for (const char *p = s->details; *p;) {
        size_t n = strcspn(p, "\n");
        json_strn(j, NULL, p, n);
        p += n + (p[n] == '\n');
    }
    json_arr_end(j);
    if (s->code != INT32_MIN) json_int(j, "code", s->code);
    json_int(j, "reportedAt", s->at_ms);
    json_obj_end(j);
}

/* sort=id:DESC (hawkBit's usual) or id:ASC. 0, or -1 when it was answered. */
static int read_sort(sn_http_writer *w, sn_http_request *r, int *oldest_first) {
    const char *sort = sn_http_query(r, "sort");
    *oldest_first = sort && (!strcmp(sort, "id:ASC") || !strcmp(sort, "id:asc"));
    if (!sort || !*sort || *oldest_first || !strcmp(sort, "id:DESC") || !strcmp(sort, "id:desc"))
        return 0;
    sn_http_problem(w, 400, NULL, NULL, "sort is id:ASC or id:DESC");
    return -1;
}

MGMT_HANDLER(mgmt_action_status) {
    fleet_action a;
    fleet_page page;
    fleet_status *rows;
    uint32_t n;
    uint64_t total;
    int oldest_first;
    json j = {0};
    if (reply_page(w, r, NULL, &page) || read_sort(w, r, &oldest_first) ||
        find_action(app, w, r, who, &a))
        return;
    int rc = fleet_action_statuses(app->fleet, who->tenant, a.id, &page, oldest_first, &rows, &n,
                                   &total);
    if (rc) {
        reply_result(w, rc, NULL);
        return;
    }
    mgmt_list_begin(&j);
    for (uint32_t i = 0; i < n; i++) render_status(&j, &rows[i]);
    mgmt_list_end(&j, total, n);
    free(rows);
    reply_json(w, 200, &j);
}
