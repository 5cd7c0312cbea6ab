/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Readers and writers of one database in one process: what a transaction has read stays as it was,
 * however much is written and however often the log is written back and begun anew meanwhile. */
#include "check.h"

#include <sennit/sennit.h>
#include <sennit/sim.h>
#include <sennit/sqlite.h>
#include <sqlite3.h>

enum { ACCOUNTS = 20, HALF = ACCOUNTS / 2, EACH = 100, LOOKS = 8, MOVES = 25, SEEDS = 40 };

static const char *journal;
static int looks, moves, resets; /* that went well; of a log that was begun anew */

static int one_number(void *arg, int n, char **value, char **name) {
    (void)n;
    (void)name;
    *(long *)arg = value[0] ? strtol(value[0], NULL, 10) : 0;
    return 0;
}

static int ask(sqlite3 *db, const char *sql, long *v) {
    return sqlite3_exec(db, sql, one_number, v, NULL);
}

static int run_sql(sqlite3 *db, const char *sql) { return sqlite3_exec(db, sql, NULL, NULL, NULL); }

static sqlite3 *open_db(void) {
    char sql[120];
    sqlite3 *db;
    MUST(sqlite3_open_v2("bank.db", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) == 0);
    sqlite3_busy_timeout(db, 2000);
    snprintf(sql, sizeof sql, "PRAGMA journal_mode=%s; PRAGMA wal_autocheckpoint=3", journal);
    MUST(run_sql(db, sql) == SQLITE_OK);
    return db;
}

static void open_accounts(sqlite3 *db) {
    char sql[120];
    MUST(run_sql(db, "CREATE TABLE a(id INTEGER PRIMARY KEY, v INT, pad BLOB)") == SQLITE_OK);
    for (int i = 0; i < ACCOUNTS; i++) {
        snprintf(sql, sizeof sql, "INSERT INTO a VALUES(%d, %d, randomblob(1500))", i, EACH);
        MUST(run_sql(db, sql) == SQLITE_OK);
    }
}

/* In two looks with a while between them. */
static void look(sqlite3 *db) {
    long low = 0, high = 0;
    int rc = run_sql(db, "BEGIN");
    if (rc == SQLITE_OK) rc = ask(db, "SELECT sum(v) FROM a WHERE id < 10", &low);
    if (rc == SQLITE_OK && sn_sleep((sn_time)sn_sim_draw(20 * SN_MILLISECOND))) rc = SQLITE_ABORT;
    if (rc == SQLITE_OK) rc = ask(db, "SELECT sum(v) FROM a WHERE id >= 10", &high);
    if (rc == SQLITE_OK && low + high != ACCOUNTS * EACH)
        sn_sim_fail("%ld and %ld are not what there is", low, high);
    looks += rc == SQLITE_OK;
    (void)run_sql(db, "COMMIT");
}

static int reader(void *arg) {
    sqlite3 *db = open_db();
    (void)arg;
    for (int i = 0; i < LOOKS; i++) {
        look(db);
        if (sn_sleep((sn_time)sn_sim_draw(5 * SN_MILLISECOND))) break;
    }
    sqlite3_close(db);
    return 0;
}

static void move(sqlite3 *db) {
    char sql[300];
    int from = (int)sn_sim_draw(ACCOUNTS), to = (int)sn_sim_draw(ACCOUNTS);
    long busy = 1;
    snprintf(sql, sizeof sql,
             "BEGIN IMMEDIATE; UPDATE a SET v = v - 7, pad = randomblob(1500) WHERE id = %d;"
             "UPDATE a SET v = v + 7, pad = randomblob(1500) WHERE id = %d; COMMIT",
             from, to);
    int rc = run_sql(db, sql);
    moves += rc == SQLITE_OK;
    if (rc != SQLITE_OK) (void)run_sql(db, "ROLLBACK");
    if (sn_sim_draw(3) == 0 && ask(db, "PRAGMA wal_checkpoint(TRUNCATE)", &busy) == SQLITE_OK)
        resets += !busy;
}

static int writer(void *arg) {
    sqlite3 *db = open_db();
    (void)arg;
    for (int i = 0; i < MOVES; i++) {
        move(db);
        if (sn_sleep((sn_time)sn_sim_draw(2 * SN_MILLISECOND))) break;
    }
    sqlite3_close(db);
    return 0;
}

static int bank(void *arg) {
    static const sn_fn all[] = {reader, reader, writer, writer};
    sn_attr a = {.size = sizeof a, .flags = SN_FOREIGN};
    sn_scope s;
    (void)arg;
    if (sn_sqlite_init()) return SN_EIO;
    sqlite3 *db = open_db();
    open_accounts(db);
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 4; i++) MUST(sn_scope_go(&s, &a, all[i], NULL, 0) == 0);
    int rc = sn_scope_leave(&s);
    sqlite3_close(db);
    return rc;
}

static int world(void *arg) {
    sn_disk d = {.size = sizeof d, .latency = 50 * SN_MICROSECOND, .sync = SN_MILLISECOND};
    sn_host *h;
    int rc = SN_EINVAL;
    (void)arg;
    MUST(sn_host_new(&h, "bank", "10.0.0.1") == 0);
    MUST(sn_host_disk(h, &d) == 0);
    MUST(sn_host_start(h, bank, NULL, 0) == 0);
    MUST(sn_host_wait(h, &rc) == 0);
    return rc;
}

static void over_seeds(const char *mode) {
    journal = mode;
    looks = moves = resets = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        sn_sim_config c = {.size = sizeof c, .seed = seed, .mode = seed % 2};
        sn_sim_result r = {.size = sizeof r};
        CHECK_INT(sn_sim_run(&c, world, NULL, &r), 0);
        CHECK_INT(r.rc, 0);
    }
    CHECK(looks > SEEDS * LOOKS && moves > SEEDS * MOVES);
}

static void in_wal_mode(void) {
    over_seeds("WAL");
    CHECK(resets > SEEDS);
}
static void with_a_journal(void) { over_seeds("DELETE"); }

int main(void) {
    CASE(in_wal_mode);
    CASE(with_a_journal);
    return check_done();
}
