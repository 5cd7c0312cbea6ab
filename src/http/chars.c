/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The byte classes of RFC 9110 and RFC 3986, and comparisons that know no locale. */
#include "http/chars.h"

enum {
    V = SN__C_VALUE,
    E = SN__C_VALUE | SN__C_ETAG, /* visible, no place in a target */
    Q = E | SN__C_QUERY,          /* bare in queries only */
    P = Q | SN__C_PATH,           /* ':' '@' '/' */
    S = P | SN__C_HOST,           /* sub-delims that are no tchar */
    T = E | SN__C_TOKEN,          /* tchar, no place in a target */
    TQ = Q | SN__C_TOKEN,         /* '^' '`' '|' */
    TS = S | SN__C_TOKEN,         /* sub-delims that are tchars */
    U = TS | SN__C_PLAIN,         /* unreserved: all of them are tchars */
};

const uint8_t sn__http_class[256] = {
    ['\t'] = V,        [' '] = V,         ['"'] = V,           ['#'] = T,  ['%'] = T,
    ['<'] = E,         ['>'] = E,         ['['] = Q,           [']'] = Q,  ['\\'] = Q,
    ['{'] = Q,         ['}'] = Q,         ['?'] = Q,           ['^'] = TQ, ['`'] = TQ,
    ['|'] = TQ,        [':'] = P,         ['@'] = P,           ['/'] = P,  ['('] = S,
    [')'] = S,         [','] = S,         [';'] = S,           ['='] = S,  ['!'] = TS,
    ['$'] = TS,        ['&'] = TS,        ['\''] = TS,         ['*'] = TS, ['+'] = TS,
    ['-'] = U,         ['.'] = U,         ['_'] = U,           ['~'] = U,  ['0' ... '9'] = U,
    ['A' ... 'Z'] = U, ['a' ... 'z'] = U, [0x80 ... 0xff] = E,
};

int sn__hex(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c = sn__lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int sn__same(const char *s, size_t n, const char *lower, size_t lower_len) {
    if (n != lower_len) return 0;
    for (size_t i = 0; i < n; i++)
        if (sn__lower(s[i]) != lower[i]) return 0;
    return 1;
}

int sn__same_fold(const char *a, size_t an, const char *b, size_t bn) {
    if (an != bn) return 0;
    for (size_t i = 0; i < an; i++)
        if (sn__lower(a[i]) != sn__lower(b[i])) return 0;
    return 1;
}

int64_t sn__decimal(const char *s, size_t n) {
    if (n == 0) return -1;
    int64_t v = 0;
    for (size_t i = 0; i < n; i++) {
        if (!sn__digit(s[i])) return -1;
        int d = s[i] - '0';
        if (v > (INT64_MAX - d) / 10) return -1;
        v = v * 10 + d;
    }
    return v;
}
