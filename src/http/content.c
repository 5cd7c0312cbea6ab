/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Content with validators and ranges: preconditions in the order of RFC 9110 13.2.2. */
#include <string.h>

#include "http/conn.h"
#include "http/range.h"

/* Is `etag` in any of the headers of that name? -1: there is none of them. */
static int listed(const sn_http_request *r, const char *name, const char *etag, int strong) {
    const char *v = sn_http_header(r, name);
    if (!v) return -1;
    for (size_t i = 0; (v = sn_http_header_nth(r, name, i)); i++)
        if (sn__etag_in(v, etag, strong)) return 1;
    return 0;
}

/* Was it modified after the header's date? -1: no such header, no date in it, or none known. */
static int modified_since(const sn_http_request *r, const char *name, const sn_http_content *c) {
    const char *v = sn_http_header(r, name);
    int64_t ms;
    if (!v || !c->modified_ms || sn_http_date_parse(v, &ms)) return -1;
    return c->modified_ms / 1000 > ms / 1000;
}

/* 0 to go on, or 304 or 412. */
static int precondition(const sn_http_request *r, const sn_http_content *c) {
    int match = listed(r, "if-match", c->etag, 1);
    if (match == 0) return 412;
    if (match < 0 && modified_since(r, "if-unmodified-since", c) == 1) return 412;
    int none = listed(r, "if-none-match", c->etag, 0);
    if (none == 1) return 304;
    return none < 0 && modified_since(r, "if-modified-since", c) == 0 ? 304 : 0;
}

/* May a range be sent, or has the content changed since the client's part of it? */
static int if_range(const sn_http_request *r, const sn_http_content *c) {
    const char *v = sn_http_header(r, "if-range");
    int64_t ms;
    if (!v) return 1;
    if (sn__etag_ok(v)) return c->etag && sn__etag_in(v, c->etag, 1);
    return c->modified_ms && sn_http_date_parse(v, &ms) == 0 && ms / 1000 == c->modified_ms / 1000;
}

static int range(const sn_http_request *r, const sn_http_content *c, uint64_t *first,
                 uint64_t *last) {
    const char *v = sn_http_header(r, "range");
    if (!v || sn_http_header_nth(r, "range", 1) || !if_range(r, c)) return SN__RANGE_WHOLE;
    return sn__range_parse(v, c->length, first, last);
}

static int send_bytes(sn_http_writer *w, const sn_http_content *c, uint64_t at, uint64_t n) {
    char *buf = sn__arena_alloc(&w->work->arena, n < SN__PIECE ? (size_t)n : SN__PIECE);
    if (!buf) return sn__writer_fail(w, SN_ENOMEM);
    while (n) {
        size_t want = n < SN__PIECE ? (size_t)n : SN__PIECE, done = 0;
        int rc = c->read(c->arg, buf, want, at, &done);
        if (rc || done < want) return sn__writer_fail(w, rc < 0 ? rc : SN_EIO);
        rc = sn_http_write(w, buf, done);
        if (rc) return rc;
        at += done;
        n -= done;
    }
    return 0;
}

static int validators(sn_http_writer *w, const sn_http_content *c) {
    char date[30];
    int rc = 0;
    if (c->etag) rc = sn__etag_ok(c->etag) ? sn_http_set(w, "ETag", c->etag) : SN_EINVAL;
    if (rc || !c->modified_ms) return rc;
    sn_http_date(c->modified_ms, date);
    return sn_http_set(w, "Last-Modified", date);
}

static int refuse_range(sn_http_writer *w, const sn_http_content *c) {
    int rc = sn_http_setf(w, "Content-Range", "bytes */%llu", (unsigned long long)c->length);
    if (rc) return sn__writer_fail(w, rc);
    return sn_http_problemf(w, 416, "the content has %llu bytes", (unsigned long long)c->length);
}

/* Status and headers of `n` bytes from `first` of the content. */
static int content_head(sn_http_writer *w, const sn_http_content *c, int part, uint64_t first,
                        uint64_t n) {
    int rc = sn_http_status(w, part ? 206 : 200);
    if (rc == 0)
        rc = sn_http_set(w, "Content-Type", c->type ? c->type : "application/octet-stream");
    if (rc == 0 && part)
        rc = sn_http_setf(w, "Content-Range", "bytes %llu-%llu/%llu", (unsigned long long)first,
                          (unsigned long long)(first + n - 1), (unsigned long long)c->length);
    w->length = (int64_t)n;
    return rc ? sn__writer_fail(w, rc) : 0;
}

int sn_http_serve_content(sn_http_writer *w, sn_http_request *r, const sn_http_content *c) {
    int head = !strcmp(sn_http_method(r), "HEAD");
    if (c->size != sizeof *c || c->length > INT64_MAX || w->sent)
        return sn__writer_fail(w, SN_EINVAL);
    if (!head && strcmp(sn_http_method(r), "GET")) {
        sn_http_set(w, "Allow", "GET, HEAD");
        return sn_http_problem(w, 405, NULL, NULL, NULL);
    }
    int rc = validators(w, c);
    if (rc == 0) rc = sn_http_set(w, "Accept-Ranges", "bytes");
    if (rc) return sn__writer_fail(w, rc);
    int status = precondition(r, c);
    if (status == 304) return sn_http_status(w, 304);
    if (status) return sn_http_problem(w, status, NULL, NULL, "the content is another one now");
    uint64_t first = 0, last = 0;
    int kind = head ? SN__RANGE_WHOLE : range(r, c, &first, &last);
    if (kind == SN__RANGE_UNSATISFIABLE) return refuse_range(w, c);
    uint64_t n = kind == SN__RANGE_PART ? last - first + 1 : c->length;
    rc = content_head(w, c, kind == SN__RANGE_PART, first, n);
    return rc || head ? rc : send_bytes(w, c, first, n);
}
