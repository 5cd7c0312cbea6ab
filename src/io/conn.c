/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The connection interface: checks what all implementations may rely on, then calls through. Knows
 * nothing of sockets. */
#include <sennit/net.h>

#include <stdlib.h>

struct sn_conn {
    const sn_conn_ops *ops;
    void *self;
};

int sn_conn_new(sn_conn **c, const sn_conn_ops *ops, void *self) {
    *c = NULL;
    if (ops->size != sizeof *ops) return SN_EINVAL;
    sn_conn *x = malloc(sizeof *x);
    if (!x) return SN_ENOMEM;
    x->ops = ops;
    x->self = self;
    *c = x;
    return 0;
}

void *sn_conn_self(const sn_conn *c, const sn_conn_ops *ops) {
    return c->ops == ops ? c->self : NULL;
}

int sn_read(sn_conn *c, void *buf, size_t n, size_t *done) {
    *done = 0;
    if (n == 0) return SN_EINVAL;
    return c->ops->read(c->self, buf, n, done);
}

int sn_read_full(sn_conn *c, void *buf, size_t n, size_t *done) {
    *done = 0;
    while (*done < n) {
        size_t got = 0;
        int err = c->ops->read(c->self, (char *)buf + *done, n - *done, &got);
        *done += got;
        if (err) return err;
        if (got == 0) return SN_EPROTO;
    }
    return 0;
}

int sn_write(sn_conn *c, const void *buf, size_t n, size_t *done) {
    sn_iov one = {buf, n};
    *done = 0;
    return c->ops->writev(c->self, &one, 1, done);
}

int sn_writev(sn_conn *c, const sn_iov *iov, size_t cnt, size_t *done) {
    *done = 0;
    if (cnt > SN_IOV_MAX) return SN_EINVAL;
    return c->ops->writev(c->self, iov, cnt, done);
}

void sn_set_read_deadline(sn_conn *c, sn_time until) { c->ops->set_deadline(c->self, 0, until); }

void sn_set_write_deadline(sn_conn *c, sn_time until) { c->ops->set_deadline(c->self, 1, until); }

int sn_shutdown_write(sn_conn *c) { return c->ops->shutdown_write(c->self); }

void sn_close(sn_conn *c) {
    if (c) c->ops->close(c->self);
}

void sn_reset(sn_conn *c) {
    if (!c) return;
    if (c->ops->reset)
        c->ops->reset(c->self);
    else
        c->ops->close(c->self);
}

void sn_conn_free(sn_conn *c) {
    if (!c) return;
    c->ops->free(c->self);
    free(c);
}

int sn_peer_addr(const sn_conn *c, char *buf, size_t n) { return c->ops->addr(c->self, 1, buf, n); }

int sn_local_addr(const sn_conn *c, char *buf, size_t n) {
    return c->ops->addr(c->self, 0, buf, n);
}
