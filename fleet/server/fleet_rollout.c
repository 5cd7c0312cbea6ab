/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Roll-outs: creating, reading, and the operators' verbs. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fleet_impl.h"

/* A device that matches a filter. */
struct matching {
    uint64_t key;
    uint32_t row;
};

struct create_args {
    fleet *f;
    const fleet_actor *by;
    rollout *r;
    struct matching *match;
    size_t match_n, match_cap;
    int no_set;
};

static int add_match(struct create_args *a, sqlite3_stmt *st) {
    char cid[FLEET_CID_MAX + 1];
    if (a->match_n == a->match_cap) {
        size_t cap = a->match_cap ? a->match_cap * 2 : 256;
        struct matching *more = realloc(a->match, cap * sizeof *more);
        if (!more) return SN_ENOMEM;
        a->match = more;
        a->match_cap = cap;
    }
    sql_text(st, 0, cid, sizeof cid);
    a->match[a->match_n++] = (struct matching){cohort_key(a->r->tenant, cid, strlen(cid)),
                                               (uint32_t)sqlite3_column_int64(st, 1)};
    return 0;
}

static int find_matches(sql *db, struct create_args *a) {
    sqlite3_stmt *st;
    if (!a->r->filter_key[0]) return 0;
    int rc = sql_query(db, &st,
                       "SELECT d.cid, d.id FROM attr t JOIN device d ON d.id = t.device_id"
                       " WHERE t.tenant_id = ? AND t.key = ? AND t.value = ?",
                       "iss", a->r->tenant, a->r->filter_key, a->r->filter_value);
    while (!rc && (rc = sql_step(db, st)) == 1) rc = add_match(a, st);
    sql_end(st);
    return rc;
}

static char *policy_json(const rollout *r) {
    const rollout_policy *p = &r->policy;
    json j = {0};
    json_obj(&j, NULL);
    json_str(&j, "name", r->name);
    json_int(&j, "set", r->set_id);
    if (r->filter_key[0]) {
        json_str(&j, "filterKey", r->filter_key);
        json_str(&j, "filterValue", r->filter_value);
    }
    json_int(&j, "thresholdPpm", p->judge.threshold_ppm);
    json_int(&j, "confidencePpm", p->judge.confidence_ppm);
    json_int(&j, "minSample", p->judge.min_sample);
    json_int(&j, "soakSeconds", p->judge.soak_s);
    json_str(&j, "mode", p->manual ? "manual" : "auto");
    json_str(&j, "onFail", p->on_fail == ON_FAIL_STOP ? "stop" : "hold");
    json_int(&j, "maxInFlight", p->max_in_flight);
    json_int(&j, "actionTimeoutSeconds", p->action_timeout_s);
    json_int(&j, "stageTimeoutSeconds", p->stage_timeout_s);
    json_arr(&j, "sharesPpm");
    for (uint32_t i = 0; i < r->stages_n; i++) json_int(&j, NULL, r->stages[i].share_ppm);
    json_arr_end(&j);
    json_obj_end(&j);
    return json_done(&j, NULL);
}

/* The software is fixed from here on: what is approved is what is installed. */
static int create_op(sql *db, void *arg) {
    struct create_args *a = arg;
    rollout *r = a->r;
    int rc = sql_run(db, "UPDATE dset SET locked = 1 WHERE tenant_id = ? AND id = ?", "ii",
                     r->tenant, r->set_id);
    if (rc) return rc;
    a->no_set = !sql_changes(db);
    if (a->no_set) return SN_ENOENT;
    rc = rollout_insert(db, r);
    if (!rc) rc = find_matches(db, a);
    if (rc) return rc;
    return fleet_note(a->f, db, a->by, "rollout.create", NULL, policy_json(r), NULL,
                      "rollout/%" PRId64, r->id);
}

static void set_matches(shard *s, void *arg) {
    const struct create_args *a = arg;
    shard_plan *p = shard_plan_find(s, a->r->id);
    for (size_t i = 0; p && i < a->match_n; i++) {
        if (fleet_shard(a->f, a->match[i].key) != s) continue;
        shard_dev *d = shard_find_row(s, a->match[i].key, a->match[i].row);
        if (d) shard_bit_set(p->match, shard_slot(s, d), 1);
    }
}

static void create_done(void *arg, int result) {
    struct create_args *a = arg;
    fleet *f = a->f;
    uint64_t total[FLEET_STAGES_MAX];
    if (result) return;
    rollout_live *l = fleet_live_add(f, a->r->tenant, a->r->id, a->r->policy.max_in_flight);
    if (!l) {
        log_event(LOG_ERROR, "rollout.enter", log_i("rollout", a->r->id), log_e(SN_ENOMEM));
        return;
    }
    fleet_plan_changed(f, a->r);
    for (uint32_t i = 0; a->match_n && i < f->shards_n; i++)
        shard_do(&f->shards[i], set_matches, a);
    fleet_count_stages(f, a->r, total);
    for (uint32_t i = 0; i < a->r->stages_n; i++) atomic_store(&l->total[i], total[i]);
}

static void make_plan(const rollout *r, fleet_rollout_plan *plan) {
    memset(plan, 0, sizeof *plan);
    plan->needed = judge_sample_needed(&r->policy.judge, 0);
    for (uint32_t i = 0; i < r->stages_n; i++)
        plan->warnings_n +=
            (uint32_t)rollout_warning(r, i, plan->warnings[plan->warnings_n], FLEET_REASON_MAX);
}

static void reset(rollout *r, const fleet_actor *by) {
    r->tenant = by->tenant;
    r->state = ROLLOUT_DRAFT;
    r->hold = HOLD_NONE;
    r->stage = 0;
    r->held_sample = 0;
    r->version = 1;
    r->created_ms = r->changed_ms = sn_utc_ms();
    r->reason[0] = r->approved_by[0] = 0;
    snprintf(r->created_by, sizeof r->created_by, "%s", by->name);
    for (uint32_t i = 0; i < r->stages_n; i++)
        r->stages[i] = (rollout_stage){.share_ppm = r->stages[i].share_ppm};
}

int fleet_rollout_create(fleet *f, const fleet_actor *by, rollout *r, fleet_rollout_plan *plan,
                         fleet_err *err) {
    struct create_args a = {.f = f, .by = by, .r = r};
    int rc = rollout_check(r, err);
    if (!rc) rc = fleet_text_check(r->name, FLEET_NAME_MAX, "the roll-out's name", err);
    if (rc) return rc;
    reset(r, by);
    rc = store_write_then(f->store, create_op, create_done, &a);
    free(a.match);
    if (rc == SN_ENOENT && a.no_set)
        return fleet_fail(err, rc, "there is no distribution set %" PRId64, r->set_id);
    if (rc == SN_EEXIST) return fleet_fail(err, rc, "a roll-out %s exists already", r->name);
    if (rc) return rc;
    (void)!fleet_overlay(f, r);
    if (plan) make_plan(r, plan);
    return 0;
}

/* ---- reading
 * ------------------------------------------------------------------------------------------ */

struct get_args {
    fleet *f;
    int64_t tenant, id;
    rollout *out;
};

static int get_op(sql *db, void *arg) {
    struct get_args *a = arg;
    int rc = rollout_load(db, a->tenant, a->id, a->out);
    return rc || fleet_overlay(a->f, a->out) ? rc : rollout_recount(db, a->out);
}

int fleet_rollout_get(fleet *f, int64_t tenant, int64_t id, rollout *out) {
    struct get_args a = {f, tenant, id, out};
    return store_read(f->store, get_op, &a);
}

int fleet_rollout_plan_get(fleet *f, int64_t tenant, int64_t id, fleet_rollout_plan *out) {
    rollout *r = malloc(sizeof *r);
    if (!r) return SN_ENOMEM;
    int rc = fleet_rollout_get(f, tenant, id, r);
    if (!rc) make_plan(r, out);
    free(r);
    return rc;
}

static int read_id(sqlite3_stmt *st, void *row) {
    ((rollout *)row)->id = sqlite3_column_int64(st, 0);
    return 0;
}

#define ROLLOUT_MATCH " WHERE tenant_id = ?1 AND (?3 IS NULL OR instr(lower(name), lower(?3)))"

int fleet_rollouts(fleet *f, int64_t tenant, const fleet_page *page, rollout **rows, uint32_t *n,
                   uint64_t *total) {
    list_spec s = {.rows = "SELECT id FROM rollout" ROLLOUT_MATCH " ORDER BY id DESC"
                           " LIMIT ?4 OFFSET ?5",
                   .count = "SELECT count(*) FROM rollout" ROLLOUT_MATCH,
                   .size = sizeof **rows,
                   .read = read_id,
                   .tenant = tenant,
                   .text = page ? page->match : NULL,
                   .page = page};
    int rc = fleet_list(f, &s, (void **)rows, n, total);
    for (uint32_t i = 0; !rc && i < *n; i++)
        rc = fleet_rollout_get(f, tenant, (*rows)[i].id, &(*rows)[i]);
    if (rc && *rows) {
        free(*rows);
        *rows = NULL;
    }
    return rc;
}

/* ---- verbs
 * ---------------------------------------------------------------------------------------------- */

struct verb_args {
    fleet *f;
    const fleet_actor *by;
    int64_t id, version;
    enum rollout_verb verb;
    const char *reason;
    rollout *r;
    fleet_err *err;
    rollout_live *live; /* NULL: final */
};

static int stored_version(const struct verb_args *a) {
    if (a->version < 0 || a->version == a->r->version) return 0;
    return fleet_fail(a->err, FLEET_STALE, "the roll-out has version %" PRId64 ", not %" PRId64,
                      a->r->version, a->version);
}

static int verb_op(sql *db, void *arg) {
    struct verb_args *a = arg;
    rollout *r = a->r;
    char event[64];
    int rc = rollout_load(db, a->by->tenant, a->id, r);
    if (!rc) rc = stored_version(a);
    if (!rc) rc = rollout_recount(db, r);
    if (rc) return rc;
    for (uint32_t i = 0; a->live && i < r->stages_n; i++)
        r->stages[i].counts.total = atomic_load(&a->live->total[i]);
    char *before = rollout_json(r);
    rc = rollout_apply(r, a->verb, a->reason, sn_utc_ms(), a->err);
    if (!rc && a->verb == ROLLOUT_APPROVE)
        snprintf(r->approved_by, sizeof r->approved_by, "%s", a->by->name);
    if (!rc) rc = rollout_save(db, r);
    if (!rc && a->verb == ROLLOUT_STOP) rc = rollout_cancel_open(db, r);
    if (rc) {
        free(before);
        return rc;
    }
    snprintf(event, sizeof event, "rollout.%s", rollout_verb_name(a->verb));
    return fleet_note(a->f, db, a->by, event, before, rollout_json(r), a->reason,
                      "rollout/%" PRId64, r->id);
}

static void verb_done(void *arg, int result) {
    struct verb_args *a = arg;
    if (result) return;
    fleet_plan_changed(a->f, a->r);
    log_event(LOG_INFO, "rollout.verb", log_i("rollout", a->id),
              log_s("verb", rollout_verb_name(a->verb)),
              log_s("state", rollout_state_name(a->r->state)), log_s("by", a->by->name));
}

int fleet_rollout_verb(fleet *f, const fleet_actor *by, int64_t id, enum rollout_verb verb,
                       const char *reason, int64_t version, rollout *out, fleet_err *err) {
    rollout *r = malloc(sizeof *r);
    if (!r) return SN_ENOMEM;
    char cut[FLEET_REASON_MAX];
    snprintf(cut, sizeof cut, "%s", reason ? reason : "");
    struct verb_args a = {f, by, id, version, verb, cut, r, err, fleet_live(f, id)};
    int rc = store_write_then(f->store, verb_op, verb_done, &a);
    if (rc == SN_ENOENT) fleet_fail(err, rc, "there is no roll-out %" PRId64, id);
    if (!rc && out) {
        *out = *r;
        (void)!fleet_overlay(f, out);
    }
    free(r);
    return rc;
}
