/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Roll-outs as rows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fleet_impl.h"

static void read_rollout(sqlite3_stmt *st, rollout *r) {
    int c = 0;
    r->tenant = sqlite3_column_int64(st, c++);
    r->id = sqlite3_column_int64(st, c++);
    sql_text(st, c++, r->name, sizeof r->name);
    r->set_id = sqlite3_column_int64(st, c++);
    sql_text(st, c++, r->filter_key, sizeof r->filter_key);
    sql_text(st, c++, r->filter_value, sizeof r->filter_value);
    uint32_t *const policy[] = {&r->policy.judge.threshold_ppm,
                                &r->policy.judge.confidence_ppm,
                                &r->policy.judge.min_sample,
                                &r->policy.judge.soak_s,
                                &r->policy.manual,
                                &r->policy.on_fail,
                                &r->policy.max_in_flight,
                                &r->policy.action_timeout_s,
                                &r->policy.stage_timeout_s,
                                &r->forced};
    for (size_t i = 0; i < sizeof policy / sizeof *policy; i++)
        *policy[i] = (uint32_t)sqlite3_column_int64(st, c++);
    r->state = (enum rollout_state)sqlite3_column_int(st, c++);
    r->hold = (enum rollout_hold)sqlite3_column_int(st, c++);
    r->stage = (uint32_t)sqlite3_column_int(st, c++);
    r->held_sample = (uint64_t)sqlite3_column_int64(st, c++);
    r->version = sqlite3_column_int64(st, c++);
    sql_text(st, c++, r->reason, sizeof r->reason);
    r->created_ms = sqlite3_column_int64(st, c++);
    r->changed_ms = sqlite3_column_int64(st, c++);
    sql_text(st, c++, r->created_by, sizeof r->created_by);
    sql_text(st, c++, r->approved_by, sizeof r->approved_by);
}

static void read_stage(sqlite3_stmt *st, rollout_stage *s) {
    s->share_ppm = (uint32_t)sqlite3_column_int64(st, 0);
    s->counts.total = (uint64_t)sqlite3_column_int64(st, 1);
    s->opened_ms = sqlite3_column_int64(st, 2);
    s->closed_ms = sqlite3_column_int64(st, 3);
    s->soak_from_ms = sqlite3_column_int64(st, 4);
    s->outcome = (enum judge_outcome)sqlite3_column_int(st, 5);
    sql_text(st, 6, s->reason, sizeof s->reason);
}

static int load_stages(sql *db, rollout *r) {
    sqlite3_stmt *st;
    int rc = sql_query(db, &st,
                       "SELECT share_ppm, total, opened_ms, closed_ms, soak_from_ms, outcome,"
                       " reason FROM stage WHERE tenant_id = ? AND rollout_id = ? ORDER BY n",
                       "ii", r->tenant, r->id);
    while (!rc && (rc = sql_step(db, st)) == 1) {
        if (r->stages_n == FLEET_STAGES_MAX)
            rc = FLEET_DAMAGED;
        else {
            read_stage(st, &r->stages[r->stages_n++]);
            rc = 0;
        }
    }
    sql_end(st);
    if (!rc && (!r->stages_n || r->stage >= r->stages_n)) rc = FLEET_DAMAGED;
    return rc;
}

int rollout_load(sql *db, int64_t tenant, int64_t id, rollout *out) {
    sqlite3_stmt *st;
    memset(out, 0, sizeof *out);
    int rc = sql_query(db, &st,
                       "SELECT tenant_id, id, name, set_id, filter_key, filter_value,"
                       " threshold_ppm, confidence_ppm, min_sample, soak_s, manual, on_fail,"
                       " max_in_flight, action_timeout_s, stage_timeout_s, forced, state, hold,"
                       " stage, held_sample, version, reason, created_ms, changed_ms, created_by,"
                       " approved_by FROM rollout WHERE tenant_id = ? AND id = ?",
                       "ii", tenant, id);
    if (!rc) rc = sql_step(db, st);
    if (rc == 1) read_rollout(st, out);
    sql_end(st);
    if (rc != 1) return rc ? rc : SN_ENOENT;
    return load_stages(db, out);
}

static int save_stage(sql *db, const rollout *r, uint32_t i) {
    const rollout_stage *s = &r->stages[i];
    return sql_run(db,
                   "INSERT INTO stage(tenant_id, rollout_id, n, share_ppm, total, opened_ms,"
                   " closed_ms, soak_from_ms, outcome, reason) VALUES(?,?,?,?,?,?,?,?,?,?)"
                   " ON CONFLICT DO UPDATE SET total = excluded.total,"
                   " opened_ms = excluded.opened_ms, closed_ms = excluded.closed_ms,"
                   " soak_from_ms = excluded.soak_from_ms, outcome = excluded.outcome,"
                   " reason = excluded.reason",
                   "iiiiiiiiis", r->tenant, r->id, (int64_t)i, (int64_t)s->share_ppm,
                   (int64_t)s->counts.total, s->opened_ms, s->closed_ms, s->soak_from_ms,
                   (int64_t)s->outcome, s->reason);
}

static int save_stages(sql *db, const rollout *r) {
    int rc = 0;
    for (uint32_t i = 0; i < r->stages_n && !rc; i++) rc = save_stage(db, r, i);
    return rc;
}

int rollout_insert(sql *db, rollout *r) {
    const rollout_policy *p = &r->policy;
    int rc = sql_run(
        db,
        "INSERT INTO rollout(tenant_id, name, set_id, filter_key, filter_value, threshold_ppm,"
        " confidence_ppm, min_sample, soak_s, manual, on_fail, max_in_flight, action_timeout_s,"
        " stage_timeout_s, forced, state, hold, stage, held_sample, version, reason, created_ms,"
        " changed_ms, created_by, approved_by)"
        " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,0,0,0,?,?,?,?,?,'')",
        "isissiiiiiiiiiiiisiis", r->tenant, r->name, r->set_id, r->filter_key, r->filter_value,
        (int64_t)p->judge.threshold_ppm, (int64_t)p->judge.confidence_ppm,
        (int64_t)p->judge.min_sample, (int64_t)p->judge.soak_s, (int64_t)p->manual,
        (int64_t)p->on_fail, (int64_t)p->max_in_flight, (int64_t)p->action_timeout_s,
        (int64_t)p->stage_timeout_s, (int64_t)r->forced, (int64_t)r->state, r->version, r->reason,
        r->created_ms, r->changed_ms, r->created_by);
    if (rc) return rc;
    r->id = sql_last_id(db);
    return r->id > UINT32_MAX ? FLEET_QUOTA : save_stages(db, r);
}

int rollout_save(sql *db, const rollout *r) {
    int rc = sql_run(db,
                     "UPDATE rollout SET state = ?, hold = ?, stage = ?, held_sample = ?,"
                     " version = ?, reason = ?, changed_ms = ?, approved_by = ?"
                     " WHERE tenant_id = ? AND id = ?",
                     "iiiiisisii", (int64_t)r->state, (int64_t)r->hold, (int64_t)r->stage,
                     (int64_t)r->held_sample, r->version, r->reason, r->changed_ms, r->approved_by,
                     r->tenant, r->id);
    return rc ? rc : save_stages(db, r);
}

static void count_status(judge_counts *c, enum action_status s, uint64_t n) {
    c->assigned += n;
    if (s == ACTION_FINISHED) c->succeeded += n;
    if (s == ACTION_ERROR) c->failed += n;
    if (s == ACTION_CANCELED) c->canceled += n;
    if (s == ACTION_TIMED_OUT) c->silent += n;
    if (s == ACTION_DOWNLOAD || s == ACTION_DOWNLOADED) c->downloading += n;
    if (s == ACTION_RUNNING) c->installing += n;
    if (s == ACTION_CANCELING) c->canceling += n;
}

int rollout_recount(sql *db, rollout *r) {
    sqlite3_stmt *st;
    for (uint32_t i = 0; i < r->stages_n; i++)
        r->stages[i].counts = (judge_counts){.total = r->stages[i].counts.total};
    int rc = sql_query(db, &st,
                       "SELECT stage, status, count(*) FROM action WHERE tenant_id = ?"
                       " AND rollout_id = ? GROUP BY stage, status",
                       "ii", r->tenant, r->id);
    while (!rc && (rc = sql_step(db, st)) == 1) {
        uint32_t i = (uint32_t)sqlite3_column_int(st, 0);
        rc = i < r->stages_n ? 0 : FLEET_DAMAGED;
        if (!rc)
            count_status(&r->stages[i].counts, (enum action_status)sqlite3_column_int(st, 1),
                         (uint64_t)sqlite3_column_int64(st, 2));
    }
    sql_end(st);
    return rc;
}

int rollout_cancel_open(sql *db, const rollout *r) {
    return sql_run(db,
                   "UPDATE action SET status = 5, changed_ms = ? WHERE tenant_id = ?"
                   " AND rollout_id = ? AND active = 1",
                   "iii", sn_utc_ms(), r->tenant, r->id);
}

char *rollout_json(const rollout *r) {
    json j = {0};
    const judge_counts *c = &r->stages[r->stage].counts;
    json_obj(&j, NULL);
    json_str(&j, "state", rollout_state_name(r->state));
    if (r->hold) json_str(&j, "hold", rollout_hold_name(r->hold));
    json_int(&j, "version", r->version);
    json_int(&j, "stage", (int64_t)r->stage + 1);
    json_int(&j, "sharePpm", r->stages[r->stage].share_ppm);
    json_int(&j, "total", (int64_t)c->total);
    json_int(&j, "assigned", (int64_t)c->assigned);
    json_int(&j, "succeeded", (int64_t)c->succeeded);
    json_int(&j, "failed", (int64_t)c->failed);
    json_int(&j, "silent", (int64_t)c->silent);
    json_int(&j, "canceled", (int64_t)c->canceled);
    json_obj_end(&j);
    return json_done(&j, NULL);
}
