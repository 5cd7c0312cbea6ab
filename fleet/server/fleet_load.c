/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* From rows to memory, at opening. Nothing in memory is the truth: all of it comes from here, so
 * a start after a crash sees what was committed and counts nothing twice. */
#include <stdlib.h>
#include <string.h>

#include "fleet_impl.h"

static int each(sql *db, fleet *f, const char *text, int (*row)(fleet *, sqlite3_stmt *)) {
    sqlite3_stmt *st;
    int rc = sql_query(db, &st, text, "");
    while (!rc && (rc = sql_step(db, st)) == 1) rc = row(f, st);
    sql_end(st);
    return rc;
}

static int load_tenant(fleet *f, sqlite3_stmt *st) {
    char name[FLEET_NAME_MAX + 1];
    sql_text(st, 1, name, sizeof name);
    return fleet_tenant_enter(f, sqlite3_column_int64(st, 0), name, NULL);
}

static int load_setting(fleet *f, sqlite3_stmt *st) {
    char key[FLEET_SETTING_KEY_MAX + 1], value[FLEET_SETTING_VALUE_MAX + 1];
    tenant_live *t = fleet_tenant_live(f, sqlite3_column_int64(st, 0), NULL);
    sql_text(st, 1, key, sizeof key);
    sql_text(st, 2, value, sizeof value);
    int rc = t ? fleet_setting_apply(f, t, key, value) : FLEET_DAMAGED;
    if (rc) log_event(LOG_ERROR, "load.setting", log_s("key", key), log_e(rc));
    return rc;
}

static int load_user(fleet *f, sqlite3_stmt *st) {
    fleet_user u = {.id = sqlite3_column_int64(st, 0), .tenant = sqlite3_column_int64(st, 1)};
    sql_text(st, 2, u.name, sizeof u.name);
    u.role = (enum fleet_role)sqlite3_column_int(st, 3);
    u.created_ms = sqlite3_column_int64(st, 5);
    if (sqlite3_column_bytes(st, 4) != TOKEN_HASH) return FLEET_DAMAGED;
    return fleet_user_enter(f, &u, sqlite3_column_blob(st, 4));
}

static int load_device(fleet *f, sqlite3_stmt *st) {
    shard_dev d = {0};
    char cid[FLEET_CID_MAX + 1];
    int64_t tenant = sqlite3_column_int64(st, 0);
    tenant_live *t = fleet_tenant_live(f, tenant, &d.tenant);
    if (!t) return FLEET_DAMAGED;
    sql_text(st, 2, cid, sizeof cid);
    d.row = (uint32_t)sqlite3_column_int64(st, 1);
    d.key = cohort_key(tenant, cid, strlen(cid));
    if (sqlite3_column_bytes(st, 3) == TOKEN_HASH) {
        memcpy(d.token, sqlite3_column_blob(st, 3), SHARD_TOKEN);
        d.flags |= DEV_HAS_TOKEN;
    }
    d.seen_s = (uint32_t)(sqlite3_column_int64(st, 4) / 1000);
    d.set = (uint32_t)sqlite3_column_int64(st, 5);
    d.installed_action = sqlite3_column_int64(st, 6);
    if (sqlite3_column_int(st, 7)) d.flags |= DEV_WANT_ATTRS;
    atomic_fetch_add(&t->devices, 1);
    return shard_add(fleet_shard(f, d.key), &d, cid);
}

static shard_dev *device_of(fleet *f, sqlite3_stmt *st, shard **s) {
    char cid[FLEET_CID_MAX + 1];
    int64_t tenant = sqlite3_column_int64(st, 0);
    uint16_t index;
    if (!fleet_tenant_live(f, tenant, &index)) return NULL;
    sql_text(st, 1, cid, sizeof cid);
    uint64_t key = cohort_key(tenant, cid, strlen(cid));
    *s = fleet_shard(f, key);
    return shard_find(*s, key, index, cid);
}

/* Oldest first: the first open action is the one that is offered. */
static int load_open_action(fleet *f, sqlite3_stmt *st) {
    shard *s;
    shard_dev *d = device_of(f, st, &s);
    if (!d) return FLEET_DAMAGED;
    if (d->action) return 0;
    shard_set_action(s, d, sqlite3_column_int64(st, 2), (uint32_t)sqlite3_column_int64(st, 4),
                     (uint8_t)sqlite3_column_int(st, 3));
    return 0;
}

/* A device that had the roll-out. */
static int load_had(fleet *f, sqlite3_stmt *st) {
    shard *s;
    shard_dev *d = device_of(f, st, &s);
    shard_plan *p = d ? shard_plan_find(s, sqlite3_column_int64(st, 2)) : NULL;
    if (p) shard_bit_set(p->had, shard_slot(s, d), 1);
    return d ? 0 : FLEET_DAMAGED;
}

static int load_match(fleet *f, sqlite3_stmt *st) {
    shard *s;
    shard_dev *d = device_of(f, st, &s);
    shard_plan *p = d ? shard_plan_find(s, sqlite3_column_int64(st, 2)) : NULL;
    if (p && p->filtered) shard_bit_set(p->match, shard_slot(s, d), 1);
    return d ? 0 : FLEET_DAMAGED;
}

static void counters_of(rollout_live *l, const rollout *r) {
    for (uint32_t i = 0; i < r->stages_n; i++) {
        const judge_counts *c = &r->stages[i].counts;
        atomic_store(&l->total[i], c->total);
        atomic_store(&l->assigned[i], c->assigned);
        atomic_store(&l->succeeded[i], c->succeeded);
        atomic_store(&l->failed[i], c->failed);
        atomic_store(&l->silent[i], c->silent);
        atomic_store(&l->canceled[i], c->canceled);
        atomic_fetch_add(&l->in_flight, (int64_t)(c->assigned - c->succeeded - c->failed -
                                                  c->silent - c->canceled));
    }
}

static int load_one_rollout(sql *db, fleet *f, int64_t tenant, int64_t id) {
    rollout *r = malloc(sizeof *r);
    int rc = r ? rollout_load(db, tenant, id, r) : SN_ENOMEM;
    if (!rc) rc = rollout_recount(db, r);
    rollout_live *l = rc ? NULL : fleet_live_add(f, tenant, id, r->policy.max_in_flight);
    if (!rc && !l) rc = SN_ENOMEM;
    if (!rc) {
        counters_of(l, r);
        tenant_live *t = fleet_tenant_live(f, tenant, NULL);
        atomic_fetch_add(&t->in_flight, atomic_load(&l->in_flight));
        fleet_plan_changed(f, r);
    }
    free(r);
    return rc;
}

/* Those that are not final, and final ones with open actions: their slots still count. */
static int load_rollouts(sql *db, fleet *f) {
    int64_t ids[2], after = 0;
    for (;;) {
        sqlite3_stmt *st;
        int rc = sql_query(db, &st,
                           "SELECT id, tenant_id FROM rollout r WHERE id > ? AND (state < ?"
                           " OR EXISTS(SELECT 1 FROM action a WHERE a.tenant_id = r.tenant_id"
                           " AND a.rollout_id = r.id AND a.active = 1)) ORDER BY id LIMIT 1",
                           "ii", after, (int64_t)ROLLOUT_STOPPED);
        if (!rc) rc = sql_step(db, st);
        if (rc == 1) {
            ids[0] = sqlite3_column_int64(st, 0);
            ids[1] = sqlite3_column_int64(st, 1);
        }
        sql_end(st);
        if (rc != 1) return rc;
        rc = load_one_rollout(db, f, ids[1], ids[0]);
        if (rc) return rc;
        after = ids[0];
    }
}

/* The sizes of stages are not rows: the engine counts those of roll-outs that run, here are all. */
static int count_sizes(sql *db, fleet *f) {
    rollout *r = malloc(sizeof *r);
    int rc = r ? 0 : SN_ENOMEM;
    for (rollout_live *l = f->live; l && !rc; l = l->next) {
        uint64_t total[FLEET_STAGES_MAX];
        rc = rollout_load(db, l->tenant, l->id, r);
        if (rc || r->state >= ROLLOUT_STOPPED) continue;
        fleet_count_stages(f, r, total);
        for (uint32_t i = 0; i < r->stages_n; i++) atomic_store(&l->total[i], total[i]);
    }
    free(r);
    return rc;
}

int fleet_load(sql *db, void *arg) {
    fleet *f = arg;
    int rc = each(db, f, "SELECT id, name FROM tenant ORDER BY id", load_tenant);
    if (!rc) rc = each(db, f, "SELECT tenant_id, key, value FROM setting", load_setting);
    if (!rc)
        rc = each(db, f, "SELECT id, tenant_id, name, role, token_hash, created_ms FROM user",
                  load_user);
    if (!rc)
        rc = each(db, f,
                  "SELECT tenant_id, id, cid, token_hash, polled_ms, installed_set,"
                  " installed_action, want_attrs FROM device ORDER BY id",
                  load_device);
    if (!rc) rc = load_rollouts(db, f);
    if (!rc)
        rc = each(db, f,
                  "SELECT a.tenant_id, d.cid, a.id, a.status, a.rollout_id FROM action a"
                  " JOIN device d ON d.id = a.device_id WHERE a.active = 1 ORDER BY a.id",
                  load_open_action);
    if (!rc)
        rc = each(db, f,
                  "SELECT a.tenant_id, d.cid, a.rollout_id FROM rollout r JOIN action a"
                  " ON a.tenant_id = r.tenant_id AND a.rollout_id = r.id"
                  " JOIN device d ON d.id = a.device_id WHERE r.state < 5",
                  load_had);
    if (!rc)
        rc = each(db, f,
                  "SELECT t.tenant_id, d.cid, r.id FROM rollout r JOIN attr t"
                  " ON t.tenant_id = r.tenant_id AND t.key = r.filter_key"
                  " AND t.value = r.filter_value JOIN device d ON d.id = t.device_id"
                  " WHERE r.filter_key <> '' AND r.state < 5",
                  load_match);
    return rc ? rc : count_sizes(db, f);
}

int fleet_is_new(sql *db, void *is_new) {
    int64_t n = 0;
    int rc = sql_int(db, &n, "SELECT count(*) FROM tenant", "");
    *(int *)is_new = rc == 1 && !n;
    return rc < 0 ? rc : 0;
}

int fleet_found(sql *db, void *arg) {
    fleet *f = arg;
    uint8_t hash[TOKEN_HASH];
    token_hash(f->first_token, TOKEN_CHARS, hash);
    int rc =
        sql_run(db, "INSERT INTO tenant(name, created_ms) VALUES('DEFAULT', ?)", "i", sn_utc_ms());
    if (rc) return rc;
    fleet_actor by = fleet_system(sql_last_id(db));
    rc = sql_run(db,
                 "INSERT INTO user(tenant_id, name, role, token_hash, created_ms)"
                 " VALUES(?, 'admin', ?, ?, ?)",
                 "iibi", by.tenant, (int64_t)ROLE_ADMIN, (const void *)hash, (int)TOKEN_HASH,
                 sn_utc_ms());
    if (rc) return rc;
    return fleet_note(f, db, &by, "fleet.create", NULL, NULL, "first start", "tenant/DEFAULT");
}
