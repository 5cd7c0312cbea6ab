/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* TCP and Unix sockets behind the connection interface. A call tries first and waits only when the
 * kernel says so: sn__pd_wait latches edges, so one that comes between the try and the wait is not
 * lost. The deadlines are atomics and are read again for each wait. */
#include "io/socket.h"

#include "core/sched.h"
#include "io/sys.h"

#include <netinet/tcp.h>
#include <sennit/go.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

typedef struct sn__sock {
    sn__pd *pd;
    /* By SN__PD_READ, SN__PD_WRITE. Who waits says so before it reads its deadline; who moves a
     * deadline writes it before it looks whether one waits: one of the two sees the other. */
    _Atomic sn_time deadline[2];
    atomic_int waits[2];
    /* The last read took less than it had room for: nothing is left, and what comes will make an
     * edge. So the next read waits first, and saves a system call that would say EAGAIN. Not for
     * Unix sockets: they stop where descriptors came with the bytes. */
    atomic_int drained;
    /* The peer's address, kept for logs after the peer has gone: IP sockets only, so that a
     * connection does not carry the 110 bytes of a Unix address. */
    int is_unix;
    union {
        struct sockaddr_in in4;
        struct sockaddr_in6 in6;
    } peer;
} sock;

/* Parks until the socket may be tried again: 0, or why not. */
static int wait_ready(sock *s, int mode) {
    atomic_fetch_add(&s->waits[mode], 1);
    sn_time until = atomic_load(&s->deadline[mode]);
    int err = sn__pd_wait(s->pd, mode, until);
    atomic_fetch_sub(&s->waits[mode], 1);
    /* The deadline was moved while we waited for the old one: the try decides again. */
    if (err == SN_ETIMEDOUT && !sn_canceled() && atomic_load(&s->deadline[mode]) != until) return 0;
    return err;
}

/* On entry of each call: the scope, then a reference to the descriptor. (The caller's own scope
 * touches neither M nor P, so there is no bracket, as sn_canceled has.) */
static int begin(sock *s) {
    int err = sn__interrupted(sn__self());
    return err ? err : sn__pd_ref(s->pd);
}

static int sock_read(void *self, void *buf, size_t n, size_t *done) {
    sock *s = self;
    int err = begin(s);
    if (err) return err;
    if (atomic_exchange_explicit(&s->drained, 0, memory_order_relaxed) && !sn__pd_over(s->pd))
        err = wait_ready(s, SN__PD_READ);
    /* after a deadline or a cancel too: what has come beats them */
    ssize_t r = err == SN_ECLOSED ? SN_ECLOSED : sn__sys_recv(sn__pd_fd(s->pd), buf, n);
    while (r == SN_EAGAIN && !err && (err = wait_ready(s, SN__PD_READ)) == 0) {
        r = sn__sys_recv(sn__pd_fd(s->pd), buf, n);
    }
    if (r > 0 && (size_t)r < n && !s->is_unix)
        atomic_store_explicit(&s->drained, 1, memory_order_relaxed);
    sn__pd_unref(s->pd);
    if (r < 0) return err ? err : (int)r;
    *done = (size_t)r;
    return 0;
}

/* Writes the n bytes at `buf`, which is the only or the last piece. */
static int write_one(sock *s, const char *buf, size_t n, size_t *done) {
    while (n > 0) {
        ssize_t r = sn__sys_send(sn__pd_fd(s->pd), buf, n);
        if (r == SN_EAGAIN) r = wait_ready(s, SN__PD_WRITE);
        if (r < 0) return (int)r;
        buf += r;
        n -= (size_t)r;
        *done += (size_t)r;
    }
    return 0;
}

_Static_assert(sizeof(sn_iov) == sizeof(struct iovec) &&
                   offsetof(sn_iov, len) == offsetof(struct iovec, iov_len),
               "sn_iov is the kernel's iovec");

/* Takes `n` written bytes off the front of the pieces. */
static void advance(struct msghdr *m, size_t n) {
    while (m->msg_iovlen > 0 && n >= m->msg_iov->iov_len) {
        n -= m->msg_iov->iov_len;
        m->msg_iov++;
        m->msg_iovlen--;
    }
    if (n > 0) {
        m->msg_iov->iov_base = (char *)m->msg_iov->iov_base + n;
        m->msg_iov->iov_len -= n;
    }
}

static int write_all(sock *s, struct msghdr *m, size_t *done) {
    advance(m, 0);
    while (m->msg_iovlen > 1) {
        ssize_t r = sn__sys_sendmsg(sn__pd_fd(s->pd), m);
        if (r == SN_EAGAIN) r = wait_ready(s, SN__PD_WRITE);
        if (r < 0) return (int)r;
        *done += (size_t)r;
        advance(m, (size_t)r);
    }
    if (m->msg_iovlen == 0) return 0;
    return write_one(s, m->msg_iov->iov_base, m->msg_iov->iov_len, done);
}

/* A thousand bytes of pieces on the stack, only where there are several. */
static __attribute__((noinline)) int write_many(sock *s, const sn_iov *iov, size_t cnt,
                                                size_t *done) {
    struct iovec v[SN_IOV_MAX];
    struct msghdr m = {.msg_iov = v, .msg_iovlen = cnt};
    memcpy(v, iov, cnt * sizeof *v);
    return write_all(s, &m, done);
}

static int sock_writev(void *self, const sn_iov *iov, size_t cnt, size_t *done) {
    sock *s = self;
    int err = begin(s);
    if (err) return err;
    if (cnt == 1)
        err = write_one(s, iov->base, iov->len, done);
    else
        err = write_many(s, iov, cnt, done);
    sn__pd_unref(s->pd);
    return err;
}

static void sock_set_deadline(void *self, int write, sn_time until) {
    sock *s = self;
    int mode = write ? SN__PD_WRITE : SN__PD_READ;
    atomic_store(&s->deadline[mode], until);
    if (atomic_load(&s->waits[mode])) sn__pd_kick(s->pd, mode);
}

static int sock_shutdown_write(void *self) {
    sock *s = self;
    int err = sn__pd_ref(s->pd);
    if (err) return err;
    err = sn__sys_shutdown_write(sn__pd_fd(s->pd));
    sn__pd_unref(s->pd);
    return err;
}

static void sock_close(void *self) { sn__pd_close(((sock *)self)->pd); }

static void sock_reset(void *self) {
    sock *s = self;
    if (sn__pd_ref(s->pd)) return;             /* closed before */
    (void)sn__sys_no_linger(sn__pd_fd(s->pd)); /* what knows no resets is closed */
    sn__pd_unref(s->pd);
    sn__pd_close(s->pd);
}

static void sock_free(void *self) {
    sock *s = self;
    sn__pd_free(s->pd);
    free(s);
}

static int own_addr(sock *s, sn__addr *a) {
    int err = sn__pd_ref(s->pd);
    if (err) return err;
    err = sn__socket_name(sn__pd_fd(s->pd), a);
    sn__pd_unref(s->pd);
    return err;
}

static int sock_addr(const void *self, int peer, char *buf, size_t n) {
    sock *s = (sock *)(uintptr_t)self;
    sn__addr a = {.len = offsetof(struct sockaddr_un, sun_path)};
    a.u.sa.sa_family = AF_UNIX;
    int err = 0;
    if (!s->is_unix && peer) {
        memcpy(&a.u, &s->peer, sizeof s->peer);
    } else if (!s->is_unix) {
        err = own_addr(s, &a);
    }
    if (err) {
        buf[0] = 0;
        return err;
    }
    return sn__addr_format(&a, buf, n);
}

static const sn_conn_ops socket_ops = {
    .size = sizeof(sn_conn_ops),
    .read = sock_read,
    .writev = sock_writev,
    .set_deadline = sock_set_deadline,
    .shutdown_write = sock_shutdown_write,
    .close = sock_close,
    .free = sock_free,
    .addr = sock_addr,
    .reset = sock_reset,
};

int sn__socket_conn(sn_conn **c, sn__pd *pd, const sn__addr *peer) {
    sock *s = calloc(1, sizeof *s);
    if (!s) return SN_ENOMEM;
    s->pd = pd;
    atomic_init(&s->deadline[SN__PD_READ], SN_NEVER);
    atomic_init(&s->deadline[SN__PD_WRITE], SN_NEVER);
    s->is_unix = peer->u.sa.sa_family == AF_UNIX;
    if (!s->is_unix) memcpy(&s->peer, &peer->u, sizeof s->peer);
    int err = sn_conn_new(c, &socket_ops, s);
    if (err) free(s);
    return err;
}

sn__sock *sn__socket_unix(const sn_conn *c) {
    sock *s = sn_conn_self(c, &socket_ops);
    return s && s->is_unix ? s : NULL;
}

sn__pd *sn__socket_pd(const sn__sock *s) { return s->pd; }

int sn__socket_begin(sn__sock *s) { return begin(s); }

int sn__socket_wait(sn__sock *s, int mode) { return wait_ready(s, mode); }

int sn__socket_name(int fd, sn__addr *out) {
    memset(out, 0, sizeof *out);
    out->len = sizeof out->u;
    return sn__sys_sockname(fd, &out->u.sa, &out->len);
}

int sn__socket_tcp_options(int fd) { return sn__sys_setopt(fd, IPPROTO_TCP, TCP_NODELAY, 1); }
