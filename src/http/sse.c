/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Server-sent events. A second coroutine reads the connection meanwhile: a browser sends nothing
 * more, so what it reads is the client's end, which ends the handler's scope. */
#include <stdlib.h>
#include <string.h>

#include "http/conn.h"

#define SMALL 1024u
#define UNASKED_MAX 65536u /* bytes that a client may send all the same */

typedef struct watch_args {
    sn_conn *net;
    sn_scope *scope;
} watch_args;

static int watch(void *arg) {
    const watch_args *a = arg;
    char drop[256];
    size_t all = 0, done;
    while (all < UNASKED_MAX && sn_read(a->net, drop, sizeof drop, &done) == 0 && done) all += done;
    sn_scope_cancel(a->scope, SN_ECANCELED);
    return 0;
}

static int watch_start(sn_http_writer *w) {
    static const sn_attr attr = {.size = sizeof attr, .name = "sse watch"};
    watch_args a = {w->conn->net, w->scope};
    sn_set_read_deadline(w->conn->net, SN_NEVER);
    w->conn->read_until = SN_NEVER;
    int rc = sn_scope_go(w->scope, &attr, watch, &a, sizeof a);
    w->watching = rc == 0;
    return rc;
}

int sn_http_sse_begin(sn_http_writer *w) {
    if (w->error) return w->error;
    if (w->sent || w->body || w->watching || !w->req->ended) return sn__writer_fail(w, SN_EINVAL);
    int rc = sn_http_set(w, "Content-Type", "text/event-stream");
    if (rc == 0) rc = sn_http_set(w, "Cache-Control", "no-store");
    if (rc == 0) rc = watch_start(w);
    if (rc) return sn__writer_fail(w, rc);
    w->close = 1;
    return sn_http_flush(w);
}

static char *put(char *p, const char *s, size_t n) {
    memcpy(p, s, n);
    return p + n;
}

static char *put_field(char *p, const char *name, const char *value, size_t n) {
    p = put(p, name, strlen(name));
    p = put(p, value, n);
    *p++ = '\n';
    return p;
}

static size_t count_lines(const char *s) {
    size_t n = 1;
    for (; *s; s++) n += *s == '\n' || *s == '\r';
    return n;
}

/* A "data:" for each line; they may end in LF, CR or CRLF. */
static char *put_data(char *p, const char *s) {
    for (;;) {
        size_t n = strcspn(s, "\r\n");
        p = put_field(p, "data: ", s, n);
        s += n;
        if (*s == 0) return p;
        s += s[0] == '\r' && s[1] == '\n' ? 2 : 1;
    }
}

int sn_http_sse_send(sn_http_writer *w, const char *event, const char *id, const char *data) {
    char small[SMALL], *buf = small;
    if (w->error) return w->error;
    if (!w->watching || (event && strpbrk(event, "\r\n")) || (id && strpbrk(id, "\r\n")))
        return SN_EINVAL;
    size_t size = 32 + (event ? strlen(event) : 0) + (id ? strlen(id) : 0) + strlen(data) +
                  8 * count_lines(data);
    if (size > sizeof small && !(buf = malloc(size))) return sn__writer_fail(w, SN_ENOMEM);
    char *p = buf;
    if (event) p = put_field(p, "event: ", event, strlen(event));
    if (id) p = put_field(p, "id: ", id, strlen(id));
    p = put_data(p, data);
    *p++ = '\n';
    int rc = sn_http_write(w, buf, (size_t)(p - buf));
    if (rc == 0) rc = sn_http_flush(w);
    if (buf != small) free(buf);
    return rc;
}

int sn_http_sse_ping(sn_http_writer *w) {
    if (!w->watching) return SN_EINVAL;
    int rc = sn_http_write(w, ":\n\n", 3);
    return rc ? rc : sn_http_flush(w);
}
