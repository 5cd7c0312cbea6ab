/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Operators: name, role, and the hash of a token. All of them are in memory: every operator's
 * request is authenticated against the whole list in the same time. */
#include <stdlib.h>
#include <string.h>

#include "fleet_impl.h"

int fleet_user_enter(fleet *f, const fleet_user *u, const uint8_t hash[TOKEN_HASH]) {
    sn_lock(&f->directory);
    user_entry *more = realloc(f->users, (f->users_n + 1) * sizeof *more);
    if (more) {
        f->users = more;
        more[f->users_n].user = *u;
        memcpy(more[f->users_n++].hash, hash, TOKEN_HASH);
    }
    sn_unlock(&f->directory);
    return more ? 0 : SN_ENOMEM;
}

static void user_leave(fleet *f, int64_t id) {
    sn_lock(&f->directory);
    for (uint32_t i = 0; i < f->users_n; i++) {
        if (f->users[i].user.id != id) continue;
        f->users[i] = f->users[--f->users_n];
        break;
    }
    sn_unlock(&f->directory);
}

int fleet_user_auth(fleet *f, const char *token, size_t n, fleet_user *out) {
    uint8_t hash[TOKEN_HASH];
    int found = 0;
    token_hash(token, n, hash);
    sn_lock(&f->directory);
    for (uint32_t i = 0; i < f->users_n; i++) {
        if (!token_equal(hash, f->users[i].hash, sizeof hash)) continue;
        *out = f->users[i].user;
        found = 1;
    }
    sn_unlock(&f->directory);
    return found ? 0 : SN_EACCES;
}

struct user_args {
    fleet *f;
    const fleet_actor *by;
    fleet_user user;
    uint8_t hash[TOKEN_HASH];
};

static char *user_json(const fleet_user *u) {
    json j = {0};
    json_obj(&j, NULL);
    json_str(&j, "name", u->name);
    json_str(&j, "role", role_name(u->role));
    json_obj_end(&j);
    return json_done(&j, NULL);
}

static int create_op(sql *db, void *arg) {
    struct user_args *a = arg;
    fleet_user *u = &a->user;
    int64_t n = 0;
    int rc = sql_int(db, &n, "SELECT count(*) FROM user WHERE tenant_id = ?", "i", u->tenant);
    if (rc < 0) return rc;
    if (n >= FLEET_USERS_MAX) return FLEET_QUOTA;
    rc = sql_run(db,
                 "INSERT INTO user(tenant_id, name, role, token_hash, created_ms)"
                 " VALUES(?, ?, ?, ?, ?)",
                 "isibi", u->tenant, u->name, (int64_t)u->role, (const void *)a->hash,
                 (int)TOKEN_HASH, u->created_ms);
    if (rc) return rc;
    u->id = sql_last_id(db);
    return fleet_note(a->f, db, a->by, "user.create", NULL, user_json(u), NULL, "user/%s", u->name);
}

static void create_done(void *arg, int result) {
    struct user_args *a = arg;
    int rc = result ? 0 : fleet_user_enter(a->f, &a->user, a->hash);
    if (rc) log_event(LOG_ERROR, "user.enter", log_s("user", a->user.name), log_e(rc));
}

int fleet_user_create(fleet *f, const fleet_actor *by, const char *name, enum fleet_role role,
                      char token[TOKEN_CHARS + 1], int64_t *id, fleet_err *err) {
    struct user_args a = {.f = f, .by = by};
    int rc = fleet_text_check(name, FLEET_NAME_MAX, "the user's name", err);
    if (rc) return rc;
    if (role < ROLE_VIEWER || role > ROLE_ADMIN)
        return fleet_fail(err, SN_EINVAL, "role is none of viewer, operator, approver, admin");
    a.user = (fleet_user){.tenant = by->tenant, .created_ms = sn_utc_ms(), .role = role};
    strncpy(a.user.name, name, FLEET_NAME_MAX);
    token_make(token);
    token_hash(token, TOKEN_CHARS, a.hash);
    rc = store_write_then(f->store, create_op, create_done, &a);
    if (rc == SN_EEXIST) fleet_fail(err, rc, "user %s exists already", name);
    if (rc == FLEET_QUOTA) fleet_fail(err, rc, "a tenant has at most %d users", FLEET_USERS_MAX);
    if (rc) token[0] = 0;
    *id = a.user.id;
    return rc;
}

static int read_user(sqlite3_stmt *st, void *row) {
    fleet_user *u = row;
    u->id = sqlite3_column_int64(st, 0);
    u->tenant = sqlite3_column_int64(st, 1);
    sql_text(st, 2, u->name, sizeof u->name);
    u->role = (enum fleet_role)sqlite3_column_int(st, 3);
    u->created_ms = sqlite3_column_int64(st, 4);
    return 0;
}

#define USER_COLUMNS "SELECT id, tenant_id, name, role, created_ms FROM user"

static int delete_op(sql *db, void *arg) {
    struct user_args *a = arg;
    sqlite3_stmt *st;
    int64_t admins = 0, id = a->user.id;
    int rc = sql_query(db, &st, USER_COLUMNS " WHERE tenant_id = ? AND id = ?", "ii",
                       a->user.tenant, id);
    if (!rc) rc = sql_step(db, st);
    if (rc == 1) read_user(st, &a->user);
    sql_end(st);
    if (rc != 1) return rc ? rc : SN_ENOENT;
    rc = sql_int(db, &admins, "SELECT count(*) FROM user WHERE tenant_id = ? AND role = ?", "ii",
                 a->user.tenant, (int64_t)ROLE_ADMIN);
    if (rc < 0) return rc;
    if (a->user.role == ROLE_ADMIN && admins == 1) return FLEET_INUSE;
    rc = sql_run(db, "DELETE FROM user WHERE tenant_id = ? AND id = ?", "ii", a->user.tenant, id);
    if (rc) return rc;
    return fleet_note(a->f, db, a->by, "user.delete", user_json(&a->user), NULL, NULL, "user/%s",
                      a->user.name);
}

static void delete_done(void *arg, int result) {
    struct user_args *a = arg;
    if (!result) user_leave(a->f, a->user.id);
}

int fleet_user_delete(fleet *f, const fleet_actor *by, int64_t id, fleet_err *err) {
    struct user_args a = {.f = f, .by = by, .user = {.id = id, .tenant = by->tenant}};
    int rc = store_write_then(f->store, delete_op, delete_done, &a);
    if (rc == SN_ENOENT) fleet_fail(err, rc, "there is no such user");
    if (rc == FLEET_INUSE) fleet_fail(err, rc, "the last admin cannot be deleted");
    return rc;
}

int fleet_users(fleet *f, int64_t tenant, fleet_user **rows, uint32_t *n) {
    list_spec s = {.rows = USER_COLUMNS " WHERE tenant_id = ?1 ORDER BY id LIMIT ?4 OFFSET ?5",
                   .size = sizeof **rows,
                   .read = read_user,
                   .tenant = tenant};
    return fleet_list(f, &s, (void **)rows, n, NULL);
}
