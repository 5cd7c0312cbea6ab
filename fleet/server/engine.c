/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The roll-out engine: one coroutine that looks at every open roll-out each tick.
 *
 * It looks at counters in memory to see whether something might follow; what does follow is
 * decided again inside an operation, on the rows, together with its record. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fleet_impl.h"

enum {
    EXPIRE_BATCH = 200,
    FLUSH_ROWS = 1000,
    FLUSH_MAX = 20000,
    FLUSH_EVERY_S = 10,
    COUNT_TICKS = 16
};

/* ---- silent devices
 * --------------------------------------------------------------------------------- */

struct expiry {
    fleet *f;
    const rollout_live *l;
    int64_t now, ids[EXPIRE_BATCH];
    uint32_t n;
    action_row rows[EXPIRE_BATCH];
    device_change changes[EXPIRE_BATCH];
};

static int find_expired(sql *db, void *arg) {
    struct expiry *e = arg;
    sqlite3_stmt *st;
    e->n = 0;
    int rc = sql_query(db, &st,
                       "SELECT id FROM action WHERE tenant_id = ? AND rollout_id = ?"
                       " AND active = 1 AND deadline_ms <= ? ORDER BY deadline_ms LIMIT ?",
                       "iiii", e->l->tenant, e->l->id, e->now, (int64_t)EXPIRE_BATCH);
    if (rc) return rc;
    while ((rc = sql_step(db, st)) == 1) e->ids[e->n++] = sqlite3_column_int64(st, 0);
    sql_end(st);
    return rc;
}

static int expire_one(sql *db, struct expiry *e, uint32_t i) {
    action_row *a = &e->rows[i];
    int64_t tenant = e->l->tenant;
    int rc = action_get(db, tenant, e->ids[i], a);
    if (rc != 1) return rc ? rc : FLEET_DAMAGED;
    rc = action_add_status(db, tenant, a, ACTION_TIMED_OUT, 0, INT32_MIN,
                           "no closing report before the deadline");
    if (!rc) rc = action_set_status(db, tenant, a, ACTION_TIMED_OUT);
    return rc ? rc : action_next(db, tenant, a, &e->changes[i]);
}

static int expire_op(sql *db, void *arg) {
    struct expiry *e = arg;
    int rc = find_expired(db, e); /* again: some may have reported meanwhile */
    for (uint32_t i = 0; i < e->n && !rc; i++) rc = expire_one(db, e, i);
    return rc;
}

static void expire_done(void *arg, int result) {
    struct expiry *e = arg;
    for (uint32_t i = 0; !result && i < e->n; i++) {
        fleet_device_changed(e->f, &e->changes[i]);
        fleet_count_closed(e->f, e->l->tenant, e->l->id, e->rows[i].stage, ACTION_TIMED_OUT);
    }
    if (!result) fleet_changed(e->f);
}

static int expire(fleet *f, const rollout_live *l) {
    struct expiry *e = malloc(sizeof *e);
    if (!e) return SN_ENOMEM;
    int rc = 0;
    for (e->n = EXPIRE_BATCH; !rc && e->n == EXPIRE_BATCH;) {
        e->f = f;
        e->l = l;
        e->now = sn_utc_ms();
        rc = store_read(f->store, find_expired, e);
        if (rc || !e->n) break;
        rc = store_write_then(f->store, expire_op, expire_done, e);
        if (!rc)
            log_event(LOG_WARN, "rollout.silent", log_i("rollout", l->id), log_i("devices", e->n));
    }
    free(e);
    return rc;
}

/* ---- judgements
 * ---------------------------------------------------------------------------------------- */

struct judging {
    fleet *f;
    int64_t tenant, id;
    const uint64_t *total;
    rollout *r;
    judge_verdict v;
    int changed;
};

static void with_totals(rollout *r, const uint64_t *total) {
    for (uint32_t i = 0; i < r->stages_n; i++) r->stages[i].counts.total = total[i];
}

static int judge_op(sql *db, void *arg) {
    struct judging *j = arg;
    rollout *r = j->r;
    int rc = rollout_load(db, j->tenant, j->id, r);
    if (!rc) rc = rollout_recount(db, r);
    if (rc) return rc;
    with_totals(r, j->total);
    int64_t version = r->version;
    char *before = rollout_json(r);
    j->changed = rollout_judge(r, sn_utc_ms(), &j->v);
    if (j->changed) rc = rollout_save(db, r);
    if (!rc && j->changed && r->state == ROLLOUT_STOPPED) rc = rollout_cancel_open(db, r);
    if (rc || r->version == version) { /* the soak time alone is no decision */
        free(before);
        return rc;
    }
    fleet_actor by = fleet_system(j->tenant);
    return fleet_note(j->f, db, &by, "rollout.judge", before, rollout_json(r), j->v.reason,
                      "rollout/%" PRId64, r->id);
}

static void judge_done(void *arg, int result) {
    struct judging *j = arg;
    if (result || !j->changed) return;
    fleet_plan_changed(j->f, j->r);
    if (j->v.outcome == JUDGE_WAIT) return;
    log_event(LOG_INFO, "rollout.judged", log_i("rollout", j->id),
              log_s("outcome", judge_outcome_name(j->v.outcome)),
              log_s("state", rollout_state_name(j->r->state)), log_i("stage", j->r->stage + 1),
              log_s("reason", j->v.reason));
}

int fleet_judge(fleet *f, int64_t tenant, int64_t id, const uint64_t total[FLEET_STAGES_MAX],
                rollout *r) {
    struct judging j = {.f = f, .tenant = tenant, .id = id, .total = total, .r = r};
    int rc = store_write_then(f->store, judge_op, judge_done, &j);
    return rc ? rc : j.changed;
}

/* Nothing under way in the open stage: either it is complete or its size has changed. */
static int stalled(const rollout *r) {
    const judge_counts *c = &r->stages[r->stage].counts;
    return c->assigned == c->succeeded + c->failed + c->silent + c->canceled;
}

static int look_at(fleet *f, rollout_live *l, uint64_t tick, rollout *r, rollout *trial) {
    int rc = fleet_rollout_get(f, l->tenant, l->id, r);
    if (rc) return rc;
    uint64_t total[FLEET_STAGES_MAX];
    if (tick % COUNT_TICKS == 0 || stalled(r)) {
        fleet_count_stages(f, r, total);
        for (uint32_t i = 0; i < r->stages_n; i++) atomic_store(&l->total[i], total[i]);
    }
    for (uint32_t i = 0; i < FLEET_STAGES_MAX; i++) total[i] = atomic_load(&l->total[i]);
    judge_verdict v;
    *trial = *r;
    with_totals(trial, total);
    if (!rollout_judge(trial, sn_utc_ms(), &v)) return 0;
    rc = fleet_judge(f, l->tenant, l->id, total, r);
    return rc < 0 ? rc : 0;
}

static void look(fleet *f, rollout_live *l, uint64_t tick, rollout *room) {
    int rc = atomic_load(&l->in_flight) > 0 ? expire(f, l) : 0;
    if (!rc && atomic_load(&l->state) == ROLLOUT_RUNNING)
        rc = look_at(f, l, tick, &room[0], &room[1]);
    if (rc) log_event(LOG_ERROR, "rollout.tick", log_i("rollout", l->id), log_e(rc));
}

static void tick_at(fleet *f, uint64_t tick) {
    rollout *room = malloc(2 * sizeof *room);
    if (!room) return;
    sn_lock(&f->live_lock);
    rollout_live *first = f->live; /* entries stay; new ones come before it */
    sn_unlock(&f->live_lock);
    for (rollout_live *l = first; l; l = l->next) look(f, l, tick, room);
    free(room);
}

void fleet_tick(fleet *f) { tick_at(f, 0); }

/* ---- last polls
 * -------------------------------------------------------------------------------------------- */

struct flush {
    uint32_t n, left;
    struct {
        uint32_t row, seen_s;
    } polled[FLUSH_ROWS];
};

/* A slot may have another device by now, or be listed twice: then it is not DEV_SEEN. */
static void collect(shard *s, void *arg) {
    struct flush *b = arg;
    uint32_t i = 0;
    b->n = 0;
    while (i < s->seen_n && b->n < FLUSH_ROWS && b->n < b->left) {
        shard_dev *d = &s->devs[s->seen[i++]];
        if (!(d->flags & DEV_SEEN)) continue;
        d->flags &= (uint8_t)~DEV_SEEN;
        b->polled[b->n].row = d->row;
        b->polled[b->n++].seen_s = d->seen_s;
    }
    s->seen_n -= i;
    if (s->seen_n) memmove(s->seen, s->seen + i, s->seen_n * sizeof *s->seen);
}

static int flush_op(sql *db, void *arg) {
    const struct flush *b = arg;
    int rc =
        sql_run(db, "INSERT OR REPLACE INTO alive(one, utc_ms) VALUES(1, ?)", "i", sn_utc_ms());
    for (uint32_t i = 0; i < b->n && !rc; i++)
        rc = sql_run(db, "UPDATE device SET polled_ms = ? WHERE id = ?", "ii",
                     (int64_t)b->polled[i].seen_s * 1000, (int64_t)b->polled[i].row);
    return rc;
}

void fleet_flush_polls(fleet *f, uint32_t max) {
    struct flush *b = malloc(sizeof *b);
    if (!b) return;
    int rc = 0;
    for (uint32_t i = 0; i < f->shards_n && !rc; i++) {
        b->left = max;
        do {
            shard_do(&f->shards[i], collect, b);
            b->left -= b->n;
            rc = store_write(f->store, flush_op, b);
        } while (!rc && b->n == FLUSH_ROWS && b->left);
    }
    if (rc) log_event(LOG_ERROR, "fleet.flush", log_e(rc));
    free(b);
}

/* ---- the coroutine
 * -------------------------------------------------------------------------------------------- */

int fleet_engine(void *arg) {
    fleet *f = arg;
    sn_time flush_at = sn_now() + FLUSH_EVERY_S * SN_SECOND;
    int err = 0;
    sn_shield(1);
    fleet_mind_clock(f);
    for (uint64_t tick = 0; !err; tick++) {
        sn_case stop = sn_rx(f->stop, NULL, &err);
        if (sn_selectv(&stop, 1, sn_now() + f->tick) != SN_ETIMEDOUT) break;
        fleet_mind_clock(f);
        tick_at(f, tick);
        if (sn_now() < flush_at) continue;
        fleet_flush_polls(f, FLUSH_MAX);
        flush_at = sn_now() + FLUSH_EVERY_S * SN_SECOND;
    }
    sn_wg_done(&f->running);
    return 0;
}
