/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Upload of an artifact: multipart/form-data, straight to disk with its hashes, never whole in
 * memory. Its form's part with a file name is the artifact; a part called "filename" renames it,
 * as hawkBit has it. */
#include "mgmt_artifact.h"

#include "multipart.h"
#include "reply.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORM_EXTRA (64u << 10)

struct upload {
    artifact_upload *file; /**< while the part is read */
    const char *dir;
    int has_file, in_file, in_name;
    size_t name_len;
    char filename[FLEET_FILENAME_MAX + 1]; /**< of the file's part */
    char renamed[FLEET_FILENAME_MAX + 1];
    fleet_err err;
    struct multipart form;
    struct multipart_sink sink;
    char piece[MULTIPART_PIECE_MAX];
};

static int on_part(void *arg, const char *name, const char *filename) {
    struct upload *u = arg;
    u->in_file = u->in_name = 0;
    if (!filename) {
        u->in_name = !strcmp(name, "filename");
        return 0;
    }
    if (u->has_file) return fleet_fail(&u->err, SN_EINVAL, "more than one file in the form");
    if (strlen(filename) > FLEET_FILENAME_MAX)
        return fleet_fail(&u->err, SN_EINVAL, "the file's name is longer than %d bytes",
                          FLEET_FILENAME_MAX);
    snprintf(u->filename, sizeof u->filename, "%s", filename);
    u->has_file = u->in_file = 1;
    return artifact_begin(&u->file, u->dir, &u->err);
}

static int on_data(void *arg, const void *bytes, size_t n) {
    struct upload *u = arg;
    if (u->in_file) return artifact_add(u->file, bytes, n, &u->err);
    if (!u->in_name) return 0;
    if (n > FLEET_FILENAME_MAX - u->name_len)
        return fleet_fail(&u->err, SN_EINVAL, "filename is longer than %d bytes",
                          FLEET_FILENAME_MAX);
    memcpy(u->renamed + u->name_len, bytes, n);
    u->name_len += n;
    return 0;
}

static int on_end(void *arg) {
    (void)arg;
    return 0;
}

/* Reads the whole body through the form. 0, or why it broke off (with err or answered by the
 * server when that is the body's own fault). */
static int receive(sn_http_request *r, struct upload *u) {
    for (;;) {
        size_t n;
        int rc = sn_http_body_read(r, u->piece, sizeof u->piece, &n);
        if (rc) return rc;
        if (!n) break;
        rc = multipart_feed(&u->form, u->piece, n);
        if (rc && u->err.text[0]) return rc;
        if (rc) return fleet_fail(&u->err, rc, "the multipart body is malformed");
    }
    if (multipart_finish(&u->form))
        return fleet_fail(&u->err, SN_EBADMSG, "the multipart body has no closing delimiter");
    if (!u->has_file) return fleet_fail(&u->err, SN_EINVAL, "the form has no part with a file");
    return 0;
}

/* Enters the file that was received. */
static int enter(struct app *app, struct caller *who, int64_t module, struct upload *u,
                 fleet_artifact *made) {
    const char *name = u->renamed[0] ? u->renamed : u->filename;
    memset(made, 0, sizeof *made);
    made->module = module;
    made->created_ms = sn_utc_ms();
    snprintf(made->filename, sizeof made->filename, "%s", name);
    int rc = artifact_finish(u->file, &made->h, &u->err);
    u->file = NULL;
    if (!rc)
        rc = fleet_artifact_create(app->fleet, &who->actor, module, name, &made->h, &made->id,
                                   &u->err);
    if (rc && !u->err.text[0]) fleet_fail(&u->err, rc, "%s", fleet_result_name(rc));
    return rc;
}

static void upload(struct app *app, sn_http_writer *w, sn_http_request *r, struct caller *who,
                   int64_t module, struct upload *u) {
    fleet_artifact made;
    json j = {0};
    sn_http_body_limit(r, FLEET_ARTIFACT_MAX + FORM_EXTRA);
    int rc = receive(r, u);
    if (!rc) rc = enter(app, who, module, u, &made);
    if (u->file) artifact_abort(u->file);
    if (!rc) {
        mgmt_render_artifact(&j, &made);
        reply_json(w, 201, &j);
    } else if (u->err.text[0]) {
        reply_result(w, rc, &u->err);
    }
}

MGMT_HANDLER(mgmt_artifact_upload) {
    int64_t id;
    fleet_module m;
    if (reply_path_id(w, r, "id", &id)) return;
    int rc = fleet_module_get(app->fleet, who->tenant, id, &m);
    struct upload *u = rc ? NULL : calloc(1, sizeof *u);
    if (!rc && !u) rc = SN_ENOMEM;
    if (rc) {
        reply_result(w, rc, NULL);
        return;
    }
    u->dir = fleet_artifact_dir(app->fleet);
    u->sink = (struct multipart_sink){on_part, on_data, on_end, u};
    if (multipart_begin(&u->form, sn_http_header(r, "Content-Type"), &u->sink))
        sn_http_problem(w, 415, NULL, NULL, "multipart/form-data with a boundary is needed");
    else
        upload(app, w, r, who, id, u);
    free(u);
}
