/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Status and headers of an answer, how its body is framed, and whether the connection goes on. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <sennit/time.h>

#include "http/chars.h"
#include "http/server.h"

#define OWN_HEAD 256u /* status line and the headers that are ours, at most */

int sn_http_status(sn_http_writer *w, int status) {
    if (w->sent || status < 200 || status > 599) return SN_EINVAL;
    w->status = status;
    return 0;
}

static void remove_all(sn_http_writer *w, const char *name, size_t n) {
    sn__header **at = &w->headers;
    while (*at) {
        if (!sn__same_fold((*at)->name, (*at)->name_len, name, n)) {
            at = &(*at)->next;
            continue;
        }
        w->headers_size -= (*at)->name_len + (*at)->value_len + 4;
        *at = (*at)->next;
    }
}

static int valid(const char *name, size_t n, const char *value, size_t v) {
    if (n == 0 || n > SN__HEADERS_MAX || v > SN__HEADERS_MAX) return 0;
    for (size_t i = 0; i < n; i++)
        if (!sn__is(name[i], SN__C_TOKEN)) return 0;
    for (size_t i = 0; i < v; i++)
        if (!sn__is(value[i], SN__C_VALUE)) return 0;
    return 1;
}

/* Headers that frame the message are not just text. 1: taken care of, 0: a header like another. */
static int framing(sn_http_writer *w, const char *name, size_t n, const char *value, size_t v) {
    if (SN__SAME(name, n, "transfer-encoding")) return SN_EINVAL;
    if (SN__SAME(name, n, "content-length")) {
        int64_t length = sn__decimal(value, v);
        if (length < (int64_t)w->body) return SN_EINVAL;
        w->length = length;
        return 1;
    }
    if (SN__SAME(name, n, "connection")) {
        if (!SN__SAME(value, v, "close")) return SN_EINVAL;
        w->close = 1;
        return 1;
    }
    return SN__SAME(name, n, "date") ? SN_EINVAL : 0;
}

int sn_http_add(sn_http_writer *w, const char *name, const char *value) {
    size_t n = strlen(name), v = strlen(value);
    if (w->sent || !valid(name, n, value, v)) return SN_EINVAL;
    int rc = framing(w, name, n, value, v);
    if (rc) return rc < 0 ? rc : 0;
    if (w->headers_size + n + v + 4 > SN__HEADERS_MAX) return SN_E2BIG;
    sn__header *h = sn__arena_alloc(&w->work->arena, sizeof *h + n + v);
    if (!h) return SN_ENOMEM;
    char *text = (char *)(h + 1);
    memcpy(text, name, n);
    if (v) memcpy(text + n, value, v);
    *h = (sn__header){NULL, text, text + n, (uint32_t)n, (uint32_t)v};
    sn__header **end = &w->headers;
    while (*end) end = &(*end)->next;
    *end = h;
    w->headers_size += (uint32_t)(n + v + 4);
    return 0;
}

int sn_http_set(sn_http_writer *w, const char *name, const char *value) {
    size_t n = strlen(name);
    if (w->sent || !valid(name, n, value ? value : "", value ? strlen(value) : 0)) return SN_EINVAL;
    remove_all(w, name, n);
    if (value) return sn_http_add(w, name, value);
    if (SN__SAME(name, n, "content-length")) w->length = -1;
    return 0;
}

int sn_http_setf(sn_http_writer *w, const char *name, const char *fmt, ...) {
    size_t n;
    va_list ap;
    va_start(ap, fmt);
    char *s = sn__arena_vformat(&w->work->arena, &n, fmt, ap);
    va_end(ap);
    return s ? sn_http_set(w, name, s) : SN_ENOMEM;
}

/* Formats the date once a second for each connection that answers. */
static const char *date_now(sn__work *work) {
    int64_t ms = sn_utc_ms(), s = ms / 1000;
    if (s != work->date_s) {
        sn_http_date(ms, work->date);
        work->date_s = s;
    }
    return work->date;
}

static char *put(char *p, const char *s, size_t n) {
    memcpy(p, s, n);
    return p + n;
}
#define PUT(p, lit) put(p, lit, sizeof(lit) - 1)

static char *put_number(char *p, uint64_t v) {
    char digits[20];
    size_t n = 0;
    do digits[n++] = (char)('0' + v % 10);
    while (v /= 10);
    while (n) *p++ = digits[--n];
    return p;
}

static char *put_status(char *p, int status) {
    const char *text = sn_http_status_text(status);
    p = PUT(p, "HTTP/1.1 ");
    p = put_number(p, (uint64_t)status);
    *p++ = ' ';
    p = put(p, text, strlen(text));
    return PUT(p, "\r\n");
}

static char *put_headers(char *p, const sn__header *h) {
    for (; h; h = h->next) {
        p = put(p, h->name, h->name_len);
        p = PUT(p, ": ");
        p = put(p, h->value, h->value_len);
        p = PUT(p, "\r\n");
    }
    return p;
}

/* Does this answer leave a connection that can carry another request? */
static int goes_on(const sn_http_writer *w) {
    const sn_http_request *r = w->req;
    const sn_http_server *s = w->conn->server;
    if (!r || w->close || r->head.close || (r->head.version == 10 && !r->head.keep_alive)) return 0;
    if (w->conn->requests >= s->conf.conn_requests_max || sn_http_draining(s)) return 0;
    return sn__body_short(r);
}

/* Decides the framing: a length if it is known, chunks if the peer knows them, else the end. */
static void settle(sn_http_writer *w) {
    int bodiless = w->status == 204 || w->status == 304;
    w->close = !goes_on(w);
    if (bodiless) {
        w->no_body = 1;
        if (w->status == 204 || w->length == (int64_t)w->body) w->length = -1;
    } else if (w->length < 0 && w->req && w->req->head.version == 11) {
        w->chunked = 1;
    } else if (w->length < 0) {
        w->close = 1;
    }
}

static char *put_framing(char *p, const sn_http_writer *w) {
    if (w->length >= 0) {
        p = PUT(p, "Content-Length: ");
        p = put_number(p, (uint64_t)w->length);
        p = PUT(p, "\r\n");
    }
    if (w->chunked) p = PUT(p, "Transfer-Encoding: chunked\r\n");
    if (w->close) return PUT(p, "Connection: close\r\n");
    if (w->req->head.version == 10) return PUT(p, "Connection: keep-alive\r\n");
    return p;
}

int sn__writer_head(sn_http_writer *w) {
    const char *server = w->conn->server->conf.server;
    size_t server_len = server ? strlen(server) : 0;
    char *p = sn__conn_room(w->conn, OWN_HEAD + server_len + w->headers_size);
    if (!p) return w->conn->broken;
    char *start = p;
    settle(w);
    p = put_status(p, w->status);
    p = PUT(p, "Date: ");
    p = put(p, date_now(w->work), SN_HTTP_DATE_LEN);
    p = PUT(p, "\r\n");
    if (server) {
        p = PUT(p, "Server: ");
        p = put(p, server, server_len);
        p = PUT(p, "\r\n");
    }
    p = put_headers(p, w->headers);
    p = put_framing(p, w);
    p = PUT(p, "\r\n");
    w->work->out_len += (uint32_t)(p - start);
    w->sent = 1;
    return 0;
}
