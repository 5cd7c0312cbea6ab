/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A SQLite connection with its prepared statements, and short ways to run them. One user at a
 * time; nothing here parks. */
#ifndef FLEET_SQL_H
#define FLEET_SQL_H

#include <sqlite3.h>
#include <stdint.h>

#include "result.h"

enum { SQL_CACHE = 128 };

typedef struct sql {
    sqlite3 *h;
    struct {
        const char *text; /**< compared by address: statements are string literals */
        sqlite3_stmt *st;
    } cache[SQL_CACHE];
    int failed; /**< last SQLite error, for the log */
} sql;

/** Opens `path` with SQLite's flags and VFS (NULL: default). On failure *c is closed. */
int sql_open(sql *c, const char *path, int flags, const char *vfs, fleet_err *err);
void sql_close(sql *c);
/** Runs statements without results or parameters. */
int sql_exec(sql *c, const char *text);

/**
 * Runs a statement with parameters: `types` has a letter for each: i int64_t, n int64_t with 0
 * as NULL, s text (NULL: NULL), b blob (const void *, int). sql_run expects no row.
 * Constraint failures: SN_EEXIST (unique), FLEET_INUSE (foreign key).
 */
int sql_run(sql *c, const char *text, const char *types, ...);
/** Starts a query: *st is bound; step with sql_step, end with sql_end in every case. */
int sql_query(sql *c, sqlite3_stmt **st, const char *text, const char *types, ...);
/** 1: a row is there; 0: no more; < 0: error. */
int sql_step(sql *c, sqlite3_stmt *st);
void sql_end(sqlite3_stmt *st);
/** First column of the first row as int64 into *out. 1, 0 (no row: *out untouched), < 0. */
int sql_int(sql *c, int64_t *out, const char *text, const char *types, ...);
/** Rows that the last statement changed. */
int64_t sql_changes(const sql *c);
int64_t sql_last_id(const sql *c);
/** Copies a text column, cut at n - 1 bytes; NULL gives "". */
void sql_text(sqlite3_stmt *st, int col, char *out, size_t n);
/** Our code for SQLite's. */
int sql_error(int rc);

#endif
