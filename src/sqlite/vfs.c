/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The VFS: names, chance and time. Extensions are loaded as SQLite's own VFS loads them. */
#include <sennit/go.h>
#include <sennit/sqlite.h>
#include <sennit/time.h>
#include <string.h>

#include "sqlite/vfs.h"

enum { PATH_MAX_BYTES = 1024 };

static int v_open(sqlite3_vfs *v, const char *path, sqlite3_file *f, int flags, int *out) {
    int how;
    (void)v;
    handle *h = (handle *)f;
    *h = (handle){.path = path};
    int rc = sn__sqlite_open(h, flags, &how);
    if (out) *out = how;
    return rc;
}

static int v_delete(sqlite3_vfs *v, const char *path, int sync_folder) {
    (void)v;
    uint32_t was = sn_shield(1);
    int err = sn_path_remove(path), rc = SQLITE_OK;
    if (err) rc = err == SN_ENOENT ? SQLITE_IOERR_DELETE_NOENT : SQLITE_IOERR_DELETE;
    if (!err && sync_folder && sn__sqlite_sync_folder(path)) rc = SQLITE_IOERR_DIR_FSYNC;
    (void)sn_shield(was);
    return rc;
}

/* An empty file counts as none, as with SQLite's own: a journal of no length is no journal. */
static int v_access(sqlite3_vfs *v, const char *path, int what, int *out) {
    (void)v;
    sn_file_info info;
    uint32_t was = sn_shield(1);
    int err = sn_path_stat(path, &info);
    (void)sn_shield(was);
    *out = !err && (what != SQLITE_ACCESS_EXISTS || !info.is_file || info.size > 0);
    return !err || err == SN_ENOENT || err == SN_ENOTDIR ? SQLITE_OK : SQLITE_IOERR_ACCESS;
}

/* Without "./" and doubled slashes, so that the common ways to write a name are one name. */
static int v_full_path(sqlite3_vfs *v, const char *path, int room, char *out) {
    (void)v;
    int n = 0;
    while (*path) {
        bool start = n == 0 || out[n - 1] == '/';
        if (start && path[0] == '.' && path[1] == '/') {
            path += 2 + strspn(path + 2, "/");
        } else if (start && n && *path == '/') {
            path++;
        } else {
            if (n + 1 >= room) return SQLITE_CANTOPEN;
            out[n++] = *path++;
        }
    }
    out[n] = 0;
    return SQLITE_OK;
}

static int v_random(sqlite3_vfs *v, int n, char *out) {
    (void)v;
    sn_random(out, (size_t)n);
    return n;
}

/* A cancel ends it early, and SQLite asks its busy handler again. */
static int v_sleep(sqlite3_vfs *v, int us) {
    (void)v;
    if (sn_sleep(us * SN_MICROSECOND)) return 0;
    return us;
}

#define JULIAN_1970 INT64_C(210866760000000) /* ms from the Julian epoch to Unix's */
static int v_time(sqlite3_vfs *v, sqlite3_int64 *ms) {
    (void)v;
    *ms = JULIAN_1970 + sn_utc_ms();
    return SQLITE_OK;
}

static int v_days(sqlite3_vfs *v, double *days) {
    sqlite3_int64 ms;
    (void)v_time(v, &ms);
    *days = (double)ms / 86400000.0;
    return SQLITE_OK;
}

static int v_last_error(sqlite3_vfs *v, int n, char *out) {
    (void)v;
    (void)n;
    (void)out;
    return 0;
}

/* ---- Extensions ---- */

static sqlite3_vfs *own(void) { return sqlite3_vfs_find("unix"); }

static void *v_dl_open(sqlite3_vfs *v, const char *path) {
    (void)v;
    return own() ? own()->xDlOpen(own(), path) : NULL;
}

static void v_dl_error(sqlite3_vfs *v, int n, char *out) {
    (void)v;
    if (own())
        own()->xDlError(own(), n, out);
    else
        sqlite3_snprintf(n, out, "this SQLite loads no extensions");
}

static void (*v_dl_symbol(sqlite3_vfs *v, void *lib, const char *name))(void) {
    (void)v;
    return own()->xDlSym(own(), lib, name);
}

static void v_dl_close(sqlite3_vfs *v, void *lib) {
    (void)v;
    own()->xDlClose(own(), lib);
}

sqlite3_vfs sn__sqlite_vfs = {
    .iVersion = 2,
    .szOsFile = sizeof(handle),
    .mxPathname = PATH_MAX_BYTES,
    .zName = SN_SQLITE_VFS,
    .xOpen = v_open,
    .xDelete = v_delete,
    .xAccess = v_access,
    .xFullPathname = v_full_path,
    .xDlOpen = v_dl_open,
    .xDlError = v_dl_error,
    .xDlSym = v_dl_symbol,
    .xDlClose = v_dl_close,
    .xRandomness = v_random,
    .xSleep = v_sleep,
    .xCurrentTime = v_days,
    .xGetLastError = v_last_error,
    .xCurrentTimeInt64 = v_time,
};
