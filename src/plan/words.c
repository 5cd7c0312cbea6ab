/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A plan's line as words, and what is said about a wrong one. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "plan/plan_impl.h"

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

plan_word plan_next(plan_cursor *c) {
    while (c->at < c->n && is_space(c->text[c->at])) c->at++;
    plan_word w = {c->text + c->at, 0, (uint32_t)c->at + 1};
    if (c->at < c->n && c->text[c->at] == '#') return w;
    while (c->at < c->n && !is_space(c->text[c->at])) c->at++, w.n++;
    return w;
}

bool plan_is(plan_word w, const char *text) {
    return strlen(text) == w.n && memcmp(w.s, text, w.n) == 0;
}

static int tell(sn_plan_error *e, uint32_t line, uint32_t column, const char *format, va_list ap) {
    e->line = line;
    e->column = column;
    vsnprintf(e->text, sizeof e->text, format, ap);
    for (char *p = e->text; *p; p++) {
        if ((unsigned char)*p < ' ' || *p == 0x7f) *p = '?'; /* of a line full of rubbish */
    }
    return SN_EINVAL;
}

int plan_wrong(plan_cursor *c, plan_word w, const char *format, ...) {
    va_list ap;
    va_start(ap, format);
    int rc = tell(c->error, c->line, w.column, format, ap);
    va_end(ap);
    return rc;
}

int plan_error(sn_plan_error *e, uint32_t line, uint32_t column, const char *format, ...) {
    va_list ap;
    va_start(ap, format);
    int rc = tell(e, line, column, format, ap);
    va_end(ap);
    return rc;
}

#define NEAR_MAX 24u /* bytes of a word that is compared */

/** Levenshtein's distance of two short texts. */
static unsigned distance(const char *a, size_t n, const char *b, size_t m) {
    unsigned row[NEAR_MAX + 1];
    for (size_t j = 0; j <= m; j++) row[j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++) {
        unsigned corner = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            unsigned best = corner + (a[i - 1] != b[j - 1]);
            corner = row[j];
            if (row[j] + 1 < best) best = row[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[m];
}

const char *plan_nearest(plan_word w, const char *const *texts, size_t n) {
    const char *found = NULL;
    unsigned best = 3;
    if (w.n > NEAR_MAX) return NULL;
    for (size_t i = 0; i < n; i++) {
        size_t m = strlen(texts[i]);
        if (m > NEAR_MAX) continue;
        unsigned d = distance(w.s, w.n, texts[i], m);
        if (d < best && d < m) {
            best = d;
            found = texts[i];
        }
    }
    return found;
}
