/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Statements are prepared once a connection and found by the address of their text. */
#include "sql.h"

#include <sennit/base.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int sql_error(int rc) {
    switch (rc & 0xFF) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return 0;
    case SQLITE_NOMEM:
        return SN_ENOMEM;
    case SQLITE_FULL:
        return SN_ENOSPC;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return SN_EBUSY;
    case SQLITE_READONLY:
        return SN_EROFS;
    case SQLITE_CANTOPEN:
        return SN_ENOENT;
    case SQLITE_TOOBIG:
        return SN_E2BIG;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return FLEET_DAMAGED;
    case SQLITE_CONSTRAINT:
        return rc == SQLITE_CONSTRAINT_FOREIGNKEY ? FLEET_INUSE : SN_EEXIST;
    default:
        return SN_EIO;
    }
}

int sql_open(sql *c, const char *path, int flags, const char *vfs, fleet_err *err) {
    memset(c, 0, sizeof *c);
    int rc = sqlite3_open_v2(path, &c->h, flags | SQLITE_OPEN_NOMUTEX, vfs);
    if (rc == SQLITE_OK) {
        sqlite3_extended_result_codes(c->h, 1);
        sqlite3_busy_timeout(c->h, 10000);
        return 0;
    }
    fleet_fail(err, rc, "%s: %s", path, c->h ? sqlite3_errmsg(c->h) : sqlite3_errstr(rc));
    sqlite3_close(c->h);
    c->h = NULL;
    return sql_error(rc);
}

void sql_close(sql *c) {
    for (int i = 0; i < SQL_CACHE; i++) sqlite3_finalize(c->cache[i].st);
    sqlite3_close(c->h);
    memset(c, 0, sizeof *c);
}

static int failed(sql *c, int rc) {
    c->failed = rc;
    return sql_error(rc);
}

int sql_exec(sql *c, const char *text) {
    return failed(c, sqlite3_exec(c->h, text, NULL, NULL, NULL));
}

static int prepared(sql *c, const char *text, sqlite3_stmt **out) {
    int i = 0;
    while (i < SQL_CACHE && c->cache[i].text && c->cache[i].text != text) i++;
    if (i == SQL_CACHE) { /* full: the oldest makes room */
        sqlite3_finalize(c->cache[0].st);
        memmove(c->cache, c->cache + 1, sizeof c->cache[0] * (SQL_CACHE - 1));
        c->cache[i = SQL_CACHE - 1].text = NULL;
    }
    if (!c->cache[i].text) {
        int rc =
            sqlite3_prepare_v3(c->h, text, -1, SQLITE_PREPARE_PERSISTENT, &c->cache[i].st, NULL);
        if (rc != SQLITE_OK) {
            c->cache[i].st = NULL;
            return failed(c, rc);
        }
        c->cache[i].text = text;
    }
    *out = c->cache[i].st;
    return 0;
}

static int bind_one(sqlite3_stmt *st, int at, char type, va_list *ap) {
    if (type == 's') {
        const char *s = va_arg(*ap, const char *);
        return sqlite3_bind_text(st, at, s, -1, SQLITE_STATIC);
    }
    if (type == 'b') {
        const void *p = va_arg(*ap, const void *);
        int n = va_arg(*ap, int);
        return p ? sqlite3_bind_blob(st, at, p, n, SQLITE_STATIC) : sqlite3_bind_null(st, at);
    }
    int64_t v = va_arg(*ap, int64_t);
    if (type == 'n' && v == 0) return sqlite3_bind_null(st, at);
    return sqlite3_bind_int64(st, at, v);
}

static int start(sql *c, sqlite3_stmt **st, const char *text, const char *types, va_list *ap) {
    *st = NULL;
    int rc = prepared(c, text, st);
    if (rc) return rc;
    for (int i = 0; types[i]; i++) {
        int b = bind_one(*st, i + 1, types[i], ap);
        if (b != SQLITE_OK) {
            sql_end(*st);
            return failed(c, b);
        }
    }
    return 0;
}

int sql_query(sql *c, sqlite3_stmt **st, const char *text, const char *types, ...) {
    va_list ap;
    va_start(ap, types);
    int rc = start(c, st, text, types, &ap);
    va_end(ap);
    return rc;
}

int sql_step(sql *c, sqlite3_stmt *st) {
    int rc = sqlite3_step(st);
    if (rc == SQLITE_ROW) return 1;
    return rc == SQLITE_DONE ? 0 : failed(c, rc);
}

void sql_end(sqlite3_stmt *st) {
    if (!st) return;
    sqlite3_reset(st);
    sqlite3_clear_bindings(st);
}

int sql_run(sql *c, const char *text, const char *types, ...) {
    sqlite3_stmt *st;
    va_list ap;
    va_start(ap, types);
    int rc = start(c, &st, text, types, &ap);
    va_end(ap);
    if (rc) return rc;
    rc = sql_step(c, st);
    sql_end(st);
    return rc < 0 ? rc : 0;
}

int sql_int(sql *c, int64_t *out, const char *text, const char *types, ...) {
    sqlite3_stmt *st;
    va_list ap;
    va_start(ap, types);
    int rc = start(c, &st, text, types, &ap);
    va_end(ap);
    if (rc) return rc;
    rc = sql_step(c, st);
    if (rc == 1) *out = sqlite3_column_int64(st, 0);
    sql_end(st);
    return rc;
}

int64_t sql_changes(const sql *c) { return sqlite3_changes64(c->h); }

int64_t sql_last_id(const sql *c) { return sqlite3_last_insert_rowid(c->h); }

void sql_text(sqlite3_stmt *st, int col, char *out, size_t n) {
    const unsigned char *s = sqlite3_column_text(st, col);
    snprintf(out, n, "%s", s ? (const char *)s : "");
}
