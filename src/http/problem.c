/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Errors as application/problem+json: RFC 9457. */
#include <stdarg.h>
#include <string.h>

#include "http/conn.h"
#include "http/url.h"

static char *put(char *p, const char *s) {
    size_t n = strlen(s);
    memcpy(p, s, n);
    return p + n;
}

static char *put_escaped(char *p, unsigned char c) {
    static const char hex[] = "0123456789abcdef";
    if (c == '"' || c == '\\') {
        *p++ = '\\';
        *p++ = (char)c;
        return p;
    }
    p = put(p, "\\u00");
    *p++ = hex[c >> 4];
    *p++ = hex[c & 15];
    return p;
}

/* A JSON string; bytes that are no UTF-8 become U+FFFD. At most 6 bytes for one, and quotes. */
static char *put_string(char *p, const char *s) {
    *p++ = '"';
    for (size_t left = strlen(s); left;) {
        size_t n = sn__utf8_char(s, left);
        unsigned char c = (unsigned char)*s;
        if (n == 0)
            p = put(p, "\\ufffd");
        else if (n == 1 && (c < 0x20 || c == '"' || c == '\\' || c == 0x7f))
            p = put_escaped(p, c);
        else
            memcpy(p, s, n), p += n;
        n += n == 0;
        s += n, left -= n;
    }
    *p++ = '"';
    return p;
}

static char *put_member(char *p, const char *name, const char *value) {
    if (!value) return p;
    p = put(p, name);
    return put_string(p, value);
}

int sn_http_problem(sn_http_writer *w, int status, const char *type, const char *title,
                    const char *detail) {
    if (!title) title = sn_http_status_text(status);
    size_t text = strlen(title) + (type ? strlen(type) : 0) + (detail ? strlen(detail) : 0);
    char *buf = sn__arena_alloc(&w->work->arena, 128 + 6 * text), *p = buf;
    if (!buf) return sn__writer_fail(w, SN_ENOMEM);
    p = put(p, "{\"status\":");
    for (int unit = 100; unit; unit /= 10) *p++ = (char)('0' + status / unit % 10);
    p = put_member(p, ",\"type\":", type);
    p = put_member(p, ",\"title\":", title);
    p = put_member(p, ",\"detail\":", detail);
    p = put(p, "}\n");
    return sn_http_reply(w, status, "application/problem+json", buf, (size_t)(p - buf));
}

int sn_http_problemf(sn_http_writer *w, int status, const char *fmt, ...) {
    size_t n;
    va_list ap;
    va_start(ap, fmt);
    char *detail = sn__arena_vformat(&w->work->arena, &n, fmt, ap);
    va_end(ap);
    if (!detail) return sn__writer_fail(w, SN_ENOMEM);
    return sn_http_problem(w, status, NULL, NULL, detail);
}
