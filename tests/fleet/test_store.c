/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The store: operations that fail alone, commits that fail for all, order of answers, migration
 * refused or done. */
#include <sennit/file.h>

#include "backup.h"
#include "log.h"
#include "memvfs.h"
#include "migrate.h"
#include "store_impl.h"
#include "world.h"

static char dir[200], path[260];
static store *s;

static void set_up(void) {
    world_dir(dir);
    snprintf(path, sizeof path, "%s/fleet.db", dir);
    store_config cfg = {.path = path, .create = 1, .sync = STORE_SYNC_NORMAL};
    MUST(store_open(&s, &cfg, NULL) == 0);
}

static void tear_down(void) {
    store_close(s);
    world_remove(dir);
}

static int insert(sql *db, void *arg) {
    return sql_run(db, "INSERT INTO tenant(name, created_ms) VALUES(?, 0)", "s", arg);
}

static int insert_then_fail(sql *db, void *arg) {
    int rc = insert(db, arg);
    return rc ? rc : SN_EPERM;
}

static int count_tenants(sql *db, void *arg) {
    return sql_int(db, arg, "SELECT count(*) FROM tenant", "") < 0 ? SN_EIO : 0;
}

static int64_t tenants(void) {
    int64_t n = -1;
    MUST(store_read(s, count_tenants, &n) == 0);
    return n;
}

static char order[16];
static void remember(void *arg, int result) {
    size_t n = strlen(order);
    order[n] = (char)(result ? '-' : *(const char *)arg);
}

static void an_operation_fails_alone(void) {
    set_up();
    store_request r[] = {{.op = insert, .done = remember, .arg = "a"},
                         {.op = insert_then_fail, .done = remember, .arg = "b"},
                         {.op = insert, .done = remember, .arg = "a"},
                         {.op = insert, .done = remember, .arg = "c"}};
    store_request *batch[] = {&r[0], &r[1], &r[2], &r[3]};
    order[0] = 0;
    memset(order, 0, sizeof order);
    store_run_batch(s, batch, 4);
    CHECK_INT(r[0].result, 0);
    CHECK_INT(r[1].result, SN_EPERM);
    CHECK_INT(r[2].result, SN_EEXIST);
    CHECK_INT(r[3].result, 0);
    CHECK_STR(order, "a--c");
    CHECK_INT(tenants(), 2);
    store_stats st;
    store_get_stats(s, &st);
    CHECK_INT(st.commits, 1);
    CHECK_INT(st.ops, 4);
    CHECK_INT(st.failed_commits, 0);
    tear_down();
}

/* An operation that ends the transaction takes all others with it, and they are told. */
static int commit_inside(sql *db, void *arg) {
    (void)arg;
    return sql_exec(db, "ROLLBACK");
}

static void a_lost_transaction_fails_for_all(void) {
    set_up();
    store_request r[] = {
        {.op = insert, .arg = "a"}, {.op = commit_inside}, {.op = insert, .arg = "b"}};
    store_request *batch[] = {&r[0], &r[1], &r[2]};
    log_set_level(LOG_ERROR + 1);
    store_run_batch(s, batch, 3);
    log_set_level(LOG_ERROR);
    for (int i = 0; i < 3; i++) CHECK(r[i].result < 0);
    CHECK_INT(tenants(), 0);
    CHECK_INT(store_write(s, insert, "a"), 0); /* and the store goes on */
    CHECK_INT(tenants(), 1);
    tear_down();
}

static int set_version(sql *db, void *arg) {
    (void)arg;
    return sql_exec(db, "PRAGMA user_version = 99");
}

static void a_newer_schema_is_refused_by_name(void) {
    set_up();
    MUST(store_write(s, set_version, NULL) == 0);
    store_close(s);
    fleet_err err;
    store_config cfg = {.path = path, .create = 1};
    CHECK_INT(store_open(&s, &cfg, &err), FLEET_SCHEMA);
    CHECK(strstr(err.text, "schema 99") != NULL);
    CHECK_INT(backup_check(dir, NULL, &err), FLEET_SCHEMA);
    world_remove(dir);
}

static int64_t number(sql *c, const char *text) {
    int64_t n = -1;
    MUST(sql_int(c, &n, text, "") == 1);
    return n;
}

/* Two releases on: a step that works, and one that fails half way. */
static void steps_forward_keep_a_copy_and_fail_whole(void) {
    static const char *const texts[] = {
        "CREATE TABLE t(x); INSERT INTO t VALUES(1)",
        "ALTER TABLE t ADD COLUMN y; UPDATE t SET y = 2",
        "UPDATE t SET y = 3; CREATE TABLE u(z); INSERT INTO missing VALUES(1)",
        "UPDATE t SET y = 3; CREATE TABLE u(z)",
    };
    sql c;
    fleet_err err = {{0}};
    char copy[300];
    world_dir(dir);
    snprintf(path, sizeof path, "%s/fleet.db", dir);
    snprintf(copy, sizeof copy, "%s.before-2", path);
    MUST(sql_open(&c, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL, NULL) == 0);
    CHECK_INT(migrate_with(&c, path, texts, 1, &err), 0);
    CHECK(sn_path_stat(copy, &(sn_file_info){0}) == SN_ENOENT); /* there was nothing to keep */
    CHECK_INT(migrate_with(&c, path, texts, 2, &err), 0);
    CHECK_INT(number(&c, "SELECT y FROM t"), 2);
    CHECK_INT(migrate_with(&c, path, texts, 3, &err), SN_EIO);
    CHECK(strstr(err.text, "schema step 3: no such table: missing") != NULL);
    CHECK_INT(number(&c, "PRAGMA user_version"), 2);
    CHECK_INT(number(&c, "SELECT y FROM t"), 2);
    CHECK_INT(number(&c, "SELECT count(*) FROM sqlite_schema"), 1);
    const char *const mended[] = {texts[0], texts[1], texts[3]};
    CHECK_INT(migrate_with(&c, path, mended, 3, &err), 0); /* the copy of the first try is there */
    CHECK_INT(number(&c, "PRAGMA user_version"), 3);
    CHECK_INT(migrate_with(&c, path, mended, 2, &err), FLEET_SCHEMA);
    sql_close(&c);
    MUST(sql_open(&c, copy, SQLITE_OPEN_READWRITE, NULL, NULL) == 0);
    CHECK_INT(number(&c, "PRAGMA user_version"), 1);
    CHECK_INT(number(&c, "SELECT count(*) FROM t"), 1);
    sql_close(&c);
    world_remove(dir);
}

static void what_is_not_ours_is_refused(void) {
    fleet_err err;
    world_dir(dir);
    snprintf(path, sizeof path, "%s/fleet.db", dir);
    store_config cfg = {.path = path};
    CHECK_INT(store_open(&s, &cfg, &err), SN_ENOENT);
    CHECK_INT(backup_check(dir, NULL, &err), SN_ENOENT);
    MUST(sn_path_write(path, "this is no database, whatever it is called", 42) == 0);
    cfg.create = 1;
    CHECK_INT(store_open(&s, &cfg, &err), FLEET_DAMAGED);
    MUST(sn_path_remove(path) == 0);
    sqlite3 *other;
    MUST(sqlite3_open(path, &other) == SQLITE_OK);
    MUST(sqlite3_exec(other, "CREATE TABLE mine(x)", NULL, NULL, NULL) == SQLITE_OK);
    sqlite3_close(other);
    CHECK_INT(store_open(&s, &cfg, &err), FLEET_DAMAGED);
    CHECK(strstr(err.text, "not a database of sennit-fleet") != NULL);
    world_remove(dir);
}

static void a_full_disk_is_told(void) {
    set_up();
    static const char limit[] = "PRAGMA max_page_count = 1";
    MUST(sql_exec(&s->writer, limit) == 0);
    int rc = 0;
    log_set_level(LOG_ERROR + 1);
    for (int i = 0; i < 2000 && rc == 0; i++) {
        char name[120];
        snprintf(name, sizeof name, "tenant-%0100d", i);
        rc = store_write(s, insert, name);
    }
    log_set_level(LOG_ERROR);
    CHECK_INT(rc, SN_ENOSPC);
    MUST(sql_exec(&s->writer, "PRAGMA max_page_count = 1000000") == 0);
    CHECK_INT(store_write(s, insert, "room"), 0);
    tear_down();
}

static void backup_and_restore(void) {
    char a[200], b[260], c[260];
    fleet_err err = {{0}};
    world_dir(a);
    snprintf(b, sizeof b, "%s/backup", a);
    snprintf(c, sizeof c, "%s/again", a);
    fleet *f = world_open(a, NULL);
    world_gateway(f);
    fleet_poll_reply p;
    MUST(world_poll(f, 1, &p) == 0);
    world_set(f, "7");
    CHECK_INT(backup_make(a, b, &err), 0); /* while the fleet is open */
    CHECK_INT(backup_make(a, b, &err), SN_EEXIST);
    MUST(world_poll(f, 2, &p) == 0);
    fleet_close(f);
    CHECK_INT(backup_restore(b, c, &err), 0);
    CHECK_INT(backup_restore(b, c, &err), SN_EEXIST);
    f = world_open(c, NULL);
    fleet_stats st;
    fleet_get_stats(f, &st);
    CHECK_INT(st.devices, 1);
    fleet_close(f);
    CHECK_INT(backup_check(c, NULL, &err), 0);
    char cmd[400];
    snprintf(cmd, sizeof cmd, "for x in '%s'/artifacts/*; do printf x >> \"$x\"; done", c);
    MUST(system(cmd) == 0);
    CHECK_INT(backup_check(c, NULL, &err), FLEET_DAMAGED);
    CHECK(strstr(err.text, "other bytes") != NULL);
    world_remove(a);
}

int main(void) {
    log_set_level(LOG_ERROR);
    CASE(an_operation_fails_alone);
    CASE(a_lost_transaction_fails_for_all);
    CASE(a_newer_schema_is_refused_by_name);
    CASE(steps_forward_keep_a_copy_and_fail_whole);
    CASE(what_is_not_ours_is_refused);
    CASE(a_full_disk_is_told);
    CASE(backup_and_restore);
    return check_done();
}
