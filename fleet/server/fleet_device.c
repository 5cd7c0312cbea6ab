/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Devices as operators see them: create, token, delete, list. */
#include <stdio.h>
#include <string.h>

#include "fleet_impl.h"

struct device_args {
    fleet *f;
    const fleet_actor *by;
    const char *cid, *name;
    uint8_t hash[TOKEN_HASH];
    tenant_live *t;
    uint16_t index;
    uint64_t key;
    int64_t row;
    int64_t open_rollouts; /* open actions of roll-outs that go with it */
};

static int prepare(fleet *f, const fleet_actor *by, const char *cid, struct device_args *a,
                   fleet_err *err) {
    size_t n = strlen(cid);
    int rc = fleet_cid_check(cid, n, err);
    if (rc) return rc;
    a->f = f;
    a->by = by;
    a->cid = cid;
    a->t = fleet_tenant_live(f, by->tenant, &a->index);
    a->key = cohort_key(by->tenant, cid, n);
    return a->t ? 0 : fleet_fail(err, SN_ENOENT, "there is no such tenant");
}

/* The token given, or one made; its hash into *a. */
static int choose_token(const char *token, char out[TOKEN_MAX + 1], struct device_args *a,
                        fleet_err *err) {
    char made[TOKEN_CHARS + 1];
    if (!token) token_make(made);
    const char *use = token ? token : made;
    int rc = fleet_text_check(use, TOKEN_MAX, "the security token", err);
    if (rc) return rc;
    snprintf(out, TOKEN_MAX + 1, "%s", use);
    token_hash(use, strlen(use), a->hash);
    return 0;
}

static int create_op(sql *db, void *arg) {
    struct device_args *a = arg;
    int rc = sql_run(db,
                     "INSERT INTO device(tenant_id, cid, name, token_hash, created_ms)"
                     " VALUES(?, ?, ?, ?, ?)",
                     "issbi", a->by->tenant, a->cid, a->name, (const void *)a->hash,
                     (int)TOKEN_HASH, sn_utc_ms());
    if (rc) return rc;
    a->row = sql_last_id(db);
    if (a->row > UINT32_MAX) return FLEET_QUOTA;
    return fleet_note(a->f, db, a->by, "target.create", NULL, NULL, NULL, "target/%s", a->cid);
}

static void enter(shard *s, void *arg) {
    const struct device_args *a = arg;
    shard_dev d = {.key = a->key,
                   .row = (uint32_t)a->row,
                   .tenant = a->index,
                   .flags = DEV_WANT_ATTRS | DEV_HAS_TOKEN};
    memcpy(d.token, a->hash, SHARD_TOKEN);
    int rc = shard_add(s, &d, a->cid);
    if (rc) log_event(LOG_ERROR, "device.enter", log_s("device", a->cid), log_e(rc));
}

static void create_done(void *arg, int result) {
    struct device_args *a = arg;
    if (result) return;
    atomic_fetch_add(&a->t->devices, 1);
    shard_do(fleet_shard(a->f, a->key), enter, a);
    fleet_changed(a->f);
}

int fleet_device_create(fleet *f, const fleet_actor *by, const char *cid, const char *name,
                        const char *token, char out_token[TOKEN_MAX + 1], fleet_err *err) {
    struct device_args a = {.name = name && name[0] ? name : cid};
    int rc = prepare(f, by, cid, &a, err);
    if (!rc) rc = fleet_text_check(a.name, FLEET_NAME_MAX, "the target's name", err);
    if (!rc) rc = choose_token(token, out_token, &a, err);
    if (rc) return rc;
    rc = store_write_then(f->store, create_op, create_done, &a);
    return rc == SN_EEXIST ? fleet_fail(err, rc, "target %s exists already", cid) : rc;
}

static int row_of(sql *db, struct device_args *a) {
    int rc = sql_int(db, &a->row, "SELECT id FROM device WHERE tenant_id = ? AND cid = ?", "is",
                     a->by->tenant, a->cid);
    return rc == 1 ? 0 : rc ? rc : SN_ENOENT;
}

static int token_op(sql *db, void *arg) {
    struct device_args *a = arg;
    int rc = row_of(db, a);
    if (!rc)
        rc = sql_run(db, "UPDATE device SET token_hash = ? WHERE tenant_id = ? AND id = ?", "bii",
                     (const void *)a->hash, (int)TOKEN_HASH, a->by->tenant, a->row);
    if (rc) return rc;
    return fleet_note(a->f, db, a->by, "target.token", NULL, NULL, NULL, "target/%s", a->cid);
}

static void set_token(shard *s, void *arg) {
    const struct device_args *a = arg;
    shard_dev *d = shard_find_row(s, a->key, (uint32_t)a->row);
    if (!d) return;
    memcpy(d->token, a->hash, SHARD_TOKEN);
    d->flags |= DEV_HAS_TOKEN;
}

static void token_done(void *arg, int result) {
    struct device_args *a = arg;
    if (!result) shard_do(fleet_shard(a->f, a->key), set_token, a);
}

int fleet_device_token(fleet *f, const fleet_actor *by, const char *cid, const char *token,
                       char out_token[TOKEN_MAX + 1], fleet_err *err) {
    struct device_args a = {0};
    int rc = prepare(f, by, cid, &a, err);
    if (!rc) rc = choose_token(token, out_token, &a, err);
    if (!rc) rc = store_write_then(f->store, token_op, token_done, &a);
    return rc == SN_ENOENT ? fleet_fail(err, rc, "there is no target %s", cid) : rc;
}

/* ---- delete: its actions go with it ------------ */

static int delete_op(sql *db, void *arg) {
    struct device_args *a = arg;
    int rc = row_of(db, a);
    if (!rc)
        rc = sql_int(db, &a->open_rollouts,
                     "SELECT count(*) FROM action a JOIN rollout r ON r.id = a.rollout_id"
                     " WHERE a.tenant_id = ? AND a.device_id = ? AND (r.state < 5 OR a.active)",
                     "ii", a->by->tenant, a->row);
    if (rc < 0) return rc;
    /* evidence of a roll-out that is under way must not vanish from under its judgement */
    if (a->open_rollouts) return FLEET_INUSE;
    rc = sql_run(db, "DELETE FROM device WHERE tenant_id = ? AND id = ?", "ii", a->by->tenant,
                 a->row);
    if (rc) return rc;
    return fleet_note(a->f, db, a->by, "target.delete", NULL, NULL, NULL, "target/%s", a->cid);
}

static void remove_dev(shard *s, void *arg) {
    const struct device_args *a = arg;
    shard_remove(s, a->key, (uint32_t)a->row);
}

static void delete_done(void *arg, int result) {
    struct device_args *a = arg;
    if (result) return;
    atomic_fetch_sub(&a->t->devices, 1);
    shard_do(fleet_shard(a->f, a->key), remove_dev, a);
    fleet_changed(a->f);
}

int fleet_device_delete(fleet *f, const fleet_actor *by, const char *cid, fleet_err *err) {
    struct device_args a = {0};
    int rc = prepare(f, by, cid, &a, err);
    if (!rc) rc = store_write_then(f->store, delete_op, delete_done, &a);
    if (rc == SN_ENOENT) fleet_fail(err, rc, "there is no target %s", cid);
    if (rc == FLEET_INUSE)
        fleet_fail(err, rc, "target %s has a part in a roll-out that is not finished", cid);
    return rc;
}

/* ---- lists
 * --------------------------------------------------------------------------------------------- */

static int read_device(sqlite3_stmt *st, void *row) {
    fleet_device *d = row;
    d->id = sqlite3_column_int64(st, 0);
    sql_text(st, 1, d->cid, sizeof d->cid);
    sql_text(st, 2, d->name, sizeof d->name);
    sql_text(st, 3, d->address, sizeof d->address);
    d->created_ms = sqlite3_column_int64(st, 4);
    d->last_poll_ms = sqlite3_column_int64(st, 5);
    d->installed_set = sqlite3_column_int64(st, 6);
    sql_text(st, 7, d->installed_name, sizeof d->installed_name);
    sql_text(st, 8, d->installed_version, sizeof d->installed_version);
    d->action = sqlite3_column_int64(st, 9);
    d->status = (enum action_status)sqlite3_column_int(st, 10);
    return 0;
}

#define DEVICE_COLUMNS                                                                             \
    "SELECT d.id, d.cid, d.name, d.address, d.created_ms, d.polled_ms, d.installed_set, s.name,"   \
    " s.version, (SELECT min(id) FROM action WHERE tenant_id = d.tenant_id AND device_id = d.id"   \
    " AND active = 1), (SELECT status FROM action WHERE tenant_id = d.tenant_id"                   \
    " AND device_id = d.id ORDER BY active DESC, CASE active WHEN 1 THEN id ELSE -id END LIMIT 1)" \
    " FROM device d LEFT JOIN dset s ON s.id = d.installed_set WHERE d.tenant_id = ?1"
#define DEVICE_MATCH                                                                               \
    " AND (?3 IS NULL OR instr(lower(d.cid), lower(?3)) OR instr(lower(d.name), lower(?3)))"

/* The last poll is newer in memory than in the row. */
struct seen {
    uint64_t key;
    uint32_t row;
    int64_t ms;
};

static void read_seen(shard *s, void *arg) {
    struct seen *q = arg;
    const shard_dev *d = shard_find_row(s, q->key, q->row);
    if (d && (int64_t)d->seen_s * 1000 > q->ms) q->ms = (int64_t)d->seen_s * 1000;
}

static void refresh(fleet *f, int64_t tenant, fleet_device *d) {
    struct seen q = {cohort_key(tenant, d->cid, strlen(d->cid)), (uint32_t)d->id, d->last_poll_ms};
    shard_do(fleet_shard(f, q.key), read_seen, &q);
    d->last_poll_ms = q.ms;
}

int fleet_device_get(fleet *f, int64_t tenant, const char *cid, fleet_device *out) {
    list_spec s = {.rows = DEVICE_COLUMNS " AND d.cid = ?3",
                   .size = sizeof *out,
                   .read = read_device,
                   .tenant = tenant,
                   .text = cid};
    int rc = fleet_one(f, &s, out);
    if (!rc) refresh(f, tenant, out);
    return rc;
}

int fleet_devices(fleet *f, int64_t tenant, const fleet_page *page, fleet_device **rows,
                  uint32_t *n, uint64_t *total) {
    list_spec s = {.rows = DEVICE_COLUMNS DEVICE_MATCH " ORDER BY d.id LIMIT ?4 OFFSET ?5",
                   .count = "SELECT count(*) FROM device d WHERE d.tenant_id = ?1" DEVICE_MATCH,
                   .size = sizeof **rows,
                   .read = read_device,
                   .tenant = tenant,
                   .text = page ? page->match : NULL,
                   .page = page};
    int rc = fleet_list(f, &s, (void **)rows, n, total);
    for (uint32_t i = 0; !rc && i < *n; i++) refresh(f, tenant, &(*rows)[i]);
    return rc;
}
