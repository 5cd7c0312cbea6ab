/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One byte range. A Range header that cannot be understood is ignored, as RFC 9110 14.2 wants. */
#include "http/range.h"

#include <string.h>

#include "http/chars.h"

/* Reads 1*DIGIT at *s, at most INT64_MAX; -1 if there is none, or too much. */
static int64_t number(const char **s) {
    const char *p = *s;
    while (sn__digit(*p)) p++;
    int64_t v = sn__decimal(*s, (size_t)(p - *s));
    *s = p;
    return v;
}

static int suffix(const char *s, uint64_t length, uint64_t *first, uint64_t *last) {
    int64_t n = number(&s);
    if (n < 0 || *s) return SN__RANGE_WHOLE;
    if (n == 0 || length == 0) return SN__RANGE_UNSATISFIABLE;
    *first = (uint64_t)n >= length ? 0 : length - (uint64_t)n;
    *last = length - 1;
    return SN__RANGE_PART;
}

int sn__range_parse(const char *s, uint64_t length, uint64_t *first, uint64_t *last) {
    if (!s || strlen(s) < 7 || !SN__SAME(s, 6, "bytes=")) return SN__RANGE_WHOLE;
    s += 6;
    if (*s == '-') return suffix(s + 1, length, first, last);
    int64_t a = number(&s), b = -1;
    if (a < 0 || *s++ != '-') return SN__RANGE_WHOLE;
    if (*s) {
        b = number(&s);
        if (b < a || *s) return SN__RANGE_WHOLE;
    }
    if ((uint64_t)a >= length) return SN__RANGE_UNSATISFIABLE;
    *first = (uint64_t)a;
    *last = b >= 0 && (uint64_t)b < length ? (uint64_t)b : length - 1;
    return SN__RANGE_PART;
}

/* Length of the entity tag at s, or 0. */
static size_t etag_len(const char *s) {
    size_t i = s[0] == 'W' && s[1] == '/' ? 2 : 0;
    if (s[i++] != '"') return 0;
    while (sn__is(s[i], SN__C_ETAG)) i++;
    return s[i] == '"' ? i + 1 : 0;
}

int sn__etag_ok(const char *s) {
    size_t n = etag_len(s);
    return n && s[n] == 0;
}

static int etag_same(const char *a, size_t an, const char *b, size_t bn, int strong) {
    int aw = a[0] == 'W', bw = b[0] == 'W';
    if (strong && (aw || bw)) return 0;
    a += aw * 2, an -= (size_t)aw * 2;
    b += bw * 2, bn -= (size_t)bw * 2;
    return an == bn && !memcmp(a, b, an);
}

int sn__etag_in(const char *list, const char *etag, int strong) {
    const char *s = list;
    if (s[0] == '*' && s[1] == 0) return 1;
    for (;;) {
        while (sn__blank(*s) || *s == ',') s++;
        size_t n = etag_len(s);
        if (n == 0) return 0; /* the end, or what is no entity tag */
        if (etag && etag_same(s, n, etag, strlen(etag), strong)) return 1;
        s += n;
    }
}
