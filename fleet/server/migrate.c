/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Steps forward; the number is SQLite's user_version, the mark of our files application_id. */
#include "migrate.h"

#include <inttypes.h>
#include <sennit/file.h>
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "schema_1.h"

#define APPLICATION_ID 0x536e4674 /* "SnFt" */

static const char *const steps[] = {schema_1};

int64_t migrate_newest(void) { return (int64_t)(sizeof steps / sizeof *steps); }

int migrate_version(sql *c, int64_t *version) {
    int64_t id = 0, tables = 0;
    int rc = sql_int(c, version, "PRAGMA user_version", "");
    if (rc >= 0) rc = sql_int(c, &id, "PRAGMA application_id", "");
    if (rc >= 0) rc = sql_int(c, &tables, "SELECT count(*) FROM sqlite_schema", "");
    if (rc < 0) return rc;
    if (id == APPLICATION_ID) return 0;
    return tables || *version ? FLEET_DAMAGED : 0;
}

/* VACUUM INTO leaves the syncing to others. */
static int sync_file(const char *path) {
    sn_file *f;
    int rc = sn_file_open(&f, path, SN_F_READ | SN_F_WRITE);
    if (rc) return rc;
    rc = sn_file_sync(f);
    sn_file_close(f);
    return rc;
}

/* A copy beside the file, whole or not there at all; one of an earlier try is replaced. */
static int backup_before(sql *c, const char *path, int64_t version) {
    char to[4096], temp[4096 + 8];
    int n = snprintf(to, sizeof to, "%s.before-%" PRId64, path, version + 1);
    if (n < 0 || (size_t)n >= sizeof to) return SN_E2BIG;
    snprintf(temp, sizeof temp, "%s.part", to);
    int rc = sn_path_remove(temp);
    if (rc == 0 || rc == SN_ENOENT) rc = sql_run(c, "VACUUM INTO ?", "s", temp);
    if (rc == 0) rc = sync_file(temp);
    if (rc == 0) rc = sn_path_rename(temp, to);
    if (rc == 0) log_event(LOG_INFO, "migrate.backup", log_s("path", to));
    return rc;
}

static int step(sql *c, const char *path, const char *text, int64_t to, fleet_err *err) {
    char mark[96];
    snprintf(mark, sizeof mark, "PRAGMA application_id = %d; PRAGMA user_version = %" PRId64,
             APPLICATION_ID, to);
    int rc = sql_exec(c, "BEGIN IMMEDIATE");
    if (!rc) rc = sql_exec(c, text);
    if (!rc) rc = sql_exec(c, mark);
    if (!rc) rc = sql_exec(c, "COMMIT");
    if (!rc) return 0;
    fleet_fail(err, rc, "%s: schema step %" PRId64 ": %s", path, to, sqlite3_errmsg(c->h));
    if (!sqlite3_get_autocommit(c->h) && sql_exec(c, "ROLLBACK"))
        log_event(LOG_ERROR, "migrate.rollback", log_e(rc));
    return rc;
}

int migrate_with(sql *c, const char *path, const char *const *texts, int64_t newest,
                 fleet_err *err) {
    int64_t version = 0;
    int rc = migrate_version(c, &version);
    if (rc == FLEET_DAMAGED)
        return fleet_fail(err, rc, "%s is not a database of sennit-fleet", path);
    if (rc) return fleet_fail(err, rc, "%s: %s", path, sqlite3_errmsg(c->h));
    if (version > newest)
        return fleet_fail(err, FLEET_SCHEMA,
                          "%s has schema %" PRId64 "; this release knows up to %" PRId64
                          ": use the release that wrote it",
                          path, version, newest);
    if (version > 0 && version < newest) rc = backup_before(c, path, version);
    if (rc)
        return fleet_fail(err, rc, "%s: no copy before the migration: %s", path, sn_strerror(rc));
    while (!rc && version < newest) {
        rc = step(c, path, texts[version], version + 1, err);
        if (!rc) version++;
    }
    return rc;
}

int migrate_forward(sql *c, const char *path, fleet_err *err) {
    return migrate_with(c, path, steps, migrate_newest(), err);
}
