/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A connection's life: wait for a request, read its head, run the handler, complete the answer,
 * and again. Answers to pipelined requests gather in the output buffer; it leaves before anything
 * that waits for the client. */
#include <string.h>

#include <sennit/time.h>

#include "http/server.h"

#define CLOSE_TIME SN_SECOND /* for the client to read the last answer before we reset */
#define CLOSE_BYTES 262144u

const char *sn__conn_peer(sn__conn *c) {
    if (!c->peer[0]) sn_peer_addr(c->net, c->peer, sizeof c->peer);
    return c->peer;
}

static int to_busy(sn__conn *c) {
    int idle = SN__CONN_IDLE;
    return atomic_compare_exchange_strong(&c->state, &idle, SN__CONN_BUSY);
}

/* Without buffers: reads the first bytes on the stack, and only then gets some. */
static long wait_bare(sn__conn *c, sn_time until) {
    char first[SN__FIRST_READ];
    long n = sn__conn_read(c, first, sizeof first, until, c->server->conf.idle_time / 8);
    if (n <= 0) return n;
    if (!(c->work = sn__work_new(c->server))) return SN_ENOMEM;
    memcpy(c->work->in, first, (size_t)n);
    c->work->in_end = (uint32_t)n;
    return n;
}

/* With buffers, for a while; then without. */
static long wait_bytes(sn__conn *c) {
    sn_time now = sn_now(), idle = c->server->conf.idle_time;
    if (c->work) {
        sn_time keep = idle < SN__LINGER ? idle : SN__LINGER;
        c->work->in_at = c->work->in_end = 0;
        long n = sn__conn_fill(c, now + keep, keep);
        if (n != SN_ETIMEDOUT || idle <= SN__LINGER) return n;
        sn__work_free(c->work);
        c->work = NULL;
    }
    return wait_bare(c, now + idle);
}

/* Waits for a request's first bytes; 0 when the connection is to end. */
static int wait_request(sn__conn *c) {
    if (c->work && c->work->in_at < c->work->in_end) return 1;
    if (c->work && sn__conn_flush(c)) return 0;
    atomic_store(&c->state, SN__CONN_IDLE);
    if (sn_http_draining(c->server)) return 0;
    if (sn__server_wants_place(c->server) && to_busy(c)) return 0;
    return wait_bytes(c) > 0 && to_busy(c);
}

static void log_request(sn__conn *c, const sn_http_writer *w, const char *reason) {
    const sn_http_server *s = c->server;
    sn_http_request *r = w->req;
    int status = w->sent ? w->status : 0, error = w->error ? w->error : c->broken;
    if (error == 0 && r) error = r->error;
    sn__count(&c->count.status[status / 100], 1);
    if (!s->conf.log) return;
    sn_http_log e = {sizeof e,       status,  error,
                     reason,         r,       sn__conn_peer(c),
                     r ? r->got : 0, w->body, r ? sn_now() - r->started : 0};
    s->conf.log(s->conf.log_arg, &e);
}

/* Answers in the handler's stead, and ends the connection. */
static void refuse(sn__conn *c, int status, const char *why) {
    sn__writer_init(c, NULL);
    sn_http_writer *w = &c->work->wr;
    sn__count(&c->count.malformed, 1);
    sn_http_problem(w, status, NULL, NULL, why);
    sn__writer_finish(w);
    sn__conn_flush(c);
    log_request(c, w, why);
}

/* Reads until the head is complete. 1; 0 when there is none and the connection is to end. */
static int read_head(sn__conn *c) {
    sn__work *w = c->work;
    const sn_http_conf *conf = &c->server->conf;
    sn__head *h = &w->req.head;
    sn_time until = 0;
    for (;;) {
        int rc = sn__head_parse(h, w->in + w->in_at, w->in_end - w->in_at);
        if (rc == SN__HEAD_DONE) return 1;
        if (rc == SN__HEAD_BAD) return refuse(c, h->error_status, h->error), 0;
        if (sn__conn_grow(w, 512)) return refuse(c, 503, "out of memory"), 0;
        if (!until) until = sn_now() + conf->head_time;
        long n = sn__conn_fill(c, until, conf->head_time / 8);
        if (n > 0) continue;
        if (n == SN_ETIMEDOUT) {
            sn__count(&c->count.timeouts, 1);
            refuse(c, 408, "the head of the request took too long");
        }
        return 0;
    }
}

/* The status for a handler that gave up reading the body without an answer of its own. */
static int status_of_body(int error) {
    return error == SN_EFBIG ? 413 : error == SN_ETIMEDOUT ? 408 : 400;
}

static const char *why_of_body(int error) {
    switch (error) {
    case SN_EFBIG:
        return "the body is larger than allowed here";
    case SN_ETIMEDOUT:
        return "the body took too long";
    case SN_EPROTO:
        return "the body ended early";
    default:
        return "malformed chunk in the body";
    }
}

static int untouched(const sn_http_writer *w) {
    return !w->error && w->status == 200 && !w->body && !w->headers && w->length < 0;
}

/* A handler that could not answer: what is said instead. `rc` is its scope's result. */
static void answer_instead(sn_http_writer *w, int rc) {
    int body = w->req->error;
    if (w->sent) return;
    if (w->error) {
        sn__writer_reset(w);
        sn_http_problem(w, 500, NULL, NULL, NULL);
    } else if (untouched(w) && body) {
        sn_http_problem(w, status_of_body(body), NULL, NULL, why_of_body(body));
    } else if (untouched(w) && rc) {
        int late = rc == SN_ETIMEDOUT || rc == SN_ECANCELED;
        sn_http_problem(w, late ? 503 : 500, NULL, NULL, late ? "no time was left" : NULL);
    }
}

static void run_handler(sn__conn *c, sn_http_writer *w, sn_http_request *r) {
    const sn_http_server *s = c->server;
    sn_time t = s->conf.handler_time;
    sn_scope scope;
    sn_scope_enter(&scope, t == SN_NEVER ? SN_NEVER : r->started + t);
    w->scope = &scope;
    s->handler.fn(w, r, s->handler.arg);
    if (w->watching) sn_scope_cancel(&scope, SN_ECANCELED);
    int rc = sn_scope_leave(&scope);
    w->scope = NULL;
    answer_instead(w, rc);
}

/* One request with its answer. 1 when another can follow. */
static int serve_one(sn__conn *c) {
    sn__work *work = c->work;
    sn_http_request *r = &work->req;
    sn_http_writer *w = &work->wr;
    const char *why = NULL;
    sn__request_init(c, 0);
    sn__head_init(&r->head, 0,
                  &(sn__head_limits){c->server->conf.line_max, c->server->conf.head_max,
                                     c->server->conf.header_count_max},
                  work->fields);
    if (!read_head(c)) return 0;
    r->started = sn_now();
    if ((r->head.chunked || r->head.length > 0) && sn__conn_grow(work, SN__BODY_ROOM))
        return refuse(c, 503, "out of memory"), 0;
    int refusal = sn__request_ready(r, &why);
    if (refusal) return refuse(c, refusal, why), 0;
    c->requests++;
    sn__count(&c->count.requests, 1);
    sn__writer_init(c, r);
    run_handler(c, w, r);
    int rc = sn__writer_finish(w);
    log_request(c, w, NULL);
    return rc == 0 && !w->close && sn__body_skip(r) && !c->broken;
}

/* Closing with unread bytes resets the connection, and the client may lose the answer it has not
 * read yet: so end our side, and take in what still comes, for a while. */
static void close_gently(sn__conn *c) {
    char drop[2048];
    size_t all = 0;
    sn_time until = sn_now() + CLOSE_TIME;
    if (c->broken || sn__conn_flush(c) || sn_shutdown_write(c->net)) return;
    while (all < CLOSE_BYTES && sn_now() < until) {
        long n = sn__conn_read(c, drop, sizeof drop, until, 0);
        if (n <= 0) return;
        all += (size_t)n;
    }
}

static void requests(sn__conn *c) {
    while (wait_request(c)) {
        int more = serve_one(c);
        sn__arena_reset(&c->work->arena);
        if (more) continue;
        close_gently(c);
        return;
    }
}

/* The handshake, if there is one: `net` is another one after it. */
static int wrap(sn__conn *c) {
    sn_http_server *s = c->server;
    sn_conn *out = NULL;
    sn_scope scope;
    if (!s->conf.wrap) return 0;
    sn_scope_enter(&scope, sn_now() + s->conf.head_time);
    int rc = s->conf.wrap(s->conf.wrap_arg, c->net, &out);
    int late = sn_scope_leave(&scope);
    if (rc == SN_ETIMEDOUT || late == SN_ETIMEDOUT) sn__count(&c->count.timeouts, 1);
    if (rc) return rc;
    sn_lock(&s->lock);
    c->net = out;
    sn_unlock(&s->lock);
    return 0;
}

void sn__conn_run(sn_http_server *s, sn_conn *net) {
    sn__conn c;
    memset(&c, 0, sizeof c);
    c.server = s;
    c.net = net;
    c.state = SN__CONN_BUSY;
    c.read_until = c.write_until = SN_NEVER;
    sn_scope_enter(&c.scope, SN_NEVER);
    if (sn__server_enter(s, &c) == 0) {
        if (wrap(&c) == 0) requests(&c);
        sn__server_leave(s, &c);
    }
    int rc = sn_scope_leave(&c.scope);
    (void)rc; /* a drain or the caller's cancel: the end of a connection either way */
    sn__work_free(c.work);
    sn_conn_free(c.net);
}
