/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Backup and restore of a data folder. */
#include "backup.h"

#include <sennit/file.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "artifact.h"
#include "migrate.h"
#include "sql.h"

enum { PATH_BYTES = 1200, COPY_CHUNK = 262144 };

static int join(char out[PATH_BYTES], const char *dir, const char *name, fleet_err *err) {
    int n = snprintf(out, PATH_BYTES, "%s/%s", dir, name);
    if (n > 0 && n < PATH_BYTES) return 0;
    return fleet_fail(err, SN_E2BIG, "the path %.100s… is too long", dir);
}

static int copy_bytes(sn_file *in, sn_file *out, char *buf) {
    uint64_t at = 0;
    size_t got = COPY_CHUNK, done;
    int rc = 0;
    while (!rc && got == COPY_CHUNK) {
        rc = sn_file_read(in, buf, COPY_CHUNK, at, &got);
        if (!rc && got) rc = sn_file_write(out, buf, got, at, &done);
        at += got;
    }
    return rc ? rc : sn_file_sync(out);
}

static int copy_file(const char *from, const char *to, fleet_err *err) {
    sn_file *in = NULL, *out = NULL;
    char *buf = malloc(COPY_CHUNK);
    int rc = buf ? sn_file_open(&in, from, SN_F_READ) : SN_ENOMEM;
    if (!rc) rc = sn_file_open(&out, to, SN_F_WRITE | SN_F_CREATE | SN_F_EXCL);
    if (!rc) rc = copy_bytes(in, out, buf);
    if (in) sn_file_close(in);
    if (out) sn_file_close(out);
    free(buf);
    return rc ? fleet_fail(err, rc, "%s to %s: %s", from, to, sn_strerror(rc)) : 0;
}

/* A consistent copy of a database that may be in use, by the engine's own backup. */
static int copy_database(const char *from, const char *to, fleet_err *err) {
    sql in, out;
    int rc = sql_open(&in, from, SQLITE_OPEN_READWRITE, NULL, err);
    if (rc) return rc;
    rc = sql_open(&out, to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL, err);
    if (rc) {
        sql_close(&in);
        return rc;
    }
    int failed = SQLITE_NOMEM;
    sqlite3_backup *b = sqlite3_backup_init(out.h, "main", in.h, "main");
    if (b) {
        /* in one step: between two the server commits, and the copy would begin again for ever */
        while ((failed = sqlite3_backup_step(b, -1)) == SQLITE_BUSY || failed == SQLITE_LOCKED)
            sqlite3_sleep(5);
        int last = sqlite3_backup_finish(b);
        if (failed == SQLITE_DONE) failed = last;
    }
    if (failed) fleet_fail(err, SN_EIO, "%s: %s", to, sqlite3_errmsg(out.h));
    sql_close(&out);
    sql_close(&in);
    return sql_error(failed);
}

/* The files that the copied database names. Files are never changed once they have their name. */
static int copy_artifacts(const char *db_path, const char *from, const char *to, fleet_err *err) {
    sql db;
    sqlite3_stmt *st;
    int rc = sql_open(&db, db_path, SQLITE_OPEN_READWRITE, NULL, err);
    if (rc) return rc;
    rc = sql_query(&db, &st, "SELECT DISTINCT sha256 FROM artifact", "");
    while (!rc && (rc = sql_step(&db, st)) == 1) {
        char a[PATH_BYTES], b[PATH_BYTES];
        const char *name = (const char *)sqlite3_column_text(st, 0);
        rc = name ? join(a, from, name, err) : SN_ENOMEM;
        if (!rc) rc = join(b, to, name, err);
        if (!rc) rc = copy_file(a, b, err);
    }
    sql_end(st);
    sql_close(&db);
    return rc;
}

static int copy_all(const char *from, const char *to, fleet_err *err) {
    char a[PATH_BYTES], b[PATH_BYTES], files[PATH_BYTES], copies[PATH_BYTES];
    int rc = join(a, from, "fleet.db", err);
    if (!rc) rc = join(b, to, "fleet.db", err);
    if (!rc) rc = join(files, from, "artifacts", err);
    if (!rc) rc = join(copies, to, "artifacts", err);
    if (rc) return rc;
    sn_file_info info;
    rc = sn_path_stat(a, &info);
    if (rc) return fleet_fail(err, rc, "%s: %s", a, sn_strerror(rc));
    if (sn_path_stat(b, &info) == 0)
        return fleet_fail(err, SN_EEXIST, "%s exists: nothing was changed", b);
    rc = sn_path_mkdir(copies);
    if (rc && rc != SN_EEXIST) return fleet_fail(err, rc, "%s: %s", copies, sn_strerror(rc));
    rc = copy_database(a, b, err);
    return rc ? rc : copy_artifacts(b, files, copies, err);
}

int backup_make(const char *data_dir, const char *to, fleet_err *err) {
    int rc = sn_path_mkdir(to);
    if (rc) return fleet_fail(err, rc, "%s: %s", to, sn_strerror(rc));
    return copy_all(data_dir, to, err);
}

int backup_restore(const char *from, const char *data_dir, fleet_err *err) {
    int rc = sn_path_mkdir(data_dir);
    if (rc && rc != SN_EEXIST) return fleet_fail(err, rc, "%s: %s", data_dir, sn_strerror(rc));
    rc = copy_all(from, data_dir, err);
    return rc ? rc : backup_check(data_dir, NULL, err);
}
