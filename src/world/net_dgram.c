/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Datagrams in the simulated world. Each is a packet of its own that finds its socket when it
 * arrives: whoever is bound there then gets it. A socket keeps what nobody has received up to a
 * bound; what comes on top is lost, as the kernel does it. Receivers are served in order.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sennit/go.h>

#include "io/addr.h"
#include "world/net.h"

enum { QUEUE_MAX = 208 << 10, OVERHEAD = 64 };
#define OVERTAKEN (10 * SN_MILLISECOND)

typedef struct packet {
    sn__link link; /* on the way, or in a socket's queue */
    sn__timer timer;
    uint64_t id;
    net_addr from, to;
    sn_host *here, *there;
    sn_time left; /* the sender */
    size_t n;
    unsigned char bytes[];
} packet;

struct sn_dgram {
    net_bound bound;
    sn__link of_host, queue, receivers;
    sn_host *host;
    size_t queued; /* bytes, as the bound counts them */
    sn_time busy;  /* its wire is taken until */
    bool closed, v6;
};

typedef struct receiver {
    sn__link link;
    sn__waiters wait;
    packet *got;
} receiver;

static sn__link on_the_way;
static uint64_t packets;

/* ---- arriving ---- */

static struct sn_dgram *socket_at(const sn_host *h, uint32_t ip, uint16_t port) {
    net_bound *b = sn__net_find(h, ip, port, true);
    bool own = ip == h->addr || ip == NET_LOOPBACK6 || ip >> 24 == 127;
    if (!b && own) b = sn__net_find(h, 0, port, true);
    if (!b) return NULL;
    struct sn_dgram *d = SN__OF(b, struct sn_dgram, bound);
    return ip == NET_LOOPBACK6 && b->ip == 0 && !d->v6 ? NULL : d;
}

static void give(struct sn_dgram *d, packet *k) {
    sn__link *first = sn__list_pop(&d->receivers);
    if (first) {
        receiver *r = SN__OF(first, receiver, link);
        r->got = k;
        sn__sim_wake(&r->wait);
        return;
    }
    sn__list_push(&d->queue, &k->link);
    d->queued += k->n + OVERHEAD;
}

static void arrive(packet *k) {
    struct sn_dgram *d = NULL;
    if (sn__net_hears(k->there)) d = socket_at(k->there, k->to.ip, k->to.port);
    if (d && d->queued + k->n + OVERHEAD <= QUEUE_MAX) {
        sn__sim_told("net.datagram", k->id, k->n);
        give(d, k);
        return;
    }
    sn__sim_told("net.datagram.lost", k->id, d != NULL);
    free(k);
}

static void arrives(sn__timer *t) {
    packet *k = SN__OF(t, packet, timer);
    sn__list_del(&k->link);
    arrive(k);
}

/* ---- leaving ---- */

static packet *make(const struct sn_dgram *d, sn_host *there, net_addr to, const void *buf,
                    size_t n) {
    packet *k = calloc(1, sizeof *k + n);
    if (!k) return NULL;
    k->id = ++packets;
    k->from = (net_addr){d->bound.ip, d->bound.port};
    if (!k->from.ip) k->from.ip = sn__net_is_local(d->host, to.ip) ? to.ip : d->host->addr;
    k->to = to;
    k->here = d->host;
    k->there = there;
    k->n = n;
    if (n) memcpy(k->bytes, buf, n);
    return k;
}

static void leave(struct sn_dgram *d, packet *k, const net_rule *r) {
    if (!r) {
        arrive(k);
        return;
    }
    const sn_link *l = &r->link;
    sn_time now = sn__sim_time(), late = 0;
    if (d->busy < now) d->busy = now;
    if (l->bandwidth) d->busy += (sn_time)(k->n * SN_SECOND / l->bandwidth);
    if (sn__sim_chance(l->reorder)) {
        late = OVERTAKEN + l->latency + l->jitter;
        sn__sim_told("net.datagram.late", k->id, 0);
    }
    k->left = d->busy;
    k->timer.when = k->left + l->latency + sn__sim_draw_time(l->jitter);
    k->timer.when += sn__sim_draw_time(late);
    k->timer.fire = arrives;
    sn__list_push(&on_the_way, &k->link);
    sn__sim_at(&k->timer);
}

/* One copy of the datagram goes on its way, if it does. */
static int send_one(struct sn_dgram *d, sn_host *there, net_addr to, const net_rule *r,
                    const void *buf, size_t n) {
    packet *k = make(d, there, to, buf, n);
    if (!k) return SN_ENOMEM;
    if (r && (r->link.down || sn__sim_chance(r->link.loss))) {
        sn__sim_told("net.datagram.lost", k->id, 2);
        free(k);
    } else {
        leave(d, k, r);
    }
    return 0;
}

/* The address as one of this world's. */
static int address(const struct sn_dgram *d, const sn_addr *to, net_addr *a) {
    char text[64];
    net_addr both[2];
    if (sn_addr_text(to, text, sizeof text)) return SN_EINVAL;
    int n = sn__net_parse(text, false, both);
    bool own6 = d->bound.ip == NET_LOOPBACK6;
    if (n < 0) return own6 || d->v6 ? n : SN_EADDRNOTAVAIL;
    *a = both[0];
    if (a->port == 0) return SN_EINVAL;
    if (a->ip == 0) a->ip = INADDR_LOOPBACK;
    bool to6 = a->ip == NET_LOOPBACK6;
    return (own6 && !to6) || (to6 && !own6 && !d->v6) ? SN_EADDRNOTAVAIL : 0;
}

static int begin(const struct sn_dgram *d) {
    sn__enter_parks();
    if (d->host->frozen) return SN_ECANCELED;
    int err = sn_canceled();
    if (err) return err;
    return d->closed ? SN_ECLOSED : 0;
}

int sn_dgram_send(sn_dgram *d, const sn_addr *to, const void *buf, size_t n) {
    net_addr a;
    if (n > SN_DGRAM_MAX) return SN_E2BIG;
    int err = begin(d);
    if (!err) err = address(d, to, &a);
    if (err) return err;
    sn_host *there = sn__net_target(d->host, a.ip);
    if (!there) return SN_EHOSTUNREACH;
    uint32_t from = d->bound.ip ? d->bound.ip : d->host->addr;
    const net_rule *r = there == d->host ? NULL : sn__net_rule(from, a.ip);
    err = send_one(d, there, a, r, buf, n);
    if (!err && r && sn__sim_chance(r->link.duplicate)) {
        sn__sim_told("net.datagram.twice", packets, 0);
        err = send_one(d, there, a, r, buf, n);
    }
    return err;
}

/* ---- receiving ---- */

static packet *take_queued(struct sn_dgram *d) {
    sn__link *first = sn__list_pop(&d->queue);
    if (!first) return NULL;
    packet *k = SN__OF(first, packet, link);
    d->queued -= k->n + OVERHEAD;
    return k;
}

/* Waits for its turn: what was given to it beats whatever else ended the wait. */
static int wait_turn(struct sn_dgram *d, receiver *r, sn_time until) {
    int err = 0;
    sn__list_push(&d->receivers, &r->link);
    while (!r->got && !d->closed && !err) err = sn__sim_wait(&r->wait, until, SN__R_IO);
    if (r->link.next) sn__list_del(&r->link);
    if (r->got) return 0;
    return d->closed ? SN_ECLOSED : err;
}

static int next(struct sn_dgram *d, sn_time until, packet **k) {
    receiver r = {.got = take_queued(d)};
    int err = r.got ? 0 : wait_turn(d, &r, until);
    if (r.got && d->host->frozen) { /* its host stopped while it was being handed over */
        free(r.got);
        return SN_ECANCELED;
    }
    *k = r.got;
    return err;
}

static void tell_sender(const packet *k, sn_addr *from) {
    sn__addr a = {.len = sizeof a.u.in4};
    if (k->from.ip == NET_LOOPBACK6) {
        a.u.in6 = (struct sockaddr_in6){.sin6_family = AF_INET6,
                                        .sin6_port = htons(k->from.port),
                                        .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    } else {
        a.u.in4 = (struct sockaddr_in){.sin_family = AF_INET,
                                       .sin_port = htons(k->from.port),
                                       .sin_addr.s_addr = htonl(k->from.ip)};
    }
    sn__addr_pack(from, &a);
}

int sn_dgram_recv(sn_dgram *d, void *buf, size_t n, size_t *done, sn_addr *from, sn_time until) {
    *done = 0;
    int err = begin(d);
    if (err) return err;
    packet *k = NULL;
    err = next(d, until, &k);
    if (err) return err;
    *done = k->n < n ? k->n : n;
    if (*done) memcpy(buf, k->bytes, *done);
    err = k->n > n ? SN_E2BIG : 0;
    if (from) tell_sender(k, from);
    free(k);
    return err;
}

/* ---- the socket ---- */

static int set_up(sn_host *h, const char *addr, struct sn_dgram *d) {
    net_addr at[2] = {{0}};
    sn_addr read;
    if (sn_addr_parse(&read, addr)) return SN_EINVAL;
    d->v6 = strncmp(addr, "[::]:", 5) == 0;
    if (d->v6) {
        at[0].port = (uint16_t)strtoul(addr + 5, NULL, 10);
    } else if (sn__net_parse(addr, false, at) < 0) {
        return SN_EADDRNOTAVAIL;
    }
    if (!sn__net_is_local(h, at[0].ip)) return SN_EADDRNOTAVAIL;
    d->bound = (net_bound){.ip = at[0].ip, .port = at[0].port, .kind = NET_DATAGRAM};
    int err = sn__net_bind(h, &d->bound);
    if (err) d->bound.kind = NET_UNBOUND;
    return err;
}

int sn_dgram_open(sn_dgram **d, const char *addr) {
    *d = NULL;
    sn__enter();
    sn_host *h = sn__sim_host();
    if (!h) return SN_EADDRNOTAVAIL; /* outside of hosts there is no network */
    if (h->frozen) return SN_ECANCELED;
    struct sn_dgram *x = calloc(1, sizeof *x);
    if (!x) return SN_ENOMEM;
    int err = set_up(h, addr, x);
    if (err) {
        free(x);
        return err;
    }
    x->host = h;
    sn__list_push(&sn__net_of(h)->sockets, &x->of_host);
    *d = x;
    return 0;
}

int sn_dgram_addr(const sn_dgram *d, char *buf, size_t n) {
    buf[0] = 0;
    if (d->closed) return SN_ECLOSED;
    if (!d->v6) return sn__net_text((net_addr){d->bound.ip, d->bound.port}, buf, n);
    int want = snprintf(buf, n, "[::]:%u", d->bound.port);
    return want >= 0 && (size_t)want < n ? 0 : SN_ERANGE;
}

void sn_dgram_close(sn_dgram *d) {
    sn__enter();
    if (d->closed) return;
    d->closed = true;
    sn__net_unbind(&d->bound);
    for (packet *k; (k = take_queued(d));) free(k);
    for (sn__link *one; (one = sn__list_pop(&d->receivers));)
        sn__sim_wake(&SN__OF(one, receiver, link)->wait);
}

void sn_dgram_free(sn_dgram *d) {
    if (!d) return;
    sn_dgram_close(d);
    sn__list_del(&d->of_host);
    free(d);
}

int sn_addr_lookup(sn_addr *a, const char *text) {
    char host[SN__HOST_MAX];
    uint16_t port;
    memset(a, 0, sizeof *a);
    sn__enter_parks();
    int err = sn_canceled();
    if (err || !sn_addr_parse(a, text)) return err;
    if (sn__addr_split(text, host, &port)) return SN_EINVAL;
    const sn_host *h = sn_host_named(host);
    if (!h) {
        sn__addrs all;
        return sn__addr_numeric(host, port, &all); /* a name, or what cannot be one */
    }
    packet k = {.from = {h->addr, port}};
    tell_sender(&k, a);
    return 0;
}

/* ---- as a part of a host ---- */

/* What had not left when the power failed does not leave. */
static void drop_unsent(const sn_host *h) {
    for (sn__link *at = on_the_way.next, *then; at && at != &on_the_way; at = then) {
        packet *k = SN__OF(at, packet, link);
        then = at->next;
        if (k->here != h || k->left <= sn__sim_time()) continue;
        sn__sim_not(&k->timer);
        sn__list_del(&k->link);
        free(k);
    }
}

void sn__net_sockets_stop(sn_host *h, enum sn_stop how) {
    sn__link *all = &sn__net_of(h)->sockets;
    if (how == SN_STOP_POWER) drop_unsent(h);
    for (sn__link *at = all->next; at && at != all; at = at->next)
        sn_dgram_close(SN__OF(at, struct sn_dgram, of_host));
}

void sn__net_each_socket(sn_host *h, void (*f)(void *arg, net_addr at), void *arg) {
    sn__link *all = &sn__net_of(h)->sockets;
    for (sn__link *at = all->next; at && at != all; at = at->next) {
        const struct sn_dgram *d = SN__OF(at, struct sn_dgram, of_host);
        f(arg, (net_addr){d->bound.ip, d->bound.port});
    }
}

void sn__net_packets_end(void) {
    for (sn__link *at = on_the_way.next, *then; at && at != &on_the_way; at = then) {
        then = at->next;
        free(SN__OF(at, packet, link));
    }
    sn__list_init(&on_the_way);
    packets = 0;
}
