/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Percent decoding and encoding, queries, UTF-8. */
#include "http/url.h"

#include <string.h>

#include <sennit/http.h>

#include "http/chars.h"

/* The byte at s[*i], decoded; *i moves past it. */
static char decode_one(const char *s, size_t *i, int plus) {
    char c = s[(*i)++];
    if (c == '+' && plus) return ' ';
    if (c != '%') return c;
    c = (char)(sn__hex(s[*i]) << 4 | sn__hex(s[*i + 1]));
    *i += 2;
    return c;
}

static size_t decode(const char *s, size_t n, char *out, int plus) {
    size_t len = 0;
    for (size_t i = 0; i < n;) out[len++] = decode_one(s, &i, plus);
    out[len] = 0;
    return len;
}

/* Are the bytes s[1..len) continuations, the first of them within lo..hi? */
static size_t continued(const unsigned char *s, size_t n, size_t len, int lo, int hi) {
    if (n < len || s[1] < lo || s[1] > hi) return 0;
    for (size_t i = 2; i < len; i++)
        if ((s[i] & 0xc0) != 0x80) return 0;
    return len;
}

size_t sn__utf8_char(const char *text, size_t n) {
    const unsigned char *s = (const unsigned char *)text;
    if (n == 0) return 0;
    unsigned char c = s[0];
    if (c < 0x80) return 1;
    if (c < 0xc2 || c > 0xf4) return 0;
    if (c < 0xe0) return continued(s, n, 2, 0x80, 0xbf);
    if (c < 0xf0) return continued(s, n, 3, c == 0xe0 ? 0xa0 : 0x80, c == 0xed ? 0x9f : 0xbf);
    return continued(s, n, 4, c == 0xf0 ? 0x90 : 0x80, c == 0xf4 ? 0x8f : 0xbf);
}

int sn__utf8_ok(const char *s, size_t n) {
    while (n) {
        size_t k = sn__utf8_char(s, n);
        if (k == 0) return 0;
        s += k;
        n -= k;
    }
    return 1;
}

long sn__path_decode(const char *s, size_t n, char *out) {
    size_t len = decode(s, n, out, 0);
    return sn__utf8_ok(out, len) ? (long)len : -1;
}

size_t sn__query_decode(const char *s, size_t n, char *out) { return decode(s, n, out, 1); }

int sn__query_is(const char *s, size_t n, const char *want) {
    for (size_t i = 0; i < n; want++)
        if (*want == 0 || decode_one(s, &i, 1) != *want) return 0;
    return *want == 0;
}

int sn__query_next(const char **s, const char *end, const char **name, size_t *name_len,
                   const char **value, size_t *value_len) {
    const char *p = *s;
    while (p < end && *p == '&') p++;
    if (p == end) return 0;
    const char *amp = memchr(p, '&', (size_t)(end - p));
    if (!amp) amp = end;
    const char *eq = memchr(p, '=', (size_t)(amp - p));
    *name = p;
    *name_len = (size_t)((eq ? eq : amp) - p);
    *value = eq ? eq + 1 : amp;
    *value_len = (size_t)(amp - *value);
    *s = amp;
    return 1;
}

size_t sn_http_escape(const char *s, char *buf, size_t n) {
    static const char hex[] = "0123456789ABCDEF";
    size_t len = 0;
    for (; *s; s++) {
        char part[3] = {*s};
        size_t k = 1;
        if (!sn__is(*s, SN__C_PLAIN)) {
            unsigned char c = (unsigned char)*s;
            part[0] = '%', part[1] = hex[c >> 4], part[2] = hex[c & 15];
            k = 3;
        }
        for (size_t i = 0; i < k; i++, len++)
            if (len + 1 < n) buf[len] = part[i];
    }
    if (n) buf[len < n ? len : n - 1] = 0;
    return len;
}
