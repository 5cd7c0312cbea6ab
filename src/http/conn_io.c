/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Bytes in and out of a server connection, its buffers and its deadlines. A deadline is set again
 * only when the one that is set would be too far off: most requests set none. */
#include <stdlib.h>
#include <string.h>

#include <sennit/time.h>

#include "http/server.h"

_Static_assert(sizeof(sn__work) % 16 == 0 && sizeof(sn__field) == 16, "the arena starts aligned");

sn__work *sn__work_new(const sn_http_server *s) {
    size_t fields = s->conf.header_count_max * sizeof(sn__field);
    sn__work *w = malloc(sizeof *w + fields + SN__ARENA_FIRST + SN__IN_MIN + SN__OUT_SIZE);
    if (!w) return NULL;
    w->fields = (sn__field *)(void *)(w + 1);
    char *first = (char *)w->fields + fields;
    sn__arena_init(&w->arena, first, SN__ARENA_FIRST);
    w->in = w->in_first = first + SN__ARENA_FIRST;
    w->out = w->in + SN__IN_MIN;
    w->in_size = SN__IN_MIN;
    w->in_base = w->in_at = w->in_end = 0;
    w->out_len = 0;
    w->date_s = -1;
    return w;
}

void sn__work_free(sn__work *w) {
    if (!w) return;
    sn__arena_reset(&w->arena);
    if (w->in != w->in_first) free(w->in);
    free(w);
}

int sn__conn_grow(sn__work *w, uint32_t n) {
    if (w->in_size - w->in_end >= n) return 0;
    if (w->in_at) {
        memmove(w->in, w->in + w->in_at, w->in_end - w->in_at);
        w->in_end -= w->in_at;
        w->in_at = 0;
        if (w->in_size - w->in_end >= n) return 0;
    }
    uint32_t size = w->in_size * 2;
    while (size - w->in_end < n) size *= 2;
    char *in = w->in == w->in_first ? malloc(size) : realloc(w->in, size);
    if (!in) return SN_ENOMEM;
    if (w->in == w->in_first) memcpy(in, w->in, w->in_end);
    w->in = in;
    w->in_size = size;
    return 0;
}

static void write_deadline(sn__conn *c) {
    sn_time t = c->server->conf.write_time, until = sn_now() + t;
    if (c->write_until >= until && c->write_until <= until + t / 2) return;
    c->write_until = until + t / 2;
    sn_set_write_deadline(c->net, c->write_until);
}

int sn__conn_send(sn__conn *c, const sn_iov *iov, size_t n) {
    sn_iov all[5];
    size_t cnt = 0, done = 0;
    if (c->broken) return c->broken;
    if (c->work->out_len) all[cnt++] = (sn_iov){c->work->out, c->work->out_len};
    for (size_t i = 0; i < n; i++)
        if (iov[i].len) all[cnt++] = iov[i];
    if (cnt == 0) return 0;
    write_deadline(c);
    int rc = sn_writev(c->net, all, cnt, &done);
    sn__count(&c->count.bytes_out, done);
    c->work->out_len = 0;
    if (rc == SN_ETIMEDOUT) sn__count(&c->count.timeouts, 1);
    if (rc) c->broken = rc; /* bytes are missing: nothing that follows would make sense */
    return rc;
}

char *sn__conn_room(sn__conn *c, size_t n) {
    sn__work *w = c->work;
    if (SN__OUT_SIZE - w->out_len < n && sn__conn_flush(c)) return NULL;
    return w->out + w->out_len;
}

long sn__conn_read(sn__conn *c, void *buf, size_t n, sn_time until, sn_time slack) {
    size_t done = 0;
    if (c->work && c->work->out_len && sn__conn_flush(c)) return c->broken;
    if (c->broken) return c->broken;
    if (c->read_until < until || c->read_until > until + slack) {
        c->read_until = until + slack;
        sn_set_read_deadline(c->net, c->read_until);
    }
    int rc = sn_read(c->net, buf, n, &done);
    sn__count(&c->count.bytes_in, done);
    return done ? (long)done : rc;
}

long sn__conn_fill(sn__conn *c, sn_time until, sn_time slack) {
    sn__work *w = c->work;
    long n = sn__conn_read(c, w->in + w->in_end, w->in_size - w->in_end, until, slack);
    if (n > 0) w->in_end += (uint32_t)n;
    return n;
}
