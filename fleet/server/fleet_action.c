/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Actions made and cancelled by operators, and lists of all of them. */
#include <stdlib.h>
#include <string.h>

#include "fleet_impl.h"

enum { ASSIGN_MAX = 1000 };

struct assign_args {
    fleet *f;
    const fleet_actor *by;
    int64_t set_id;
    const char *const *cids;
    uint32_t n, forced;
    int64_t *ids;
    device_change *changes; /* n of them */
    const char *missing;
};

/* Open actions of the device: 1 if one of them is for this set (nothing to do), else they are
 * asked to cancel. */
static int make_way(sql *db, const struct assign_args *a, int64_t device) {
    int64_t same = 0;
    int rc = sql_int(db, &same,
                     "SELECT id FROM action WHERE tenant_id = ? AND device_id = ? AND active = 1"
                     " AND status <> 5 AND set_id = ?",
                     "iii", a->by->tenant, device, a->set_id);
    if (rc) return rc;
    return sql_run(db,
                   "UPDATE action SET status = 5, changed_ms = ? WHERE tenant_id = ?"
                   " AND device_id = ? AND active = 1",
                   "iii", sn_utc_ms(), a->by->tenant, device);
}

static int assign_one(sql *db, struct assign_args *a, uint32_t i) {
    action_row row = {.set_id = a->set_id};
    int64_t now = sn_utc_ms();
    int rc = sql_int(db, &row.device, "SELECT id FROM device WHERE tenant_id = ? AND cid = ?", "is",
                     a->by->tenant, a->cids[i]);
    if (rc == 0) a->missing = a->cids[i];
    if (rc != 1) return rc ? rc : SN_ENOENT;
    strncpy(row.cid, a->cids[i], FLEET_CID_MAX);
    rc = make_way(db, a, row.device);
    a->ids[i] = 0;
    if (rc < 0 || rc == 1) return rc < 0 ? rc : 0;
    rc = sql_run(db,
                 "INSERT INTO action(tenant_id, device_id, set_id, rollout_id, stage, status,"
                 " active, forced, created_ms, changed_ms, deadline_ms)"
                 " VALUES(?, ?, ?, NULL, 0, 1, 1, ?, ?, ?, 0)",
                 "iiiiii", a->by->tenant, row.device, a->set_id, (int64_t)a->forced, now, now);
    if (rc) return rc;
    a->ids[i] = sql_last_id(db);
    return action_next(db, a->by->tenant, &row, &a->changes[i]);
}

static char *assign_json(const struct assign_args *a) {
    json j = {0};
    json_obj(&j, NULL);
    json_arr(&j, "targets");
    for (uint32_t i = 0; i < a->n; i++) json_str(&j, NULL, a->cids[i]);
    json_arr_end(&j);
    json_str(&j, "type", a->forced ? "forced" : "soft");
    json_obj_end(&j);
    return json_done(&j, NULL);
}

static int assign_op(sql *db, void *arg) {
    struct assign_args *a = arg;
    a->missing = NULL;
    int rc = sql_run(db, "UPDATE dset SET locked = 1 WHERE tenant_id = ? AND id = ?", "ii",
                     a->by->tenant, a->set_id);
    if (rc) return rc;
    if (!sql_changes(db)) return SN_ENOENT;
    for (uint32_t i = 0; i < a->n && !rc; i++) rc = assign_one(db, a, i);
    if (rc) return rc;
    return fleet_note(a->f, db, a->by, "set.assign", NULL, assign_json(a), NULL, "set/%lld",
                      (long long)a->set_id);
}

static void assign_done(void *arg, int result) {
    struct assign_args *a = arg;
    for (uint32_t i = 0; !result && i < a->n; i++)
        if (a->ids[i]) fleet_device_changed(a->f, &a->changes[i]);
    if (!result) fleet_changed(a->f);
}

int fleet_assign(fleet *f, const fleet_actor *by, int64_t set_id, const char *const *cids,
                 uint32_t n, uint32_t forced, int64_t *ids, fleet_err *err) {
    struct assign_args a = {.f = f,
                            .by = by,
                            .set_id = set_id,
                            .cids = cids,
                            .n = n,
                            .forced = forced != 0,
                            .ids = ids};
    if (n < 1 || n > ASSIGN_MAX)
        return fleet_fail(err, SN_E2BIG, "%u targets; 1 to %d at once", n, ASSIGN_MAX);
    for (uint32_t i = 0; i < n; i++)
        if (fleet_cid_check(cids[i], strlen(cids[i]), err)) return SN_EINVAL;
    a.changes = calloc(n, sizeof *a.changes);
    if (!a.changes) return SN_ENOMEM;
    int rc = store_write_then(f->store, assign_op, assign_done, &a);
    free(a.changes);
    if (rc == SN_ENOENT && a.missing)
        return fleet_fail(err, rc, "there is no target %s", a.missing);
    return rc == SN_ENOENT ? fleet_fail(err, rc, "there is no such distribution set") : rc;
}

/* ---- cancel
 * ---------------------------------------------------------------------------------------- */

struct cancel_args {
    fleet *f;
    const fleet_actor *by;
    int64_t id;
    int force;
    action_row a;
    device_change change;
};

static int cancel_op(sql *db, void *arg) {
    struct cancel_args *c = arg;
    int64_t tenant = c->by->tenant;
    int rc = action_get(db, tenant, c->id, &c->a);
    if (rc != 1) return rc ? rc : SN_ENOENT;
    if (action_closed(c->a.status)) return SN_EBUSY;
    if (!c->force && c->a.status == ACTION_CANCELING) return SN_EBUSY;
    enum action_status next = c->force ? ACTION_CANCELED : ACTION_CANCELING;
    rc = action_add_status(db, tenant, &c->a, next, 0, INT32_MIN,
                           c->force ? "canceled by an operator" : "cancel asked by an operator");
    if (!rc) rc = action_set_status(db, tenant, &c->a, next);
    if (!rc) rc = action_next(db, tenant, &c->a, &c->change);
    if (rc) return rc;
    return fleet_note(c->f, db, c->by, c->force ? "action.force_cancel" : "action.cancel", NULL,
                      NULL, NULL, "action/%lld", (long long)c->id);
}

static void cancel_done(void *arg, int result) {
    struct cancel_args *c = arg;
    if (result) return;
    fleet_device_changed(c->f, &c->change);
    if (c->force)
        fleet_count_closed(c->f, c->by->tenant, c->a.rollout, c->a.stage, ACTION_CANCELED);
    fleet_changed(c->f);
}

int fleet_action_cancel(fleet *f, const fleet_actor *by, int64_t id, int force, fleet_err *err) {
    struct cancel_args c = {.f = f, .by = by, .id = id, .force = force};
    int rc = store_write_then(f->store, cancel_op, cancel_done, &c);
    if (rc == SN_ENOENT) fleet_fail(err, rc, "there is no such action");
    if (rc == SN_EBUSY)
        fleet_fail(err, rc, "the action is %s already", action_status_name(c.a.status));
    return rc;
}

/* ---- lists
 * -------------------------------------------------------------------------------------------- */

static int read_action(sqlite3_stmt *st, void *row) {
    fleet_action *a = row;
    a->id = sqlite3_column_int64(st, 0);
    a->device = sqlite3_column_int64(st, 1);
    a->set_id = sqlite3_column_int64(st, 2);
    a->rollout = sqlite3_column_int64(st, 3);
    a->created_ms = sqlite3_column_int64(st, 4);
    a->changed_ms = sqlite3_column_int64(st, 5);
    a->deadline_ms = sqlite3_column_int64(st, 6);
    a->status = (enum action_status)sqlite3_column_int(st, 7);
    a->forced = (uint32_t)sqlite3_column_int(st, 8);
    a->stage = (uint32_t)sqlite3_column_int(st, 9);
    sql_text(st, 10, a->cid, sizeof a->cid);
    sql_text(st, 11, a->set_name, sizeof a->set_name);
    sql_text(st, 12, a->set_version, sizeof a->set_version);
    return 0;
}

#define ACTION_COLUMNS                                                                             \
    "SELECT a.id, a.device_id, a.set_id, a.rollout_id, a.created_ms, a.changed_ms, a.deadline_ms," \
    " a.status, a.forced, a.stage, d.cid, s.name, s.version FROM action a"                         \
    " JOIN device d ON d.id = a.device_id JOIN dset s ON s.id = a.set_id"

int fleet_action_get(fleet *f, int64_t tenant, int64_t id, fleet_action *out) {
    list_spec s = {.rows = ACTION_COLUMNS " WHERE a.tenant_id = ?1 AND a.id = ?2",
                   .size = sizeof *out,
                   .read = read_action,
                   .tenant = tenant,
                   .id = id};
    return fleet_one(f, &s, out);
}

int fleet_actions(fleet *f, int64_t tenant, const char *cid, const fleet_page *page,
                  fleet_action **rows, uint32_t *n, uint64_t *total) {
    list_spec s = {.rows = ACTION_COLUMNS " WHERE a.tenant_id = ?1 ORDER BY a.id DESC"
                                          " LIMIT ?4 OFFSET ?5",
                   .count = "SELECT count(*) FROM action WHERE tenant_id = ?1",
                   .size = sizeof **rows,
                   .read = read_action,
                   .tenant = tenant,
                   .text = cid,
                   .page = page};
    if (cid) {
        s.rows = ACTION_COLUMNS " WHERE a.tenant_id = ?1 AND d.tenant_id = ?1 AND d.cid = ?3"
                                " ORDER BY a.id DESC LIMIT ?4 OFFSET ?5";
        s.count = "SELECT count(*) FROM action a JOIN device d ON d.id = a.device_id"
                  " WHERE a.tenant_id = ?1 AND d.tenant_id = ?1 AND d.cid = ?3";
    }
    return fleet_list(f, &s, (void **)rows, n, total);
}

#define ROLLOUT_ACTIONS                                                                            \
    " WHERE a.tenant_id = ?1 AND a.rollout_id = ?2"                                                \
    " AND (?6 = 0 OR a.status = ?6)"                                                               \
    " AND (?3 IS NULL OR instr(lower(d.cid), lower(?3)) OR instr(lower(d.name), lower(?3)))"

int fleet_rollout_actions(fleet *f, int64_t tenant, int64_t id, enum action_status status,
                          const fleet_page *page, fleet_action **rows, uint32_t *n,
                          uint64_t *total) {
    list_spec s = {
        .rows = ACTION_COLUMNS ROLLOUT_ACTIONS " ORDER BY a.id LIMIT ?4 OFFSET ?5",
        .count =
            "SELECT count(*) FROM action a JOIN device d ON d.id = a.device_id" ROLLOUT_ACTIONS,
        .size = sizeof **rows,
        .read = read_action,
        .tenant = tenant,
        .id = id,
        .extra = status,
        .text = page ? page->match : NULL,
        .page = page};
    return fleet_list(f, &s, (void **)rows, n, total);
}

static int read_status(sqlite3_stmt *st, void *row) {
    fleet_status *s = row;
    s->id = sqlite3_column_int64(st, 0);
    s->at_ms = sqlite3_column_int64(st, 1);
    s->device_ms = sqlite3_column_int64(st, 2);
    s->status = (enum action_status)sqlite3_column_int(st, 3);
    s->code = sqlite3_column_type(st, 4) == SQLITE_NULL ? INT32_MIN : sqlite3_column_int(st, 4);
    sql_text(st, 5, s->details, sizeof s->details);
    return 0;
}

int fleet_action_statuses(fleet *f, int64_t tenant, int64_t id, const fleet_page *page,
                          int oldest_first, fleet_status **rows, uint32_t *n, uint64_t *total) {
    static const char down[] = "SELECT n, at_ms, device_ms, status, code, details FROM status"
                               " WHERE tenant_id = ?1 AND action_id = ?2 ORDER BY n DESC"
                               " LIMIT ?4 OFFSET ?5";
    static const char up[] = "SELECT n, at_ms, device_ms, status, code, details FROM status"
                             " WHERE tenant_id = ?1 AND action_id = ?2 ORDER BY n"
                             " LIMIT ?4 OFFSET ?5";
    list_spec s = {.rows = oldest_first ? up : down,
                   .count = "SELECT count(*) FROM status WHERE tenant_id = ?1 AND action_id = ?2",
                   .size = sizeof **rows,
                   .read = read_status,
                   .tenant = tenant,
                   .id = id,
                   .page = page};
    return fleet_list(f, &s, (void **)rows, n, total);
}
