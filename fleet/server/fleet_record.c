/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The record as operators see it. */
#include <stdlib.h>
#include <string.h>

#include "fleet_impl.h"

struct line_row {
    int64_t seq;
    char *line;
    size_t n;
};

static int read_line(sqlite3_stmt *st, void *row) {
    struct line_row *r = row;
    const char *text = (const char *)sqlite3_column_text(st, 1);
    r->seq = sqlite3_column_int64(st, 0);
    r->n = (size_t)sqlite3_column_bytes(st, 1);
    r->line = malloc(r->n + 1);
    if (!r->line || !text) return SN_ENOMEM;
    memcpy(r->line, text, r->n + 1);
    return 0;
}

/* Rows and their texts in one block. */
static fleet_record *pack(const struct line_row *in, uint32_t n) {
    size_t bytes = sizeof(fleet_record) * (n + 1);
    for (uint32_t i = 0; i < n; i++) bytes += in[i].n + 1;
    fleet_record *out = malloc(bytes);
    if (!out) return NULL;
    char *text = (char *)(out + n);
    for (uint32_t i = 0; i < n; i++) {
        out[i] = (fleet_record){in[i].seq, text};
        memcpy(text, in[i].line, in[i].n + 1);
        text += in[i].n + 1;
    }
    return out;
}

#define RECORD_MATCH " FROM record WHERE tenant_id = ?1 AND (?3 IS NULL OR object = ?3)"

int fleet_records(fleet *f, int64_t tenant, const char *object, const fleet_page *page,
                  fleet_record **rows, uint32_t *n, uint64_t *total) {
    struct line_row *lines;
    list_spec s = {.rows = "SELECT seq, line" RECORD_MATCH " ORDER BY seq DESC LIMIT ?4 OFFSET ?5",
                   .count = "SELECT count(*)" RECORD_MATCH,
                   .size = sizeof *lines,
                   .read = read_line,
                   .tenant = tenant,
                   .text = object,
                   .page = page};
    *rows = NULL;
    int rc = fleet_list(f, &s, (void **)&lines, n, total);
    if (rc) return rc;
    *rows = pack(lines, *n);
    for (uint32_t i = 0; i < *n; i++) free(lines[i].line);
    free(lines);
    return *rows ? 0 : SN_ENOMEM;
}

struct write_args {
    fleet *f;
    const record *rec;
};

static int write_op(sql *db, void *arg) {
    const struct write_args *a = arg;
    return record_append(db, a->f->key, a->rec);
}

int fleet_record_write(fleet *f, const record *rec) {
    struct write_args a = {f, rec};
    return store_write(f->store, write_op, &a);
}
