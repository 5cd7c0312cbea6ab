/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Actions as rows: what feedback, assignment, cancel and time-outs have in common. */
#include <string.h>

#include "fleet_impl.h"

const char *action_status_name(enum action_status s) {
    static const char *const names[] = {"none",       "pending",   "running",  "download",
                                        "downloaded", "canceling", "finished", "error",
                                        "canceled",   "timed_out"};
    return names[s <= ACTION_TIMED_OUT ? s : ACTION_NONE];
}

int action_get(sql *db, int64_t tenant, int64_t id, action_row *a) {
    sqlite3_stmt *st;
    int rc = sql_query(db, &st,
                       "SELECT a.id, a.device_id, a.set_id, a.rollout_id, a.stage, a.forced,"
                       " a.status, a.statuses, a.digest, d.cid FROM action a"
                       " JOIN device d ON d.id = a.device_id WHERE a.id = ?2 AND a.tenant_id = ?1",
                       "ii", tenant, id);
    if (!rc) rc = sql_step(db, st);
    if (rc == 1) {
        *a = (action_row){.id = sqlite3_column_int64(st, 0),
                          .device = sqlite3_column_int64(st, 1),
                          .set_id = sqlite3_column_int64(st, 2),
                          .rollout = sqlite3_column_int64(st, 3),
                          .stage = (uint32_t)sqlite3_column_int(st, 4),
                          .forced = (uint32_t)sqlite3_column_int(st, 5),
                          .status = (enum action_status)sqlite3_column_int(st, 6),
                          .statuses = sqlite3_column_int64(st, 7),
                          .digest = sqlite3_column_int64(st, 8)};
        sql_text(st, 9, a->cid, sizeof a->cid);
    }
    sql_end(st);
    return rc;
}

int action_add_status(sql *db, int64_t tenant, action_row *a, enum action_status s,
                      int64_t device_ms, int32_t code, const char *details) {
    char kept[FLEET_DETAIL_BYTES_MAX + 1];
    size_t n = details ? strnlen(details, FLEET_DETAIL_BYTES_MAX) : 0;
    memcpy(kept, details ? details : "", n);
    kept[n] = 0;
    a->statuses++;
    return sql_run(db,
                   code == INT32_MIN
                       ? "INSERT INTO status(tenant_id, action_id, n, at_ms, device_ms, status,"
                         " details, code) VALUES(?, ?, ?, ?, ?, ?, ?, NULL)"
                       : "INSERT INTO status(tenant_id, action_id, n, at_ms, device_ms, status,"
                         " details, code) VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
                   code == INT32_MIN ? "iiiiiis" : "iiiiiisi", tenant, a->id, a->statuses,
                   sn_utc_ms(), device_ms, (int64_t)s, kept, (int64_t)code);
}

int action_set_status(sql *db, int64_t tenant, const action_row *a, enum action_status s) {
    return sql_run(db,
                   "UPDATE action SET status = ?, active = ?, changed_ms = ?, statuses = ?,"
                   " digest = ? WHERE tenant_id = ? AND id = ?",
                   "iiiiiii", (int64_t)s, (int64_t)!action_closed(s), sn_utc_ms(), a->statuses,
                   a->digest, tenant, a->id);
}

int action_next(sql *db, int64_t tenant, const action_row *a, device_change *out) {
    sqlite3_stmt *st;
    *out = (device_change){.key = cohort_key(tenant, a->cid, strlen(a->cid)),
                           .row = (uint32_t)a->device};
    int rc = sql_query(db, &st,
                       "SELECT id, status, rollout_id FROM action WHERE tenant_id = ?"
                       " AND device_id = ? AND active = 1 ORDER BY id LIMIT 1",
                       "ii", tenant, a->device);
    if (!rc) rc = sql_step(db, st);
    if (rc == 1) {
        out->action = sqlite3_column_int64(st, 0);
        out->status = (uint8_t)sqlite3_column_int(st, 1);
        out->rollout = (uint32_t)sqlite3_column_int64(st, 2);
    }
    sql_end(st);
    return rc < 0 ? rc : 0;
}
