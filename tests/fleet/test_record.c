/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The record: what it promises is that no change of it goes unnoticed. So each byte of an export
 * is changed once, lines are taken out, doubled and swapped, and the end is cut off. */
#include <sennit/file.h>

#include "fleet_impl.h"
#include "world.h"

static char dir[200], file[260];
static fleet *f;

struct export_args {
    int64_t tenant;
    fleet_err err;
};

static int export_op(sql *db, void *arg) {
    struct export_args *a = arg;
    return record_export(db, f->key, a->tenant, file, &a->err);
}

static void export_now(void) {
    struct export_args a = {.tenant = world_actor(f).tenant};
    MUST(store_read(f->store, export_op, &a) == 0);
}

static void set_up(void) {
    world_dir(dir);
    snprintf(file, sizeof file, "%s/record.jsonl", dir);
    f = world_open(dir, NULL);
    fleet_actor by = {world_actor(f).tenant, "al\"ice", ROLE_APPROVER};
    for (int i = 0; i < 5; i++) {
        record rec = {&by, "test.write", "thing/1", NULL, "{\"n\":1}", i == 2 ? "because\n" : NULL};
        MUST(fleet_record_write(f, &rec) == 0);
    }
    export_now();
}

static void tear_down(void) {
    fleet_close(f);
    world_remove(dir);
}

static void a_true_export_is_accepted(void) {
    uint64_t n;
    fleet_err err = {{0}};
    set_up();
    CHECK_INT(record_verify_file(file, NULL, &n, &err), 0);
    CHECK_INT(n, 6); /* and the creation of the fleet */
    fleet_record *rows;
    uint32_t got;
    MUST(fleet_records(f, world_actor(f).tenant, "thing/1", NULL, &rows, &got, NULL) == 0);
    CHECK_INT(got, 5);
    CHECK_INT(rows[0].seq, 6);
    CHECK(strstr(rows[0].line, "\"actor\":\"al\\\"ice\",\"role\":\"approver\"") != NULL);
    CHECK(strstr(rows[1].line, "\"reason\":\"\",\"key\":\"") != NULL);
    CHECK(strstr(rows[2].line, "\"reason\":\"because\\n\"") != NULL);
    free(rows);
    tear_down();
}

/* Writes another file and verifies it: the result, and *err. */
static int verify(const char *bytes, size_t n, fleet_err *err) {
    uint64_t records;
    MUST(sn_path_write(file, bytes, n) == 0);
    return record_verify_file(file, NULL, &records, err);
}

static void put_byte(sn_file *out, size_t at, char c) {
    size_t done;
    MUST(sn_file_write(out, &c, 1, at, &done) == 0);
}

static void each_changed_byte_is_noticed(void) {
    set_up();
    char *text;
    size_t n;
    uint64_t records;
    sn_file *out;
    MUST(sn_path_read(file, 1 << 20, &text, &n) == 0);
    MUST(sn_file_open(&out, file, SN_F_READ | SN_F_WRITE) == 0);
    for (size_t i = 0; i < n; i++) {
        put_byte(out, i, (char)(text[i] ^ 1));
        if (record_verify_file(file, NULL, &records, NULL) == 0) {
            fprintf(stderr, "byte %zu of %zu\n", i, n);
            CHECK(0);
        }
        put_byte(out, i, text[i]);
    }
    CHECK_INT(record_verify_file(file, NULL, &records, NULL), 0);
    sn_file_close(out);
    free(text);
    tear_down();
}

static size_t line_start(const char *text, int line) {
    const char *p = text;
    for (int i = 1; i < line; i++) p = strchr(p, '\n') + 1;
    return (size_t)(p - text);
}

static void the_message_names_the_line(void) {
    set_up();
    char *text;
    size_t n;
    fleet_err err;
    MUST(sn_path_read(file, 1 << 20, &text, &n) == 0);
    size_t at = line_start(text, 4), next = line_start(text, 5);
    char *p = strstr(text + at, "thing/1");
    *p = 'T';
    CHECK_INT(verify(text, n, &err), FLEET_DAMAGED);
    CHECK(strstr(err.text, "line 4 was changed") != NULL);
    *p = 't';
    char *less = malloc(n);
    memcpy(less, text, at);
    memcpy(less + at, text + next, n - next);
    CHECK_INT(verify(less, n - (next - at), &err), FLEET_DAMAGED);
    CHECK(strstr(err.text, "line 4 is not number 3") != NULL);
    free(less);
    size_t last = line_start(text, 8);
    CHECK_INT(verify(text, last, &err), FLEET_DAMAGED);
    CHECK(strstr(err.text, "without its signed end") != NULL);
    CHECK_INT(verify(text, n - 1, &err), FLEET_DAMAGED);
    CHECK(strstr(err.text, "cut off") != NULL);
    /* records taken off the end, the end kept */
    size_t six = line_start(text, 7);
    char *shorter = malloc(n);
    memcpy(shorter, text, six);
    memcpy(shorter + six, text + last, n - last);
    CHECK_INT(verify(shorter, six + n - last, &err), FLEET_DAMAGED);
    CHECK(strstr(err.text, "records are missing") != NULL);
    free(shorter);
    CHECK_INT(verify("", 0, &err), FLEET_DAMAGED);
    CHECK_INT(verify("hello\n", 6, &err), FLEET_DAMAGED);
    free(text);
    tear_down();
}

/* Somebody with the database but not the key: a new chain, right in itself, is not believed. */
static void another_key_is_not_believed(void) {
    set_up();
    uint64_t n;
    fleet_err err = {{0}};
    char key[260], other[260];
    snprintf(key, sizeof key, "%s/record.key", dir);
    snprintf(other, sizeof other, "%s/other.key", dir);
    record_key *k;
    MUST(record_key_open(&k, other, NULL) == 0);
    static const char wrong[] = "0000000000000000000000000000000000000000000000000000000000000001";
    CHECK_INT(record_verify_file(file, wrong, &n, &err), FLEET_DAMAGED);
    CHECK(strstr(err.text, "unknown key") != NULL);
    CHECK(record_verify_file(file, "xyz", &n, &err) < 0);
    record_key_free(k);
    MUST(sn_path_write(other, "not a key\n", 10) == 0);
    CHECK_INT(record_key_open(&k, other, &err), SN_EINVAL);
    CHECK(strstr(err.text, "no signing key") != NULL);
    tear_down();
}

static int forge_op(sql *db, void *arg) { return sql_exec(db, arg); }

static int check_op(sql *db, void *err) {
    uint64_t n;
    return record_verify_db(db, 1, &n, err);
}

static void changes_in_the_database_are_noticed(void) {
    set_up();
    fleet_err err = {{0}};
    CHECK_INT(store_read(f->store, check_op, &err), 0);
    static char change[] = "UPDATE record SET line = replace(line, 'thing', 'THING') WHERE seq = 3";
    MUST(store_write(f->store, forge_op, change) == 0);
    CHECK_INT(store_read(f->store, check_op, &err), FLEET_DAMAGED);
    CHECK_STR(err.text, "record 3 was changed: its hash does not fit");
    tear_down();
}

int main(void) {
    log_set_level(LOG_ERROR);
    CASE(a_true_export_is_accepted);
    CASE(each_changed_byte_is_noticed);
    CASE(the_message_names_the_line);
    CASE(another_key_is_not_believed);
    CASE(changes_in_the_database_are_noticed);
    return check_done();
}
