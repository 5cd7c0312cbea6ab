/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Distribution sets: modules that go together. */
#include <string.h>

#include "fleet_impl.h"

struct set_args {
    fleet *f;
    const fleet_actor *by;
    const char *name, *version, *type;
    const int64_t *modules;
    uint32_t n;
    int64_t id;
    int64_t missing; /* module that does not exist */
};

static int add_modules(sql *db, struct set_args *a) {
    int64_t has = 0;
    for (uint32_t i = 0; i < a->n; i++) {
        int rc = sql_run(db,
                         "INSERT INTO dset_module(tenant_id, set_id, module_id) VALUES(?, ?, ?)"
                         " ON CONFLICT DO NOTHING",
                         "iii", a->by->tenant, a->id, a->modules[i]);
        /* deferred or not, SQLite tells a missing parent when the statement ends */
        if (rc == FLEET_INUSE) {
            a->missing = a->modules[i];
            return SN_ENOENT;
        }
        if (rc) return rc;
    }
    int rc =
        sql_int(db, &has, "SELECT count(*) FROM dset_module WHERE tenant_id = ? AND set_id = ?",
                "ii", a->by->tenant, a->id);
    return rc < 0 ? rc : has > FLEET_SET_MODULES_MAX ? FLEET_QUOTA : 0;
}

static char *set_json(const struct set_args *a) {
    json j = {0};
    json_obj(&j, NULL);
    if (a->name) {
        json_str(&j, "name", a->name);
        json_str(&j, "version", a->version);
        json_str(&j, "type", a->type);
    }
    json_arr(&j, "modules");
    for (uint32_t i = 0; i < a->n; i++) json_int(&j, NULL, a->modules[i]);
    json_arr_end(&j);
    json_obj_end(&j);
    return json_done(&j, NULL);
}

static int create_op(sql *db, void *arg) {
    struct set_args *a = arg;
    int rc = sql_run(db,
                     "INSERT INTO dset(tenant_id, name, version, type, created_ms)"
                     " VALUES(?, ?, ?, ?, ?)",
                     "isssi", a->by->tenant, a->name, a->version, a->type, sn_utc_ms());
    if (rc) return rc;
    a->id = sql_last_id(db);
    if (a->id > UINT32_MAX) return FLEET_QUOTA;
    rc = add_modules(db, a);
    if (rc) return rc;
    return fleet_note(a->f, db, a->by, "set.create", NULL, set_json(a), NULL, "set/%lld",
                      (long long)a->id);
}

static int explain(int rc, const struct set_args *a, fleet_err *err) {
    switch (rc) {
    case SN_ENOENT:
        return a->missing ? fleet_fail(err, rc, "there is no module %lld", (long long)a->missing)
                          : fleet_fail(err, rc, "there is no such distribution set");
    case SN_EEXIST:
        return fleet_fail(err, rc, "set %s %s exists already", a->name, a->version);
    case FLEET_INUSE:
        return fleet_fail(err, rc, "the set was assigned: it cannot change");
    case FLEET_QUOTA:
        return fleet_fail(err, rc, "a set has at most %d modules", FLEET_SET_MODULES_MAX);
    default:
        return rc;
    }
}

int fleet_set_create(fleet *f, const fleet_actor *by, const char *name, const char *version,
                     const char *type, const int64_t *modules, uint32_t n, int64_t *id,
                     fleet_err *err) {
    struct set_args a = {.f = f,
                         .by = by,
                         .name = name,
                         .version = version,
                         .type = type,
                         .modules = modules,
                         .n = n};
    int rc = fleet_text_check(name, FLEET_NAME_MAX, "the set's name", err);
    if (!rc) rc = fleet_text_check(version, FLEET_VERSION_MAX, "the set's version", err);
    if (!rc) rc = fleet_text_check(type, FLEET_TYPE_MAX, "the set's type", err);
    if (rc) return rc;
    rc = explain(store_write(f->store, create_op, &a), &a, err);
    *id = a.id;
    return rc;
}

static int unlocked(sql *db, const struct set_args *a) {
    int64_t locked = 0;
    int rc = sql_int(db, &locked, "SELECT locked FROM dset WHERE tenant_id = ? AND id = ?", "ii",
                     a->by->tenant, a->id);
    if (rc != 1) return rc ? rc : SN_ENOENT;
    return locked ? FLEET_INUSE : 0;
}

static int add_op(sql *db, void *arg) {
    struct set_args *a = arg;
    int rc = unlocked(db, a);
    if (!rc) rc = add_modules(db, a);
    if (rc) return rc;
    return fleet_note(a->f, db, a->by, "set.add", NULL, set_json(a), NULL, "set/%lld",
                      (long long)a->id);
}

int fleet_set_add(fleet *f, const fleet_actor *by, int64_t id, const int64_t *modules, uint32_t n,
                  fleet_err *err) {
    struct set_args a = {.f = f, .by = by, .modules = modules, .n = n, .id = id};
    return explain(store_write(f->store, add_op, &a), &a, err);
}

static int delete_op(sql *db, void *arg) {
    struct set_args *a = arg;
    int rc = unlocked(db, a);
    if (!rc)
        rc = sql_run(db, "DELETE FROM dset_module WHERE tenant_id = ? AND set_id = ?", "ii",
                     a->by->tenant, a->id);
    if (!rc)
        rc = sql_run(db, "DELETE FROM dset WHERE tenant_id = ? AND id = ?", "ii", a->by->tenant,
                     a->id);
    if (rc) return rc;
    return fleet_note(a->f, db, a->by, "set.delete", NULL, NULL, NULL, "set/%lld",
                      (long long)a->id);
}

int fleet_set_delete(fleet *f, const fleet_actor *by, int64_t id, fleet_err *err) {
    struct set_args a = {.f = f, .by = by, .id = id};
    return explain(store_write(f->store, delete_op, &a), &a, err);
}

static int read_set(sqlite3_stmt *st, void *row) {
    fleet_set *s = row;
    s->id = sqlite3_column_int64(st, 0);
    sql_text(st, 1, s->name, sizeof s->name);
    sql_text(st, 2, s->version, sizeof s->version);
    sql_text(st, 3, s->type, sizeof s->type);
    s->created_ms = sqlite3_column_int64(st, 4);
    s->locked = (uint32_t)sqlite3_column_int(st, 5);
    s->modules_n = (uint32_t)sqlite3_column_int64(st, 6);
    return 0;
}

#define SET_COLUMNS                                                                                \
    "SELECT s.id, s.name, s.version, s.type, s.created_ms, s.locked, (SELECT count(*)"             \
    " FROM dset_module x WHERE x.tenant_id = s.tenant_id AND x.set_id = s.id) FROM dset s"
#define SET_MATCH " WHERE s.tenant_id = ?1 AND (?3 IS NULL OR instr(lower(s.name), lower(?3)))"

int fleet_set_get(fleet *f, int64_t tenant, int64_t id, fleet_set *out) {
    list_spec s = {.rows = SET_COLUMNS " WHERE s.tenant_id = ?1 AND s.id = ?2",
                   .size = sizeof *out,
                   .read = read_set,
                   .tenant = tenant,
                   .id = id};
    return fleet_one(f, &s, out);
}

int fleet_sets(fleet *f, int64_t tenant, const fleet_page *page, fleet_set **rows, uint32_t *n,
               uint64_t *total) {
    list_spec s = {.rows = SET_COLUMNS SET_MATCH " ORDER BY s.id LIMIT ?4 OFFSET ?5",
                   .count = "SELECT count(*) FROM dset s" SET_MATCH,
                   .size = sizeof **rows,
                   .read = read_set,
                   .tenant = tenant,
                   .text = page ? page->match : NULL,
                   .page = page};
    return fleet_list(f, &s, (void **)rows, n, total);
}
