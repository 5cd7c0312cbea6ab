/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* /rest/v1/softwaremodules: modules, and deleting or listing their artifacts. */
#include "mgmt.h"

#include "ddi_file.h"
#include "mgmt_artifact.h"
#include "reply.h"
#include <stdlib.h>

void mgmt_render_module(json *j, const fleet_module *m) {
    json_obj(j, NULL);
    json_int(j, "id", m->id);
    json_str(j, "name", m->name);
    json_str(j, "version", m->version);
    json_str(j, "type", m->type);
    json_int(j, "createdAt", m->created_ms);
    json_obj_end(j);
}

MGMT_HANDLER(mgmt_modules) {
    fleet_page page;
    fleet_module *rows;
    uint32_t n;
    uint64_t total;
    json j = {0};
    if (reply_page(w, r, NULL, &page)) return;
    int rc = fleet_modules(app->fleet, who->tenant, &page, &rows, &n, &total);
    if (rc) {
        reply_result(w, rc, NULL);
        return;
    }
    mgmt_list_begin(&j);
    for (uint32_t i = 0; i < n; i++) mgmt_render_module(&j, &rows[i]);
    mgmt_list_end(&j, total, n);
    free(rows);
    reply_json(w, 200, &j);
}

static int create_one(void *arg, const cJSON *o) {
    struct mgmt_creation *c = arg;
    int64_t id;
    fleet_module m;
    const char *name = json_in_str(o, "name"), *version = json_in_str(o, "version");
    const char *type = json_in_str(o, "type");
    if (!name || !version) return fleet_fail(c->err, SN_EINVAL, "name or version is not a text");
    int rc = fleet_module_create(c->app->fleet, &c->who->actor, name, version, type ? type : "os",
                                 &id, c->err);
    if (!rc) rc = fleet_module_get(c->app->fleet, c->who->tenant, id, &m);
    if (!rc) mgmt_render_module(c->out, &m);
    return rc;
}

MGMT_HANDLER(mgmt_modules_create) { mgmt_create(app, w, r, who, NULL, create_one); }

MGMT_HANDLER(mgmt_module) {
    int64_t id;
    fleet_module m;
    json j = {0};
    if (reply_path_id(w, r, "id", &id)) return;
    int rc = fleet_module_get(app->fleet, who->tenant, id, &m);
    if (rc) {
        reply_result(w, rc, NULL);
        return;
    }
    mgmt_render_module(&j, &m);
    reply_json(w, 200, &j);
}

MGMT_HANDLER(mgmt_module_delete) {
    int64_t id;
    fleet_err err = {""};
    if (reply_path_id(w, r, "id", &id)) return;
    reply_done(w, fleet_module_delete(app->fleet, &who->actor, id, &err), &err);
}

void mgmt_render_artifact(json *j, const fleet_artifact *a) {
    json_obj(j, NULL);
    json_int(j, "id", a->id);
    json_str(j, "providedFilename", a->filename);
    json_int(j, "size", (int64_t)a->h.size);
    json_obj(j, "hashes");
    json_str(j, "sha1", a->h.sha1);
    json_str(j, "md5", a->h.md5);
    json_str(j, "sha256", a->h.sha256);
    json_obj_end(j);
    json_int(j, "createdAt", a->created_ms);
    json_obj_end(j);
}

/* The artifacts of the path's module. 0, or -1 when it was answered. */
static int list(struct app *app, sn_http_writer *w, sn_http_request *r, struct caller *who,
                fleet_artifact **rows, uint32_t *n) {
    int64_t id;
    fleet_module m;
    if (reply_path_id(w, r, "id", &id)) return -1;
    int rc = fleet_module_get(app->fleet, who->tenant, id, &m);
    if (!rc) rc = fleet_artifacts(app->fleet, who->tenant, id, rows, n);
    if (rc) reply_result(w, rc, NULL);
    return rc ? -1 : 0;
}

MGMT_HANDLER(mgmt_artifacts) {
    fleet_artifact *rows;
    uint32_t n;
    json j = {0};
    if (list(app, w, r, who, &rows, &n)) return;
    json_arr(&j, NULL);
    for (uint32_t i = 0; i < n; i++) mgmt_render_artifact(&j, &rows[i]);
    json_arr_end(&j);
    free(rows);
    reply_json(w, 200, &j);
}

int mgmt_find_artifact(struct app *app, sn_http_writer *w, sn_http_request *r, struct caller *who,
                       fleet_artifact *out) {
    int64_t id;
    fleet_artifact *rows;
    uint32_t n, i = 0;
    if (reply_path_id(w, r, "artifact", &id) || list(app, w, r, who, &rows, &n)) return -1;
    while (i < n && rows[i].id != id) i++;
    if (i < n) *out = rows[i];
    free(rows);
    if (i < n) return 0;
    reply_result(w, SN_ENOENT, NULL);
    return -1;
}

MGMT_HANDLER(mgmt_artifact) {
    fleet_artifact a;
    json j = {0};
    if (mgmt_find_artifact(app, w, r, who, &a)) return;
    mgmt_render_artifact(&j, &a);
    reply_json(w, 200, &j);
}

MGMT_HANDLER(mgmt_artifact_download) {
    fleet_artifact a;
    if (!mgmt_find_artifact(app, w, r, who, &a)) ddi_file_serve(app, w, r, &a);
}

MGMT_HANDLER(mgmt_artifact_delete) {
    fleet_artifact a;
    fleet_err err = {""};
    if (mgmt_find_artifact(app, w, r, who, &a)) return;
    int rc = fleet_artifact_delete(app->fleet, &who->actor, a.module, a.id, &err);
    reply_done(w, rc, &err);
}
