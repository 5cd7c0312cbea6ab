/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* JSON writer: one growing buffer, no tree. */
#include "json.h"

#include <inttypes.h>
#include <math.h>
#include <sennit/base.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int room(json *j, size_t n) {
    if (j->err) return 0;
    if (n < j->cap - j->len) return 1;
    size_t cap = j->cap ? j->cap : 256;
    while (cap - j->len <= n) {
        if (cap > SIZE_MAX / 2) {
            j->err = SN_ENOMEM;
            return 0;
        }
        cap *= 2;
    }
    char *p = realloc(j->buf, cap);
    if (!p) {
        j->err = SN_ENOMEM;
        return 0;
    }
    j->buf = p;
    j->cap = cap;
    return 1;
}

static void put(json *j, const char *s, size_t n) {
    if (!room(j, n)) return;
    memcpy(j->buf + j->len, s, n);
    j->len += n;
}

static void put_char(json *j, char c) { put(j, &c, 1); }

/* Length of the well-formed UTF-8 sequence at s, 0 if there is none. */
static size_t utf8_len(const unsigned char *s, size_t n) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = s[0] < 0x80   ? 1
                 : s[0] < 0xC2 ? 0
                 : s[0] < 0xE0 ? 2
                 : s[0] < 0xF0 ? 3
                 : s[0] < 0xF5 ? 4
                               : 0;
    if (len < 2) return len;
    if (len > n) return 0;
    uint32_t c = s[0] & (0xFFu >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if ((s[i] & 0xC0) != 0x80) return 0;
        c = c << 6 | (s[i] & 0x3F);
    }
    if (c < least[len] || (c >= 0xD800 && c < 0xE000) || c > 0x10FFFF) return 0;
    return len;
}

static void put_escaped(json *j, unsigned char c) {
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    const char *at = c ? strchr(from, c) : NULL;
    char text[8] = {'\\', at ? to[at - from] : 'u', 0};
    if (!at) snprintf(text, sizeof text, "\\u%04x", c);
    put(j, text, strlen(text));
}

static void put_string(json *j, const char *s, size_t n) {
    put_char(j, '"');
    for (size_t i = 0; i < n;) {
        const unsigned char *p = (const unsigned char *)s + i;
        size_t len = utf8_len(p, n - i);
        if (len == 1 && (*p < 0x20 || *p == '"' || *p == '\\' || *p == 0x7F)) {
            put_escaped(j, *p);
        } else if (len) {
            put(j, s + i, len);
        } else {
            put(j, "\xEF\xBF\xBD", 3);
            len = 1;
        }
        i += len;
    }
    put_char(j, '"');
}

static void begin(json *j, const char *key) {
    if (j->comma) put_char(j, ',');
    j->comma = 1;
    if (!key) return;
    put_string(j, key, strlen(key));
    put_char(j, ':');
}

static void open_with(json *j, const char *key, char c) {
    begin(j, key);
    put_char(j, c);
    j->comma = 0;
}

static void close_with(json *j, char c) {
    put_char(j, c);
    j->comma = 1;
}

void json_obj(json *j, const char *key) { open_with(j, key, '{'); }

void json_obj_end(json *j) { close_with(j, '}'); }

void json_arr(json *j, const char *key) { open_with(j, key, '['); }

void json_arr_end(json *j) { close_with(j, ']'); }

void json_strn(json *j, const char *key, const char *s, size_t n) {
    begin(j, key);
    put_string(j, s, n);
}

void json_str(json *j, const char *key, const char *s) {
    if (s)
        json_strn(j, key, s, strlen(s));
    else
        json_null(j, key);
}

void json_int(json *j, const char *key, int64_t v) {
    char text[24];
    int n = snprintf(text, sizeof text, "%" PRId64, v);
    json_raw(j, key, text, (size_t)n);
}

void json_num(json *j, const char *key, double v) {
    if (!isfinite(v)) {
        json_null(j, key);
        return;
    }
    char text[400];
    int n = snprintf(text, sizeof text, "%.6f", v);
    while (text[n - 1] == '0') n--;
    if (text[n - 1] == '.') n--;
    json_raw(j, key, text, (size_t)n);
}

void json_bool(json *j, const char *key, int v) {
    json_raw(j, key, v ? "true" : "false", v ? 4 : 5);
}

void json_null(json *j, const char *key) { json_raw(j, key, "null", 4); }

void json_raw(json *j, const char *key, const char *text, size_t n) {
    begin(j, key);
    put(j, text, n);
}

void json_fmt(json *j, const char *key, const char *fmt, ...) {
    char *text;
    va_list ap;
    va_start(ap, fmt);
    int n = vasprintf(&text, fmt, ap);
    va_end(ap);
    if (n < 0) {
        j->err = SN_ENOMEM;
        return;
    }
    json_strn(j, key, text, (size_t)n);
    free(text);
}

char *json_done(json *j, size_t *n) {
    put(j, "", 1);
    char *text = j->err ? NULL : j->buf;
    if (n) *n = text ? j->len - 1 : 0;
    if (j->err) free(j->buf);
    memset(j, 0, sizeof *j);
    return text;
}

void json_free(json *j) {
    free(j->buf);
    memset(j, 0, sizeof *j);
}
