/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Bodies of requests: by length or in chunks, within the limit, from senders that are not too
 * slow. Time counts only while we wait for the sender, not while the handler works. */
#include <string.h>

#include <sennit/time.h>

#include "http/server.h"

#define SKIP_MAX 65536u  /* bytes read and dropped to keep a connection */
#define DIRECT_MIN 1024u /* smaller reads go through the input buffer */

void sn_http_body_limit(sn_http_request *r, uint64_t max) { r->limit = max; }

static int fail(sn_http_request *r, int error) {
    if (!r->error) r->error = error;
    if (error == SN_ETIMEDOUT) sn__count(&r->conn->count.timeouts, 1);
    return r->error;
}

/* Has the sender kept the least rate? */
static int too_slow(const sn_http_request *r) {
    const sn_http_conf *conf = &r->conn->server->conf;
    sn_time over = r->waited - conf->body_time;
    return over > 0 && r->got < (uint64_t)(over / SN_MILLISECOND) * conf->body_rate / 1000;
}

/* Waits for bytes, at `buf` or (NULL) in the input buffer. */
static long wait_bytes(sn_http_request *r, void *buf, size_t n) {
    sn_time start = sn_now(), t = r->conn->server->conf.body_time;
    long got = buf ? sn__conn_read(r->conn, buf, n, start + t, t / 2)
                   : sn__conn_fill(r->conn, start + t, t / 2);
    if (got == 0) return fail(r, SN_EPROTO);
    if (got < 0) return fail(r, (int)got);
    r->waited += sn_now() - start;
    return too_slow(r) ? fail(r, SN_ETIMEDOUT) : got;
}

/* Sees to it that there are unread bytes in the input buffer. */
static int have_bytes(sn_http_request *r) {
    sn__work *w = r->work;
    if (w->in_at < w->in_end) return 0;
    w->in_at = w->in_end = w->in_base;
    long n = wait_bytes(r, NULL, 0);
    return n < 0 ? (int)n : 0;
}

/* Before the first read: does it fit, and does the client wait to be asked? */
static int begin(sn_http_request *r) {
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    if (r->error) return r->error;
    if (r->left > r->limit) return fail(r, SN_EFBIG);
    if (!r->may_continue) return 0;
    r->may_continue = 0;
    if (r->work->wr.sent || r->work->in_at < r->work->in_end) return 0;
    char *p = sn__conn_room(r->conn, sizeof go_on - 1);
    if (!p) return fail(r, r->conn->broken);
    memcpy(p, go_on, sizeof go_on - 1);
    r->work->out_len += sizeof go_on - 1;
    return 0;
}

static int read_length(sn_http_request *r, char *buf, size_t n, size_t *done) {
    sn__work *w = r->work;
    if (n > r->left) n = (size_t)r->left;
    if (w->in_at == w->in_end && n >= DIRECT_MIN) {
        long got = wait_bytes(r, buf, n);
        if (got < 0) return (int)got;
        *done = (size_t)got;
    } else {
        int rc = have_bytes(r);
        if (rc) return rc;
        size_t there = w->in_end - w->in_at;
        *done = n < there ? n : there;
        memcpy(buf, w->in + w->in_at, *done);
        w->in_at += (uint32_t)*done;
    }
    r->left -= *done;
    r->ended = r->left == 0;
    return 0;
}

static int read_chunked(sn_http_request *r, char *buf, size_t n, size_t *done) {
    sn__work *w = r->work;
    for (;;) {
        int rc = have_bytes(r);
        if (rc) return rc;
        size_t used, len, there = w->in_end - w->in_at;
        const char *data;
        /* no more than fits is offered, so a slice always does */
        rc = sn__chunked_next(&r->chunked, w->in + w->in_at, there < n ? there : n, &used, &data,
                              &len);
        w->in_at += (uint32_t)used;
        if (rc == SN__CHUNK_BAD) return fail(r, SN_EBADMSG);
        if (rc == SN__CHUNK_DATA) {
            memcpy(buf, data, len);
            *done = len;
            return 0;
        }
        if (rc == SN__CHUNK_END) {
            r->ended = 1;
            return 0;
        }
    }
}

int sn_http_body_read(sn_http_request *r, void *buf, size_t n, size_t *done) {
    *done = 0;
    if (r->ended || n == 0) return r->error;
    int rc = begin(r);
    if (rc) return rc;
    rc = r->head.chunked ? read_chunked(r, buf, n, done) : read_length(r, buf, n, done);
    r->got += *done;
    if (r->got > r->limit) {
        *done = 0;
        return fail(r, SN_EFBIG);
    }
    return rc;
}

/* Makes *buf, of *size bytes, larger, up to max + 1. */
static int larger(sn_http_request *r, char **buf, size_t *size, size_t used, size_t max) {
    size_t want = *size ? *size * 2 : r->head.chunked ? 2048 : (size_t)r->left + 1;
    if (want > max + 1) want = max + 1;
    if (want <= used + 1 && used >= max) return fail(r, SN_EFBIG);
    char *p = sn_http_alloc(r, want);
    if (!p) return SN_ENOMEM;
    if (used) memcpy(p, *buf, used);
    *buf = p;
    *size = want;
    return 0;
}

int sn_http_body_all(sn_http_request *r, size_t max, char **buf, size_t *n) {
    size_t size = 0, used = 0;
    *buf = NULL;
    *n = 0;
    if (max >= SIZE_MAX / 4) max = SIZE_MAX / 4;
    if (!r->error && r->left > max) return fail(r, SN_EFBIG);
    for (;;) {
        size_t done;
        int rc = used + 1 >= size && !(r->ended && size) ? larger(r, buf, &size, used, max) : 0;
        if (rc == 0) rc = sn_http_body_read(r, *buf + used, size - used - 1, &done);
        if (rc) return rc;
        if (done == 0 && r->ended) break;
        used += done;
    }
    (*buf)[used] = 0;
    *n = used;
    return 0;
}

int sn__body_short(const sn_http_request *r) {
    return r->ended || (!r->error && !r->may_continue && r->left <= SKIP_MAX);
}

int sn__body_skip(sn_http_request *r) {
    char drop[2048];
    size_t all = 0, done;
    if (r->ended) return 1;
    if (!sn__body_short(r)) return 0;
    r->limit = UINT64_MAX;
    while (all <= SKIP_MAX) {
        if (sn_http_body_read(r, drop, sizeof drop, &done)) return 0;
        if (done == 0) return 1;
        all += done;
    }
    return 0;
}
