/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The API's other objects: this server, devices, sets, users. */
#include "api.h"

#include "metrics.h"
#include "reply.h"
#include <stdlib.h>
#include <string.h>

#define BODY_MAX 4096u

API_HANDLER(api_server) {
    (void)r;
    char tenant[FLEET_NAME_MAX + 1] = "";
    fleet_counts counts;
    json j = {0};
    int rc = fleet_tenant_name(app->fleet, who->tenant, tenant);
    if (!rc) rc = fleet_counts_get(app->fleet, who->tenant, &counts);
    if (rc) {
        reply_result(w, rc, NULL);
        return;
    }
    json_obj(&j, NULL);
    json_str(&j, "version", sn_version());
    json_str(&j, "tenant", tenant);
    json_str(&j, "user", who->user.name);
    json_str(&j, "role", role_name(who->user.role));
    json_int(&j, "now_ms", sn_utc_ms());
    json_int(&j, "devices", (int64_t)counts.devices);
    json_int(&j, "polled_recently", (int64_t)fleet_polled_recently(app->fleet, who->tenant));
    json_num(&j, "polls_per_s", metrics_polls_per_s());
    json_int(&j, "in_flight", (int64_t)counts.open_actions);
    json_int(&j, "modules", (int64_t)counts.modules);
    json_int(&j, "sets", (int64_t)counts.sets);
    json_int(&j, "rollouts", (int64_t)counts.rollouts);
    json_obj_end(&j);
    reply_json(w, 200, &j);
}

API_HANDLER(api_devices) {
    fleet_page page;
    fleet_device *rows;
    uint32_t n;
    uint64_t total;
    json j = {0};
    if (reply_page(w, r, "search", &page)) return;
    int rc = fleet_devices(app->fleet, who->tenant, &page, &rows, &n, &total);
    if (rc) {
        reply_result(w, rc, NULL);
        return;
    }
    api_list_begin(&j, "devices", total, &page);
    for (uint32_t i = 0; i < n; i++) api_render_device(&j, NULL, &rows[i]);
    api_list_end(&j);
    free(rows);
    reply_json(w, 200, &j);
}

API_HANDLER(api_device) {
    fleet_device d;
    fleet_attr *attrs = NULL;
    uint32_t n = 0;
    json j = {0};
    const char *cid = sn_http_value(r, "cid");
    int rc = fleet_device_get(app->fleet, who->tenant, cid, &d);
    if (!rc) rc = fleet_device_attrs(app->fleet, who->tenant, cid, &attrs, &n);
    if (rc) {
        reply_result(w, rc, NULL);
        return;
    }
    json_obj(&j, NULL);
    api_render_device(&j, "device", &d);
    json_obj(&j, "attributes");
    for (uint32_t i = 0; i < n; i++) json_str(&j, attrs[i].key, attrs[i].value);
    json_obj_end(&j);
    json_obj_end(&j);
    free(attrs);
    reply_json(w, 200, &j);
}

API_HANDLER(api_device_actions) {
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
    api_list_begin(&j, "actions", total, &page);
    for (uint32_t i = 0; i < n; i++) api_render_action(&j, &rows[i]);
    api_list_end(&j);
    free(rows);
    reply_json(w, 200, &j);
}

API_HANDLER(api_device_token) {
    char token[TOKEN_MAX + 1];
    fleet_err err = {""};
    json j = {0};
    int rc =
        fleet_device_token(app->fleet, &who->actor, sn_http_value(r, "cid"), NULL, token, &err);
    if (rc) {
        reply_result(w, rc, &err);
        return;
    }
    json_obj(&j, NULL);
    json_str(&j, "token", token);
    json_obj_end(&j);
    sn_http_set(w, "Cache-Control", "no-store");
    reply_json(w, 200, &j);
}

API_HANDLER(api_sets) {
    fleet_page page;
    fleet_set *rows;
    uint32_t n;
    uint64_t total;
    json j = {0};
    if (reply_page(w, r, "search", &page)) return;
    int rc = fleet_sets(app->fleet, who->tenant, &page, &rows, &n, &total);
    if (rc) {
        reply_result(w, rc, NULL);
        return;
    }
    api_list_begin(&j, "sets", total, &page);
    for (uint32_t i = 0; i < n; i++) {
        json_obj(&j, NULL);
        json_int(&j, "id", rows[i].id);
        json_str(&j, "name", rows[i].name);
        json_str(&j, "version", rows[i].version);
        json_str(&j, "type", rows[i].type);
        json_bool(&j, "locked", rows[i].locked != 0);
        json_int(&j, "created_ms", rows[i].created_ms);
        json_obj_end(&j);
    }
    api_list_end(&j);
    free(rows);
    reply_json(w, 200, &j);
}

static void render_user(json *j, const fleet_user *u) {
    json_obj(j, NULL);
    json_int(j, "id", u->id);
    json_str(j, "name", u->name);
    json_str(j, "role", role_name(u->role));
    json_int(j, "created_ms", u->created_ms);
    json_obj_end(j);
}

API_HANDLER(api_users) {
    (void)r;
    fleet_user *rows;
    uint32_t n;
    json j = {0};
    const fleet_page all = {0};
    int rc = fleet_users(app->fleet, who->tenant, &rows, &n);
    if (rc) {
        reply_result(w, rc, NULL);
        return;
    }
    api_list_begin(&j, "users", n, &all);
    for (uint32_t i = 0; i < n; i++) render_user(&j, &rows[i]);
    api_list_end(&j);
    free(rows);
    reply_json(w, 200, &j);
}

static void create_user(struct app *app, sn_http_writer *w, struct caller *who, const char *name,
                        enum fleet_role role) {
    char token[TOKEN_CHARS + 1];
    int64_t id;
    fleet_err err = {""};
    json j = {0};
    int rc = fleet_user_create(app->fleet, &who->actor, name, role, token, &id, &err);
    if (rc) {
        reply_result(w, rc, &err);
        return;
    }
    json_obj(&j, NULL);
    json_int(&j, "id", id);
    json_str(&j, "name", name);
    json_str(&j, "role", role_name(role));
    json_str(&j, "token", token);
    json_obj_end(&j);
    sn_http_set(w, "Cache-Control", "no-store");
    reply_json(w, 201, &j);
}

API_HANDLER(api_user_create) {
    cJSON *body = reply_body_object(w, r, BODY_MAX);
    if (!body) return;
    const char *name = json_in_str(body, "name"), *word = json_in_str(body, "role");
    enum fleet_role role = word ? role_parse(word) : ROLE_NONE;
    if (name && role != ROLE_NONE)
        create_user(app, w, who, name, role);
    else
        sn_http_problem(w, 400, NULL, NULL,
                        "name must be a text and role viewer, operator, approver or admin");
    cJSON_Delete(body);
}

API_HANDLER(api_user_delete) {
    int64_t id;
    fleet_err err = {""};
    if (reply_path_id(w, r, "id", &id)) return;
    int rc = fleet_user_delete(app->fleet, &who->actor, id, &err);
    if (rc)
        reply_result(w, rc, &err);
    else
        sn_http_reply(w, 204, NULL, "", 0);
}
