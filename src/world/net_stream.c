/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An end of a connection as an sn_conn. The order in which a call looks: its host's freezing, the
 * scope, its own close; for a read then bytes, the end of the stream, an error; for a write an
 * error, room. A deadline that is moved wakes who waits, and he looks again.
 */
#include <stdio.h>
#include <string.h>

#include <sennit/go.h>

#include "world/net.h"

enum { READ, WRITE };
enum { CHOPPED = 64 << 10, TINY = 16 };

static int begin(const net_end *x) {
    sn__enter_parks();
    if (x->host->frozen) return SN_ECANCELED;
    int err = sn_canceled();
    if (err) return err;
    return x->closed ? SN_ECLOSED : 0;
}

/* Parks until there may be something new: 0, or why not. */
static int wait_for(net_end *x, int mode) {
    sn_time until = x->until[mode];
    int err = sn__sim_wait(&x->wait[mode], until, SN__R_IO);
    if (x->host->frozen) return SN_ECANCELED;
    if (x->closed) return SN_ECLOSED;
    /* the deadline was moved while we waited for the old one */
    if (err == SN_ETIMEDOUT && !sn_canceled() && x->until[mode] != until) return 0;
    return err;
}

/* An error is told once. */
static int tell(net_end *x) {
    int err = x->err;
    x->err = 0;
    return err;
}

/* ---- reading ---- */

/* Streams may come in odd pieces. */
static size_t some_of(const net_pipe *p, size_t n) {
    if (!p->chop || n < 2 || p->taken > CHOPPED) return n;
    uint64_t r = sn__sim_world_random();
    size_t most = (r & 3) && n > TINY ? TINY : n;
    return 1 + (size_t)((r >> 8) % most);
}

static size_t take(net_conn *c, int e, void *buf, size_t n) {
    net_pipe *p = &c->pipe[!e];
    uint64_t there = sn__net_avail(c, e);
    if (n > there) n = (size_t)there;
    n = some_of(p, n);
    sn__net_ring_get(&p->ring, p->taken, buf, n);
    sn__net_took(c, e, n);
    return n;
}

static int stream_read(void *self, void *buf, size_t n, size_t *done) {
    net_end *x = self;
    net_conn *c = x->conn;
    int e = sn__net_side(x), err = begin(x);
    while (!err) {
        if (sn__net_avail(c, e)) {
            *done = take(c, e, buf, n);
            break;
        }
        if (sn__net_over(c, e)) break;
        if (x->dead) return tell(x);
        err = wait_for(x, READ);
    }
    return err;
}

/* ---- writing ---- */

static size_t room(const net_pipe *p) {
    uint64_t used = p->wrote - p->freed;
    return used < NET_BUFFER ? NET_BUFFER - (size_t)used : 0;
}

static int can_write(net_end *x, const net_pipe *p) {
    if (p->fin) return SN_ECLOSED;
    if (!x->dead) return 0;
    int err = tell(x);
    return err ? err : SN_ECLOSED;
}

/* Puts what there is room for into the pipe, not yet sent: how much, or an error. */
static int put(net_pipe *p, const char *buf, size_t n, size_t *done) {
    size_t space = room(p);
    if (n > space) n = space;
    if (n == 0) return 0;
    int err = sn__net_ring_put(&p->ring, p->taken, p->wrote, buf, n);
    if (err) return err;
    p->wrote += n;
    *done += n;
    return (int)n;
}

/* Writes one piece, sending what is in the pipe whenever it is full. */
static int write_piece(net_end *x, const char *buf, size_t n, size_t *done) {
    net_conn *c = x->conn;
    int e = sn__net_side(x);
    net_pipe *p = &c->pipe[e];
    while (n > 0) {
        int err = x->closed ? SN_ECLOSED : can_write(x, p);
        if (err) return err;
        int put_n = put(p, buf, n, done);
        if (put_n < 0) return put_n;
        buf += put_n;
        n -= (size_t)put_n;
        if (n == 0) break;
        sn__net_push(c, e);
        if (room(p) || x->dead) continue;
        err = wait_for(x, WRITE);
        if (err) return err;
    }
    return 0;
}

static int stream_writev(void *self, const sn_iov *iov, size_t cnt, size_t *done) {
    net_end *x = self;
    int err = begin(x);
    if (err) return err;
    for (size_t i = 0; i < cnt && !err; i++) err = write_piece(x, iov[i].base, iov[i].len, done);
    if (!x->dead && !x->closed) sn__net_push(x->conn, sn__net_side(x));
    return err;
}

/* ---- the rest of the interface ---- */

static void stream_set_deadline(void *self, int write, sn_time until) {
    net_end *x = self;
    sn__enter();
    x->until[write ? WRITE : READ] = until;
    sn__sim_wake(&x->wait[write ? WRITE : READ]);
}

static int stream_shutdown_write(void *self) {
    net_end *x = self;
    net_pipe *p = &x->conn->pipe[sn__net_side(x)];
    sn__enter();
    if (x->host->frozen) return SN_ECANCELED;
    if (x->closed || x->dead) return SN_ECLOSED;
    if (p->fin) return 0;
    p->fin = true;
    p->wrote++;
    sn__net_push(x->conn, sn__net_side(x));
    return 0;
}

static void stream_close(void *self) {
    net_end *x = self;
    sn__enter();
    sn__net_close(x->conn, sn__net_side(x));
}

static void stream_reset(void *self) {
    net_end *x = self;
    sn__enter();
    sn__net_abort(x->conn, sn__net_side(x));
}

static void stream_free(void *self) {
    net_end *x = self;
    sn__enter();
    sn__net_close(x->conn, sn__net_side(x));
    sn__net_release(x->conn, sn__net_side(x));
}

int sn__net_end_text(const net_end *e, int peer, char *buf, size_t n) {
    const net_conn *c = e->conn;
    if (!c->is_unix) return sn__net_text(c->end[sn__net_side(e) ^ (peer != 0)].addr, buf, n);
    int want = snprintf(buf, n, "unix");
    return want >= 0 && (size_t)want < n ? 0 : SN_ERANGE;
}

static int stream_addr(const void *self, int peer, char *buf, size_t n) {
    const net_end *x = self;
    if (!peer && x->closed) {
        buf[0] = 0;
        return SN_ECLOSED;
    }
    return sn__net_end_text(x, peer, buf, n);
}

static const sn_conn_ops stream_ops = {
    .size = sizeof(sn_conn_ops),
    .read = stream_read,
    .writev = stream_writev,
    .set_deadline = stream_set_deadline,
    .shutdown_write = stream_shutdown_write,
    .close = stream_close,
    .free = stream_free,
    .addr = stream_addr,
    .reset = stream_reset,
};

int sn__net_wrap(sn_conn **c, net_end *e) { return sn_conn_new(c, &stream_ops, e); }
