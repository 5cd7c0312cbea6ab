/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Datagrams: UDP sockets. As in listen.c, `turn` puts those that receive in a row, and those that
 * send: one edge may stand for many datagrams, and only one may wait for it. */
#include "io/addr.h"
#include "io/socket.h"
#include "io/sys.h"

#include <sennit/go.h>
#include <sennit/sync.h>
#include <stdlib.h>
#include <string.h>

struct sn_dgram {
    sn__pd *pd;
    sn_mutex turn[2]; /* by SN__PD_READ, SN__PD_WRITE */
    int family;
};

static int bound_socket(const sn__addr *a) {
    int fd = sn__sys_dgram_socket(a->u.sa.sa_family), err = 0;
    if (fd < 0) return fd;
    if (a->u.sa.sa_family == AF_INET6) err = sn__sys_setopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    if (err == 0) err = sn__sys_bind(fd, &a->u.sa, a->len);
    if (err == 0) return fd;
    sn__sys_close(fd);
    return err;
}

int sn_dgram_open(sn_dgram **d, const char *addr) {
    sn_addr at;
    sn__addr a;
    *d = NULL;
    if (sn_addr_parse(&at, addr)) return SN_EINVAL;
    sn_dgram *x = calloc(1, sizeof *x);
    if (!x) return SN_ENOMEM;
    sn__addr_unpack(&at, &a);
    x->family = a.u.sa.sa_family;
    int fd = bound_socket(&a);
    int err = fd < 0 ? fd : sn__pd_open(&x->pd, fd);
    if (err == 0) {
        *d = x;
        return 0;
    }
    if (fd >= 0) sn__sys_close(fd);
    free(x);
    return err;
}

/* Takes the turn and a reference to the descriptor; not in a cancelled scope. */
static int begin(sn_dgram *d, int mode, sn_time until) {
    int err = sn_canceled();
    if (err) return err;
    if (!sn_trylock(&d->turn[mode])) err = sn_lock_until(&d->turn[mode], until);
    if (err) return err;
    err = sn__pd_ref(d->pd);
    if (err) sn_unlock(&d->turn[mode]);
    return err;
}

static void end(sn_dgram *d, int mode) {
    sn__pd_unref(d->pd);
    sn_unlock(&d->turn[mode]);
}

/* An IPv6 socket sends to IPv4 addresses in IPv6 clothes. */
static int clothe(const sn_dgram *d, sn__addr *a) {
    if (a->u.sa.sa_family == d->family) return 0;
    if (d->family != AF_INET6 || a->u.sa.sa_family != AF_INET) return SN_EADDRNOTAVAIL;
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = a->u.in4.sin_port};
    v6.sin6_addr.s6_addr[10] = v6.sin6_addr.s6_addr[11] = 0xff;
    memcpy(&v6.sin6_addr.s6_addr[12], &a->u.in4.sin_addr, 4);
    a->u.in6 = v6;
    a->len = sizeof v6;
    return 0;
}

int sn_dgram_send(sn_dgram *d, const sn_addr *to, const void *buf, size_t n) {
    sn__addr a;
    if (n > SN_DGRAM_MAX) return SN_E2BIG;
    sn__addr_unpack(to, &a);
    int err = clothe(d, &a);
    if (err == 0) err = begin(d, SN__PD_WRITE, SN_NEVER);
    if (err) return err;
    ssize_t r = sn__sys_sendto(sn__pd_fd(d->pd), buf, n, &a.u.sa, a.len);
    while (r == SN_EAGAIN && (err = sn__pd_wait(d->pd, SN__PD_WRITE, SN_NEVER)) == 0)
        r = sn__sys_sendto(sn__pd_fd(d->pd), buf, n, &a.u.sa, a.len);
    end(d, SN__PD_WRITE);
    if (err) return err;
    return r < 0 ? (int)r : 0;
}

static ssize_t next(sn_dgram *d, void *buf, size_t n, sn__addr *from, sn_time until) {
    for (;;) {
        from->len = sizeof from->u;
        ssize_t r = sn__sys_recvfrom(sn__pd_fd(d->pd), buf, n, &from->u.sa, &from->len);
        if (r != SN_EAGAIN) return r;
        int err = sn__pd_wait(d->pd, SN__PD_READ, until);
        if (err) return err;
    }
}

int sn_dgram_recv(sn_dgram *d, void *buf, size_t n, size_t *done, sn_addr *from, sn_time until) {
    sn__addr a;
    *done = 0;
    int err = begin(d, SN__PD_READ, until);
    if (err) return err;
    ssize_t r = next(d, buf, n, &a, until);
    end(d, SN__PD_READ);
    if (r < 0) return (int)r;
    if (from) sn__addr_pack(from, &a);
    *done = (size_t)r < n ? (size_t)r : n;
    return (size_t)r > n ? SN_E2BIG : 0;
}

int sn_dgram_addr(const sn_dgram *d, char *buf, size_t n) {
    sn__addr a;
    buf[0] = 0;
    int err = sn__pd_ref(d->pd);
    if (err) return err;
    err = sn__socket_name(sn__pd_fd(d->pd), &a);
    sn__pd_unref(d->pd);
    return err ? err : sn__addr_format(&a, buf, n);
}

void sn_dgram_close(sn_dgram *d) { sn__pd_close(d->pd); }

void sn_dgram_free(sn_dgram *d) {
    if (!d) return;
    sn__pd_free(d->pd);
    free(d);
}
