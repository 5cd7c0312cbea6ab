/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Listeners. A connection whose handshake is done goes to the first acceptor that waits, else into
 * the queue; so while anybody waits the queue is empty, and acceptors are served in order.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sennit/go.h>

#include "io/addr.h"
#include "world/net.h"

struct sn_listener *sn__net_listener(const sn_host *h, uint32_t ip, uint16_t port) {
    net_bound *b = NULL;
    bool own = ip == h->addr || ip == NET_LOOPBACK6 || ip >> 24 == 127;
    net_bound *exact = sn__net_find(h, ip, port, false);
    if (exact && exact->kind == NET_LISTEN) b = exact;
    if (!b && own) b = sn__net_find(h, 0, port, false);
    if (!b || b->kind != NET_LISTEN) return NULL;
    struct sn_listener *l = SN__OF(b, struct sn_listener, bound);
    return ip == NET_LOOPBACK6 && b->ip == 0 && !l->v6 ? NULL : l;
}

struct sn_listener *sn__net_unix_listener(const sn_host *h, const char *name) {
    const sn__link *all = &sn__net_of(h)->listeners;
    for (sn__link *at = all->next; at && at != all; at = at->next) {
        struct sn_listener *l = SN__OF(at, struct sn_listener, of_host);
        if (!l->closed && l->name && strcmp(l->name, name) == 0) return l;
    }
    return NULL;
}

void sn__net_enqueue(struct sn_listener *l, net_conn *c) {
    sn__link *first = sn__list_pop(&l->acceptors);
    if (first) {
        net_acceptor *a = SN__OF(first, net_acceptor, link);
        a->got = c;
        c->end[1].state = NET_OWNED;
        sn__sim_wake(&a->wait);
        return;
    }
    sn__list_push(&l->queue, &c->queue);
    l->waiting++;
}

/* ---- sn_listen ---- */

static int parse(const sn_host *h, const char *addr, struct sn_listener *l) {
    net_addr at[2] = {{0}};
    int n = strncmp(addr, "[::]:", 5) == 0 ? 0 : sn__net_parse(addr, false, at);
    if (n == 0) { /* all addresses, of both families */
        char text[32];
        snprintf(text, sizeof text, "0.0.0.0:%s", addr + 5);
        n = sn__net_parse(text, false, at);
        l->v6 = true;
    }
    if (n < 0) return n == SN_ENETUNREACH ? SN_EADDRNOTAVAIL : SN_EINVAL;
    if (!sn__net_is_local(h, at[0].ip)) return SN_EADDRNOTAVAIL;
    l->bound = (net_bound){.ip = at[0].ip, .port = at[0].port, .kind = NET_LISTEN};
    return 0;
}

static int set_up_tcp(sn_host *h, const char *addr, struct sn_listener *l) {
    int err = parse(h, addr, l);
    if (!err) err = sn__net_bind(h, &l->bound);
    if (err) l->bound.kind = NET_UNBOUND;
    return err;
}

static int set_up_unix(const sn_host *h, const char *name, struct sn_listener *l) {
    sn__addr a;
    if (sn__addr_unix(name, &a)) return SN_EINVAL;
    if (sn__net_unix_listener(h, name)) return SN_EADDRINUSE;
    l->name = strdup(name);
    return l->name ? 0 : SN_ENOMEM;
}

static int set_up(sn_host *h, const char *net, const char *addr, struct sn_listener *l) {
    if (strcmp(net, "tcp") == 0) return set_up_tcp(h, addr, l);
    return strcmp(net, "unix") == 0 ? set_up_unix(h, addr, l) : SN_EINVAL;
}

int sn_listen(sn_listener **l, const char *net, const char *addr) {
    *l = NULL;
    sn__enter();
    sn_host *h = sn__sim_host();
    if (!h) return SN_EADDRNOTAVAIL; /* outside of hosts there is no network */
    if (h->frozen) return SN_ECANCELED;
    struct sn_listener *x = calloc(1, sizeof *x);
    if (!x) return SN_ENOMEM;
    int err = set_up(h, net, addr, x);
    if (err) {
        free(x);
        return err;
    }
    x->host = h;
    sn__list_push(&sn__net_of(h)->listeners, &x->of_host);
    sn__sim_told("net.listen", h->index, x->bound.port);
    *l = x;
    return 0;
}

int sn_listen_fd(sn_listener **l, int fd) {
    *l = NULL;
    (void)fd;
    return SN_ENOSYS; /* there are no descriptors here */
}

int sn_listener_addr(const sn_listener *l, char *buf, size_t n) {
    buf[0] = 0;
    return l->closed ? SN_ECLOSED : sn__net_listener_text(l, buf, n);
}

int sn__net_listener_text(const struct sn_listener *l, char *buf, size_t n) {
    int want;
    if (l->name) {
        want = snprintf(buf, n, "%s", l->name);
    } else if (l->v6) {
        want = snprintf(buf, n, "[::]:%u", l->bound.port);
    } else {
        return sn__net_text((net_addr){l->bound.ip, l->bound.port}, buf, n);
    }
    return want >= 0 && (size_t)want < n ? 0 : SN_ERANGE;
}

void sn_listener_close(sn_listener *l) {
    sn__enter();
    if (l->closed) return;
    l->closed = true;
    sn__net_unbind(&l->bound);
    sn__sim_told("net.unlisten", l->host->index, l->waiting);
    for (sn__link *one; (one = sn__list_pop(&l->queue));) {
        net_conn *c = SN__OF(one, net_conn, queue);
        sn__net_break_off(c, 1);
        sn__net_release(c, 1);
    }
    for (sn__link *one; (one = sn__list_pop(&l->acceptors));)
        sn__sim_wake(&SN__OF(one, net_acceptor, link)->wait);
}

void sn_listener_free(sn_listener *l) {
    if (!l) return;
    sn_listener_close(l);
    sn__list_del(&l->of_host);
    free(l->name);
    free(l);
}

/* ---- sn_accept ---- */

static net_conn *take_queued(struct sn_listener *l) {
    sn__link *first = sn__list_pop(&l->queue);
    if (!first) return NULL;
    l->waiting--;
    net_conn *c = SN__OF(first, net_conn, queue);
    c->end[1].state = NET_OWNED;
    return c;
}

/* Waits for its turn: what was given to it beats whatever else ended the wait. */
static int wait_turn(struct sn_listener *l, net_acceptor *a) {
    int err = 0;
    sn__list_push(&l->acceptors, &a->link);
    while (!a->got && !l->closed && !err) err = sn__sim_wait(&a->wait, SN_NEVER, SN__R_IO);
    if (a->link.next) sn__list_del(&a->link);
    if (a->got) return 0;
    return l->closed ? SN_ECLOSED : err;
}

static int next(struct sn_listener *l, net_conn **c) {
    net_acceptor a = {.got = NULL};
    int err = sn_canceled();
    if (err) return err;
    if (l->host->frozen) return SN_ECANCELED;
    if (l->closed) return SN_ECLOSED;
    a.got = take_queued(l);
    if (!a.got) err = wait_turn(l, &a);
    if (a.got && l->host->frozen) { /* its host stopped while it was being handed over */
        sn__net_release(a.got, 1);
        return SN_ECANCELED;
    }
    *c = a.got;
    return err;
}

int sn_accept(sn_listener *l, sn_conn **c) {
    net_conn *got = NULL;
    *c = NULL;
    sn__enter_parks();
    int err = next(l, &got);
    if (err) return err;
    sn__sim_told("net.accept", got->id, l->bound.port);
    err = sn__net_wrap(c, &got->end[1]);
    if (err) { /* no memory: as if it had been reset in the queue */
        sn__net_break_off(got, 1);
        sn__net_release(got, 1);
    }
    return err;
}
