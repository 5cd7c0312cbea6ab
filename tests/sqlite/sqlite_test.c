/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* libsennit-sqlite on real threads and real files: several connections in WAL mode and in others,
 * callbacks that park, threads that are not ours, and what other processes see. */
#include "../world/child.h"

#include <pthread.h>
#include <sennit/sennit.h>
#include <sennit/sqlite.h>
#include <sqlite3.h>

enum { WORKERS = 8, ROWS = 30 };

static char dir[64];
static const char *mode;

static int one_text(void *arg, int n, char **value, char **name) {
    (void)n;
    (void)name;
    snprintf(arg, 64, "%s", value[0] ? value[0] : "");
    return 0;
}

static void expect(sqlite3 *db, const char *sql, const char *want) {
    char got[64] = "";
    CHECK_INT(sqlite3_exec(db, sql, one_text, got, NULL), SQLITE_OK);
    CHECK_STR(got, want);
}

static sqlite3 *open_as(const char *name, const char *journal) {
    char sql[200];
    sqlite3 *db;
    MUST(sqlite3_open_v2(name, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) == SQLITE_OK);
    sqlite3_busy_timeout(db, 30000);
    snprintf(sql, sizeof sql,
             "PRAGMA journal_mode=%s; PRAGMA synchronous=OFF;"
             "CREATE TABLE IF NOT EXISTS t(worker INT, n INT, PRIMARY KEY(worker, n))",
             journal);
    int rc = SQLITE_BUSY;
    for (int i = 0; i < 1000 && rc == SQLITE_BUSY; i++)
        rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    CHECK_INT(rc, SQLITE_OK);
    return db;
}

/* ---- Many connections ---- */

static void work(int worker) {
    char sql[100];
    sqlite3 *db = open_as("many.db", mode);
    for (int n = 0; n < ROWS; n++) {
        snprintf(sql, sizeof sql, "BEGIN IMMEDIATE; INSERT INTO t VALUES(%d, %d); COMMIT", worker,
                 n);
        CHECK_INT(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
        expect(db,
               "SELECT count(DISTINCT n) = max(n) + 1 FROM t WHERE worker = (SELECT max(worker) "
               "FROM t)",
               "1");
    }
    CHECK_INT(sqlite3_close(db), SQLITE_OK);
}

static int works(void *arg) {
    work(*(int *)arg);
    return 0;
}

static void *works_on_a_thread(void *arg) {
    work(*(int *)arg);
    return NULL;
}

static int all_work(void *arg) {
    sn_scope s;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    sn_attr a = {.size = sizeof a, .name = "worker", .flags = SN_FOREIGN};
    for (int i = 0; i < WORKERS; i++) MUST(sn_scope_go(&s, &a, works, &i, sizeof i) == 0);
    /* beside them a thread that is not ours */
    pthread_t t;
    int me = WORKERS;
    MUST(pthread_create(&t, NULL, works_on_a_thread, &me) == 0);
    int rc = sn_scope_leave(&s);
    pthread_join(t, NULL);
    return rc;
}

static void many(const char *journal) {
    char want[16];
    mode = journal;
    (void)remove("many.db");
    CHECK_INT(sn_run(all_work, NULL, NULL), 0);
    sqlite3 *db = open_as("many.db", journal); /* before and after a run it works as well */
    snprintf(want, sizeof want, "%d", (WORKERS + 1) * ROWS);
    expect(db, "SELECT count(*) FROM t", want);
    expect(db, "PRAGMA integrity_check", "ok");
    CHECK_INT(sqlite3_close(db), SQLITE_OK);
    CHECK(access("many.db-wal", F_OK) != 0);
}

static void many_connections_in_wal_mode(void) { many("WAL"); }
static void many_connections_with_a_journal(void) { many("DELETE"); }

/* ---- One connection, and callbacks that park ---- */

/* The trial of docs/guide/calling-c.md: while one coroutine is parked in a function that its
 * statement calls, others on the same thread use the same connection. With a mutex that is the
 * thread's they get in, and their ROLLBACK ends a transaction that is not theirs. */
static sqlite3 *one;

static void sleeps(sqlite3_context *c, int n, sqlite3_value **v) {
    (void)n;
    for (int i = 0; i < 3; i++) {
        int rc = i == 1 ? sn_yield() : sn_sleep(SN_MILLISECOND);
        if (rc) sqlite3_result_error(c, "canceled", -1);
    }
    sqlite3_result_value(c, v[0]);
}

static int inserts(void *arg) {
    char sql[160];
    for (int n = 0; n < 20; n++) {
        snprintf(sql, sizeof sql, "INSERT INTO t VALUES(%d, sleeps(%d))", *(int *)arg, n);
        sqlite3_mutex_enter(sqlite3_db_mutex(one)); /* three statements, one owner */
        CHECK_INT(sqlite3_exec(one, "BEGIN", NULL, NULL, NULL), SQLITE_OK);
        CHECK_INT(sqlite3_exec(one, sql, NULL, NULL, NULL), SQLITE_OK);
        CHECK_INT(sqlite3_exec(one, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
        sqlite3_mutex_leave(sqlite3_db_mutex(one));
    }
    return 0;
}

static int rolls_back(void *arg) {
    (void)arg;
    for (int i = 0; i < 20; i++) {
        sqlite3_mutex_enter(sqlite3_db_mutex(one));
        CHECK_INT(sqlite3_exec(one, "BEGIN; INSERT INTO t VALUES(99, sleeps(1)); ROLLBACK", NULL,
                               NULL, NULL),
                  SQLITE_OK);
        sqlite3_mutex_leave(sqlite3_db_mutex(one));
        int rc = sn_yield();
        if (rc) return rc;
    }
    return 0;
}

static int share_one(void *arg) {
    sn_scope s;
    (void)arg;
    (void)remove("one.db");
    one = open_as("one.db", "WAL");
    MUST(sqlite3_create_function(one, "sleeps", 1, SQLITE_UTF8, NULL, sleeps, NULL, NULL) == 0);
    sn_scope_enter(&s, SN_NEVER);
    sn_attr a = {.size = sizeof a, .name = "sharer", .flags = SN_FOREIGN};
    for (int i = 0; i < 4; i++) MUST(sn_scope_go(&s, &a, inserts, &i, sizeof i) == 0);
    MUST(sn_scope_go(&s, &a, rolls_back, NULL, 0) == 0);
    int rc = sn_scope_leave(&s);
    expect(one, "SELECT count(*) FROM t", "80");
    expect(one, "SELECT count(*) FROM t WHERE worker = 99", "0");
    CHECK_INT(sqlite3_close(one), SQLITE_OK);
    return rc;
}

static void callbacks_may_park(void) { CHECK_INT(sn_run(share_one, NULL, NULL), 0); }

/* ---- Cancelled scopes ---- */

static int commits_all_the_same(void *arg) {
    sn_scope s;
    (void)arg;
    sqlite3 *db = open_as("cancel.db", "DELETE");
    sn_scope_enter(&s, SN_NEVER);
    sn_scope_cancel(&s, SN_ECANCELED);
    CHECK_INT(sqlite3_exec(db, "DELETE FROM t; INSERT INTO t VALUES(1, 1)", NULL, NULL, NULL),
              SQLITE_OK);
    CHECK_INT(sn_scope_leave(&s), SN_ECANCELED);
    expect(db, "SELECT count(*) FROM t", "1");
    CHECK_INT(sqlite3_close(db), SQLITE_OK);
    return 0;
}

static void a_cancel_cuts_nothing_short(void) {
    CHECK_INT(sn_run(commits_all_the_same, NULL, NULL), 0);
}

/* ---- Other processes and other names ---- */

static int try_to_open(const char *vfs, const char *name) {
    sqlite3 *db;
    int rc = sqlite3_open_v2(name, &db, SQLITE_OPEN_READWRITE, vfs);
    if (rc == SQLITE_OK) rc = sqlite3_exec(db, "INSERT INTO t VALUES(7, 7)", NULL, NULL, NULL);
    sqlite3_close(db);
    return rc & 0xff;
}

static void others_find_it_busy(void) {
    child_end end;
    sqlite3 *db = open_as("mine.db", "WAL");
    child_run("opens", &end);
    CHECK(WIFEXITED(end.status) && WEXITSTATUS(end.status) == SQLITE_BUSY);
    child_run("opens-as-others-do", &end);
    CHECK(WIFEXITED(end.status) && WEXITSTATUS(end.status) == SQLITE_BUSY);
    MUST(symlink("mine.db", "alias.db") == 0);
    CHECK_INT(try_to_open(NULL, "alias.db"), SQLITE_BUSY);
    CHECK_INT(try_to_open(NULL, ".//mine.db"), SQLITE_OK); /* the same name */
    CHECK_INT(sqlite3_close(db), SQLITE_OK);
    child_run("opens", &end);
    CHECK(WIFEXITED(end.status) && WEXITSTATUS(end.status) == SQLITE_CONSTRAINT); /* it is in */
    child_run("opens-as-others-do", &end);
    CHECK(WIFEXITED(end.status) && WEXITSTATUS(end.status) == SQLITE_CONSTRAINT);
}

static void a_killed_process_leaves_no_lock(void) {
    child_end end;
    child_run("dies", &end);
    CHECK(WIFSIGNALED(end.status) && WTERMSIG(end.status) == SIGKILL);
    sqlite3 *db = open_as("killed.db", "WAL");
    expect(db, "SELECT count(*) FROM t", "100");
    expect(db, "PRAGMA integrity_check", "ok");
    CHECK_INT(sqlite3_close(db), SQLITE_OK);
}

static int die(void) {
    char sql[64];
    sqlite3 *db = open_as("killed.db", "WAL");
    for (int i = 0; i < 100; i++) {
        snprintf(sql, sizeof sql, "INSERT INTO t VALUES(1, %d)", i);
        MUST(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK);
    }
    kill(getpid(), SIGKILL);
    return 1;
}

/* ---- What SQLite asks besides ---- */

static void temporary_files_have_no_name(void) {
    sqlite3 *db = open_as("temp.db", "WAL");
    CHECK_INT(sqlite3_exec(db,
                           "PRAGMA temp_store=FILE; PRAGMA cache_size=10; PRAGMA cache_spill=10;"
                           "CREATE TEMP TABLE big AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL "
                           "SELECT x+1 FROM c WHERE x < 5000)"
                           "SELECT x, randomblob(200) AS y FROM c; CREATE TEMP TABLE sorted AS "
                           "SELECT * FROM big ORDER BY y",
                           NULL, NULL, NULL),
              SQLITE_OK);
    expect(db, "SELECT count(*) FROM sorted", "5000");
    CHECK_INT(sqlite3_close(db), SQLITE_OK);
}

static void knows_time_chance_and_name(void) {
    char *name = NULL;
    sqlite3 *db = open_as("temp.db", "WAL");
    expect(db, "SELECT abs(strftime('%s', 'now') - strftime('%s', julianday('now'))) < 2", "1");
    expect(db, "SELECT strftime('%Y', 'now') > '2024'", "1");
    expect(db, "SELECT random() != random()", "1");
    CHECK_INT(sqlite3_file_control(db, "main", SQLITE_FCNTL_VFSNAME, &name), SQLITE_OK);
    CHECK_STR(name, SN_SQLITE_VFS);
    sqlite3_free(name);
    CHECK_INT(sqlite3_close(db), SQLITE_OK);
}

static void reads_what_it_may_not_write(void) {
    sqlite3 *db = open_as("ro.db", "DELETE");
    CHECK_INT(sqlite3_close(db), SQLITE_OK);
    MUST(sqlite3_open_v2("ro.db", &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK);
    expect(db, "SELECT count(*) FROM t", "0");
    CHECK_INT(sqlite3_exec(db, "INSERT INTO t VALUES(1, 1)", NULL, NULL, NULL), SQLITE_READONLY);
    CHECK_INT(sqlite3_close(db), SQLITE_OK);
    CHECK_INT(sqlite3_open_v2("no/such.db", &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_CANTOPEN);
    sqlite3_close(db);
    CHECK_INT(sqlite3_open_v2(".", &db, SQLITE_OPEN_READWRITE, NULL) & 0xff, SQLITE_CANTOPEN);
    sqlite3_close(db);
}

static void is_refused_when_late(void) {
    child_end end;
    child_run("late", &end);
    CHECK(WIFEXITED(end.status) && WEXITSTATUS(end.status) == 0);
}

static int late(void) {
    MUST(sqlite3_initialize() == SQLITE_OK);
    return sn_sqlite_init() != SN_EBUSY || sn_sqlite_init() != SN_EBUSY;
}

static int child(const char *name) {
    if (!strcmp(name, "late")) return late();
    MUST(sn_sqlite_init() == 0);
    if (!strcmp(name, "dies")) return die();
    return try_to_open(!strcmp(name, "opens") ? NULL : "unix", "mine.db");
}

int main(int argc, char **argv) {
    if (argc == 3 && !strcmp(argv[1], "child")) return child(argv[2]);
    snprintf(dir, sizeof dir, "/tmp/sennit-sqlite-XXXXXX");
    MUST(mkdtemp(dir) && chdir(dir) == 0);
    MUST(sn_sqlite_init() == 0 && sn_sqlite_init() == 0);
    CASE(many_connections_in_wal_mode);
    CASE(many_connections_with_a_journal);
    CASE(callbacks_may_park);
    CASE(a_cancel_cuts_nothing_short);
    CASE(others_find_it_busy);
    CASE(a_killed_process_leaves_no_lock);
    CASE(temporary_files_have_no_name);
    CASE(knows_time_chance_and_name);
    CASE(reads_what_it_may_not_write);
    CASE(is_refused_when_late);
    MUST(chdir("/") == 0);
    char command[100];
    snprintf(command, sizeof command, "rm -r %s", dir);
    MUST(system(command) == 0);
    return check_done();
}
