/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SQLite as it comes, with its own mutexes. (With sn_sqlite_init: test sqlite_smp_migrate.) */
#include "calling.h"
#include "child.h"

#include <sqlite3.h>

static void execute(sqlite3 *db, const char *sql) {
    CHECK_INT(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* One coroutine owns the connection, and parks only between calls. */
static int owns_a_connection(void *arg) {
    sqlite3 *db;
    sqlite3_stmt *q;
    long long sum = 0;
    (void)arg;
    MUST(sqlite3_open(":memory:", &db) == SQLITE_OK);
    execute(db, "CREATE TABLE t(x); BEGIN");
    for (int i = 0; i < 20; i++) {
        execute(db, "INSERT INTO t VALUES(2)");
        park_and_move();
    }
    execute(db, "COMMIT");
    MUST(sqlite3_prepare_v2(db, "SELECT x FROM t", -1, &q, NULL) == SQLITE_OK);
    while (sqlite3_step(q) == SQLITE_ROW) {
        sum += sqlite3_column_int64(q, 0);
        park_and_move(); /* in the middle of a statement */
    }
    sqlite3_finalize(q);
    CHECK_INT(sum, 40);
    CHECK_INT(sqlite3_close(db), SQLITE_OK);
    return 0;
}
CALLING_CASE(a_connection_with_one_owner) { crowd(4, owns_a_connection, NULL); }

/* Several coroutines, one connection: each call takes its mutex and gives it back. */
static sqlite3 *shared_db;
static int inserts(void *arg) {
    (void)arg;
    for (int i = 0; i < 20; i++) {
        execute(shared_db, "INSERT INTO t VALUES(1)");
        park_and_move();
    }
    return 0;
}
CALLING_CASE(single_calls_on_a_shared_connection) {
    sqlite3_stmt *q;
    MUST(sqlite3_open_v2(":memory:", &shared_db,
                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX,
                         NULL) == SQLITE_OK);
    execute(shared_db, "CREATE TABLE t(x)");
    crowd(4, inserts, NULL);
    MUST(sqlite3_prepare_v2(shared_db, "SELECT count(*) FROM t", -1, &q, NULL) == SQLITE_OK);
    CHECK_INT(sqlite3_step(q), SQLITE_ROW);
    CHECK_INT(sqlite3_column_int(q, 0), 80);
    sqlite3_finalize(q);
    CHECK_INT(sqlite3_close(shared_db), SQLITE_OK);
}

/* UNSAFE: SQLite calls back with the connection's mutex held, for a thread. A callback that parks
 * goes on on another, which does not have it: the next call of SQLite there would wait for ever. So
 * this one is the last, and ends the program with its result. */
static void parks_inside(sqlite3_context *c, int n, sqlite3_value **v) {
    sqlite3_mutex *m = sqlite3_db_mutex(sqlite3_context_db_handle(c));
    (void)n, (void)v;
    CHECK_INT(sqlite3_mutex_try(m), SQLITE_OK);
    sqlite3_mutex_leave(m);
    park_and_move();
    CHECK_INT(sqlite3_mutex_try(m), SQLITE_BUSY);
    int failed = check_failed_ || check_failed_n_;
    printf("%d passed, %d failed\n", check_passed_n_ + !check_failed_,
           check_failed_n_ + check_failed_);
    fflush(stdout);
    _exit(failed);
}
CALLING_CASE(a_callback_that_parks_loses_the_connection) {
    sqlite3 *db;
    MUST(sqlite3_open_v2(":memory:", &db,
                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX,
                         NULL) == SQLITE_OK);
    MUST(sqlite3_create_function(db, "parks", 0, SQLITE_UTF8, NULL, parks_inside, NULL, NULL) ==
         SQLITE_OK);
    execute(db, "SELECT parks()");
}

/* One that is pinned keeps it, whatever others do with connections of their own. */
static void parks_and_keeps(sqlite3_context *c, int n, sqlite3_value **v) {
    (void)n, (void)v;
    park_for_long();
    sqlite3_mutex *m = sqlite3_db_mutex(sqlite3_context_db_handle(c));
    int rc = sqlite3_mutex_try(m);
    if (rc == SQLITE_OK) sqlite3_mutex_leave(m);
    sqlite3_result_int(c, rc == SQLITE_OK);
}
static int keeps_a_connection(void) {
    sqlite3 *db;
    sqlite3_stmt *q;
    MUST(sqlite3_open_v2(":memory:", &db,
                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX,
                         NULL) == SQLITE_OK);
    MUST(sqlite3_create_function(db, "parks", 0, SQLITE_UTF8, NULL, parks_and_keeps, NULL, NULL) ==
         SQLITE_OK);
    MUST(sqlite3_prepare_v2(db, "SELECT parks()", -1, &q, NULL) == SQLITE_OK);
    CHECK_INT(sqlite3_step(q), SQLITE_ROW);
    int kept = sqlite3_column_int(q, 0);
    sqlite3_finalize(q);
    CHECK_INT(sqlite3_close(db), SQLITE_OK);
    return kept;
}
static void uses_another(void) {
    sqlite3 *db;
    MUST(sqlite3_open(":memory:", &db) == SQLITE_OK);
    execute(db, "CREATE TABLE t(x)");
    CHECK_INT(sqlite3_close(db), SQLITE_OK);
}
CALLING_CASE(a_callback_of_a_pinned_coroutine_may_park) {
    CHECK_INT(lost_over_parks(keeps_a_connection, uses_another, SN_PIN), 0);
}

/* A callback that must not park says so, and is stopped where it does. */
static int parks_all_the_same;
static void guarded(sqlite3_context *c, int n, sqlite3_value **v) {
    (void)n, (void)v;
    sn_nopark_begin();
    if (parks_all_the_same) park_and_move();
    sqlite3_result_int(c, 42);
    sn_nopark_end();
}
CALLING_CASE(a_callback_that_must_not_park) {
    sqlite3 *db;
    MUST(sqlite3_open(":memory:", &db) == SQLITE_OK);
    MUST(sqlite3_create_function(db, "guarded", 0, SQLITE_UTF8, NULL, guarded, NULL, NULL) ==
         SQLITE_OK);
    for (int i = 0; i < 10; i++) {
        execute(db, "SELECT guarded()");
        park_and_move();
    }
    CHECK_INT(sqlite3_close(db), SQLITE_OK);
}

int main(int argc, char **argv) {
    static const char *const stopped[] = {"call that may park between sn_nopark_begin", "guarded",
                                          NULL};
    MUST(sqlite3_threadsafe() == 1);
    if (argc == 3 && !strcmp(argv[1], "child")) {
        parks_all_the_same = 1;
        a_callback_that_must_not_park();
        return 0;
    }
    CASE(a_callback_of_a_pinned_coroutine_may_park);
    CASE(a_callback_that_must_not_park);
    child_dies("parks", stopped);
    CASE(a_connection_with_one_owner);
    CASE(single_calls_on_a_shared_connection);
    CASE(a_callback_that_parks_loses_the_connection);
    return check_done();
}
