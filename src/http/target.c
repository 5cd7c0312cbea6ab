/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Request targets and hosts. A path that two programs could take for two files is refused here:
 * "." and ".." segments, escaped or not, empty segments, escaped slashes, backslashes and
 * control characters. */
#include <string.h>

#include "http/chars.h"
#include "http/head.h"

/* An IPv6 address in brackets: judged by its characters, since nobody connects to it here. */
static uint32_t bracketed(const char *s, uint32_t n) {
    uint32_t i = 1;
    while (i < n && (sn__hex(s[i]) >= 0 || s[i] == ':' || s[i] == '.')) i++;
    return i > 2 && i < n && s[i] == ']' ? i + 1 : 0;
}

static uint32_t reg_name(const char *s, uint32_t n) {
    uint32_t i = 0;
    while (i < n && sn__is(s[i], SN__C_HOST)) i++;
    return i;
}

int sn__host_ok(const char *s, size_t size) {
    if (size == 0) return 1;
    if (size > 300) return 0;
    uint32_t n = (uint32_t)size, i = s[0] == '[' ? bracketed(s, n) : reg_name(s, n);
    if (i == 0) return 0;
    if (i == n) return 1;
    if (s[i] != ':' || n - i > 6) return 0;
    for (i++; i < n; i++)
        if (!sn__digit(s[i])) return 0;
    return 1;
}

/* The segment being read: how long it is once decoded, and how much of it is dots. */
typedef struct segment {
    uint32_t len, dots;
} segment;

static int segment_end(sn__head *h, segment *g, int last) {
    if (g->len == 0 && !last) return sn__head_fail(h, 400, "empty segment in the path");
    if (g->len && g->len <= 2 && g->dots == g->len)
        return sn__head_fail(h, 400, "dot segment in the path");
    *g = (segment){0, 0};
    return 0;
}

/* A percent escape; its value in *c. */
static int escape(sn__head *h, const char *s, uint32_t left, char *c) {
    int hi = left > 2 ? sn__hex(s[1]) : -1, lo = left > 2 ? sn__hex(s[2]) : -1;
    if (hi < 0 || lo < 0) return sn__head_fail(h, 400, "malformed percent escape");
    *c = (char)(hi << 4 | lo);
    return *c ? 0 : sn__head_fail(h, 400, "escaped NUL in the target");
}

static int path_escape(sn__head *h, const char *s, uint32_t left, char *c) {
    if (escape(h, s, left, c)) return -1;
    if (*c == '/' || *c == '\\') return sn__head_fail(h, 400, "escaped slash in the path");
    unsigned char u = (unsigned char)*c;
    if (u < 0x20 || u == 0x7f) return sn__head_fail(h, 400, "escaped control character");
    h->escaped = 1;
    return 0;
}

/* Reads the path, to its end or a '?'; its length, or -1. It starts with '/', or is empty (in
 * absolute form, where that means the same). */
static int64_t path(sn__head *h, const char *s, uint32_t n) {
    segment g = {0, 0};
    uint32_t i = n > 0 && s[0] == '/';
    for (; i < n && s[i] != '?'; i++) {
        char c = s[i];
        if (c == '/') {
            if (segment_end(h, &g, 0)) return -1;
            continue;
        }
        if (c == '%') {
            if (path_escape(h, s + i, n - i, &c)) return -1;
            i += 2;
        } else if (!sn__is(c, SN__C_PATH)) {
            return sn__head_fail(h, 400, "invalid character in the path");
        }
        g.len++;
        g.dots += c == '.';
    }
    return segment_end(h, &g, 1) ? -1 : (int64_t)i;
}

static int query(sn__head *h, const char *s, uint32_t n) {
    char c;
    for (uint32_t i = 0; i < n; i++) {
        if (s[i] == '%') {
            if (escape(h, s + i, n - i, &c)) return -1;
            i += 2;
        } else if (!sn__is(s[i], SN__C_QUERY)) {
            return sn__head_fail(h, 400, "invalid character in the query");
        }
    }
    return 0;
}

static int path_and_query(sn__head *h, const char *buf, uint32_t at, uint32_t len) {
    int64_t n = path(h, buf + at, len);
    if (n < 0) return -1;
    h->path = (sn__span){at, (uint32_t)n};
    h->query = (sn__span){at + (uint32_t)n, 0};
    if (n == len) return 0;
    h->has_query = 1;
    h->query = (sn__span){at + (uint32_t)n + 1, len - (uint32_t)n - 1};
    return query(h, buf + h->query.at, h->query.len);
}

/* Length of "http://" or "https://" in front, or 0. */
static uint32_t scheme(const char *s, uint32_t n) {
    if (n >= 7 && SN__SAME(s, 7, "http://")) return 7;
    return n >= 8 && SN__SAME(s, 8, "https://") ? 8 : 0;
}

static int absolute(sn__head *h, const char *buf, uint32_t at, uint32_t len) {
    const char *s = buf + at;
    uint32_t a = scheme(s, len), i = a;
    if (a == 0) return sn__head_fail(h, 400, "malformed request target");
    while (i < len && s[i] != '/' && s[i] != '?') i++;
    if (i == a || !sn__host_ok(s + a, i - a))
        return sn__head_fail(h, 400, "malformed host in the target");
    h->form = SN__FORM_ABSOLUTE;
    h->authority = (sn__span){at + a, i - a};
    return path_and_query(h, buf, at + i, len - i);
}

int sn__target_split(sn__head *h, const char *buf) {
    const char *t = buf + h->target.at, *m = buf + h->method.at;
    uint32_t n = h->target.len;
    if (n == 0) return sn__head_fail(h, 400, "empty request target");
    if (h->method.len == 7 && !memcmp(m, "CONNECT", 7))
        return sn__head_fail(h, 501, "CONNECT is not served");
    if (t[0] == '/') return path_and_query(h, buf, h->target.at, n);
    if (n == 1 && t[0] == '*') {
        if (h->method.len != 7 || memcmp(m, "OPTIONS", 7))
            return sn__head_fail(h, 400, "target * is for OPTIONS only");
        h->form = SN__FORM_ASTERISK;
        h->path = h->target;
        h->query = (sn__span){h->target.at + 1, 0};
        return 0;
    }
    return absolute(h, buf, h->target.at, n);
}
