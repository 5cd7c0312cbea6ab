/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Listeners. `turn` puts acceptors in a row: one edge may stand for many connections, and only one
 * acceptor may wait for it. Whoever holds the turn gives it on when it leaves, on close too. */
#include "io/addr.h"
#include "io/socket.h"
#include "io/sys.h"

#include <sennit/go.h>
#include <sennit/sync.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define BACKLOG 4096

struct sn_listener {
    sn__pd *pd;
    sn_mutex turn;
    _Atomic(char *) file; /* of a Unix socket that we bound: removed at close, once */
};

static int parse(const char *net, const char *addr, sn__addr *out) {
    if (strcmp(net, "unix") == 0) return sn__addr_unix(addr, out);
    char host[SN__HOST_MAX];
    uint16_t port;
    sn__addrs all;
    if (strcmp(net, "tcp") != 0 || sn__addr_split(addr, host, &port)) return SN_EINVAL;
    if (sn__addr_numeric(host, port, &all)) return SN_EINVAL;
    *out = all.a[0];
    return 0;
}

static int set_up(int fd, const sn__addr *a) {
    int err = 0;
    if (a->u.sa.sa_family != AF_UNIX) {
        err = sn__sys_setopt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
        if (err == 0) err = sn__socket_tcp_options(fd); /* accepted sockets inherit it */
    }
    if (err == 0 && a->u.sa.sa_family == AF_INET6) {
        err = sn__sys_setopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    }
    return err ? err : sn__sys_bind_listen(fd, &a->u.sa, a->len, BACKLOG);
}

static int make(sn_listener **l, int fd) {
    sn_listener *x = calloc(1, sizeof *x);
    if (!x) return SN_ENOMEM;
    int err = sn__pd_open(&x->pd, fd);
    if (err) {
        free(x);
        return err;
    }
    *l = x;
    return 0;
}

static int is_path(const sn__addr *a) {
    return a->u.sa.sa_family == AF_UNIX && a->u.un.sun_path[0] != 0;
}

int sn_listen(sn_listener **l, const char *net, const char *addr) {
    sn__addr a;
    char *file = NULL;
    *l = NULL;
    int err = parse(net, addr, &a);
    if (err) return err;
    if (is_path(&a) && !(file = strdup(addr))) return SN_ENOMEM;
    int fd = sn__sys_socket(a.u.sa.sa_family);
    err = fd < 0 ? fd : set_up(fd, &a);
    if (err == 0 && (err = make(l, fd)) != 0 && file) (void)sn__sys_remove(file);
    if (err == 0) {
        atomic_init(&(*l)->file, file);
        return 0;
    }
    if (fd >= 0) sn__sys_close(fd);
    free(file);
    return err;
}

int sn_listen_fd(sn_listener **l, int fd) {
    int listening = 0, type = 0;
    *l = NULL;
    int err = sn__sys_getopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening);
    if (err == 0) err = sn__sys_getopt(fd, SOL_SOCKET, SO_TYPE, &type);
    if (err) return err;
    if (!listening || type != SOCK_STREAM) return SN_EINVAL;
    sn__addr a;
    err = sn__socket_name(fd, &a);
    if (err == 0) err = sn__sys_nonblock(fd);
    if (err == 0 && a.u.sa.sa_family != AF_UNIX) err = sn__socket_tcp_options(fd);
    return err ? err : make(l, fd);
}

/* The next connection's descriptor, or why there is none. */
static int next_fd(sn_listener *l, sn__addr *peer) {
    for (;;) {
        peer->len = sizeof peer->u;
        int fd = sn__sys_accept(sn__pd_fd(l->pd), &peer->u.sa, &peer->len);
        if (fd != SN_EAGAIN) return fd;
        int err = sn__pd_wait(l->pd, SN__PD_READ, SN_NEVER);
        if (err) return err;
    }
}

static int wrap(sn_conn **c, int fd, const sn__addr *peer) {
    sn__pd *pd;
    int err = sn__pd_open(&pd, fd);
    if (err) {
        sn__sys_close(fd);
        return err;
    }
    err = sn__socket_conn(c, pd, peer);
    if (err) sn__pd_free(pd);
    return err;
}

int sn_accept(sn_listener *l, sn_conn **c) {
    sn__addr peer;
    *c = NULL;
    int err = sn_lock_until(&l->turn, SN_NEVER);
    if (err) return err;
    int fd = sn_canceled();
    if (fd == 0) fd = sn__pd_ref(l->pd);
    if (fd == 0) {
        fd = next_fd(l, &peer);
        sn__pd_unref(l->pd);
    }
    sn_unlock(&l->turn);
    return fd < 0 ? fd : wrap(c, fd, &peer);
}

int sn_listener_addr(const sn_listener *l, char *buf, size_t n) {
    sn__addr a;
    buf[0] = 0;
    int err = sn__pd_ref(l->pd);
    if (err) return err;
    err = sn__socket_name(sn__pd_fd(l->pd), &a);
    sn__pd_unref(l->pd);
    return err ? err : sn__addr_format(&a, buf, n);
}

void sn_listener_close(sn_listener *l) {
    /* The name goes first: nobody may find a socket that nobody serves. */
    char *file = atomic_exchange(&l->file, NULL);
    if (file) (void)sn__sys_remove(file);
    free(file);
    sn__pd_close(l->pd);
}

void sn_listener_free(sn_listener *l) {
    if (!l) return;
    sn_listener_close(l);
    sn__pd_free(l->pd);
    free(l);
}
