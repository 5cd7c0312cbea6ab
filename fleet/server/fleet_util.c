/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Records, lists and change numbers: what all parts of the fleet use. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fleet_impl.h"

void fleet_changed(fleet *f) {
    sn_lock(&f->change_lock);
    f->change++;
    sn_cond_broadcast(&f->changed);
    sn_unlock(&f->change_lock);
}

int fleet_wait_change(fleet *f, uint64_t seen, sn_time until, uint64_t *now) {
    int rc = 0;
    sn_lock(&f->change_lock);
    while (f->change == seen && !rc) rc = sn_cond_wait(&f->changed, &f->change_lock, until);
    *now = f->change;
    sn_unlock(&f->change_lock);
    return *now != seen ? 0 : rc;
}

fleet_actor fleet_system(int64_t tenant) { return (fleet_actor){tenant, "system", ROLE_NONE}; }

int fleet_note(fleet *f, sql *db, const fleet_actor *by, const char *event, char *before,
               char *after, const char *reason, const char *object, ...) {
    char name[FLEET_CID_MAX + 64];
    va_list ap;
    va_start(ap, object);
    vsnprintf(name, sizeof name, object, ap);
    va_end(ap);
    record rec = {by, event, name, before, after, reason};
    int rc = record_append(db, f->key, &rec);
    free(before);
    free(after);
    return rc;
}

int fleet_text_check(const char *text, size_t max, const char *what, fleet_err *err) {
    size_t n = text ? strlen(text) : 0;
    if (n < 1 || n > max)
        return fleet_fail(err, SN_EINVAL, "%s has %zu bytes, not 1 to %zu", what, n, max);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7F)
            return fleet_fail(err, SN_EINVAL, "%s has a control character", what);
    return 0;
}

/* ---- lists ------------------------------------------------------------------------------------
 */

struct list_run {
    const list_spec *spec;
    int64_t limit, offset;
    char *rows;
    uint32_t n, cap;
    uint64_t total;
};

static int bind_list(sql *db, const struct list_run *r, const char *text, sqlite3_stmt **st) {
    const list_spec *s = r->spec;
    int rc = sql_query(db, st, text, "");
    if (rc) return rc;
    int last = sqlite3_bind_parameter_count(*st), bad = 0;
    const int64_t numbers[] = {s->tenant, s->id, 0, r->limit, r->offset, s->extra};
    for (int i = 1; i <= last && !bad; i++) {
        if (i == 3)
            bad = sqlite3_bind_text(*st, i, s->text, -1, SQLITE_STATIC);
        else
            bad = sqlite3_bind_int64(*st, i, numbers[i - 1]);
    }
    return bad ? sql_error(bad) : 0;
}

static int add_row(struct list_run *r, sqlite3_stmt *st) {
    if (r->n == r->cap) {
        uint32_t cap = r->cap ? r->cap * 2 : 16;
        char *more = realloc(r->rows, cap * r->spec->size);
        if (!more) return SN_ENOMEM;
        r->rows = more;
        r->cap = cap;
    }
    char *row = r->rows + r->n * r->spec->size;
    memset(row, 0, r->spec->size);
    int rc = r->spec->read(st, row);
    if (!rc) r->n++;
    return rc;
}

static int list_op(sql *db, void *arg) {
    struct list_run *r = arg;
    sqlite3_stmt *st;
    int rc = bind_list(db, r, r->spec->rows, &st);
    while (!rc && (rc = sql_step(db, st)) == 1) rc = add_row(r, st);
    sql_end(st);
    if (rc < 0 || !r->spec->count) return rc;
    rc = bind_list(db, r, r->spec->count, &st);
    if (!rc) rc = sql_step(db, st);
    if (rc == 1) r->total = (uint64_t)sqlite3_column_int64(st, 0);
    sql_end(st);
    return rc < 0 ? rc : 0;
}

int fleet_list(fleet *f, const list_spec *spec, void **rows, uint32_t *n, uint64_t *total) {
    struct list_run r = {.spec = spec, .limit = FLEET_PAGE_MAX, .cap = 1};
    *rows = NULL;
    *n = 0;
    if (spec->page) {
        if (spec->page->limit > FLEET_PAGE_MAX || spec->page->offset > INT64_MAX) return SN_EINVAL;
        r.limit = spec->page->limit ? spec->page->limit : 50;
        r.offset = (int64_t)spec->page->offset;
    }
    r.rows = calloc(1, spec->size);
    if (!r.rows) return SN_ENOMEM;
    int rc = store_read(f->store, list_op, &r);
    if (rc) {
        free(r.rows);
        return rc;
    }
    *rows = r.rows;
    *n = r.n;
    if (total) *total = r.total;
    return 0;
}

int fleet_one(fleet *f, const list_spec *spec, void *row) {
    void *rows;
    uint32_t n;
    int rc = fleet_list(f, spec, &rows, &n, NULL);
    if (rc) return rc;
    if (n) memcpy(row, rows, spec->size);
    free(rows);
    return n ? 0 : SN_ENOENT;
}
