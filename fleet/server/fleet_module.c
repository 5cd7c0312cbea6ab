/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Software modules and their artifacts. What was assigned once does not change any more. */
#include <string.h>

#include "fleet_impl.h"

struct module_args {
    fleet *f;
    const fleet_actor *by;
    int64_t id, artifact;
    const char *name, *version, *type, *filename;
    const artifact_hashes *h;
};

static char *module_json(const struct module_args *a) {
    json j = {0};
    json_obj(&j, NULL);
    json_str(&j, "name", a->name);
    json_str(&j, "version", a->version);
    json_str(&j, "type", a->type);
    json_obj_end(&j);
    return json_done(&j, NULL);
}

static int create_op(sql *db, void *arg) {
    struct module_args *a = arg;
    int rc = sql_run(db,
                     "INSERT INTO module(tenant_id, name, version, type, created_ms)"
                     " VALUES(?, ?, ?, ?, ?)",
                     "isssi", a->by->tenant, a->name, a->version, a->type, sn_utc_ms());
    if (rc) return rc;
    a->id = sql_last_id(db);
    return fleet_note(a->f, db, a->by, "module.create", NULL, module_json(a), NULL, "module/%lld",
                      (long long)a->id);
}

int fleet_module_create(fleet *f, const fleet_actor *by, const char *name, const char *version,
                        const char *type, int64_t *id, fleet_err *err) {
    struct module_args a = {.f = f, .by = by, .name = name, .version = version, .type = type};
    int rc = fleet_text_check(name, FLEET_NAME_MAX, "the module's name", err);
    if (!rc) rc = fleet_text_check(version, FLEET_VERSION_MAX, "the module's version", err);
    if (!rc) rc = fleet_text_check(type, FLEET_TYPE_MAX, "the module's type", err);
    if (rc) return rc;
    rc = store_write(f->store, create_op, &a);
    *id = a.id;
    return rc == SN_EEXIST
               ? fleet_fail(err, rc, "module %s %s of type %s exists already", name, version, type)
               : rc;
}

static int read_module(sqlite3_stmt *st, void *row) {
    fleet_module *m = row;
    m->id = sqlite3_column_int64(st, 0);
    sql_text(st, 1, m->name, sizeof m->name);
    sql_text(st, 2, m->version, sizeof m->version);
    sql_text(st, 3, m->type, sizeof m->type);
    m->created_ms = sqlite3_column_int64(st, 4);
    m->artifacts_n = (uint32_t)sqlite3_column_int64(st, 5);
    return 0;
}

#define MODULE_COLUMNS                                                                             \
    "SELECT m.id, m.name, m.version, m.type, m.created_ms, (SELECT count(*) FROM artifact t"       \
    " WHERE t.tenant_id = m.tenant_id AND t.module_id = m.id) FROM module m"
#define MODULE_MATCH " WHERE m.tenant_id = ?1 AND (?3 IS NULL OR instr(lower(m.name), lower(?3)))"

int fleet_module_get(fleet *f, int64_t tenant, int64_t id, fleet_module *out) {
    list_spec s = {.rows = MODULE_COLUMNS " WHERE m.tenant_id = ?1 AND m.id = ?2",
                   .size = sizeof *out,
                   .read = read_module,
                   .tenant = tenant,
                   .id = id};
    return fleet_one(f, &s, out);
}

int fleet_modules(fleet *f, int64_t tenant, const fleet_page *page, fleet_module **rows,
                  uint32_t *n, uint64_t *total) {
    list_spec s = {.rows = MODULE_COLUMNS MODULE_MATCH " ORDER BY m.id LIMIT ?4 OFFSET ?5",
                   .count = "SELECT count(*) FROM module m" MODULE_MATCH,
                   .size = sizeof **rows,
                   .read = read_module,
                   .tenant = tenant,
                   .text = page ? page->match : NULL,
                   .page = page};
    return fleet_list(f, &s, (void **)rows, n, total);
}

int fleet_set_modules(fleet *f, int64_t tenant, int64_t id, fleet_module **rows, uint32_t *n) {
    list_spec s = {.rows = MODULE_COLUMNS " JOIN dset_module s ON s.tenant_id = m.tenant_id"
                                          " AND s.module_id = m.id WHERE m.tenant_id = ?1"
                                          " AND s.set_id = ?2 ORDER BY m.id",
                   .size = sizeof **rows,
                   .read = read_module,
                   .tenant = tenant,
                   .id = id};
    return fleet_list(f, &s, (void **)rows, n, NULL);
}

static int delete_op(sql *db, void *arg) {
    struct module_args *a = arg;
    int rc = sql_run(db,
                     "DELETE FROM artifact WHERE tenant_id = ?1 AND module_id = ?2 AND NOT EXISTS"
                     "(SELECT 1 FROM dset_module WHERE tenant_id = ?1 AND module_id = ?2)",
                     "ii", a->by->tenant, a->id);
    if (!rc)
        rc = sql_run(db, "DELETE FROM module WHERE tenant_id = ? AND id = ?", "ii", a->by->tenant,
                     a->id);
    if (rc) return rc;
    if (!sql_changes(db)) return SN_ENOENT;
    return fleet_note(a->f, db, a->by, "module.delete", NULL, NULL, NULL, "module/%lld",
                      (long long)a->id);
}

int fleet_module_delete(fleet *f, const fleet_actor *by, int64_t id, fleet_err *err) {
    struct module_args a = {.f = f, .by = by, .id = id};
    int rc = store_write(f->store, delete_op, &a);
    if (rc == SN_ENOENT) fleet_fail(err, rc, "there is no such module");
    if (rc == FLEET_INUSE) fleet_fail(err, rc, "a distribution set has this module");
    return rc;
}

/* ---- artifacts
 * ------------------------------------------------------------------------------------ */

/* 0 when the module exists and no locked set has it. */
static int may_change(sql *db, const struct module_args *a) {
    int64_t locked = 0;
    int rc = sql_int(db, &locked,
                     "SELECT EXISTS(SELECT 1 FROM dset_module x JOIN dset s ON s.id = x.set_id"
                     " WHERE x.tenant_id = m.tenant_id AND x.module_id = m.id AND s.locked)"
                     " FROM module m WHERE m.tenant_id = ? AND m.id = ?",
                     "ii", a->by->tenant, a->id);
    if (rc != 1) return rc ? rc : SN_ENOENT;
    return locked ? FLEET_INUSE : 0;
}

static char *artifact_json(const struct module_args *a) {
    json j = {0};
    json_obj(&j, NULL);
    json_str(&j, "filename", a->filename);
    json_int(&j, "size", (int64_t)a->h->size);
    json_str(&j, "sha256", a->h->sha256);
    json_obj_end(&j);
    return json_done(&j, NULL);
}

static int enter_op(sql *db, void *arg) {
    struct module_args *a = arg;
    int64_t n = 0, tenant = a->by->tenant;
    int rc = may_change(db, a);
    if (!rc)
        rc = sql_int(db, &n, "SELECT count(*) FROM artifact WHERE tenant_id = ? AND module_id = ?",
                     "ii", tenant, a->id);
    if (rc < 0) return rc;
    if (n >= FLEET_MODULE_ARTIFACTS_MAX) return FLEET_QUOTA;
    rc = sql_run(db,
                 "INSERT INTO artifact(tenant_id, module_id, filename, size, md5, sha1, sha256,"
                 " created_ms) VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
                 "iisisssi", tenant, a->id, a->filename, (int64_t)a->h->size, a->h->md5, a->h->sha1,
                 a->h->sha256, sn_utc_ms());
    if (rc) return rc;
    a->artifact = sql_last_id(db);
    return fleet_note(a->f, db, a->by, "artifact.create", NULL, artifact_json(a), NULL,
                      "module/%lld/artifact/%lld", (long long)a->id, (long long)a->artifact);
}

static int explain(int rc, const struct module_args *a, fleet_err *err) {
    switch (rc) {
    case SN_ENOENT:
        return fleet_fail(err, rc, "there is no such module or artifact");
    case SN_EEXIST:
        return fleet_fail(err, rc, "the module has a file %s already", a->filename);
    case FLEET_INUSE:
        return fleet_fail(err, rc, "the module is in a set that was assigned: it cannot change");
    case FLEET_QUOTA:
        return fleet_fail(err, rc, "a module has at most %d artifacts", FLEET_MODULE_ARTIFACTS_MAX);
    default:
        return rc;
    }
}

int fleet_artifact_create(fleet *f, const fleet_actor *by, int64_t module, const char *filename,
                          const artifact_hashes *h, int64_t *id, fleet_err *err) {
    struct module_args a = {.f = f, .by = by, .id = module, .filename = filename, .h = h};
    int rc = fleet_text_check(filename, FLEET_FILENAME_MAX, "the file's name", err);
    if (rc) return rc;
    if (strchr(filename, '/') || strchr(filename, '\\') || filename[0] == '.')
        return fleet_fail(err, SN_EINVAL,
                          "a file's name has no slash and does not begin with a dot");
    rc = store_write(f->store, enter_op, &a);
    *id = a.artifact;
    return explain(rc, &a, err);
}

static int remove_op(sql *db, void *arg) {
    struct module_args *a = arg;
    int rc = may_change(db, a);
    if (!rc)
        rc = sql_run(db, "DELETE FROM artifact WHERE tenant_id = ? AND module_id = ? AND id = ?",
                     "iii", a->by->tenant, a->id, a->artifact);
    if (rc) return rc;
    if (!sql_changes(db)) return SN_ENOENT;
    return fleet_note(a->f, db, a->by, "artifact.delete", NULL, NULL, NULL,
                      "module/%lld/artifact/%lld", (long long)a->id, (long long)a->artifact);
}

int fleet_artifact_delete(fleet *f, const fleet_actor *by, int64_t module, int64_t id,
                          fleet_err *err) {
    struct module_args a = {.f = f, .by = by, .id = module, .artifact = id, .filename = ""};
    return explain(store_write(f->store, remove_op, &a), &a, err);
}

static int read_artifact(sqlite3_stmt *st, void *row) {
    fleet_artifact *a = row;
    a->id = sqlite3_column_int64(st, 0);
    a->module = sqlite3_column_int64(st, 1);
    sql_text(st, 2, a->filename, sizeof a->filename);
    a->h.size = (uint64_t)sqlite3_column_int64(st, 3);
    sql_text(st, 4, a->h.md5, sizeof a->h.md5);
    sql_text(st, 5, a->h.sha1, sizeof a->h.sha1);
    sql_text(st, 6, a->h.sha256, sizeof a->h.sha256);
    a->created_ms = sqlite3_column_int64(st, 7);
    return 0;
}

int fleet_artifacts(fleet *f, int64_t tenant, int64_t module, fleet_artifact **rows, uint32_t *n) {
    list_spec s = {.rows = "SELECT id, module_id, filename, size, md5, sha1, sha256, created_ms"
                           " FROM artifact WHERE tenant_id = ?1 AND module_id = ?2 ORDER BY id",
                   .size = sizeof **rows,
                   .read = read_artifact,
                   .tenant = tenant,
                   .id = module};
    return fleet_list(f, &s, (void **)rows, n, NULL);
}
