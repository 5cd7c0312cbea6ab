/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <sennit/sennit.h>
#include <sennit/sqlite.h>
#include <sqlite3.h>

static int app(void *arg) {
    sqlite3 *db;
    (void)arg;
    if (sn_sqlite_init() || sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE, NULL)) return 1;
    int rc = sqlite3_exec(db, "CREATE TABLE t(x)", NULL, NULL, NULL);
    sqlite3_close(db);
    return rc != SQLITE_OK;
}

SN_MAIN(app)
