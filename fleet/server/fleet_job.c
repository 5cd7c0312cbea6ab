/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a device may fetch: its job, what it runs, and the artifacts of both. */
#include <stdlib.h>
#include <string.h>

#include "fleet_impl.h"

struct job {
    const fleet_device_ref *d;
    int64_t action;
    int installed; /* the last finished one instead of an open one */
    fleet_deployment dep;
    fleet_artifact *artifacts;
    uint32_t n, cap;
};

static int read_action(sql *db, struct job *j) {
    sqlite3_stmt *st;
    int rc = sql_query(db, &st,
                       "SELECT a.set_id, a.status, a.forced, a.device_id, d.installed_action"
                       " FROM action a JOIN device d ON d.id = a.device_id"
                       " WHERE a.tenant_id = ? AND a.id = ?",
                       "ii", j->d->tenant, j->action);
    if (!rc) rc = sql_step(db, st);
    int fits = 0;
    if (rc == 1) {
        j->dep.action = j->action;
        j->dep.set_id = sqlite3_column_int64(st, 0);
        j->dep.status = (enum action_status)sqlite3_column_int(st, 1);
        j->dep.forced = (uint32_t)sqlite3_column_int(st, 2);
        enum action_status s = j->dep.status;
        fits = sqlite3_column_int64(st, 3) == j->d->id &&
               (j->installed ? sqlite3_column_int64(st, 4) == j->action
                             : !action_closed(s) && s != ACTION_CANCELING);
    }
    sql_end(st);
    return rc < 0 ? rc : fits ? 0 : SN_ENOENT;
}

static void read_artifact_at(sqlite3_stmt *st, int c, fleet_artifact *a) {
    a->id = sqlite3_column_int64(st, c++);
    a->module = sqlite3_column_int64(st, c++);
    sql_text(st, c++, a->filename, sizeof a->filename);
    a->h.size = (uint64_t)sqlite3_column_int64(st, c++);
    sql_text(st, c++, a->h.md5, sizeof a->h.md5);
    sql_text(st, c++, a->h.sha1, sizeof a->h.sha1);
    sql_text(st, c++, a->h.sha256, sizeof a->h.sha256);
    a->created_ms = sqlite3_column_int64(st, c);
}

static int read_artifact(sqlite3_stmt *st, void *row) {
    read_artifact_at(st, 0, row);
    return 0;
}

#define ARTIFACT_COLUMNS                                                                           \
    "t.id, t.module_id, t.filename, t.size, t.md5, t.sha1, t.sha256, t.created_ms"

static int add_chunk(struct job *j, sqlite3_stmt *st) {
    if (j->dep.chunks_n == FLEET_SET_MODULES_MAX) return FLEET_DAMAGED;
    fleet_module *m = &j->dep.chunks[j->dep.chunks_n++].module;
    m->id = sqlite3_column_int64(st, 0);
    sql_text(st, 1, m->name, sizeof m->name);
    sql_text(st, 2, m->version, sizeof m->version);
    sql_text(st, 3, m->type, sizeof m->type);
    m->created_ms = sqlite3_column_int64(st, 4);
    return 0;
}

static int read_chunks(sql *db, struct job *j) {
    sqlite3_stmt *st;
    int rc = sql_query(db, &st,
                       "SELECT m.id, m.name, m.version, m.type, m.created_ms FROM dset_module s"
                       " JOIN module m ON m.id = s.module_id"
                       " WHERE s.tenant_id = ? AND s.set_id = ? ORDER BY m.id",
                       "ii", j->d->tenant, j->dep.set_id);
    while (!rc && (rc = sql_step(db, st)) == 1) rc = add_chunk(j, st);
    sql_end(st);
    return rc;
}

static fleet_artifact *room_for_one(struct job *j) {
    if (j->n == j->cap) {
        uint32_t cap = j->cap ? j->cap * 2 : 4;
        fleet_artifact *more = realloc(j->artifacts, cap * sizeof *more);
        if (!more) return NULL;
        j->artifacts = more;
        j->cap = cap;
    }
    return &j->artifacts[j->n];
}

static int add_file(struct job *j, sqlite3_stmt *st) {
    if (j->n == FLEET_SET_MODULES_MAX * FLEET_MODULE_ARTIFACTS_MAX) return FLEET_DAMAGED;
    fleet_artifact *a = room_for_one(j);
    if (!a) return SN_ENOMEM;
    memset(a, 0, sizeof *a);
    read_artifact_at(st, 0, a);
    j->n++;
    return 0;
}

/* Ordered by module, as the chunks are. */
static int read_files(sql *db, struct job *j) {
    sqlite3_stmt *st;
    int rc = sql_query(db, &st,
                       "SELECT " ARTIFACT_COLUMNS " FROM dset_module s JOIN artifact t"
                       " ON t.tenant_id = s.tenant_id AND t.module_id = s.module_id"
                       " WHERE s.tenant_id = ? AND s.set_id = ? ORDER BY t.module_id, t.id",
                       "ii", j->d->tenant, j->dep.set_id);
    while (!rc && (rc = sql_step(db, st)) == 1) rc = add_file(j, st);
    sql_end(st);
    return rc;
}

static int job_op(sql *db, void *arg) {
    struct job *j = arg;
    int rc = read_action(db, j);
    if (!rc) rc = read_chunks(db, j);
    return rc ? rc : read_files(db, j);
}

/* One block: the deployment, then its artifacts. */
static fleet_deployment *pack(const struct job *j) {
    fleet_deployment *d = malloc(sizeof *d + j->n * sizeof(fleet_artifact));
    if (!d) return NULL;
    *d = j->dep;
    fleet_artifact *files = (fleet_artifact *)(void *)(d + 1);
    if (j->n) memcpy(files, j->artifacts, j->n * sizeof *files);
    uint32_t at = 0;
    for (uint32_t i = 0; i < d->chunks_n; i++) {
        fleet_chunk *c = &d->chunks[i];
        c->artifacts = files + at;
        while (at < j->n && files[at].module == c->module.id) at++;
        c->module.artifacts_n = (uint32_t)(files + at - c->artifacts);
    }
    strncpy(d->last_status, action_status_name(d->status), sizeof d->last_status - 1);
    return d;
}

static int job_get(fleet *f, const fleet_device_ref *d, int64_t action, int is_installed,
                   fleet_deployment **out) {
    struct job *j = calloc(1, sizeof *j);
    *out = NULL;
    if (!j) return SN_ENOMEM;
    j->d = d;
    j->action = action;
    j->installed = is_installed;
    int rc = store_read(f->store, job_op, j);
    if (!rc) *out = pack(j);
    if (!rc && !*out) rc = SN_ENOMEM;
    free(j->artifacts);
    free(j);
    return rc;
}

int fleet_deployment_get(fleet *f, const fleet_device_ref *d, int64_t action,
                         fleet_deployment **out) {
    return job_get(f, d, action, 0, out);
}

int fleet_installed_get(fleet *f, const fleet_device_ref *d, int64_t action,
                        fleet_deployment **out) {
    return job_get(f, d, action, 1, out);
}

struct cancel_query {
    const fleet_device_ref *d;
    int64_t action;
};

static int cancel_op(sql *db, void *arg) {
    struct cancel_query *q = arg;
    action_row a;
    int rc = action_get(db, q->d->tenant, q->action, &a);
    if (rc != 1) return rc ? rc : SN_ENOENT;
    return a.device == q->d->id && a.status == ACTION_CANCELING ? 0 : SN_ENOENT;
}

int fleet_cancel_get(fleet *f, const fleet_device_ref *d, int64_t action) {
    struct cancel_query q = {d, action};
    return store_read(f->store, cancel_op, &q);
}

int fleet_device_artifacts(fleet *f, const fleet_device_ref *d, int64_t module,
                           const char *filename, fleet_artifact **rows, uint32_t *n) {
    list_spec s = {.rows = "SELECT " ARTIFACT_COLUMNS " FROM artifact t WHERE t.tenant_id = ?1"
                           " AND t.module_id = ?2 AND (?3 IS NULL OR t.filename = ?3)"
                           " AND EXISTS(SELECT 1 FROM dset_module s WHERE s.tenant_id = ?1"
                           " AND s.module_id = ?2 AND (s.set_id IN (SELECT set_id FROM action"
                           " WHERE tenant_id = ?1 AND device_id = ?6 AND active = 1) OR s.set_id ="
                           " (SELECT installed_set FROM device WHERE tenant_id = ?1 AND id = ?6)))"
                           " ORDER BY t.id LIMIT ?4 OFFSET ?5",
                   .size = sizeof **rows,
                   .read = read_artifact,
                   .tenant = d->tenant,
                   .id = module,
                   .extra = d->id,
                   .text = filename};
    int rc = fleet_list(f, &s, (void **)rows, n, NULL);
    if (rc || *n) return rc;
    free(*rows);
    *rows = NULL;
    return SN_ENOENT;
}

/* ---- PUT installedBase
 * ---------------------------------------------------------------------------- */

struct installed_args {
    fleet *f;
    const fleet_device_ref *d;
    const char *name, *version;
    int64_t set;
};

static int installed_op(sql *db, void *arg) {
    struct installed_args *a = arg;
    int rc =
        sql_int(db, &a->set, "SELECT id FROM dset WHERE tenant_id = ? AND name = ? AND version = ?",
                "iss", a->d->tenant, a->name, a->version);
    if (rc != 1) return rc ? rc : SN_ENOENT;
    return sql_run(db,
                   "UPDATE device SET installed_set = ?, installed_action = 0"
                   " WHERE tenant_id = ? AND id = ?",
                   "iii", a->set, a->d->tenant, a->d->id);
}

static void set_installed(shard *s, void *arg) {
    const struct installed_args *a = arg;
    shard_dev *d = shard_find_row(s, cohort_key(a->d->tenant, a->d->cid, strlen(a->d->cid)),
                                  (uint32_t)a->d->id);
    if (!d) return;
    d->set = (uint32_t)a->set;
    d->installed_action = 0;
}

static void installed_done(void *arg, int result) {
    struct installed_args *a = arg;
    if (result) return;
    uint64_t key = cohort_key(a->d->tenant, a->d->cid, strlen(a->d->cid));
    shard_do(fleet_shard(a->f, key), set_installed, a);
}

int fleet_installed_put(fleet *f, const fleet_device_ref *d, const char *name,
                        const char *version) {
    struct installed_args a = {f, d, name, version, 0};
    return store_write_then(f->store, installed_op, installed_done, &a);
}
