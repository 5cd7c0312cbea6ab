/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* /rest/v1/distributionsets: sets of modules, and giving them to devices by hand. */
#include "mgmt.h"

#include "reply.h"
#include <stdlib.h>
#include <string.h>

#define ASSIGN_MAX 1000

static void render_set(json *j, const fleet_set *s) {
    json_obj(j, NULL);
    json_int(j, "id", s->id);
    json_str(j, "name", s->name);
    json_str(j, "version", s->version);
    json_str(j, "type", s->type);
    json_bool(j, "complete", s->modules_n > 0);
    json_bool(j, "locked", s->locked != 0);
    json_int(j, "createdAt", s->created_ms);
    json_obj_end(j);
}

MGMT_HANDLER(mgmt_sets) {
    fleet_page page;
    fleet_set *rows;
    uint32_t n;
    uint64_t total;
    json j = {0};
    if (reply_page(w, r, NULL, &page)) return;
    int rc = fleet_sets(app->fleet, who->tenant, &page, &rows, &n, &total);
    if (rc) {
        reply_result(w, rc, NULL);
        return;
    }
    mgmt_list_begin(&j);
    for (uint32_t i = 0; i < n; i++) render_set(&j, &rows[i]);
    mgmt_list_end(&j, total, n);
    free(rows);
    reply_json(w, 200, &j);
}

/* Reads [{"id":1}, …] into ids; how many, or SN_EINVAL. */
static int read_ids(const cJSON *list, int64_t ids[FLEET_SET_MODULES_MAX], fleet_err *err) {
    const cJSON *o;
    int n = 0;
    if (!list) return 0;
    if (!cJSON_IsArray(list)) return fleet_fail(err, SN_EINVAL, "modules is not an array");
    cJSON_ArrayForEach(o, list) {
        if (n == FLEET_SET_MODULES_MAX)
            return fleet_fail(err, SN_EINVAL, "more than %d modules", FLEET_SET_MODULES_MAX);
        if (!json_in_int(o, "id", &ids[n]))
            return fleet_fail(err, SN_EINVAL, "a module without an id");
        n++;
    }
    return n;
}

static int create_one(void *arg, const cJSON *o) {
    struct mgmt_creation *c = arg;
    int64_t ids[FLEET_SET_MODULES_MAX], id;
    fleet_set set;
    const char *name = json_in_str(o, "name"), *version = json_in_str(o, "version");
    const char *type = json_in_str(o, "type");
    int n = read_ids(json_in_get(o, "modules"), ids, c->err);
    if (n < 0) return n;
    if (!name || !version) return fleet_fail(c->err, SN_EINVAL, "name or version is not a text");
    int rc = fleet_set_create(c->app->fleet, &c->who->actor, name, version, type ? type : "os_app",
                              ids, (uint32_t)n, &id, c->err);
    if (!rc) rc = fleet_set_get(c->app->fleet, c->who->tenant, id, &set);
    if (!rc) render_set(c->out, &set);
    return rc;
}

MGMT_HANDLER(mgmt_sets_create) { mgmt_create(app, w, r, who, NULL, create_one); }

MGMT_HANDLER(mgmt_set) {
    int64_t id;
    fleet_set set;
    json j = {0};
    if (reply_path_id(w, r, "id", &id)) return;
    int rc = fleet_set_get(app->fleet, who->tenant, id, &set);
    if (rc) {
        reply_result(w, rc, NULL);
        return;
    }
    render_set(&j, &set);
    reply_json(w, 200, &j);
}

MGMT_HANDLER(mgmt_set_delete) {
    int64_t id;
    fleet_err err = {""};
    if (reply_path_id(w, r, "id", &id)) return;
    reply_done(w, fleet_set_delete(app->fleet, &who->actor, id, &err), &err);
}

MGMT_HANDLER(mgmt_set_modules) {
    int64_t id;
    fleet_module *rows;
    uint32_t n;
    json j = {0};
    if (reply_path_id(w, r, "id", &id)) return;
    int rc = fleet_set_modules(app->fleet, who->tenant, id, &rows, &n);
    if (rc) {
        reply_result(w, rc, NULL);
        return;
    }
    mgmt_list_begin(&j);
    for (uint32_t i = 0; i < n; i++) mgmt_render_module(&j, &rows[i]);
    mgmt_list_end(&j, n, n);
    free(rows);
    reply_json(w, 200, &j);
}

MGMT_HANDLER(mgmt_set_modules_add) {
    int64_t id, ids[FLEET_SET_MODULES_MAX];
    fleet_err err = {""};
    if (reply_path_id(w, r, "id", &id)) return;
    cJSON *body = reply_body_json(w, r, (size_t)app->conf->body_max);
    if (!body) return;
    int n = read_ids(body, ids, &err);
    cJSON_Delete(body);
    int rc = n < 0 ? n : fleet_set_add(app->fleet, &who->actor, id, ids, (uint32_t)n, &err);
    reply_done(w, rc, &err);
}

/* What one assignment needs: filled from the body, whose texts it points to. */
struct assignment {
    const char *cids[ASSIGN_MAX];
    int64_t ids[ASSIGN_MAX];
    uint32_t n, forced;
    fleet_err *err;
};

/* {"id":"veh-1","type":"soft"|"forced"}; one kind for all of a request. */
static int add_target(void *arg, const cJSON *o) {
    struct assignment *a = arg;
    const char *cid = json_in_str(o, "id"), *type = json_in_str(o, "type");
    if (!cid) return fleet_fail(a->err, SN_EINVAL, "a target without an id");
    if (type && strcmp(type, "soft") && strcmp(type, "forced"))
        return fleet_fail(a->err, SN_EINVAL, "type \"%.40s\" is not soft or forced", type);
    uint32_t forced = !type || !strcmp(type, "forced");
    if (a->n && forced != a->forced)
        return fleet_fail(a->err, SN_EINVAL, "soft and forced in one request");
    a->forced = forced;
    a->cids[a->n++] = cid;
    return 0;
}

static void render_assignment(json *j, const struct assignment *a) {
    uint32_t fresh = 0;
    json_obj(j, NULL);
    json_arr(j, "assignedActions");
    for (uint32_t i = 0; i < a->n; i++) {
        if (!a->ids[i]) continue;
        fresh++;
        json_obj(j, NULL);
        json_int(j, "id", a->ids[i]);
        json_obj_end(j);
    }
    json_arr_end(j);
    json_int(j, "assigned", fresh);
    json_int(j, "alreadyAssigned", a->n - fresh);
    json_int(j, "total", a->n);
    json_obj_end(j);
}

MGMT_HANDLER(mgmt_assign) {
    int64_t id;
    fleet_err err = {""};
    json j = {0};
    if (reply_path_id(w, r, "id", &id)) return;
    cJSON *body = reply_body_json(w, r, (size_t)app->conf->body_max);
    if (!body) return;
    struct assignment *a = calloc(1, sizeof *a);
    int rc = a ? 0 : SN_ENOMEM;
    if (a) a->err = &err;
    if (!rc) rc = mgmt_each(body, add_target, a, &err);
    if (!rc) rc = fleet_assign(app->fleet, &who->actor, id, a->cids, a->n, a->forced, a->ids, &err);
    if (rc) {
        reply_result(w, rc, &err);
    } else {
        render_assignment(&j, a);
        reply_json(w, 200, &j);
    }
    free(a);
    cJSON_Delete(body);
}
