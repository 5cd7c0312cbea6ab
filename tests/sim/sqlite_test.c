/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SQLite on a simulated disk. Several coroutines, each with a connection of its own, put rows into
 * one database and note which commits were acknowledged; then the process is killed, or the power
 * goes, at an instant of the seed's; then it starts again and looks. */
#include "check.h"

#include <sennit/sennit.h>
#include <sennit/sim.h>
#include <sennit/sqlite.h>
#include <sqlite3.h>

enum { WRITERS = 3, ROWS = 400 };

/* What one run is like, and what it saw. */
static struct world {
    const char *journal, *sync; /* pragmas */
    enum sn_stop how;
    sn_disk disk;
    sn_time until; /* it is stopped some time before this */
    int boots, stopped;
    uint64_t seed;
    unsigned char acked[WRITERS][ROWS]; /* known to the test, which no power cut reaches */
    int acks, errors, missing, damaged;
} w;

/* ---- In the process ---- */

static int open_db(sqlite3 **db) {
    char pragmas[200];
    int rc = sqlite3_open_v2("test.db", db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    if (rc == SQLITE_OK) sqlite3_busy_timeout(*db, 20000);
    snprintf(pragmas, sizeof pragmas,
             "PRAGMA journal_mode=%s; PRAGMA synchronous=%s; PRAGMA wal_autocheckpoint=20;"
             "CREATE TABLE IF NOT EXISTS t(writer INT, n INT, what BLOB, PRIMARY KEY(writer, n))",
             w.journal, w.sync);
    if (rc == SQLITE_OK) rc = sqlite3_exec(*db, pragmas, NULL, NULL, NULL);
    return rc;
}

static int put(sqlite3 *db, int writer, int n) {
    char sql[160];
    snprintf(sql, sizeof sql, "INSERT INTO t VALUES(%d, %d, randomblob(%d))", writer, n,
             100 + n * 37 % 3000);
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

static int writer(void *arg) {
    int me = *(int *)arg, rc = SQLITE_OK;
    sqlite3 *db;
    if (open_db(&db) == SQLITE_OK) {
        for (int n = 0; n < ROWS && !w.stopped; n++) {
            if (w.acked[me][n]) continue;
            rc = put(db, me, n);
            /* a row of the boot before whose commit nobody heard of, or of an error after it */
            if (rc == SQLITE_CONSTRAINT) rc = SQLITE_OK;
            w.errors += rc != SQLITE_OK && !w.stopped;
            w.acked[me][n] = rc == SQLITE_OK;
            w.acks += rc == SQLITE_OK;
        }
    }
    sqlite3_close(db);
    return 0;
}

static int server(void *arg) {
    sn_scope s;
    (void)arg;
    if (sn_sqlite_init()) return SN_EIO;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < WRITERS; i++) {
        sn_attr a = {.size = sizeof a, .name = "writer", .flags = SN_FOREIGN};
        int rc = sn_scope_go(&s, &a, writer, &i, sizeof i);
        if (rc) sn_scope_cancel(&s, rc);
    }
    return sn_scope_leave(&s);
}

/* ---- After it ---- */

static int one_text(void *arg, int n, char **value, char **name) {
    (void)n;
    (void)name;
    snprintf(arg, 64, "%s", value[0] ? value[0] : "");
    return 0;
}

static int has(sqlite3 *db, int writer_, int n) {
    char sql[100], found[64] = "";
    snprintf(sql, sizeof sql, "SELECT n FROM t WHERE writer=%d AND n=%d", writer_, n);
    (void)sqlite3_exec(db, sql, one_text, found, NULL);
    return found[0] != 0;
}

static int look(void *arg) {
    char whole[64] = "";
    sqlite3 *db;
    (void)arg;
    if (sn_sqlite_init()) return SN_EIO;
    if (open_db(&db) != SQLITE_OK ||
        sqlite3_exec(db, "PRAGMA integrity_check", one_text, whole, NULL) != SQLITE_OK ||
        strcmp(whole, "ok") != 0)
        w.damaged++;
    for (int i = 0; i < WRITERS && !w.damaged; i++)
        for (int n = 0; n < ROWS; n++) w.missing += w.acked[i][n] && !has(db, i, n);
    sqlite3_close(db);
    return 0;
}

/* ---- The test ---- */

static int test(void *arg) {
    sn_host *h;
    (void)arg;
    if (sn_host_new(&h, "server", "10.0.0.1") || sn_host_disk(h, &w.disk)) return SN_EIO;
    for (int i = 0; i < w.boots && !w.missing && !w.damaged; i++) {
        w.stopped = 0;
        int rc = sn_host_start(h, server, NULL, 0);
        if (rc == 0) rc = sn_sleep((sn_time)(1 + sn_sim_draw((uint64_t)w.until)));
        if (rc) return rc;
        w.stopped = 1;
        sn_host_stop(h, w.how);
        sn_disk good = {.size = sizeof good};
        rc = sn_host_disk(h, &good);
        if (rc == 0) rc = sn_host_start(h, look, NULL, 0);
        if (rc == 0) rc = sn_host_wait(h, NULL);
        if (rc == 0) rc = sn_host_disk(h, &w.disk);
        if (rc) return rc;
    }
    return 0;
}

static uint64_t run(uint64_t seed) {
    sn_sim_config c = {.size = sizeof c, .seed = seed};
    sn_sim_result r = {.size = sizeof r};
    memset(w.acked, 0, sizeof w.acked);
    w.acks = w.errors = w.missing = w.damaged = 0;
    w.seed = seed;
    MUST(sn_sim_run(&c, test, NULL, &r) == 0);
    CHECK_INT(r.rc, 0);
    return r.hash;
}

static void use(const char *journal, const char *sync, enum sn_stop how) {
    w = (struct world){
        .journal = journal,
        .sync = sync,
        .how = how,
        .boots = 3,
        .until = 300 * SN_MILLISECOND,
        .disk = {.size = sizeof(sn_disk), .latency = 50 * SN_MICROSECOND, .sync = SN_MILLISECOND}};
}

/* Every acknowledged row is there, and the file is whole. */
static void keeps_all(int seeds) {
    int acks = 0, errors = 0;
    for (int i = 1; i <= seeds; i++) {
        run((uint64_t)i);
        if (w.missing || w.damaged) {
            fprintf(stderr, "%s %s: seed %d: %d of %d missing, damaged %d\n", w.journal, w.sync, i,
                    w.missing, w.acks, w.damaged);
            check_failed_ = 1;
        }
        acks += w.acks;
        errors += w.errors;
    }
    CHECK(acks > seeds * 20);
    CHECK_INT(errors, 0);
}

static void power_cuts_lose_nothing(void) {
    use("WAL", "EXTRA", SN_STOP_POWER);
    keeps_all(20);
    use("WAL", "FULL", SN_STOP_POWER);
    keeps_all(10);
    use("DELETE", "EXTRA", SN_STOP_POWER);
    keeps_all(10);
    use("PERSIST", "EXTRA", SN_STOP_POWER);
    keeps_all(5);
    use("TRUNCATE", "EXTRA", SN_STOP_POWER);
    keeps_all(5);
}

static void a_kill_loses_nothing(void) {
    use("WAL", "OFF", SN_STOP_PROCESS);
    keeps_all(10);
    use("DELETE", "FULL", SN_STOP_PROCESS);
    keeps_all(10);
}

/* Errors are told, and what was acknowledged is there all the same. */
static int errors_lose_nothing(int seeds) {
    int errors = 0;
    for (int i = 1; i <= seeds; i++) {
        run((uint64_t)i);
        if (w.missing || w.damaged) {
            fprintf(stderr, "%s: seed %d: %d of %d missing, damaged %d\n", w.journal, i, w.missing,
                    w.acks, w.damaged);
            check_failed_ = 1;
        }
        errors += w.errors;
    }
    return errors;
}

/* A journal whose sync fails is another matter than a WAL: SQLite rolls back from it what it has in
 * its own cache, and when the kernel has dropped the pages that it could not write (Btrfs does),
 * finds nothing there, and takes what was to be undone for the truth. So no failing syncs there. */
static void a_bad_disk_loses_nothing(void) {
    static const char *const journals[] = {"WAL", "DELETE"};
    for (int i = 0; i < 2; i++) {
        use(journals[i], "EXTRA", SN_STOP_POWER);
        w.disk.fail_read = w.disk.fail_write = 5000;
        w.disk.fail_sync = i ? 0 : 5000;
        CHECK(errors_lose_nothing(20) > 20);
        use(journals[i], "FULL", SN_STOP_PROCESS);
        w.disk.fail_read = w.disk.fail_write = 5000;
        w.disk.fail_sync = i ? 0 : 5000;
        CHECK(errors_lose_nothing(10) > 10);
    }
}

static void a_full_disk_loses_nothing(void) {
    static const char *const journals[] = {"WAL", "DELETE"};
    for (int i = 0; i < 2; i++) {
        use(journals[i], "EXTRA", SN_STOP_POWER);
        w.disk.capacity = i ? 100000 : 300000;
        CHECK(errors_lose_nothing(15) > 15);
    }
}

/* The control: the test does see what is lost. */
static void a_disk_that_lies_loses(void) {
    int lost = 0, damaged = 0;
    use("WAL", "EXTRA", SN_STOP_POWER);
    w.disk.lie = 1000000;
    for (int i = 1; i <= 20; i++) {
        run((uint64_t)i);
        lost += w.missing > 0;
        damaged += w.damaged;
    }
    CHECK(lost + damaged > 5);
    use("WAL", "NORMAL", SN_STOP_POWER); /* keeps the file whole, and not every commit */
    for (int i = lost = damaged = 0; i < 20; i++) {
        run((uint64_t)i);
        lost += w.missing > 0;
        damaged += w.damaged;
    }
    CHECK(lost > 5);
    CHECK_INT(damaged, 0);
}

/* ---- Two processes that share what SQLite has by address space ---- */

static sqlite3 *shared[3];
static int puts_done[3];

static void sleeps(sqlite3_context *c, int n, sqlite3_value **v) {
    (void)n;
    if (sn_sleep((sn_time)sn_sim_draw(SN_MILLISECOND))) sqlite3_result_error(c, "canceled", -1);
    sqlite3_result_value(c, v[0]);
}

/* Several coroutines and one connection, whose statements park in the middle. */
static int share(void *arg) {
    int which = ((int *)arg)[0], me = ((int *)arg)[1];
    char sql[100];
    for (int n = 0; n < 10; n++) {
        snprintf(sql, sizeof sql, "INSERT INTO t VALUES(%d, sleeps(%d), 'x')", me, n);
        if (sqlite3_exec(shared[which], sql, NULL, NULL, NULL) != SQLITE_OK) break;
        puts_done[which]++;
    }
    return 0;
}

static int sharers(void *arg) {
    if (sn_sqlite_init()) return SN_EIO;
    int which = *(int *)arg;
    sqlite3 **db = &shared[which];
    sn_scope s;
    sn_scope_enter(&s, SN_NEVER);
    if (open_db(db) == SQLITE_OK) {
        sqlite3_create_function(*db, "sleeps", 1, SQLITE_UTF8, NULL, sleeps, NULL, NULL);
        sn_attr a = {.size = sizeof a, .name = "sharer", .flags = SN_FOREIGN};
        for (int i = 0; i < 4; i++) {
            int rc = sn_scope_go(&s, &a, share, (int[]){which, i}, 2 * sizeof(int));
            if (rc) sn_scope_cancel(&s, rc);
        }
    }
    int rc = sn_scope_leave(&s);
    sqlite3_close(*db);
    return rc;
}

static int two(void *arg) {
    sn_host *h[3];
    static const char *const names[] = {"", "first", "second"}, *const addrs[] = {"", "10.0.0.1",
                                                                                  "10.0.0.2"};
    (void)arg;
    for (int i = 1; i < 3; i++) {
        puts_done[i] = 0;
        if (sn_host_new(&h[i], names[i], addrs[i]) || sn_host_disk(h[i], &w.disk) ||
            sn_host_start(h[i], sharers, &i, sizeof i))
            return SN_EIO;
    }
    for (int i = 0; i < 4; i++) {
        int one = 1, rc = sn_sleep((sn_time)sn_sim_draw(20 * SN_MILLISECOND));
        if (rc) return rc;
        sn_host_stop(h[1], i & 1 ? SN_STOP_POWER : SN_STOP_PROCESS);
        rc = sn_host_start(h[1], sharers, &one, sizeof one);
        if (rc) return rc;
    }
    int rc = sn_host_wait(h[1], NULL);
    return rc ? rc : sn_host_wait(h[2], NULL);
}

static uint64_t run_two(uint64_t seed) {
    sn_sim_config c = {.size = sizeof c, .seed = seed, .mode = seed & 1};
    sn_sim_result r = {.size = sizeof r};
    MUST(sn_sim_run(&c, two, NULL, &r) == 0);
    CHECK_INT(r.rc, 0);
    CHECK_INT(puts_done[2], 40); /* whatever becomes of the other */
    return r.hash;
}

static void processes_do_not_share(void) {
    uint64_t hash[30];
    use("WAL", "FULL", SN_STOP_PROCESS);
    for (uint64_t seed = 0; seed < 30; seed++) hash[seed] = run_two(seed);
    for (uint64_t seed = 0; seed < 30; seed += 7) CHECK(run_two(seed) == hash[seed]);
}

static void the_same_seed_gives_the_same_hash(void) {
    use("WAL", "EXTRA", SN_STOP_POWER);
    uint64_t first = run(7), other = run(8);
    sqlite3 *db; /* a history outside of runs */
    MUST(sn_sqlite_init() == 0);
    MUST(sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK);
    MUST(sqlite3_exec(db, "CREATE TABLE x(y); INSERT INTO x VALUES(1)", NULL, NULL, NULL) == 0);
    CHECK(first != other);
    CHECK(run(7) == first);
    CHECK(run(8) == other);
    sqlite3_close(db);
}

int main(void) {
    CASE(power_cuts_lose_nothing);
    CASE(a_kill_loses_nothing);
    CASE(a_bad_disk_loses_nothing);
    CASE(a_full_disk_loses_nothing);
    CASE(a_disk_that_lies_loses);
    CASE(processes_do_not_share);
    CASE(the_same_seed_gives_the_same_hash);
    return check_done();
}
