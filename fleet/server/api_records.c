/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The record: a page of it, and the whole chain as a file for `record verify`. */
#include "api.h"

#include "reply.h"
#include <sennit/file.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

API_HANDLER(api_records) {
    fleet_page page;
    fleet_record *rows;
    uint32_t n;
    uint64_t total;
    json j = {0};
    const char *object = sn_http_query(r, "object");
    if (reply_page(w, r, NULL, &page)) return;
    int rc = fleet_records(app->fleet, who->tenant, object && *object ? object : NULL, &page, &rows,
                           &n, &total);
    if (rc) {
        reply_result(w, rc, NULL);
        return;
    }
    api_list_begin(&j, "records", total, &page);
    for (uint32_t i = 0; i < n; i++) json_raw(&j, NULL, rows[i].line, strlen(rows[i].line));
    api_list_end(&j);
    free(rows);
    reply_json(w, 200, &j);
}

struct export {
    struct app *app;
    int64_t tenant;
    char path[400];
    fleet_err err;
};

static int export_op(sql *db, void *arg) {
    struct export *e = arg;
    return record_export(db, fleet_record_key(e->app->fleet), e->tenant, e->path, &e->err);
}

static void send_file(sn_http_writer *w, sn_http_request *r, const char *path) {
    sn_file *file;
    sn_file_info info;
    int rc = sn_file_open(&file, path, SN_F_READ);
    if (rc) {
        reply_result(w, SN_EIO, NULL);
        return;
    }
    rc = sn_file_stat(file, &info);
    sn_http_content c = {.size = sizeof c,
                         .type = "application/x-ndjson",
                         .length = info.size,
                         .read = reply_file_read,
                         .arg = file};
    sn_http_set(w, "Content-Disposition", "attachment; filename=\"record.ndjson\"");
    if (rc)
        reply_result(w, SN_EIO, NULL);
    else
        sn_http_serve_content(w, r, &c);
    sn_file_close(file);
}

API_HANDLER(api_records_export) {
    struct export e = {.app = app, .tenant = who->tenant};
    uint64_t tag;
    sn_random(&tag, sizeof tag);
    snprintf(e.path, sizeof e.path, "%.300s/export-%016llx", fleet_data_dir(app->fleet),
             (unsigned long long)tag);
    int rc = store_read(fleet_store(app->fleet), export_op, &e);
    if (rc)
        reply_result(w, rc, &e.err);
    else
        send_file(w, r, e.path);
    uint32_t was = sn_shield(1); /* who is cancelled cleans up too */
    rc = sn_path_remove(e.path);
    (void)rc; /* not there when the export failed at once */
    sn_shield(was);
}
