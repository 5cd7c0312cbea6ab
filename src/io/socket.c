/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* TCP and Unix sockets behind the connection interface. A call tries first and waits only when the
 * kernel says so: sn__pd_wait latches edges, so one that comes between the try and the wait is not
 * lost. All that a request needs is inline here, or one call away. */
#include "io/socket.h"

#include "io/errmap.h"
#include "io/linux_calls.h"
#include "io/pd.h"
#include "io/sys.h"

#include <netinet/tcp.h>
#include <sennit/go.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

typedef struct sn__sock {
    sn__pd *pd;
    /* The last read took less than it had room for: nothing is left, and what comes will make an
     * edge. So the next read waits first, and saves a system call that would say EAGAIN. Not for
     * Unix sockets: they stop where descriptors came with the bytes. */
    atomic_bool drained;
    /* The peer's address, kept for logs after the peer has gone: IP sockets only, so that a
     * connection does not carry the 110 bytes of a Unix address. */
    bool is_unix;
    union {
        struct sockaddr_in in4;
        struct sockaddr_in6 in6;
    } peer;
} sock;

/* On entry of each call: the scope, then a reference to the descriptor. (The caller's own scope
 * touches neither M nor P, so there is no bracket, as sn_canceled has.) */
static inline int begin(sn__pd *pd) {
    int err = sn__interrupted(sn__caller());
    return SN__UNLIKELY(err) ? err : sn__pd_take(pd);
}

/* Tries until it is not interrupted, from the result of a first try on; then the library's error.
 * The two are not inline, so that the fast ways keep what they need in registers. */
static SN__COLD ssize_t receive(const sn__pd *pd, void *buf, size_t n, ssize_t r) {
    while (r == SN_EINTR) r = sn__recv(pd->fd, buf, n);
    return r < 0 ? sn__errmap((int)-r) : r;
}
static SN__COLD ssize_t transmit(const sn__pd *pd, const void *buf, size_t n, ssize_t r) {
    while (r == SN_EINTR) r = sn__send(pd->fd, buf, n);
    return r < 0 ? sn__errmap((int)-r) : r;
}

static inline bool is_short(const sock *s, ssize_t r, size_t n) {
    return r > 0 && (size_t)r < n && !s->is_unix;
}

/* All of a read that is rare, with a reference: `r` is what the first try gave, after a wait that
 * came to `err`. */
static SN__COLD int read_rest(sock *s, void *buf, size_t n, size_t *done, ssize_t r, int err) {
    sn__pd *pd = s->pd;
    r = receive(pd, buf, n, r);
    while (r == SN_EAGAIN && !err && (err = sn__pd_wait_deadline(pd, SN__PD_READ)) == 0)
        r = receive(pd, buf, n, SN_EINTR);
    if (r >= 0) atomic_store_explicit(&s->drained, is_short(s, r, n), memory_order_relaxed);
    sn__pd_give(pd);
    if (r < 0) return err ? err : (int)r;
    *done = (size_t)r;
    return 0;
}

static __attribute__((noinline)) int read_at_once(sock *s, void *buf, size_t n, size_t *done) {
    int err = begin(s->pd);
    return err ? err : read_rest(s, buf, n, done, SN_EINTR, 0);
}

/* The wait before the first try came to nothing. At a deadline one tries all the same: what has
 * come beats it. */
static SN__COLD int read_in_vain(sock *s, void *buf, size_t n, size_t *done, int err) {
    if (err == SN_ETIMEDOUT && !sn_canceled()) return read_rest(s, buf, n, done, SN_EINTR, err);
    sn__pd_give(s->pd);
    return err;
}

/* Is there nothing to read, and will there be an edge when there is? */
static inline bool waits_first(const sock *s) {
    return atomic_load_explicit(&s->drained, memory_order_relaxed) &&
           !atomic_load_explicit(&s->pd->odd, memory_order_relaxed);
}

static int sock_read(void *self, void *buf, size_t n, size_t *done) {
    sock *s = self;
    if (SN__UNLIKELY(!waits_first(s)) || sn__pd_take(s->pd)) return read_at_once(s, buf, n, done);
    sn__g *g = sn__enter_parks();
    int err = sn__pd_park(g, s->pd, SN__PD_READ, &s->pd->side[SN__PD_READ].deadline);
    sn__leave(g);
    if (SN__UNLIKELY(err)) return read_in_vain(s, buf, n, done, err);
    ssize_t r = sn__recv(s->pd->fd, buf, n);
    if (SN__UNLIKELY(r <= 0 || (size_t)r == n)) return read_rest(s, buf, n, done, r, 0);
    sn__pd_give(s->pd);
    *done = (size_t)r;
    return 0;
}

/* Writes the n bytes at `buf`, which is the only or the last piece. */
static int write_one(sn__pd *pd, const char *buf, size_t n, size_t *done) {
    while (n > 0) {
        ssize_t r = transmit(pd, buf, n, SN_EINTR);
        if (r == SN_EAGAIN) r = sn__pd_wait_deadline(pd, SN__PD_WRITE);
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
        ssize_t r = sn__sys_sendmsg(s->pd->fd, m);
        if (r == SN_EAGAIN) r = sn__pd_wait_deadline(s->pd, SN__PD_WRITE);
        if (r < 0) return (int)r;
        *done += (size_t)r;
        advance(m, (size_t)r);
    }
    if (m->msg_iovlen == 0) return 0;
    return write_one(s->pd, m->msg_iov->iov_base, m->msg_iov->iov_len, done);
}

/* A thousand bytes of pieces on the stack, only where there are several. */
static __attribute__((noinline)) int write_many(sock *s, const sn_iov *iov, size_t cnt,
                                                size_t *done) {
    struct iovec v[SN_IOV_MAX];
    struct msghdr m = {.msg_iov = v, .msg_iovlen = cnt};
    memcpy(v, iov, cnt * sizeof *v);
    return write_all(s, &m, done);
}

/* Any other number of pieces than one, or an empty one. */
static __attribute__((noinline)) int write_pieces(sock *s, const sn_iov *iov, size_t cnt,
                                                  size_t *done) {
    int err = begin(s->pd);
    if (err) return err;
    err = write_many(s, iov, cnt, done);
    sn__pd_give(s->pd);
    return err;
}

/* With a reference: what the first try of one piece has left. */
static SN__COLD int write_rest(sn__pd *pd, const sn_iov *one, size_t *done, ssize_t r) {
    r = transmit(pd, one->base, one->len, r);
    if (r == SN_EAGAIN) r = 0;
    int err = r < 0 ? (int)r : 0;
    if (!err) {
        *done = (size_t)r;
        err = write_one(pd, (const char *)one->base + r, one->len - (size_t)r, done);
    }
    sn__pd_give(pd);
    return err;
}

static int sock_writev(void *self, const sn_iov *iov, size_t cnt, size_t *done) {
    sock *s = self;
    if (SN__UNLIKELY(cnt != 1 || !iov->len)) return write_pieces(s, iov, cnt, done);
    sn__pd *pd = s->pd;
    int err = begin(pd);
    if (SN__UNLIKELY(err)) return err;
    ssize_t r = sn__send(pd->fd, iov->base, iov->len);
    if (SN__UNLIKELY((size_t)r != iov->len)) return write_rest(pd, iov, done, r);
    *done = (size_t)r;
    sn__pd_give(pd);
    return 0;
}

static void sock_set_deadline(void *self, int write, sn_time until) {
    sn__pd_set_deadline(((sock *)self)->pd, write ? SN__PD_WRITE : SN__PD_READ, until);
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

int sn__socket_begin(sn__sock *s) { return begin(s->pd); }

int sn__socket_wait(sn__sock *s, int mode) { return sn__pd_wait_deadline(s->pd, mode); }

int sn__socket_name(int fd, sn__addr *out) {
    memset(out, 0, sizeof *out);
    out->len = sizeof out->u;
    return sn__sys_sockname(fd, &out->u.sa, &out->len);
}

int sn__socket_tcp_options(int fd) { return sn__sys_setopt(fd, IPPROTO_TCP, TCP_NODELAY, 1); }
