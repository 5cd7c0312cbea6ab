/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Tenants and their settings. In memory they are what polls look at; the rows are the truth. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fleet_impl.h"
#include "utc.h"

tenant_live *fleet_tenant_live(fleet *f, int64_t id, uint16_t *index) {
    unsigned n = atomic_load(&f->tenants_n);
    for (unsigned i = 0; i < n; i++) {
        if (f->tenants[i]->id != id) continue;
        if (index) *index = (uint16_t)i;
        return f->tenants[i];
    }
    return NULL;
}

int fleet_tenant(fleet *f, const char *name, int64_t *id) {
    unsigned n = atomic_load(&f->tenants_n);
    for (unsigned i = 0; i < n; i++) {
        if (strcasecmp(f->tenants[i]->name, name)) continue;
        *id = f->tenants[i]->id;
        return 0;
    }
    return SN_ENOENT;
}

int fleet_tenant_name(fleet *f, int64_t id, char *out) {
    const tenant_live *t = fleet_tenant_live(f, id, NULL);
    if (!t) return SN_ENOENT;
    memcpy(out, t->name, sizeof t->name);
    return 0;
}

/* ---- settings ----------------------------------------------------------------------------------
 */

enum kind { IS_TIME, IS_BOOL, IS_NUMBER, IS_SECRET };

static const struct setting {
    const char *key, *preset;
    enum kind kind;
    size_t at; /* of the atomic_uint in tenant_live */
} settings[] = {
    {"pollingTime", "00:05:00", IS_TIME, offsetof(tenant_live, poll_s)},
    {"pollingOverdueTime", "00:05:00", IS_TIME, offsetof(tenant_live, overdue_s)},
    {"authentication.targettoken.enabled", "true", IS_BOOL, offsetof(tenant_live, target_on)},
    {"authentication.gatewaytoken.enabled", "false", IS_BOOL, offsetof(tenant_live, gateway_on)},
    {"authentication.gatewaytoken.key", "", IS_SECRET, 0},
    {"registration.enabled", "true", IS_BOOL, offsetof(tenant_live, register_on)},
    {"maxPollsPerSecond", "0", IS_NUMBER, offsetof(tenant_live, max_polls)},
    {"maxInFlight", "0", IS_NUMBER, offsetof(tenant_live, max_in_flight)},
    {"maxDevices", "10000000", IS_NUMBER, offsetof(tenant_live, max_devices)},
};

static const struct setting *setting_find(const char *key) {
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (strcmp(settings[i].key, key) == 0) return &settings[i];
    return NULL;
}

static int parse_number(const char *text, uint32_t *v) {
    uint64_t n = 0;
    if (!*text) return SN_EINVAL;
    for (; *text; text++) {
        if (*text < '0' || *text > '9') return SN_EINVAL;
        n = n * 10 + (uint64_t)(*text - '0');
        if (n > 1000000000) return SN_EINVAL;
    }
    *v = (uint32_t)n;
    return 0;
}

static int parse_value(const struct setting *s, const char *value, uint32_t *v) {
    switch (s->kind) {
    case IS_TIME:
        return utc_hms_parse(value, v) || *v < 1 ? SN_EINVAL : 0;
    case IS_BOOL:
        *v = strcmp(value, "true") == 0;
        return *v || strcmp(value, "false") == 0 ? 0 : SN_EINVAL;
    case IS_NUMBER:
        return parse_number(value, v);
    case IS_SECRET:
        *v = 0;
        return strlen(value) <= TOKEN_MAX ? 0 : SN_EINVAL;
    }
    return SN_EINVAL;
}

/* Stored secrets are the hash in hex; "" is no token. */
static int apply_secret(fleet *f, tenant_live *t, const char *hex) {
    uint8_t hash[TOKEN_HASH] = {0};
    if (hex[0] && token_unhex(hex, hash, sizeof hash)) return FLEET_DAMAGED;
    sn_lock(&f->directory);
    memcpy(t->gateway, hash, sizeof hash);
    t->gateway_set = hex[0] != 0;
    sn_unlock(&f->directory);
    return 0;
}

int fleet_setting_apply(fleet *f, tenant_live *t, const char *key, const char *value) {
    const struct setting *s = setting_find(key);
    uint32_t v = 0;
    if (!s) return SN_EINVAL;
    if (s->kind == IS_SECRET) return apply_secret(f, t, value);
    int rc = parse_value(s, value, &v);
    if (!rc) atomic_store((atomic_uint *)(void *)((char *)t + s->at), v);
    return rc;
}

struct setting_args {
    fleet *f;
    const fleet_actor *by;
    tenant_live *t;
    const struct setting *s;
    const char *value; /* as stored */
    char *out;
};

static char *setting_json(const struct setting *s, const char *value) {
    json j = {0};
    json_obj(&j, NULL);
    json_str(&j, "value", s->kind == IS_SECRET && value[0] ? "***" : value);
    json_obj_end(&j);
    return json_done(&j, NULL);
}

static int get_op(sql *db, void *arg) {
    struct setting_args *a = arg;
    sqlite3_stmt *st;
    int rc = sql_query(db, &st, "SELECT value FROM setting WHERE tenant_id = ? AND key = ?", "is",
                       a->t->id, a->s->key);
    if (!rc) rc = sql_step(db, st);
    if (rc == 1) sql_text(st, 0, a->out, FLEET_SETTING_VALUE_MAX + 1);
    sql_end(st);
    if (rc == 0) memcpy(a->out, a->s->preset, strlen(a->s->preset) + 1);
    return rc < 0 ? rc : 0;
}

static int set_op(sql *db, void *arg) {
    struct setting_args *a = arg;
    char before[FLEET_SETTING_VALUE_MAX + 1];
    a->out = before;
    int rc = get_op(db, a);
    if (!rc)
        rc = sql_run(db,
                     "INSERT INTO setting(tenant_id, key, value) VALUES(?, ?, ?)"
                     " ON CONFLICT DO UPDATE SET value = excluded.value",
                     "iss", a->t->id, a->s->key, a->value);
    if (rc) return rc;
    return fleet_note(a->f, db, a->by, "setting.set", setting_json(a->s, before),
                      setting_json(a->s, a->value), NULL, "setting/%s", a->s->key);
}

static void set_done(void *arg, int result) {
    struct setting_args *a = arg;
    if (!result) (void)!fleet_setting_apply(a->f, a->t, a->s->key, a->value);
}

static int find_both(fleet *f, int64_t tenant, const char *key, struct setting_args *a,
                     fleet_err *err) {
    a->f = f;
    a->t = fleet_tenant_live(f, tenant, NULL);
    if (!a->t) return fleet_fail(err, SN_ENOENT, "there is no such tenant");
    a->s = setting_find(key);
    return a->s ? 0 : fleet_fail(err, SN_EINVAL, "there is no setting '%.64s'", key);
}

int fleet_setting_get(fleet *f, int64_t tenant, const char *key, char *out, fleet_err *err) {
    struct setting_args a = {.out = out};
    int rc = find_both(f, tenant, key, &a, err);
    if (!rc) rc = store_read(f->store, get_op, &a);
    if (!rc && a.s->kind == IS_SECRET && out[0]) memcpy(out, "***", 4);
    return rc;
}

int fleet_setting_set(fleet *f, const fleet_actor *by, const char *key, const char *value,
                      fleet_err *err) {
    struct setting_args a = {.by = by, .value = value};
    char hex[2 * TOKEN_HASH + 1] = "";
    uint32_t v;
    int rc = find_both(f, by->tenant, key, &a, err);
    if (rc) return rc;
    if (parse_value(a.s, value, &v))
        return fleet_fail(err, SN_EINVAL, "%s cannot be '%.80s'", key, value);
    if (a.s->kind == IS_SECRET && value[0]) {
        uint8_t hash[TOKEN_HASH];
        token_hash(value, strlen(value), hash);
        token_hex(hash, sizeof hash, hex);
    }
    if (a.s->kind == IS_SECRET) a.value = hex;
    return store_write_then(f->store, set_op, set_done, &a);
}

/* ---- tenants
 * ------------------------------------------------------------------------------------- */

int fleet_tenant_enter(fleet *f, int64_t id, const char *name, tenant_live **out) {
    unsigned n = atomic_load(&f->tenants_n);
    if (n == FLEET_TENANTS_MAX) return FLEET_QUOTA;
    tenant_live *t = calloc(1, sizeof *t);
    if (!t) return SN_ENOMEM;
    t->id = id;
    strncpy(t->name, name, sizeof t->name - 1);
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        (void)!fleet_setting_apply(f, t, settings[i].key, settings[i].preset);
    f->tenants[n] = t;
    atomic_store(&f->tenants_n, n + 1);
    if (out) *out = t;
    return 0;
}

struct tenant_args {
    fleet *f;
    const fleet_actor *by;
    const char *name;
    int64_t id;
};

static int tenant_op(sql *db, void *arg) {
    struct tenant_args *a = arg;
    if (atomic_load(&a->f->tenants_n) == FLEET_TENANTS_MAX) return FLEET_QUOTA;
    int rc = sql_run(db, "INSERT INTO tenant(name, created_ms) VALUES(?, ?)", "si", a->name,
                     sn_utc_ms());
    if (rc) return rc;
    a->id = sql_last_id(db);
    return fleet_note(a->f, db, a->by, "tenant.create", NULL, NULL, NULL, "tenant/%s", a->name);
}

static void tenant_done(void *arg, int result) {
    struct tenant_args *a = arg;
    if (result) return;
    int rc = fleet_tenant_enter(a->f, a->id, a->name, NULL);
    if (rc) log_event(LOG_ERROR, "tenant.enter", log_s("tenant", a->name), log_e(rc));
}

static int name_ok(const char *name) {
    size_t n = strlen(name);
    return n > 0 && n <= FLEET_NAME_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") == n;
}

int fleet_tenant_create(fleet *f, const fleet_actor *by, const char *name, int64_t *id,
                        fleet_err *err) {
    struct tenant_args a = {f, by, name, 0};
    if (!name_ok(name))
        return fleet_fail(err, SN_EINVAL, "a tenant's name has letters, digits, _ - . only");
    int rc = store_write_then(f->store, tenant_op, tenant_done, &a);
    if (rc == SN_EEXIST) return fleet_fail(err, rc, "tenant %s exists already", name);
    *id = a.id;
    return rc;
}
