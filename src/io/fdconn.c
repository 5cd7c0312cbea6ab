/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Pipes and serial ports behind the connection interface. As socket.c: try first, then wait. */
#include "io/fdconn.h"

#include "io/sys.h"

#include <sennit/go.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct line {
    sn__pd *pd;
    const char *name;
    atomic_int shut; /* nothing is written any more */
} line;

static int begin(line *l) {
    int err = sn_canceled();
    return err ? err : sn__pd_ref(l->pd);
}

static int line_read(void *self, void *buf, size_t n, size_t *done) {
    line *l = self;
    int err = begin(l);
    if (err) return err;
    ssize_t r = sn__sys_read(sn__pd_fd(l->pd), buf, n);
    while (r == SN_EAGAIN && (err = sn__pd_wait_deadline(l->pd, SN__PD_READ)) == 0)
        r = sn__sys_read(sn__pd_fd(l->pd), buf, n);
    sn__pd_unref(l->pd);
    if (r < 0) return err ? err : (int)r;
    *done = (size_t)r;
    return 0;
}

static int write_one(line *l, const char *buf, size_t n, size_t *done) {
    while (n > 0) {
        ssize_t r = sn__sys_write(sn__pd_fd(l->pd), buf, n);
        if (r == SN_EAGAIN) r = sn__pd_wait_deadline(l->pd, SN__PD_WRITE);
        if (r < 0) return (int)r;
        buf += r;
        n -= (size_t)r;
        *done += (size_t)r;
    }
    return 0;
}

static int line_writev(void *self, const sn_iov *iov, size_t cnt, size_t *done) {
    line *l = self;
    int err = begin(l);
    if (err) return err;
    if (atomic_load(&l->shut)) err = SN_ECLOSED;
    for (size_t i = 0; i < cnt && !err; i++) err = write_one(l, iov[i].base, iov[i].len, done);
    sn__pd_unref(l->pd);
    return err;
}

static void line_set_deadline(void *self, int write, sn_time until) {
    sn__pd_set_deadline(((line *)self)->pd, write ? SN__PD_WRITE : SN__PD_READ, until);
}

static int line_shutdown_write(void *self) {
    line *l = self;
    int err = sn__pd_ref(l->pd);
    if (err) return err;
    atomic_store(&l->shut, 1);
    sn__pd_unref(l->pd);
    return 0;
}

static void line_close(void *self) { sn__pd_close(((line *)self)->pd); }

static void line_free(void *self) {
    sn__pd_free(((line *)self)->pd);
    free(self);
}

static int line_addr(const void *self, int peer, char *buf, size_t n) {
    const line *l = self;
    (void)peer;
    return (size_t)snprintf(buf, n, "%s", l->name) < n ? 0 : SN_ERANGE;
}

static const sn_conn_ops line_ops = {
    .size = sizeof(sn_conn_ops),
    .read = line_read,
    .writev = line_writev,
    .set_deadline = line_set_deadline,
    .shutdown_write = line_shutdown_write,
    .close = line_close,
    .free = line_free,
    .addr = line_addr,
};

int sn__fdconn(sn_conn **c, int fd, const char *name) {
    line *l = calloc(1, sizeof *l);
    if (!l) return SN_ENOMEM;
    l->name = name;
    int err = sn_conn_new(c, &line_ops, l);
    if (err == 0 && (err = sn__pd_open(&l->pd, fd)) != 0) {
        free(*c);
        *c = NULL;
    }
    if (err) free(l);
    return err;
}

sn__pd *sn__fdconn_pd(const sn_conn *c) {
    const line *l = sn_conn_self(c, &line_ops);
    return l ? l->pd : NULL;
}
