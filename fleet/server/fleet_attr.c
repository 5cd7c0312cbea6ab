/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Attributes of devices, written by the device (configData) or an operator, and what follows:
 * a device may come to match a roll-out's filter, or cease to. */
#include <string.h>

#include "fleet_impl.h"

struct attr_args {
    fleet *f;
    const fleet_actor *by; /* NULL: the device itself, no record */
    int64_t tenant, row;
    const char *cid;
    enum attr_mode mode;
    const fleet_attr *attrs;
    uint32_t n;
};

static int write_one(sql *db, const struct attr_args *a, const fleet_attr *at) {
    if (a->mode == ATTR_REMOVE)
        return sql_run(db, "DELETE FROM attr WHERE tenant_id = ? AND device_id = ? AND key = ?",
                       "iis", a->tenant, a->row, at->key);
    return sql_run(db,
                   "INSERT INTO attr(tenant_id, device_id, key, value) VALUES(?, ?, ?, ?)"
                   " ON CONFLICT DO UPDATE SET value = excluded.value",
                   "iiss", a->tenant, a->row, at->key, at->value);
}

static char *attrs_json(const struct attr_args *a) {
    static const char *const modes[] = {"merge", "replace", "remove"};
    json j = {0};
    json_obj(&j, NULL);
    json_str(&j, "mode", modes[a->mode]);
    json_obj(&j, "data");
    for (uint32_t i = 0; i < a->n; i++) json_str(&j, a->attrs[i].key, a->attrs[i].value);
    json_obj_end(&j);
    json_obj_end(&j);
    return json_done(&j, NULL);
}

static int attrs_op(sql *db, void *arg) {
    struct attr_args *a = arg;
    int64_t n = 0;
    int rc = sql_int(db, &a->row, "SELECT id FROM device WHERE tenant_id = ? AND cid = ?", "is",
                     a->tenant, a->cid);
    if (rc != 1) return rc ? rc : SN_ENOENT;
    rc = 0;
    if (a->mode == ATTR_REPLACE)
        rc = sql_run(db, "DELETE FROM attr WHERE tenant_id = ? AND device_id = ?", "ii", a->tenant,
                     a->row);
    for (uint32_t i = 0; i < a->n && !rc; i++) rc = write_one(db, a, &a->attrs[i]);
    if (!rc)
        rc = sql_int(db, &n, "SELECT count(*) FROM attr WHERE tenant_id = ? AND device_id = ?",
                     "ii", a->tenant, a->row);
    if (rc < 0) return rc;
    if (n > FLEET_ATTR_MAX) return FLEET_QUOTA;
    if (a->by)
        return fleet_note(a->f, db, a->by, "target.attributes", NULL, attrs_json(a), NULL,
                          "target/%s", a->cid);
    return sql_run(db, "UPDATE device SET want_attrs = 0 WHERE tenant_id = ? AND id = ?", "ii",
                   a->tenant, a->row);
}

static const fleet_attr *find_attr(const struct attr_args *a, const char *key) {
    for (uint32_t i = a->n; i-- > 0;)
        if (strcmp(a->attrs[i].key, key) == 0) return &a->attrs[i];
    return NULL;
}

/* 1: now matches the filter, 0: does not, -1: this write says nothing about it. */
static int match_of(const struct attr_args *a, const shard_plan *p) {
    const fleet_attr *at = find_attr(a, p->filter_key);
    if (!at) return a->mode == ATTR_REPLACE ? 0 : -1;
    return a->mode != ATTR_REMOVE && strcmp(at->value, p->filter_value) == 0;
}

static void apply_attrs(shard *s, void *arg) {
    const struct attr_args *a = arg;
    shard_dev *d =
        shard_find_row(s, cohort_key(a->tenant, a->cid, strlen(a->cid)), (uint32_t)a->row);
    if (!d) return;
    if (!a->by) d->flags &= (uint8_t)~DEV_WANT_ATTRS;
    for (uint32_t i = 0; i < s->plans_n; i++) {
        shard_plan *p = &s->plans[i];
        if (!p->filtered || p->tenant != d->tenant) continue;
        int match = match_of(a, p);
        if (match >= 0) shard_bit_set(p->match, shard_slot(s, d), match);
    }
}

static void attrs_done(void *arg, int result) {
    struct attr_args *a = arg;
    if (result) return;
    shard_do(fleet_shard(a->f, cohort_key(a->tenant, a->cid, strlen(a->cid))), apply_attrs, a);
}

static int check_attrs(const struct attr_args *a, fleet_err *err) {
    if (a->n > FLEET_ATTR_MAX)
        return fleet_fail(err, FLEET_QUOTA, "%u attributes; a target has at most %d", a->n,
                          FLEET_ATTR_MAX);
    for (uint32_t i = 0; i < a->n; i++)
        if (!a->attrs[i].key[0]) return fleet_fail(err, SN_EINVAL, "an attribute without a name");
    return 0;
}

static int put(struct attr_args *a, fleet_err *err) {
    int rc = check_attrs(a, err);
    if (!rc) rc = store_write_then(a->f->store, attrs_op, attrs_done, a);
    if (rc == FLEET_QUOTA)
        fleet_fail(err, rc, "a target has at most %d attributes", FLEET_ATTR_MAX);
    return rc;
}

int fleet_attrs_put(fleet *f, const fleet_device_ref *d, enum attr_mode mode,
                    const fleet_attr *attrs, uint32_t n, fleet_err *err) {
    struct attr_args a = {
        .f = f, .tenant = d->tenant, .cid = d->cid, .mode = mode, .attrs = attrs, .n = n};
    return put(&a, err);
}

int fleet_device_attrs_set(fleet *f, const fleet_actor *by, const char *cid, enum attr_mode mode,
                           const fleet_attr *attrs, uint32_t n, fleet_err *err) {
    struct attr_args a = {
        .f = f, .by = by, .tenant = by->tenant, .cid = cid, .mode = mode, .attrs = attrs, .n = n};
    int rc = put(&a, err);
    return rc == SN_ENOENT ? fleet_fail(err, rc, "there is no target %s", cid) : rc;
}

static int read_attr(sqlite3_stmt *st, void *row) {
    fleet_attr *a = row;
    sql_text(st, 0, a->key, sizeof a->key);
    sql_text(st, 1, a->value, sizeof a->value);
    return 0;
}

int fleet_device_attrs(fleet *f, int64_t tenant, const char *cid, fleet_attr **rows, uint32_t *n) {
    list_spec s = {.rows = "SELECT t.key, t.value FROM device d JOIN attr t"
                           " ON t.tenant_id = d.tenant_id AND t.device_id = d.id"
                           " WHERE d.tenant_id = ?1 AND d.cid = ?3 ORDER BY t.key",
                   .size = sizeof **rows,
                   .read = read_attr,
                   .tenant = tenant,
                   .text = cid};
    return fleet_list(f, &s, (void **)rows, n, NULL);
}
