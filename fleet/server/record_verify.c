/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Checking the record: by bytes at known places, without a JSON parser, because what is hashed
 * is the text itself. */
#include <inttypes.h>
#include <sennit/file.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record_impl.h"

/* `,"hash":"` 64 `","sig":"` 128 `"}` */
enum { TAIL = 9 + RECORD_HASH_HEX + 9 + RECORD_SIG_HEX + 2, KEY_PART = 8 + RECORD_KEY_HEX + 1 };
enum { LINE_MAX_BYTES = 1 << 20, CHUNK = 65536 };

static int damaged(fleet_err *err, const char *what) {
    return fleet_fail(err, FLEET_DAMAGED, "%s", what);
}

/* The tail's two values; 0 when its fixed letters are not there. */
static int split_tail(const char *line, size_t n, char *hash, char *sig) {
    const char *t = line + n - TAIL;
    if (memcmp(t, ",\"hash\":\"", 9) || memcmp(t + 73, "\",\"sig\":\"", 9) ||
        memcmp(t + TAIL - 2, "\"}", 2))
        return 0;
    memcpy(hash, t + 9, RECORD_HASH_HEX);
    hash[RECORD_HASH_HEX] = 0;
    memcpy(sig, t + 82, RECORD_SIG_HEX);
    sig[RECORD_SIG_HEX] = 0;
    return 1;
}

static int check_signature(const char *line, size_t body, const char *hash, const char *sig,
                           const record_keys *keys, fleet_err *err) {
    uint8_t raw[TOKEN_HASH];
    const char *key = line + body - KEY_PART;
    if (memcmp(key, ",\"key\":\"", 8) || line[body - 1] != '"')
        return damaged(err, "names no signing key");
    const char *public = record_keys_find(keys, key + 8, RECORD_KEY_HEX);
    if (!public)
        return fleet_fail(err, FLEET_DAMAGED, "is signed by the unknown key %.16s", key + 8);
    if (token_unhex(hash, raw, sizeof raw) || !record_signed_by(public, sig, raw, sizeof raw))
        return damaged(err, "has a false signature");
    return 0;
}

int record_check_line(const char *line, size_t n, uint64_t seq, char head[RECORD_HASH_HEX + 1],
                      const record_keys *keys, fleet_err *err) {
    char start[128], hash[RECORD_HASH_HEX + 1], sig[RECORD_SIG_HEX + 1], real[sizeof hash];
    if (n < TAIL + KEY_PART || !split_tail(line, n, hash, sig)) return damaged(err, "is no record");
    size_t body = n - TAIL;
    int len = snprintf(start, sizeof start, "{\"seq\":%" PRIu64 ",", seq);
    if (body < (size_t)len || memcmp(line, start, (size_t)len))
        return fleet_fail(err, FLEET_DAMAGED, "is not number %" PRIu64 " of the chain", seq);
    record_hash(line, body, real);
    if (strcmp(real, hash)) return damaged(err, "was changed: its hash does not fit");
    len = snprintf(start, sizeof start, "{\"seq\":%" PRIu64 ",\"prev\":\"%s\",", seq, head);
    if (body < (size_t)len || memcmp(line, start, (size_t)len))
        return damaged(err, "does not follow the one before it");
    snprintf(head, RECORD_HASH_HEX + 1, "%s", hash);
    return check_signature(line, body, hash, sig, keys, err);
}

/* ---- files ----------------------------------------------------------------------------------- */

struct lines {
    sn_file *f;
    uint64_t at, number;
    char *buf;
    size_t len, start, eof;
};

/* Next line without its line feed: 1, 0 at the end, or an error. */
static int next_line(struct lines *l, const char **line, size_t *n) {
    for (;;) {
        char *nl = memchr(l->buf + l->start, '\n', l->len - l->start);
        if (nl) {
            *line = l->buf + l->start;
            *n = (size_t)(nl - *line);
            l->start += *n + 1;
            l->number++;
            return 1;
        }
        if (l->eof) return l->len > l->start ? SN_EBADMSG : 0;
        memmove(l->buf, l->buf + l->start, l->len - l->start);
        l->len -= l->start;
        l->start = 0;
        if (l->len + CHUNK > LINE_MAX_BYTES + CHUNK) return SN_E2BIG;
        size_t got = 0;
        int rc = sn_file_read(l->f, l->buf + l->len, CHUNK, l->at, &got);
        if (rc) return rc;
        l->eof = got < CHUNK;
        l->at += got;
        l->len += got;
    }
}

/* The header's keys, or only the trusted one. */
static int read_header(const char *line, size_t n, const char *trusted, record_keys *keys,
                       fleet_err *err) {
    static const char start[] = "{\"format\":\"" RECORD_FORMAT "\",\"keys\":[";
    char hex[RECORD_PUBLIC_HEX + 1];
    if (n < sizeof start || memcmp(line, start, sizeof start - 1))
        return damaged(err, "line 1 is not the head of a " RECORD_FORMAT " file");
    if (trusted)
        return record_keys_add(keys, trusted)
                   ? fleet_fail(err, SN_EINVAL, "'%s' is no public key: 64 hex digits", trusted)
                   : 0;
    const char *p = line + sizeof start - 1, *end = line + n;
    while (end - p > RECORD_PUBLIC_HEX + 2 && *p == '"' && p[RECORD_PUBLIC_HEX + 1] == '"') {
        memcpy(hex, p + 1, RECORD_PUBLIC_HEX);
        hex[RECORD_PUBLIC_HEX] = 0;
        if (record_keys_add(keys, hex)) return damaged(err, "line 1 has a bad key");
        p += RECORD_PUBLIC_HEX + 2;
        if (*p == ',') p++;
    }
    static const char rest[] = "],\"tenant\":\"";
    if (end - p < (ptrdiff_t)sizeof rest || memcmp(p, rest, sizeof rest - 1))
        return damaged(err, "line 1 has no list of keys");
    return 0;
}

/* What every record must say of its tenant, by the header: a chain must not pass for another's. */
enum { TENANT_PART = FLEET_NAME_MAX + 32 };

static int read_tenant(const char *line, size_t n, char out[TENANT_PART], fleet_err *err) {
    static const char mark[] = "],\"tenant\":\"";
    const char *p = memmem(line, n, mark, sizeof mark - 1), *end = line + n - 2;
    if (!p || memcmp(end, "\"}", 2)) return damaged(err, "line 1 names no tenant");
    p += sizeof mark - 1;
    if (p > end || end - p > FLEET_NAME_MAX) return damaged(err, "line 1 names no tenant");
    snprintf(out, TENANT_PART, ",\"tenant\":\"%.*s\",\"actor\":\"", (int)(end - p), p);
    return 0;
}

/* Only numbers and a hash stand before it. */
static int is_of_tenant(const char *line, size_t n, const char *part) {
    const char *p = memmem(line, n, ",\"tenant\":\"", 11);
    size_t len = strlen(part);
    return p && (size_t)(line + n - p) >= len && !memcmp(p, part, len);
}

/* `{"end":N,"head":"…","key":"…","sig":"…"}` */
static int check_trailer(const char *line, size_t n, uint64_t records, const char *head,
                         const record_keys *keys, fleet_err *err) {
    char want[256], sig[RECORD_SIG_HEX + 1];
    int len = snprintf(want, sizeof want, "{\"end\":%" PRIu64 ",\"head\":\"%s\",\"key\":\"",
                       records, head);
    size_t body = (size_t)len + RECORD_KEY_HEX + 1;
    if (n != body + 8 + RECORD_SIG_HEX + 2 || memcmp(line, want, (size_t)len) ||
        memcmp(line + body, ",\"sig\":\"", 8) || memcmp(line + n - 2, "\"}", 2))
        return damaged(err,
                       "the signed end does not fit what comes before it: records are missing");
    const char *public = record_keys_find(keys, line + len, RECORD_KEY_HEX);
    if (!public) return damaged(err, "the end is signed by an unknown key");
    memcpy(sig, line + body + 8, RECORD_SIG_HEX);
    sig[RECORD_SIG_HEX] = 0;
    if (!record_signed_by(public, sig, line, body))
        return damaged(err, "the end has a false signature");
    return 0;
}

static int line_error(struct lines *l, int rc, fleet_err *err) {
    if (rc == SN_EBADMSG) return damaged(err, "the last line is cut off");
    if (rc == SN_E2BIG) return fleet_fail(err, rc, "line %" PRIu64 " is too long", l->number + 1);
    if (rc == 0) return damaged(err, "the file ends without its signed end");
    return fleet_fail(err, rc, "cannot read: %s", sn_strerror(rc));
}

static int verify_lines(struct lines *l, const char *trusted, uint64_t *records, fleet_err *err) {
    char head[RECORD_HASH_HEX + 1] = RECORD_ZERO, tenant[TENANT_PART];
    record_keys keys = {.n = 0};
    const char *line;
    size_t n;
    int rc = next_line(l, &line, &n);
    if (rc != 1) return line_error(l, rc, err);
    rc = read_header(line, n, trusted, &keys, err);
    if (!rc) rc = read_tenant(line, n, tenant, err);
    if (rc) return rc;
    while ((rc = next_line(l, &line, &n)) == 1) {
        if (n > 7 && memcmp(line, "{\"end\":", 7) == 0) {
            rc = check_trailer(line, n, *records, head, &keys, err);
            if (!rc && next_line(l, &line, &n) != 0)
                rc = damaged(err, "there is something after the signed end");
            return rc;
        }
        fleet_err why;
        rc = record_check_line(line, n, *records + 1, head, &keys, &why);
        if (!rc && !is_of_tenant(line, n, tenant))
            rc = damaged(&why, "is of another tenant than line 1 says");
        if (rc) return fleet_fail(err, rc, "line %" PRIu64 " %s", l->number, why.text);
        (*records)++;
    }
    return line_error(l, rc, err);
}

int record_verify_file(const char *path, const char *trusted, uint64_t *records, fleet_err *err) {
    struct lines l = {0};
    *records = 0;
    int rc = sn_file_open(&l.f, path, SN_F_READ);
    if (rc) return fleet_fail(err, rc, "%s: %s", path, sn_strerror(rc));
    l.buf = malloc(LINE_MAX_BYTES + 2 * CHUNK);
    fleet_err why = {{0}};
    rc = l.buf ? verify_lines(&l, trusted, records, &why)
               : fleet_fail(&why, SN_ENOMEM, "out of memory");
    free(l.buf);
    sn_file_close(l.f);
    return rc ? fleet_fail(err, rc, "%s: %s", path, why.text) : 0;
}

/* ---- database ---------------------------------------------------------------------------------
 */

static int load_keys(sql *db, record_keys *keys, fleet_err *err) {
    sqlite3_stmt *st;
    int rc = sql_query(db, &st, "SELECT public FROM record_key", "");
    while (!rc && (rc = sql_step(db, st)) == 1)
        rc = record_keys_add(keys, (const char *)sqlite3_column_text(st, 0));
    sql_end(st);
    return rc ? fleet_fail(err, rc, "the table of signing keys cannot be read") : 0;
}

int record_verify_db(sql *db, int64_t tenant, uint64_t *records, fleet_err *err) {
    char head[RECORD_HASH_HEX + 1] = RECORD_ZERO;
    record_keys keys = {.n = 0};
    sqlite3_stmt *st = NULL;
    *records = 0;
    int rc = load_keys(db, &keys, err);
    if (!rc)
        rc = sql_query(db, &st, "SELECT line FROM record WHERE tenant_id = ? ORDER BY seq", "i",
                       tenant);
    if (rc) return rc;
    while ((rc = sql_step(db, st)) == 1) {
        const char *line = (const char *)sqlite3_column_text(st, 0);
        fleet_err why;
        rc = record_check_line(line ? line : "", (size_t)sqlite3_column_bytes(st, 0), *records + 1,
                               head, &keys, &why);
        if (rc) {
            fleet_fail(err, rc, "record %" PRIu64 " %s", *records + 1, why.text);
            break;
        }
        (*records)++;
    }
    sql_end(st);
    return rc;
}
