/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Connecting. The addresses of a name are tried one after the other; the last error is told. */
#include "io/addr.h"
#include "io/socket.h"
#include "io/sys.h"

#include <netdb.h>
#include <sennit/go.h>
#include <sennit/time.h>
#include <stdio.h>
#include <string.h>

typedef struct lookup {
    const char *host;
    uint16_t port;
    sn__addrs *out;
} lookup;

static int lookup_error(int gai) {
    switch (gai) {
    case EAI_NONAME:
    case EAI_NODATA:
    case EAI_ADDRFAMILY:
        return SN_ENOENT;
    case EAI_AGAIN:
        return SN_EAGAIN;
    case EAI_MEMORY:
        return SN_ENOMEM;
    default:
        return SN_EIO;
    }
}

static void take_addresses(const lookup *l, const struct addrinfo *ai) {
    sn__addrs *out = l->out;
    for (out->n = 0; ai && out->n < SN__ADDRS_MAX; ai = ai->ai_next) {
        if (ai->ai_family != AF_INET && ai->ai_family != AF_INET6) continue;
        sn__addr *a = &out->a[out->n++];
        memset(a, 0, sizeof *a);
        a->len = ai->ai_addrlen;
        memcpy(&a->u, ai->ai_addr, ai->ai_addrlen);
    }
}

/* Runs with the P given away. */
static int look_up(void *arg) {
    const lookup *l = arg;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *ai = NULL;
    char port[8];
    hints.ai_flags = AI_NUMERICSERV;
    snprintf(port, sizeof port, "%u", l->port);
    int gai = getaddrinfo(l->host, port, &hints, &ai);
    if (gai) return lookup_error(gai);
    take_addresses(l, ai);
    freeaddrinfo(ai);
    return l->out->n > 0 ? 0 : SN_ENOENT;
}

static int resolve(const char *addr, bool any_port, sn__addrs *out) {
    char host[SN__HOST_MAX];
    uint16_t port;
    int err = sn__addr_split(addr, host, &port);
    if (err) return err;
    if (port == 0 && !any_port) return SN_EINVAL;
    err = sn__addr_numeric(host, port, out);
    if (err != SN_ENOENT) return err;
    lookup l = {host, port, out};
    err = sn_blocking(look_up, &l);
    int canceled = sn_canceled();
    return canceled ? canceled : err;
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
    int err = SN_EADDRNOTAVAIL;
    for (size_t i = 0; i < to->n; i++) {
        if (from && from->u.sa.sa_family != to->a[i].u.sa.sa_family) continue;
        err = dial_one(c, &to->a[i], from);
        if (err == 0 || sn_canceled()) break;
    }
    return err;
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
