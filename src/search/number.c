/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Whole numbers; see number.h. */
#include "search/number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool digit(char c) { return c >= '0' && c <= '9'; }

/* Digits with single underscores between them; moves *s behind them. */
static bool read_digits(const char **s, uint64_t *v) {
    const char *at = *s;
    if (!digit(*at)) return false;
    *v = 0;
    for (; digit(*at) || (*at == '_' && digit(at[1])); at++) {
        if (*at == '_') continue;
        uint64_t d = (uint64_t)(*at - '0');
        if (*v > (UINT64_MAX - d) / 10) return false;
        *v = *v * 10 + d;
    }
    *s = at;
    return true;
}

bool sn__read_count(const char *s, uint64_t *v) { return read_digits(&s, v) && !*s; }

bool sn__read_int(const char *s, int64_t *v) {
    bool minus = *s == '-';
    uint64_t u;
    if (!sn__read_count(s + minus, &u) || u > (uint64_t)INT64_MAX) return false;
    *v = minus ? -(int64_t)u : (int64_t)u;
    return true;
}

/* "17" or "1..1000"; moves *s behind it. */
static bool read_span(const char **s, uint64_t *first, uint64_t *last) {
    if (!read_digits(s, first)) return false;
    *last = *first;
    if ((*s)[0] != '.' || (*s)[1] != '.') return true;
    *s += 2;
    return read_digits(s, last) && *first <= *last;
}

bool sn__read_range(const char *s, uint64_t *first, uint64_t *last) {
    return read_span(&s, first, last) && !*s;
}

bool sn__read_time(const char *s, sn_time *v) { return !sn_text_time(s, strlen(s), v); }
bool sn__read_share(const char *s, uint32_t *v) { return !sn_text_share(s, strlen(s), v); }

static const char *append(numbers *l, uint64_t first, uint64_t last) {
    if (!first) return "numbers begin with 1";
    if (l->n && first <= l->at[l->n - 1]) return "the numbers are not in ascending order";
    if (last > NUMBERS_MAX || last - first >= NUMBERS_MAX - l->n)
        return "more than 100,000 numbers";
    uint32_t *more = realloc(l->at, (l->n + (size_t)(last - first) + 1) * sizeof *more);
    if (!more) return "out of memory";
    l->at = more;
    for (uint64_t v = first; v <= last; v++) l->at[l->n++] = (uint32_t)v;
    return NULL;
}

const char *sn__read_numbers(const char *s, numbers *l) {
    for (;;) {
        uint64_t first, last;
        if (!read_span(&s, &first, &last)) return "not a list of numbers such as 3,5,8..12";
        const char *bad = append(l, first, last);
        if (bad) return bad;
        if (!*s) return NULL;
        if (*s++ != ',') return "not a list of numbers such as 3,5,8..12";
    }
}

char *sn__show_numbers(const numbers *l) {
    enum { MOST = 26 }; /* bytes of ",4294967294..4294967295" */
    char *text = malloc(l->n * MOST + 1), *to = text;
    if (!text) return NULL;
    *to = 0;
    for (size_t i = 0, k; i < l->n; i = k) {
        for (k = i + 1; k < l->n && l->at[k] == l->at[k - 1] + 1;) k++;
        to += snprintf(to, MOST, "%s%u", i ? "," : "", l->at[i]);
        if (k - i > 1) to += snprintf(to, MOST, "%s%u", k - i > 2 ? ".." : ",", l->at[k - 1]);
    }
    return text;
}

void sn__numbers_free(numbers *l) {
    free(l->at);
    *l = (numbers){NULL, 0};
}

const char *sn__show_time(sn_time t, char buf[TIME_TEXT]) {
    sn_time_print(t, buf, TIME_TEXT);
    return buf;
}
