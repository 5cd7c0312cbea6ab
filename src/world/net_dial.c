/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Dialing in the simulated world: names of hosts, addresses, the wait for the handshake. */
#include <string.h>

#include <sennit/go.h>

#include "io/addr.h"
#include "world/net.h"

/* Waits until the dial is decided: 0, or why there is no connection. */
static int wait_open(net_conn *c) {
    net_end *x = &c->end[0];
    int err = 0;
    while (!c->open && !x->dead && !err) err = sn__sim_wait(&x->wait[0], SN_NEVER, SN__R_IO);
    if (x->host->frozen) return SN_ECANCELED;
    if (c->open) return 0; /* what became of it since, its first use tells */
    return x->dead ? x->err : err;
}

static int go(sn_conn **out, net_conn *c, uint16_t port) {
    sn__sim_told("net.dial", c->id, port);
    c->pipe[0].wrote = 1;
    sn__net_push(c, 0);
    int err = wait_open(c);
    if (!err) err = sn__net_wrap(out, &c->end[0]);
    if (err) {
        if (c->open)
            sn__net_break_off(c, 0);
        else
            sn__net_kill(c, 0, 0);
        sn__net_release(c, 0);
    }
    return err;
}

/* The address that a dial to `to` leaves from, unless told otherwise. */
static uint32_t source(const sn_host *h, uint32_t to) {
    return sn__net_is_local(h, to) ? to : h->addr;
}

static bool is_loopback(uint32_t ip) { return ip == NET_LOOPBACK6 || ip >> 24 == 127; }

static int check_from(const sn_host *h, net_addr from, uint32_t to) {
    if (!sn__net_is_local(h, from.ip)) return SN_EADDRNOTAVAIL;
    if ((from.ip == NET_LOOPBACK6) != (to == NET_LOOPBACK6)) return SN_EADDRNOTAVAIL;
    return is_loopback(from.ip) && !sn__net_is_local(h, to) ? SN_EINVAL : 0;
}

static int dial_one(sn_conn **out, sn_host *h, net_addr to, const net_addr *from) {
    net_addr own = from ? *from : (net_addr){0};
    if (to.ip == 0) to.ip = INADDR_LOOPBACK;
    if (own.ip == 0) own.ip = source(h, to.ip);
    int err = check_from(h, own, to.ip);
    sn_host *there = sn__net_target(h, to.ip);
    if (!err && !there) err = SN_EHOSTUNREACH; /* no host has it */
    if (err) return err;
    net_conn *c = sn__net_conn_new(h, own, there, to, false);
    if (!c) return SN_ENOMEM;
    c->bound = (net_bound){.ip = own.ip, .port = own.port, .kind = NET_STREAM};
    err = sn__net_bind(h, &c->bound);
    c->end[0].addr.port = c->bound.port;
    if (!err) return go(out, c, to.port);
    c->bound.kind = NET_UNBOUND;
    sn__net_release(c, 0);
    return err;
}

static int dial_tcp(sn_conn **c, sn_host *h, const char *addr, const char *from) {
    net_addr to[2], own[2];
    if (from && sn__net_parse(from, false, own) <= 0) return SN_EINVAL;
    int n = sn__net_parse(addr, true, to), err = SN_EADDRNOTAVAIL;
    if (n < 0) return n;
    if (to[0].port == 0) return SN_EINVAL;
    for (int i = 0; i < n; i++) {
        if (from && (own[0].ip == NET_LOOPBACK6) != (to[i].ip == NET_LOOPBACK6)) continue;
        err = dial_one(c, h, to[i], from ? &own[0] : NULL);
        if (!err || sn_canceled()) break;
    }
    return err;
}

static int dial_unix(sn_conn **c, sn_host *h, const char *name) {
    sn__addr a;
    sn__waiters nobody = {{0}};
    if (sn__addr_unix(name, &a)) return SN_EINVAL;
    sn_listener *l = sn__net_unix_listener(h, name);
    while (l && l->waiting >= NET_BACKLOG) { /* as the real one: comes again */
        int err = sn__sim_wait(&nobody, sn__now() + SN_MILLISECOND, SN__R_IO);
        if (err != SN_ETIMEDOUT || sn_canceled()) return err;
        l = sn__net_unix_listener(h, name);
    }
    if (!l) return name[0] == '@' ? SN_ECONNREFUSED : SN_ENOENT;
    net_conn *k = sn__net_conn_new(h, (net_addr){0}, h, (net_addr){0}, true);
    if (!k) return SN_ENOMEM;
    k->via = l;
    return go(c, k, 0);
}

int sn_dial_from(sn_conn **c, const char *net, const char *addr, const char *from) {
    *c = NULL;
    sn__enter_parks();
    int err = sn_canceled();
    sn_host *h = sn__sim_host();
    if (err) return err;
    if (h && h->frozen) return SN_ECANCELED;
    bool is_unix = strcmp(net, "unix") == 0;
    if (!is_unix && strcmp(net, "tcp") != 0) return SN_EINVAL;
    if (is_unix && from) return SN_EINVAL;
    if (!h) return SN_ENETUNREACH; /* outside of hosts there is no network */
    return is_unix ? dial_unix(c, h, addr) : dial_tcp(c, h, addr, from);
}

int sn_dial(sn_conn **c, const char *net, const char *addr) {
    return sn_dial_from(c, net, addr, NULL);
}
