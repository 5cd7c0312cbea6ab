/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The JSON writer: see json_out.h. */
#include "json_out.h"

#include <math.h>
#include <sennit/base.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void json_out_init(struct json_out *j) { memset(j, 0, sizeof *j); }

void json_out_free(struct json_out *j) {
    free(j->buf);
    json_out_init(j);
}

/* One byte more than asked is kept, for the terminator. */
static int grow(struct json_out *j, size_t n) {
    if (j->err) return 0;
    if (n > JSON_OUT_MAX - j->len) {
        j->err = SN_E2BIG;
        return 0;
    }
    if (j->len + n < j->cap) return 1;
    size_t cap = j->cap ? j->cap : 256;
    while (cap <= j->len + n) cap *= 2;
    char *p = realloc(j->buf, cap);
    if (!p) {
        j->err = SN_ENOMEM;
        return 0;
    }
    j->buf = p;
    j->cap = cap;
    return 1;
}

static void put(struct json_out *j, const char *s, size_t n) {
    if (!grow(j, n)) return;
    memcpy(j->buf + j->len, s, n);
    j->len += n;
    j->buf[j->len] = 0;
}

static void put_char(struct json_out *j, char c) { put(j, &c, 1); }

/* Length of the UTF-8 sequence at s, 0 when it is not one (overlong, surrogate, cut, stray). */
static size_t utf8_len(const unsigned char *s, size_t n) {
    if (s[0] < 0x80) return 1;
    size_t len = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4 || len > n) return 0;
    for (size_t i = 1; i < len; i++)
        if ((s[i] & 0xc0) != 0x80) return 0;
    if (s[0] == 0xe0 && s[1] < 0xa0) return 0;
    if (s[0] == 0xed && s[1] > 0x9f) return 0;
    if (s[0] == 0xf0 && s[1] < 0x90) return 0;
    if (s[0] == 0xf4 && s[1] > 0x8f) return 0;
    return len;
}

static void put_escape(struct json_out *j, unsigned char c) {
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    const char *at = c ? strchr(from, c) : NULL;
    char esc[8];
    int n = at ? snprintf(esc, sizeof esc, "\\%c", to[at - from])
               : snprintf(esc, sizeof esc, "\\u%04x", c);
    put(j, esc, (size_t)n);
}

static void put_string(struct json_out *j, const char *str, size_t n) {
    const unsigned char *s = (const unsigned char *)str;
    size_t from = 0, i = 0;
    put_char(j, '"');
    while (i < n) {
        size_t len = utf8_len(s + i, n - i);
        int plain =
            len > 1 || (len == 1 && s[i] >= 0x20 && s[i] != '"' && s[i] != '\\' && s[i] != 0x7f);
        if (plain) {
            i += len;
            continue;
        }
        put(j, str + from, i - from);
        if (len)
            put_escape(j, s[i]);
        else
            put(j, "\\ufffd", 6);
        from = ++i;
    }
    put(j, str + from, n - from);
    put_char(j, '"');
}

static void begin(struct json_out *j, const char *key) {
    if (j->depth) {
        unsigned char *some = &j->some[j->depth - 1];
        if (*some) put_char(j, ',');
        *some = 1;
    }
    if (!key) return;
    put_string(j, key, strlen(key));
    put_char(j, ':');
}

static void open_with(struct json_out *j, const char *key, char open, char close) {
    begin(j, key);
    if (j->depth == JSON_OUT_DEPTH) {
        j->err = SN_E2BIG;
        return;
    }
    put_char(j, open);
    j->closer[j->depth] = close;
    j->some[j->depth++] = 0;
}

void json_out_object(struct json_out *j, const char *key) { open_with(j, key, '{', '}'); }
void json_out_array(struct json_out *j, const char *key) { open_with(j, key, '[', ']'); }

void json_out_close(struct json_out *j) {
    if (j->depth) put_char(j, j->closer[--j->depth]);
}

void json_out_strn(struct json_out *j, const char *key, const char *s, size_t n) {
    begin(j, key);
    put_string(j, s, n);
}

void json_out_str(struct json_out *j, const char *key, const char *s) {
    if (s)
        json_out_strn(j, key, s, strlen(s));
    else
        json_out_null(j, key);
}

void json_out_fmt(struct json_out *j, const char *key, const char *fmt, ...) {
    char text[2048];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    json_out_str(j, key, text);
}

void json_out_int(struct json_out *j, const char *key, int64_t v) {
    char text[24];
    int n = snprintf(text, sizeof text, "%lld", (long long)v);
    json_out_raw(j, key, text, (size_t)n);
}

void json_out_id(struct json_out *j, const char *key, uint64_t v) {
    json_out_fmt(j, key, "%llu", (unsigned long long)v);
}

void json_out_double(struct json_out *j, const char *key, double v) {
    char text[40];
    if (!isfinite(v)) {
        json_out_null(j, key);
        return;
    }
    int n = snprintf(text, sizeof text, "%.6g", v);
    json_out_raw(j, key, text, (size_t)n);
}

void json_out_bool(struct json_out *j, const char *key, int v) {
    json_out_raw(j, key, v ? "true" : "false", v ? 4 : 5);
}

void json_out_null(struct json_out *j, const char *key) { json_out_raw(j, key, "null", 4); }

void json_out_raw(struct json_out *j, const char *key, const char *json, size_t n) {
    begin(j, key);
    put(j, json, n);
}
