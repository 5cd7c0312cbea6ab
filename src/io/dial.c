/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Connecting. Of a name with several addresses see race.c. */
#include "io/addr.h"
#include "io/names.h"
#include "io/race.h"
#include "io/socket.h"
#include "io/sys.h"

#include <sennit/go.h>
#include <sennit/time.h>
#include <stdio.h>
#include <string.h>

static int resolve(const char *addr, bool any_port, sn__addrs *out) {
    char host[SN__HOST_MAX];
    uint16_t port;
    int err = sn__addr_split(addr, host, &port);
    if (err) return err;
    if (port == 0 && !any_port) return SN_EINVAL;
    err = sn__addr_numeric(host, port, out);
    return err == SN_ENOENT ? sn__names_lookup(host, port, out) : err;
}

/* A Unix socket whose listener's queue is full says EAGAIN and never becomes ready: come again,
 * less and less often. */
static int connect_when_room(int fd, const sn__addr *to) {
    sn_time pause = SN_MILLISECOND;
    int r = sn__sys_connect(fd, &to->u.sa, to->len);
    while (r == SN_EAGAIN) {
        int err = sn_sleep(pause);
        if (err) return err;
        if (pause < 50 * SN_MILLISECOND) pause *= 2;
        r = sn__sys_connect(fd, &to->u.sa, to->len);
    }
    return r;
}

/* Waits for a connect that is under way. */
static int finish_connect(sn__pd *pd) {
    int err = sn__pd_ref(pd);
    if (err) return err;
    while ((err = sn__sys_connected(sn__pd_fd(pd))) == SN_EAGAIN) {
        err = sn__pd_wait(pd, SN__PD_WRITE, SN_NEVER);
        if (err) break;
    }
    sn__pd_unref(pd);
    return err;
}

/* Dialing a free port of this machine may, once in many thousand tries, connect the socket to
 * itself. Nobody listens there. */
static int is_self(int fd, const sn__addr *to) {
    sn__addr own;
    if (sn__socket_name(fd, &own) < 0 || own.u.sa.sa_family != to->u.sa.sa_family) return 0;
    if (own.u.sa.sa_family == AF_INET) {
        return own.u.in4.sin_port == to->u.in4.sin_port &&
               own.u.in4.sin_addr.s_addr == to->u.in4.sin_addr.s_addr;
    }
    return own.u.sa.sa_family == AF_INET6 && own.u.in6.sin6_port == to->u.in6.sin6_port &&
           IN6_ARE_ADDR_EQUAL(&own.u.in6.sin6_addr, &to->u.in6.sin6_addr);
}

/* Binds to `from` if any, starts to connect `fd`, and makes *pd of it. `fd` is the caller's on
 * error. 0, 1 when still under way. */
static int start(int fd, const sn__addr *to, const sn__addr *from, sn__pd **pd) {
    int r = 0;
    if (to->u.sa.sa_family != AF_UNIX) r = sn__socket_tcp_options(fd);
    if (r == 0 && from) r = sn__sys_bind(fd, &from->u.sa, from->len);
    if (r == 0) r = connect_when_room(fd, to);
    if (r < 0) return r;
    int err = sn__pd_open(pd, fd);
    return err ? err : r;
}

static int dial_one(sn_conn **c, const sn__addr *to, const sn__addr *from) {
    sn__pd *pd = NULL;
    int fd = sn__sys_socket(to->u.sa.sa_family);
    if (fd < 0) return fd;
    int err = start(fd, to, from, &pd);
    if (err < 0) {
        sn__sys_close(fd);
        return err;
    }
    if (err == 1) err = finish_connect(pd);
    if (err == 0 && is_self(fd, to)) err = SN_ECONNREFUSED;
    if (err == 0) err = sn__socket_conn(c, pd, to);
    if (err) sn__pd_free(pd);
    return err;
}

static int dial_all(sn_conn **c, const sn__addrs *to, const sn__addr *from) {
    sn__addrs fit = {.n = 0};
    for (size_t i = 0; i < to->n; i++) {
        if (from && from->u.sa.sa_family != to->a[i].u.sa.sa_family) continue;
        fit.a[fit.n++] = to->a[i];
    }
    if (fit.n == 0) return SN_EADDRNOTAVAIL;
    return fit.n == 1 ? dial_one(c, &fit.a[0], from) : sn__race(c, dial_one, &fit, from);
}

static int dial_tcp(sn_conn **c, const char *addr, const char *from) {
    sn__addrs to, own;
    char host[SN__HOST_MAX];
    uint16_t port;
    if (from) {
        int err = sn__addr_split(from, host, &port);
        if (err == 0) err = sn__addr_numeric(host, port, &own);
        if (err) return SN_EINVAL;
    }
    int err = resolve(addr, false, &to);
    return err ? err : dial_all(c, &to, from ? &own.a[0] : NULL);
}

static int dial_unix(sn_conn **c, const char *addr) {
    sn__addr to;
    int err = sn__addr_unix(addr, &to);
    return err ? err : dial_one(c, &to, NULL);
}

int sn_dial_from(sn_conn **c, const char *net, const char *addr, const char *from) {
    *c = NULL;
    int err = sn_canceled();
    if (err) return err;
    if (strcmp(net, "tcp") == 0) return dial_tcp(c, addr, from);
    if (strcmp(net, "unix") == 0 && !from) return dial_unix(c, addr);
    return SN_EINVAL;
}

int sn_addr_lookup(sn_addr *a, const char *text) {
    sn__addrs all;
    memset(a, 0, sizeof *a);
    int err = sn_canceled();
    if (!err) err = resolve(text, true, &all);
    if (!err) sn__addr_pack(a, &all.a[0]);
    return err;
}

int sn_dial(sn_conn **c, const char *net, const char *addr) {
    return sn_dial_from(c, net, addr, NULL);
}
