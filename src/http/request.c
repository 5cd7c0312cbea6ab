/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a handler can ask about its request. */
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "http/chars.h"
#include "http/server.h"
#include "http/url.h"

void sn__request_init(sn__conn *c, sn_time now) {
    sn_http_request *r = &c->work->req;
    memset(r, 0, offsetof(sn_http_request, head));
    r->conn = c;
    r->work = c->work;
    r->limit = c->server->conf.body_max;
    r->started = now;
}

/* The decoded path: the target itself when it needs no decoding and nothing follows it. */
static int path_ready(sn_http_request *r) {
    const sn__head *h = &r->head;
    const char *raw = r->base + h->path.at;
    if (h->path.len == 0) {
        r->path = "/";
        return 0;
    }
    if (!h->escaped && !h->has_query) {
        r->path = raw;
        return 0;
    }
    char *out = sn_http_alloc(r, h->path.len + 1);
    if (!out) return SN_ENOMEM;
    r->path = out;
    return sn__path_decode(raw, h->path.len, out) < 0 ? SN_EINVAL : 0;
}

/* The authority of an absolute target has no delimiter to put a NUL over: it gets a copy. */
static int host_ready(sn_http_request *r, const char **host) {
    const sn__head *h = &r->head;
    if (h->form != SN__FORM_ABSOLUTE) return 0;
    *host = sn__arena_copy(&r->work->arena, r->base + h->host.at, h->host.len);
    return *host ? 0 : SN_ENOMEM;
}

int sn__request_ready(sn_http_request *r, const char **why) {
    sn__work *w = r->work;
    r->base = w->in + w->in_at;
    w->in_at += r->head.pos;
    w->in_base = w->in_at;
    char *base = w->in + w->in_base - r->head.pos;
    sn__head_terminate(&r->head, base);
    int rc = path_ready(r);
    if (rc == 0) rc = host_ready(r, &r->host);
    if (rc == SN_EINVAL) {
        *why = "path is not UTF-8";
        return 400;
    }
    if (rc) {
        *why = "out of memory";
        return 503;
    }
    r->left = r->head.length > 0 ? (uint64_t)r->head.length : 0;
    r->ended = !r->head.chunked && r->left == 0;
    r->may_continue = r->head.expect_continue && !r->ended;
    sn__chunked_init(&r->chunked);
    return 0;
}

const char *sn_http_method(const sn_http_request *r) { return r->base + r->head.method.at; }
const char *sn_http_target(const sn_http_request *r) { return r->base + r->head.target.at; }
const char *sn_http_path(const sn_http_request *r) { return r->path; }
int sn_http_version(const sn_http_request *r) { return r->head.version; }
const char *sn_http_pattern(const sn_http_request *r) { return r->pattern; }
sn_conn *sn_http_conn(const sn_http_request *r) { return r->conn->net; }
void sn_http_set_user(sn_http_request *r, void *user) { r->user = user; }
void *sn_http_user(const sn_http_request *r) { return r->user; }
sn_time sn_http_started(const sn_http_request *r) { return r->started; }

const char *sn_http_raw_query(const sn_http_request *r) {
    return r->head.has_query ? r->base + r->head.query.at : "";
}

const char *sn_http_host(const sn_http_request *r) {
    if (r->host) return r->host;
    return r->head.host.len ? r->base + r->head.host.at : "";
}

int64_t sn_http_content_length(const sn_http_request *r) {
    if (r->head.chunked) return -1;
    return r->head.length < 0 ? 0 : r->head.length;
}

const char *sn_http_value(const sn_http_request *r, const char *name) {
    for (size_t i = 0; i < r->nvalues; i++)
        if (!strcmp(r->names[i], name)) return r->values[i];
    return NULL;
}

const char *sn_http_header_nth(const sn_http_request *r, const char *name, size_t i) {
    const sn__field *f = sn__head_find(&r->head, r->base, name, i);
    return f ? r->base + f->value.at : NULL;
}

const char *sn_http_header(const sn_http_request *r, const char *name) {
    return sn_http_header_nth(r, name, 0);
}

int sn_http_header_at(const sn_http_request *r, size_t i, const char **name, const char **value) {
    if (i >= r->head.nfields) return SN_ENOENT;
    *name = r->base + r->head.fields[i].name.at;
    *value = r->base + r->head.fields[i].value.at;
    return 0;
}

static const char *decoded(sn_http_request *r, const char *s, size_t n) {
    char *out = sn_http_alloc(r, n + 1);
    if (out) sn__query_decode(s, n, out);
    return out;
}

const char *sn_http_query(sn_http_request *r, const char *want) {
    const char *s = sn_http_raw_query(r), *end = s + strlen(s), *name, *value;
    size_t nn, vn;
    while (sn__query_next(&s, end, &name, &nn, &value, &vn))
        if (sn__query_is(name, nn, want)) return decoded(r, value, vn);
    return NULL;
}

int sn_http_query_at(sn_http_request *r, size_t i, const char **name, const char **value) {
    const char *s = sn_http_raw_query(r), *end = s + strlen(s), *n, *v;
    size_t nn, vn;
    do {
        if (!sn__query_next(&s, end, &n, &nn, &v, &vn)) return SN_ENOENT;
    } while (i--);
    *name = decoded(r, n, nn);
    *value = decoded(r, v, vn);
    return *name && *value ? 0 : SN_ENOMEM;
}

/* The value of `name` in one Cookie header, or NULL. */
static const char *cookie_in(const char *s, const char *name, size_t *n) {
    size_t len = strlen(name);
    for (;; s++) {
        while (sn__blank(*s) || *s == ';') s++;
        if (*s == 0) return NULL;
        const char *end = strchrnul(s, ';');
        if (!strncmp(s, name, len) && s[len] == '=') {
            *n = (size_t)(end - s) - len - 1;
            return s + len + 1;
        }
        s = end;
        if (*s == 0) return NULL;
    }
}

const char *sn_http_cookie(sn_http_request *r, const char *name) {
    const char *header;
    for (size_t i = 0; (header = sn_http_header_nth(r, "cookie", i)); i++) {
        size_t n;
        const char *v = cookie_in(header, name, &n);
        if (!v) continue;
        while (n && sn__blank(v[n - 1])) n--;
        if (n > 1 && v[0] == '"' && v[n - 1] == '"') v++, n -= 2;
        return sn__arena_copy(&r->work->arena, v, n);
    }
    return NULL;
}

const char *sn_http_peer(sn_http_request *r) { return sn__conn_peer(r->conn); }

void *sn_http_alloc(sn_http_request *r, size_t n) { return sn__arena_alloc(&r->work->arena, n); }

char *sn_http_format(sn_http_request *r, const char *fmt, ...) {
    size_t n;
    va_list ap;
    va_start(ap, fmt);
    char *s = sn__arena_vformat(&r->work->arena, &n, fmt, ap);
    va_end(ap);
    return s;
}
