/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The answer. Until its length is known the body is held back in a stage of a few kilobytes: if
 * the handler ends within it, head and body leave together with a Content-Length; if not, the
 * head leaves and the body follows in chunks (or, to HTTP/1.0, up to the connection's end). */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/server.h"

void sn__writer_init(sn__conn *c, sn_http_request *r) {
    sn_http_writer *w = &c->work->wr;
    memset(w, 0, sizeof *w);
    w->conn = c;
    w->work = c->work;
    w->req = r;
    w->status = 200;
    w->length = -1;
    w->no_body = r && !strcmp(sn_http_method(r), "HEAD");
}

void sn__writer_reset(sn_http_writer *w) {
    sn_scope *scope = w->scope;
    sn__writer_init(w->conn, w->req);
    w->scope = scope;
}

int sn_http_sent(const sn_http_writer *w) { return w->sent; }
int sn_http_error(const sn_http_writer *w) { return w->error; }
sn_http_request *sn_http_writer_request(const sn_http_writer *w) { return w->req; }

int sn__writer_fail(sn_http_writer *w, int error) {
    if (!w->error) w->error = error;
    return w->error;
}

/* The pieces of one chunk, or of a plain piece of body. */
static size_t frame(const sn_http_writer *w, char size[20], const void *buf, size_t n,
                    sn_iov iov[3]) {
    if (!w->chunked) {
        iov[0] = (sn_iov){buf, n};
        return 1;
    }
    iov[0] = (sn_iov){size, (size_t)snprintf(size, 20, "%zx\r\n", n)};
    iov[1] = (sn_iov){buf, n};
    iov[2] = (sn_iov){"\r\n", 2};
    return 3;
}

/* At most SN__PIECE body bytes after the head: into the output buffer if they fit, or out with
 * it. */
static int emit_piece(sn_http_writer *w, const void *buf, size_t n) {
    char size[20], *p;
    sn_iov iov[3];
    size_t cnt = frame(w, size, buf, n, iov), all = n + (w->chunked ? iov[0].len + 2 : 0);
    if (SN__OUT_SIZE - w->work->out_len < all) {
        int rc = sn__conn_send(w->conn, iov, cnt);
        return rc ? sn__writer_fail(w, rc) : 0;
    }
    p = w->work->out + w->work->out_len;
    for (size_t i = 0; i < cnt; p += iov[i++].len) memcpy(p, iov[i].base, iov[i].len);
    w->work->out_len += (uint32_t)all;
    return 0;
}

/* In pieces, since each has the time to leave that conf.write_time gives. */
static int emit(sn_http_writer *w, const void *buf, size_t n) {
    const char *p = buf;
    int rc = 0;
    if (w->no_body) return 0;
    while (rc == 0 && n) {
        size_t piece = n < SN__PIECE ? n : SN__PIECE;
        rc = emit_piece(w, p, piece);
        p += piece;
        n -= piece;
    }
    return rc;
}

/* Sends the head, if that is still to do, and what was staged. */
static int commit(sn_http_writer *w) {
    if (w->error || w->sent) return w->error;
    int rc = sn__writer_head(w);
    if (rc) return sn__writer_fail(w, rc);
    rc = emit(w, w->stage, w->staged);
    w->staged = 0;
    return rc;
}

/* Room for n more bytes in the stage? It is made when first wanted. */
static int stage_has_room(sn_http_writer *w, size_t n) {
    if (n > SN__STAGE_SIZE - w->staged) return 0;
    if (!w->stage) w->stage = sn__arena_alloc(&w->work->arena, SN__STAGE_SIZE);
    return w->stage != NULL;
}

int sn_http_write(sn_http_writer *w, const void *buf, size_t n) {
    if (w->error) return w->error;
    if (w->ended || (w->length >= 0 && n > (uint64_t)w->length - w->body))
        return n ? sn__writer_fail(w, SN_EINVAL) : 0;
    w->body += n;
    if (w->no_body && !w->sent) return 0; /* the count is the Content-Length */
    if (!w->sent && w->length < 0) {
        if (stage_has_room(w, n)) {
            if (n) memcpy(w->stage + w->staged, buf, n);
            w->staged += (uint32_t)n;
            return 0;
        }
    }
    return commit(w) ? w->error : emit(w, buf, n);
}

int sn_http_puts(sn_http_writer *w, const char *s) { return sn_http_write(w, s, strlen(s)); }

/* Not from the arena: a handler that streams for hours must not grow it. */
static int vprint(sn_http_writer *w, const char *fmt, va_list ap) {
    char *s;
    int n = vasprintf(&s, fmt, ap);
    if (n < 0) return sn__writer_fail(w, SN_ENOMEM);
    int rc = sn_http_write(w, s, (size_t)n);
    free(s);
    return rc;
}

int sn_http_printf(sn_http_writer *w, const char *fmt, ...) {
    char small[256];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(small, sizeof small, fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof small) return sn_http_write(w, small, (size_t)n);
    va_start(ap, fmt);
    int rc = vprint(w, fmt, ap);
    va_end(ap);
    return rc;
}

int sn_http_flush(sn_http_writer *w) {
    if (commit(w)) return w->error;
    int rc = sn__conn_flush(w->conn);
    return rc ? sn__writer_fail(w, rc) : 0;
}

int sn_http_reply(sn_http_writer *w, int status, const char *type, const void *buf, size_t n) {
    if (w->error) return w->error;
    int rc = sn_http_status(w, status);
    if (rc == 0 && type) rc = sn_http_set(w, "Content-Type", type);
    if (rc || w->body) return sn__writer_fail(w, rc ? rc : SN_EINVAL);
    w->length = (int64_t)n;
    w->body = n;
    if (commit(w)) return w->error;
    w->ended = 1;
    return emit(w, buf, n);
}

int sn_http_replyf(sn_http_writer *w, int status, const char *fmt, ...) {
    size_t n = 0;
    va_list ap;
    va_start(ap, fmt);
    char *s = sn__arena_vformat(&w->work->arena, &n, fmt, ap);
    va_end(ap);
    if (!s) return sn__writer_fail(w, SN_ENOMEM);
    return sn_http_reply(w, status, "text/plain; charset=utf-8", s, n);
}

int sn_http_redirect(sn_http_writer *w, int status, const char *location) {
    int rc = w->error ? w->error : sn_http_set(w, "Location", location);
    return rc ? sn__writer_fail(w, rc) : sn_http_reply(w, status, NULL, NULL, 0);
}

int sn__writer_finish(sn_http_writer *w) {
    if (!w->sent && w->length < 0) w->length = (int64_t)w->body;
    if (commit(w)) return w->error;
    if (w->chunked && !w->no_body) {
        char *p = sn__conn_room(w->conn, 5);
        if (!p) return sn__writer_fail(w, w->conn->broken);
        memcpy(p, "0\r\n\r\n", 5);
        w->work->out_len += 5;
    }
    if (!w->no_body && !w->chunked && w->length >= 0 && w->body < (uint64_t)w->length)
        return sn__writer_fail(w, SN_EPROTO); /* the handler promised more than it wrote */
    return 0;
}
