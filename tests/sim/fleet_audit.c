/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The end: the database, read by a process of its own on the server's host, against the ledger. */
#include "fleet_sim.h"

#include "backup.h"
#include "sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FINISHED = 6, FAILED, CANCELED, SILENT };

struct auditing {
    struct site *site;
    struct field *field;
    struct desk *desk;
    sql db;
    int64_t set, opened_ms[STAGES];
    uint64_t by[STAGES][SILENT + 1], sure_found;
};

static void must(struct auditing *a, int rc, const char *what) {
    if (rc < 0)
        sn_sim_fail("audit: %s: %s: %s", what, sn_strerror(rc),
                    a->db.h ? sqlite3_errmsg(a->db.h) : "");
}

/* ---- one device and its action ---- */

struct row {
    uint32_t device;
    int64_t installed, action, status, stage, created_ms, active, last_words;
};

static enum outcome outcome_of(int64_t status) {
    return status == FINISHED ? OUTCOME_GOOD : status == FAILED ? OUTCOME_BAD : OUTCOME_CANCELED;
}

/* What the device was told is what is stored. */
static void compare(struct auditing *a, const struct row *r, const struct device *d) {
    enum outcome told = (enum outcome)(d->ended_as & ~ENDED_SURE);
    if (!(d->ended_as & ENDED_SURE)) {
        if (told && told != outcome_of(r->status) && r->status != SILENT && r->status != CANCELED)
            sn_sim_fail("device %u: told %d, answered that it was known, stored %lld", r->device,
                        told, (long long)r->status);
        return;
    }
    a->sure_found++;
    if (r->status < FINISHED || told != outcome_of(r->status))
        sn_sim_fail("device %u: the end of action %u (%d) was acknowledged, but stored is %lld",
                    r->device, d->ended, told, (long long)r->status);
    if (told == OUTCOME_GOOD && r->installed != a->set)
        sn_sim_fail("device %u: runs the new version, but set %lld is noted", r->device,
                    (long long)r->installed);
}

static void check_row(struct auditing *a, const struct row *r) {
    const struct device *d = &a->field->devices[r->device];
    if (!r->action) {
        if (d->ended || d->action)
            sn_sim_fail("device %u: action %u is not stored", r->device,
                        d->ended ? d->ended : d->action);
        return;
    }
    if (r->active && a->field->rested)
        sn_sim_fail("device %u: action %lld is open in the end, status %lld", r->device,
                    (long long)r->action, (long long)r->status);
    if (r->stage != d->stage)
        sn_sim_fail("device %u: of stage %d, got stage %lld's action", r->device, d->stage,
                    (long long)r->stage);
    if (!a->opened_ms[r->stage] || r->created_ms < a->opened_ms[r->stage])
        sn_sim_fail("device %u: got its action before stage %lld was open", r->device,
                    (long long)r->stage + 1);
    if (r->last_words > 1)
        sn_sim_fail("device %u: action %lld was closed %lld times", r->device, (long long)r->action,
                    (long long)r->last_words);
    a->by[r->stage][r->status]++;
    if (d->ended == r->action) compare(a, r, d);
}

static void read_rows(struct auditing *a) {
    sqlite3_stmt *st;
    char cid[32];
    uint32_t last = UINT32_MAX;
    must(a,
         sql_query(&a->db, &st,
                   "SELECT d.cid, d.installed_set, x.id, x.status, x.stage, x.created_ms,"
                   " x.active, (SELECT count(*) FROM status s WHERE s.tenant_id = x.tenant_id AND "
                   "s.action_id = x.id"
                   " AND s.status >= 6) FROM device d LEFT JOIN action x"
                   " ON x.tenant_id = d.tenant_id AND x.device_id = d.id AND x.rollout_id = ? "
                   "ORDER BY d.id, x.id",
                   "i", a->desk->rollout),
         "actions");
    for (int rc; (rc = sql_step(&a->db, st)) != 0;) {
        must(a, rc, "actions");
        sql_text(st, 0, cid, sizeof cid);
        struct row r = {(uint32_t)strtoul(cid + 4, NULL, 10), sqlite3_column_int64(st, 1),
                        sqlite3_column_int64(st, 2),          sqlite3_column_int64(st, 3),
                        sqlite3_column_int64(st, 4),          sqlite3_column_int64(st, 5),
                        sqlite3_column_int64(st, 6),          sqlite3_column_int64(st, 7)};
        if (r.device >= a->field->habits.devices) sn_sim_fail("a device nobody made: %s", cid);
        if (r.device == last) sn_sim_fail("device %u has two actions", r.device);
        last = r.device;
        check_row(a, &r);
    }
    sql_end(st);
}

/* ---- the whole ---- */

static void read_rollout(struct auditing *a) {
    sqlite3_stmt *st;
    must(a,
         sql_int(&a->db, &a->set, "SELECT set_id FROM rollout WHERE id = ?", "i", a->desk->rollout),
         "roll-out");
    must(a,
         sql_query(&a->db, &st, "SELECT n, opened_ms FROM stage WHERE rollout_id = ?", "i",
                   a->desk->rollout),
         "stages");
    for (int rc; (rc = sql_step(&a->db, st)) != 0;) {
        must(a, rc, "stages");
        a->opened_ms[sqlite3_column_int(st, 0) % STAGES] = sqlite3_column_int64(st, 1);
    }
    sql_end(st);
}

static void same(const char *what, int stage, uint64_t least, uint64_t n, uint64_t most) {
    if (n < least || n > most)
        sn_sim_fail("stage %d: %llu %s are stored; acknowledged %llu, told %llu", stage + 1,
                    (unsigned long long)n, what, (unsigned long long)least,
                    (unsigned long long)most);
}

static void compare_sums(struct auditing *a) {
    const struct ledger *l = &a->field->ledger;
    uint64_t sure = 0;
    for (int i = 0; i < STAGES; i++) {
        same("successes", i, l->good[i], a->by[i][FINISHED], l->told_good[i]);
        same("failures", i, l->bad[i], a->by[i][FAILED], l->told_bad[i]);
        same("cancels", i, l->canceled[i], a->by[i][CANCELED], l->told_cancel[i]);
        sure += l->good[i] + l->bad[i] + l->canceled[i];
    }
    if (sure != a->sure_found)
        sn_sim_fail("%llu ends were acknowledged, %llu are stored", (unsigned long long)sure,
                    (unsigned long long)a->sure_found);
}

static int audit_main(void *arg) {
    struct auditing *a = *(struct auditing **)arg;
    const struct serve_conf *c = &a->site->conf;
    char path[300];
    fleet_err err = {""};
    if (backup_check(c->data, NULL, &err)) sn_sim_fail("check: %s", err.text);
    snprintf(path, sizeof path, "%s/fleet.db", c->data);
    if (sql_open(&a->db, path, SQLITE_OPEN_READWRITE, NULL, &err))
        sn_sim_fail("audit: %s", err.text);
    if (a->desk->rollout) {
        read_rollout(a);
        read_rows(a);
        compare_sums(a);
    }
    sql_close(&a->db);
    return 0;
}

void audit(struct site *s, struct field *f, struct desk *d) {
    struct auditing *a = calloc(1, sizeof *a);
    int result = 0;
    if (!a) sn_sim_fail("no memory for the audit");
    a->site = s;
    a->field = f;
    a->desk = d;
    int rc = sn_host_start(s->host, audit_main, &a, sizeof a);
    if (!rc) rc = sn_host_wait(s->host, &result);
    if (rc || result) sn_sim_fail("the audit ended with %s", sn_strerror(rc ? rc : result));
    free(a);
}
