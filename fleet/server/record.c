/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Appending to the chain and exporting it. */
#include "record.h"

#include <inttypes.h>
#include <sennit/file.h>
#include <sennit/time.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "record_impl.h"

/* Last sequence number and hash of a chain; zeros for an empty one. */
static int chain_head(sql *db, int64_t tenant, int64_t *seq, char hash[RECORD_HASH_HEX + 1]) {
    sqlite3_stmt *st;
    *seq = 0;
    snprintf(hash, RECORD_HASH_HEX + 1, "%s", RECORD_ZERO);
    int rc = sql_query(db, &st,
                       "SELECT seq, substr(line, -203, 64) FROM record WHERE tenant_id = ?"
                       " ORDER BY seq DESC LIMIT 1",
                       "i", tenant);
    if (rc) return rc;
    rc = sql_step(db, st);
    if (rc == 1) {
        *seq = sqlite3_column_int64(st, 0);
        sql_text(st, 1, hash, RECORD_HASH_HEX + 1);
    }
    sql_end(st);
    return rc < 0 ? rc : 0;
}

static int tenant_name(sql *db, int64_t tenant, char out[FLEET_NAME_MAX + 1]) {
    sqlite3_stmt *st;
    int rc = sql_query(db, &st, "SELECT name FROM tenant WHERE id = ?", "i", tenant);
    if (rc) return rc;
    rc = sql_step(db, st);
    if (rc == 1) sql_text(st, 0, out, FLEET_NAME_MAX + 1);
    sql_end(st);
    return rc == 1 ? 0 : rc == 0 ? SN_ENOENT : rc;
}

static void raw_or_null(json *j, const char *key, const char *text) {
    if (text)
        json_raw(j, key, text, strlen(text));
    else
        json_null(j, key);
}

/* The line up to, not including, its hash. */
static char *body(const record *rec, const record_key *k, int64_t seq, const char *prev,
                  const char *tenant, size_t *n) {
    json j = {0};
    json_obj(&j, NULL);
    json_int(&j, "seq", seq);
    json_str(&j, "prev", prev);
    json_int(&j, "utc_ms", sn_utc_ms());
    json_str(&j, "tenant", tenant);
    json_str(&j, "actor", rec->actor->name);
    json_str(&j, "role", role_name(rec->actor->role));
    json_str(&j, "event", rec->event);
    json_str(&j, "object", rec->object);
    raw_or_null(&j, "before", rec->before);
    raw_or_null(&j, "after", rec->after);
    json_str(&j, "reason", rec->reason ? rec->reason : "");
    json_str(&j, "key", k->id);
    return json_done(&j, n);
}

/* Appends hash and signature to a body; frees it. NULL when memory or signing failed. */
static char *sealed(char *text, size_t n, const record_key *k) {
    char hash[RECORD_HASH_HEX + 1], sig[RECORD_SIG_HEX + 1];
    uint8_t raw[TOKEN_HASH];
    record_hash(text, n, hash);
    size_t room = n + RECORD_HASH_HEX + RECORD_SIG_HEX + 32;
    char *line = token_unhex(hash, raw, sizeof raw) ? NULL : realloc(text, room);
    if (!line || record_sign(k, raw, sizeof raw, sig)) {
        free(line ? line : text);
        return NULL;
    }
    snprintf(line + n, room - n, ",\"hash\":\"%s\",\"sig\":\"%s\"}", hash, sig);
    return line;
}

int record_append(sql *db, const record_key *k, const record *rec) {
    int64_t seq, tenant = rec->actor->tenant;
    char prev[RECORD_HASH_HEX + 1], name[FLEET_NAME_MAX + 1];
    size_t n;
    int rc = chain_head(db, tenant, &seq, prev);
    if (!rc) rc = tenant_name(db, tenant, name);
    if (!rc)
        rc = sql_run(db, "INSERT OR IGNORE INTO record_key(key, public) VALUES(?, ?)", "ss", k->id,
                     k->public);
    if (rc) return rc;
    char *line = body(rec, k, seq + 1, prev, name, &n);
    if (line) line = sealed(line, n, k);
    if (!line) return SN_ENOMEM;
    rc = sql_run(db, "INSERT INTO record(tenant_id, seq, object, line) VALUES(?, ?, ?, ?)", "iiss",
                 tenant, seq + 1, rec->object, line);
    free(line);
    return rc;
}

/* ---- export -------------------------------------------------------------------------------- */

struct out {
    sn_file *f;
    uint64_t at;
};

static int put_line(struct out *o, const char *text, size_t n) {
    size_t done;
    int rc = sn_file_write(o->f, text, n, o->at, &done);
    if (!rc) rc = sn_file_write(o->f, "\n", 1, o->at + n, &done);
    o->at += n + 1;
    return rc;
}

static int put_json(struct out *o, json *j) {
    size_t n;
    char *text = json_done(j, &n);
    int rc = text ? put_line(o, text, n) : SN_ENOMEM;
    free(text);
    return rc;
}

/* Our own key comes first, also when nothing was recorded with it yet: it signs the end. */
static int put_header(struct out *o, sql *db, const record_key *k, int64_t tenant) {
    char name[FLEET_NAME_MAX + 1];
    sqlite3_stmt *st;
    int rc = tenant_name(db, tenant, name);
    if (!rc)
        rc =
            sql_query(db, &st, "SELECT public FROM record_key WHERE key <> ? LIMIT 15", "s", k->id);
    if (rc) return rc;
    json j = {0};
    json_obj(&j, NULL);
    json_str(&j, "format", RECORD_FORMAT);
    json_arr(&j, "keys");
    json_str(&j, NULL, k->public);
    while ((rc = sql_step(db, st)) == 1)
        json_str(&j, NULL, (const char *)sqlite3_column_text(st, 0));
    sql_end(st);
    json_arr_end(&j);
    json_str(&j, "tenant", name);
    json_obj_end(&j);
    if (!rc) return put_json(o, &j);
    json_free(&j);
    return rc;
}

static int put_records(struct out *o, sql *db, int64_t tenant) {
    sqlite3_stmt *st;
    int rc =
        sql_query(db, &st, "SELECT line FROM record WHERE tenant_id = ? ORDER BY seq", "i", tenant);
    if (rc) return rc;
    while ((rc = sql_step(db, st)) == 1) {
        const char *line = (const char *)sqlite3_column_text(st, 0);
        rc = line ? put_line(o, line, (size_t)sqlite3_column_bytes(st, 0)) : SN_ENOMEM;
        if (rc) break;
    }
    sql_end(st);
    return rc;
}

/* The signed end: how many, and the last hash. */
static int put_trailer(struct out *o, sql *db, const record_key *k, int64_t tenant) {
    char head[RECORD_HASH_HEX + 1], sig[RECORD_SIG_HEX + 1], text[512];
    int64_t seq;
    int rc = chain_head(db, tenant, &seq, head);
    if (rc) return rc;
    int n = snprintf(text, sizeof text, "{\"end\":%" PRId64 ",\"head\":\"%s\",\"key\":\"%s\"", seq,
                     head, k->id);
    rc = record_sign(k, text, (size_t)n, sig);
    if (rc) return rc;
    n += snprintf(text + n, sizeof text - (size_t)n, ",\"sig\":\"%s\"}", sig);
    return put_line(o, text, (size_t)n);
}

int record_export(sql *db, const record_key *k, int64_t tenant, const char *path, fleet_err *err) {
    struct out o = {0};
    int rc = sn_file_open(&o.f, path, SN_F_WRITE | SN_F_CREATE | SN_F_TRUNC);
    if (rc) return fleet_fail(err, rc, "%s: %s", path, sn_strerror(rc));
    rc = put_header(&o, db, k, tenant);
    if (!rc) rc = put_records(&o, db, tenant);
    if (!rc) rc = put_trailer(&o, db, k, tenant);
    if (!rc) rc = sn_file_sync(o.f);
    sn_file_close(o.f);
    return rc ? fleet_fail(err, rc, "%s: %s", path, sn_strerror(rc)) : 0;
}
