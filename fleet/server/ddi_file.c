/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Artifact downloads. A device gets only files of modules assigned to it or installed on it. */
#include "ddi_file.h"

#include "ddi.h"
#include "reply.h"
#include <sennit/file.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The name as it may stand in a quoted header value. */
static void quotable(const char *name, char out[FLEET_FILENAME_MAX + 1]) {
    size_t i = 0;
    for (; name[i] && i < FLEET_FILENAME_MAX; i++) {
        unsigned char c = (unsigned char)name[i];
        out[i] = c < 0x20 || c > 0x7e || c == '"' || c == '\\' ? '_' : name[i];
    }
    out[i] = 0;
}

void ddi_file_serve(struct app *app, sn_http_writer *w, sn_http_request *r,
                    const fleet_artifact *a) {
    char path[512], etag[48], name[FLEET_FILENAME_MAX + 1];
    sn_file *file;
    int rc = artifact_path(fleet_artifact_dir(app->fleet), a->h.sha256, path, sizeof path);
    if (!rc) rc = sn_file_open(&file, path, SN_F_READ);
    if (rc) {
        sn_http_problemf(w, 500, "the artifact's file cannot be opened: %s", sn_strerror(rc));
        return;
    }
    snprintf(etag, sizeof etag, "\"%s\"", a->h.sha1);
    quotable(a->filename, name);
    sn_http_setf(w, "Content-Disposition", "attachment; filename=\"%s\"", name);
    sn_http_set(w, "X-Content-Type-Options", "nosniff");
    sn_http_content content = {.size = sizeof content,
                               .length = a->h.size,
                               .etag = etag,
                               .modified_ms = a->created_ms,
                               .read = reply_file_read,
                               .arg = file};
    sn_http_serve_content(w, r, &content);
    sn_file_close(file);
}

void ddi_artifacts(struct app *app, sn_http_writer *w, sn_http_request *r, struct caller *who) {
    int64_t module;
    fleet_artifact *rows;
    uint32_t n;
    struct ddi_base base;
    json j = {0};
    if (reply_path_id(w, r, "module", &module)) return;
    int rc = fleet_device_artifacts(app->fleet, &who->device, module, NULL, &rows, &n);
    if (rc) {
        reply_result(w, rc, NULL);
        return;
    }
    if (!ddi_base_of(app, w, r, who->device.cid, &base)) {
        ddi_render_artifacts(&j, &base, rows, n);
        reply_json(w, 200, &j);
    }
    free(rows);
}

#define SUM ".MD5SUM"

void ddi_artifact(struct app *app, sn_http_writer *w, sn_http_request *r, struct caller *who) {
    int64_t module;
    fleet_artifact *row;
    uint32_t n;
    char name[FLEET_FILENAME_MAX + sizeof SUM];
    const char *asked = sn_http_value(r, "file");
    size_t len = strlen(asked);
    if (reply_path_id(w, r, "module", &module)) return;
    if (len >= sizeof name) {
        sn_http_problem(w, 404, NULL, NULL, "no such file");
        return;
    }
    memcpy(name, asked, len + 1);
    int sum = len > strlen(SUM) && !strcmp(name + len - strlen(SUM), SUM);
    if (sum) name[len - strlen(SUM)] = 0;
    int rc = fleet_device_artifacts(app->fleet, &who->device, module, name, &row, &n);
    if (rc) {
        reply_result(w, rc, NULL);
        return;
    }
    if (sum)
        sn_http_replyf(w, 200, "%s  %s", row->h.md5, row->filename);
    else
        ddi_file_serve(app, w, r, row);
    free(row);
}
