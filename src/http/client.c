/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The client: an exchange, and the response's body. */
#include "http/client.h"

#include <stdlib.h>
#include <string.h>

#include <sennit/time.h>

#include "http/chars.h"

int sn_http_client_new(sn_http_client **out, sn_conn *net, const char *host,
                       const sn_http_client_conf *conf) {
    if ((conf && conf->size != sizeof *conf) || !sn__host_ok(host, strlen(host))) return SN_EINVAL;
    sn_http_client *c = calloc(1, sizeof *c);
    char *copy = strdup(host);
    if (!c || !copy) {
        free(c);
        free(copy);
        return SN_ENOMEM;
    }
    uint32_t head = conf && conf->head_max ? conf->head_max : 16384;
    uint32_t count = conf && conf->header_count_max ? conf->header_count_max : 100;
    c->lim = (sn__head_limits){head, head, count};
    c->net = net;
    c->host = copy;
    c->fresh = c->keep = 1;
    c->res.ended = 1;
    *out = c;
    return 0;
}

int sn_http_client_dial(sn_http_client **c, const char *net, const char *addr,
                        const sn_http_client_conf *conf) {
    sn_conn *conn;
    int rc = sn_dial(&conn, net, addr);
    if (rc) return rc;
    rc = sn_http_client_new(c, conn, strcmp(net, "unix") ? addr : "localhost", conf);
    if (rc) sn_conn_free(conn);
    return rc;
}

static void drop_buffers(sn_http_client *c) {
    free(c->buf);
    free(c->fields);
    free(c->res.all);
    c->buf = NULL;
    c->fields = NULL;
    c->res.all = NULL;
    c->size = c->base = c->at = c->end = 0;
}

void sn_http_client_idle(sn_http_client *c) {
    if (!c->res.ended || c->at < c->end) c->keep = 0;
    drop_buffers(c);
}

void sn_http_client_free(sn_http_client *c) {
    if (!c) return;
    drop_buffers(c);
    sn_conn_free(c->net);
    free(c->host);
    free(c);
}

const char *sn_http_client_reason(const sn_http_client *c) { return c->reason; }

int sn_http_client_reusable(const sn_http_client *c) {
    return c->keep && !c->broken && c->res.framing != SN__BODY_TO_END;
}

static int fail(sn_http_client *c, int error) {
    c->broken = error;
    return error;
}

static int get_buffers(sn_http_client *c) {
    if (!c->buf) c->buf = malloc(SN__CLIENT_BUF);
    if (!c->fields) c->fields = malloc(c->lim.count_max * sizeof *c->fields);
    if (!c->buf || !c->fields) return SN_ENOMEM;
    if (!c->size) c->size = SN__CLIENT_BUF;
    return 0;
}

/* Room for n more bytes; unread ones move to the front. Not while a head is in use. */
static int make_room(sn_http_client *c, uint32_t n) {
    memmove(c->buf, c->buf + c->at, c->end - c->at);
    c->end -= c->at;
    c->at = 0;
    if (c->size - c->end >= n) return 0;
    char *more = realloc(c->buf, c->size * 2 + n);
    if (!more) return SN_ENOMEM;
    c->buf = more;
    c->size = c->size * 2 + n;
    return 0;
}

static int fill(sn_http_client *c) {
    size_t done;
    int rc = sn_read(c->net, c->buf + c->end, c->size - c->end, &done);
    c->end += (uint32_t)done;
    if (done) return 0;
    return rc ? rc : SN_EPROTO;
}

/* How the body is framed: RFC 9112 section 6.3. */
static void settle(sn_http_client *c, int to_head) {
    sn_http_response *r = &c->res;
    const sn__head *h = &r->head;
    if (to_head || h->no_body || h->length == 0)
        r->framing = SN__BODY_NONE;
    else if (h->chunked)
        r->framing = SN__BODY_CHUNKED;
    else
        r->framing = h->length > 0 ? SN__BODY_LENGTH : SN__BODY_TO_END;
    r->left = r->framing == SN__BODY_LENGTH ? (uint64_t)h->length : 0;
    r->ended = r->framing == SN__BODY_NONE;
    c->keep = h->version == 11 ? !h->close : h->keep_alive && !h->close;
    if (r->framing == SN__BODY_TO_END) c->keep = 0;
    sn__chunked_init(&r->chunked);
}

/* Reads one head, of any status. */
static int read_head(sn_http_client *c) {
    sn__head *h = &c->res.head;
    sn__head_init(h, 1, &c->lim, c->fields);
    for (;;) {
        int rc = sn__head_parse(h, c->buf + c->at, c->end - c->at);
        if (rc == SN__HEAD_DONE) return 0;
        if (rc == SN__HEAD_BAD) {
            c->reason = h->error;
            return h->error_status == 431 || h->error_status == 414 ? SN_EFBIG : SN_EBADMSG;
        }
        int first = c->at == c->end;
        rc = make_room(c, 512);
        if (rc == 0) rc = fill(c);
        if (rc && first && !c->fresh && (rc == SN_EPROTO || rc == SN_ECONNRESET)) return SN_ECLOSED;
        if (rc) return rc;
    }
}

static int read_final_head(sn_http_client *c, int to_head) {
    do {
        int rc = read_head(c);
        if (rc) return rc;
        if (c->res.head.status == 101) return c->reason = "unasked upgrade", SN_EBADMSG;
        if (c->res.head.status < 200) c->at += c->res.head.pos;
    } while (c->res.head.status < 200);
    int rc = make_room(c, SN__CLIENT_BODY);
    if (rc) return rc;
    sn__head_terminate(&c->res.head, c->buf);
    c->at = c->base = c->res.head.pos;
    settle(c, to_head);
    return 0;
}

/* Reads the rest of the response before, which nobody wants. */
static int skip(sn_http_client *c) {
    char drop[2048];
    size_t done;
    while (!c->res.ended) {
        int rc = sn_http_response_read(&c->res, drop, sizeof drop, &done);
        if (rc) return rc;
    }
    return 0;
}

static int exchange(sn_http_client *c, const sn_http_call *call) {
    if (!sn_http_client_reusable(c)) return SN_ECLOSED;
    int rc = skip(c);
    if (rc) return rc;
    free(c->res.all);
    c->res.all = NULL;
    rc = get_buffers(c);
    if (rc == 0) rc = sn__client_send(c, call);
    if (rc == SN_EINVAL || rc == SN_ENOMEM) return rc;
    /* a server may answer and close before it has read all: its answer tells more than the error */
    int sent = rc;
    rc = read_final_head(c, call->method && !strcmp(call->method, "HEAD"));
    if (sent) c->keep = 0;
    if (rc && sent) rc = sent == SN_ECONNRESET && !c->fresh ? SN_ECLOSED : sent;
    c->fresh = 0;
    return rc;
}

int sn_http_do(sn_http_client *c, const sn_http_call *call, sn_http_response **r) {
    if (c->broken) return c->broken;
    if (call->size != sizeof *call) return SN_EINVAL;
    sn_time until = call->until ? call->until : SN_NEVER;
    c->res.client = c;
    c->reason = NULL;
    sn_set_read_deadline(c->net, until);
    sn_set_write_deadline(c->net, until);
    int rc = exchange(c, call);
    if (rc) return rc == SN_EINVAL ? rc : fail(c, rc);
    *r = &c->res;
    return 0;
}

int sn_http_response_status(const sn_http_response *r) { return r->head.status; }

const char *sn_http_response_header(const sn_http_response *r, const char *name) {
    const sn__field *f = sn__head_find(&r->head, r->client->buf, name, 0);
    return f ? r->client->buf + f->value.at : NULL;
}

int sn_http_response_header_at(const sn_http_response *r, size_t i, const char **name,
                               const char **value) {
    if (i >= r->head.nfields) return SN_ENOENT;
    *name = r->client->buf + r->head.fields[i].name.at;
    *value = r->client->buf + r->head.fields[i].value.at;
    return 0;
}

int64_t sn_http_response_length(const sn_http_response *r) {
    return r->framing == SN__BODY_NONE && r->head.length < 0 ? 0 : r->head.length;
}

static int have_bytes(sn_http_client *c) {
    if (c->at < c->end) return 0;
    c->at = c->end = c->base;
    return fill(c);
}

static size_t take(sn_http_client *c, void *buf, size_t n) {
    size_t there = c->end - c->at;
    if (n > there) n = there;
    memcpy(buf, c->buf + c->at, n);
    c->at += (uint32_t)n;
    return n;
}

static int read_chunk(sn_http_response *r, char *buf, size_t n, size_t *done) {
    sn_http_client *c = r->client;
    for (;;) {
        int rc = have_bytes(c);
        if (rc) return rc;
        size_t used, len, there = c->end - c->at;
        const char *data;
        rc = sn__chunked_next(&r->chunked, c->buf + c->at, there < n ? there : n, &used, &data,
                              &len);
        c->at += (uint32_t)used;
        if (rc == SN__CHUNK_BAD) return c->reason = r->chunked.error, SN_EBADMSG;
        if (rc == SN__CHUNK_END) return r->ended = 1, 0;
        if (rc == SN__CHUNK_DATA) {
            memcpy(buf, data, len);
            *done = len;
            return 0;
        }
    }
}

/* A length to go, or up to the end of the stream. Large reads go past the buffer. */
static int read_plain(sn_http_response *r, char *buf, size_t n, size_t *done) {
    sn_http_client *c = r->client;
    int rc = 0;
    if (r->framing == SN__BODY_LENGTH && n > r->left) n = (size_t)r->left;
    if (c->at == c->end && n >= SN__CLIENT_BODY) {
        rc = sn_read(c->net, buf, n, done);
        if (rc == 0 && *done == 0) rc = SN_EPROTO;
    } else if ((rc = have_bytes(c)) == 0) {
        *done = take(c, buf, n);
    }
    if (r->framing == SN__BODY_TO_END) {
        if (rc != SN_EPROTO) return rc;
        r->ended = 1;
        return 0;
    }
    r->left -= *done;
    if (r->left == 0) r->ended = 1;
    return *done ? 0 : rc;
}

int sn_http_response_read(sn_http_response *r, void *buf, size_t n, size_t *done) {
    *done = 0;
    if (r->client->broken) return r->client->broken;
    if (r->ended || n == 0) return 0;
    int rc =
        r->framing == SN__BODY_CHUNKED ? read_chunk(r, buf, n, done) : read_plain(r, buf, n, done);
    return rc ? fail(r->client, rc) : 0;
}

int sn_http_response_all(sn_http_response *r, size_t max, char **buf, size_t *n) {
    size_t size = 0, used = 0, done;
    if (max > SIZE_MAX / 4) max = SIZE_MAX / 4;
    if (r->left > max) return SN_EFBIG;
    free(r->all);
    r->all = NULL;
    for (;;) {
        if (used + 1 >= size) {
            if (used > max) return SN_EFBIG;
            size = size ? size * 2 : r->left ? (size_t)r->left + 2 : 2048;
            char *more = realloc(r->all, size);
            if (!more) return SN_ENOMEM;
            r->all = more;
        }
        int rc = sn_http_response_read(r, r->all + used, size - used - 1, &done);
        if (rc) return rc;
        if (done == 0) break;
        used += done;
    }
    if (used > max) return SN_EFBIG;
    r->all[used] = 0;
    *buf = r->all;
    *n = used;
    return 0;
}
