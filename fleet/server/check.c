/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* check: everything that can be told wrong about a data folder without a server. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "artifact.h"
#include "backup.h"
#include "migrate.h"
#include "record.h"
#include "sql.h"
#include <sennit/file.h>

struct check {
    sql db;
    const char *dir;
    FILE *out; /* may be NULL */
    fleet_err *err;
    int rc; /* the first finding */
};

static void say(struct check *c, const char *name, const fleet_err *wrong) {
    if (c->out)
        fprintf(c->out, "%-9s %s%s%s\n", wrong ? "DAMAGED" : "ok", name, wrong ? ": " : "",
                wrong ? wrong->text : "");
    if (!wrong || c->rc) return;
    c->rc = FLEET_DAMAGED;
    fleet_fail(c->err, FLEET_DAMAGED, "%s: %.200s", name, wrong->text);
}

/* The statement must give no row; its first column says what is wrong. */
static void must_be_empty(struct check *c, const char *name, const char *text) {
    sqlite3_stmt *st;
    fleet_err wrong;
    int rc = sql_query(&c->db, &st, text, "");
    if (!rc) rc = sql_step(&c->db, st);
    if (rc == 1)
        sql_text(st, 0, wrong.text, sizeof wrong.text);
    else if (rc < 0)
        fleet_fail(&wrong, rc, "%s", sqlite3_errmsg(c->db.h));
    sql_end(st);
    say(c, name, rc ? &wrong : NULL);
}

static void check_tables(struct check *c) {
    must_be_empty(c, "pages and indexes",
                  "SELECT integrity_check FROM pragma_integrity_check(20)"
                  " WHERE integrity_check <> 'ok'");
    must_be_empty(c, "references",
                  "SELECT 'a row of ' || \"table\" || ' refers to a missing row of ' || parent"
                  " FROM pragma_foreign_key_check");
    must_be_empty(c, "one open action a device",
                  "SELECT 'device ' || device_id || ' has ' || count(*) || ' open actions'"
                  " FROM action WHERE active = 1 AND status <> 5"
                  " GROUP BY tenant_id, device_id HAVING count(*) > 1");
    must_be_empty(c, "one action a device and roll-out",
                  "SELECT 'device ' || device_id || ' has ' || count(*) || ' actions of roll-out '"
                  " || rollout_id FROM action WHERE rollout_id IS NOT NULL"
                  " GROUP BY tenant_id, rollout_id, device_id HAVING count(*) > 1");
    must_be_empty(c, "closed actions are closed",
                  "SELECT 'action ' || id || ' has status ' || status || ' and active ' || active"
                  " FROM action WHERE (status >= 6) = active");
    must_be_empty(c, "histories",
                  "SELECT 'action ' || a.id || ' counts ' || a.statuses || ' entries'"
                  " FROM action a WHERE a.statuses <> (SELECT count(*) FROM status s"
                  " WHERE s.tenant_id = a.tenant_id AND s.action_id = a.id)");
    must_be_empty(c, "closed actions have a last word",
                  "SELECT 'action ' || a.id || ' is closed without an entry' FROM action a"
                  " WHERE a.status IN (6, 7, 9) AND NOT EXISTS(SELECT 1 FROM status s"
                  " WHERE s.tenant_id = a.tenant_id AND s.action_id = a.id"
                  " AND s.status = a.status)");
    must_be_empty(c, "stages",
                  "SELECT 'roll-out ' || id || ' has no stage ' || stage FROM rollout r"
                  " WHERE NOT EXISTS(SELECT 1 FROM stage s WHERE s.tenant_id = r.tenant_id"
                  " AND s.rollout_id = r.id AND s.n = r.stage)");
}

static void check_records(struct check *c) {
    int64_t tenant = 0;
    for (;;) {
        char name[96];
        uint64_t n;
        fleet_err wrong = {{0}};
        int rc = sql_int(&c->db, &tenant, "SELECT id FROM tenant WHERE id > ? ORDER BY id LIMIT 1",
                         "i", tenant);
        if (rc != 1) return;
        rc = record_verify_db(&c->db, tenant, &n, &wrong);
        snprintf(name, sizeof name, "record of tenant %" PRId64 ", %" PRIu64 " entries", tenant, n);
        say(c, name, rc ? &wrong : NULL);
    }
}

static int check_artifact(const struct check *c, const char *sha256, int64_t size,
                          fleet_err *wrong) {
    char path[1300];
    artifact_hashes h;
    int n = snprintf(path, sizeof path, "%s/artifacts/%s", c->dir, sha256);
    if (n < 0 || (size_t)n >= sizeof path) return fleet_fail(wrong, SN_E2BIG, "path too long");
    int rc = artifact_hash_file(path, &h, wrong);
    if (rc) return rc;
    if (h.size != (uint64_t)size || strcmp(h.sha256, sha256))
        return fleet_fail(wrong, FLEET_DAMAGED, "%s has other bytes than its name says", sha256);
    return 0;
}

static void check_artifacts(struct check *c) {
    sqlite3_stmt *st;
    char name[64];
    uint64_t n = 0;
    fleet_err wrong = {{0}};
    int bad = 0, rc = sql_query(&c->db, &st, "SELECT DISTINCT sha256, size FROM artifact", "");
    while (!rc && (rc = sql_step(&c->db, st)) == 1) {
        char sha256[65];
        sql_text(st, 0, sha256, sizeof sha256);
        rc = 0;
        if (!bad) bad = check_artifact(c, sha256, sqlite3_column_int64(st, 1), &wrong);
        n++;
    }
    sql_end(st);
    if (rc) fleet_fail(&wrong, rc, "%s", sqlite3_errmsg(c->db.h));
    snprintf(name, sizeof name, "artifact files, %" PRIu64, n);
    say(c, name, bad || rc ? &wrong : NULL);
}

static int open_db(struct check *c, const char *path) {
    int64_t version = 0;
    sn_file_info info;
    int rc = sn_path_stat(path, &info);
    if (rc) return fleet_fail(c->err, rc, "%s: %s", path, sn_strerror(rc));
    rc = sql_open(&c->db, path, SQLITE_OPEN_READWRITE, NULL, c->err);
    if (rc) return rc;
    rc = migrate_version(&c->db, &version);
    if (!rc && version > migrate_newest())
        rc = fleet_fail(c->err, FLEET_SCHEMA,
                        "%s has schema %" PRId64 "; this release knows up to %" PRId64, path,
                        version, migrate_newest());
    else if (!rc && version < migrate_newest())
        rc = fleet_fail(c->err, FLEET_SCHEMA,
                        "%s has schema %" PRId64 "; start the server once to bring it to %" PRId64,
                        path, version, migrate_newest());
    else if (rc)
        rc = fleet_fail(c->err, FLEET_DAMAGED, "%s is not a database of sennit-fleet", path);
    if (rc) sql_close(&c->db);
    return rc;
}

int backup_check(const char *data_dir, FILE *out, fleet_err *err) {
    struct check c = {.dir = data_dir, .out = out, .err = err};
    char path[1200];
    int n = snprintf(path, sizeof path, "%s/fleet.db", data_dir);
    if (n < 0 || (size_t)n >= sizeof path) return fleet_fail(err, SN_E2BIG, "the path is too long");
    int rc = open_db(&c, path);
    if (rc) return rc;
    check_tables(&c);
    check_records(&c);
    check_artifacts(&c);
    sql_close(&c.db);
    return c.rc;
}
