/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Addresses: which are whose, what is bound to them, how they read. The table of what is bound is
 * a hash by {host, ip, port, stream or datagram}; 0 stands for all addresses of the host. Nothing
 * is kept for an address that nobody uses.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/addr.h"
#include "world/net.h"

enum { PORT_FIRST = 32768, PORT_LAST = 60999, KNOWN = 1024 };

static struct {
    net_bound **at;
    size_t size, n;
} table;

static bool is_datagram(uint8_t kind) { return kind == NET_DATAGRAM; }

static size_t slot(uint32_t host, uint32_t ip, uint16_t port, bool datagram) {
    uint64_t k = ((uint64_t)ip << 17 | (uint64_t)port << 1 | datagram) ^ ((uint64_t)host << 49);
    return (size_t)((k * 0x9e3779b97f4a7c15u) >> 32) & (table.size - 1);
}

net_bound *sn__net_find(const sn_host *h, uint32_t ip, uint16_t port, bool datagram) {
    if (!table.n) return NULL;
    net_bound *b = table.at[slot(h->index, ip, port, datagram)];
    while (b && (b->host != h->index || b->ip != ip || b->port != port ||
                 is_datagram(b->kind) != datagram))
        b = b->next;
    return b;
}

static int make_room(void) {
    if (table.n < table.size) return 0;
    size_t old = table.size;
    net_bound **was = table.at, **more = calloc(old ? old * 2 : 256, sizeof *more);
    if (!more) return SN_ENOMEM;
    table.at = more;
    table.size = old ? old * 2 : 256;
    for (size_t i = 0; i < old; i++) {
        for (net_bound *b = was[i], *next; b; b = next) {
            size_t s = slot(b->host, b->ip, b->port, is_datagram(b->kind));
            next = b->next;
            b->next = more[s];
            more[s] = b;
        }
    }
    free(was);
    return 0;
}

static bool is_taken(const sn_host *h, const net_bound *b, uint16_t port) {
    bool datagram = is_datagram(b->kind);
    return sn__net_find(h, b->ip, port, datagram) || (b->ip && sn__net_find(h, 0, port, datagram));
}

/* All addresses of a host are wanted: any that has the port already is in the way. */
static bool any_taken(const sn_host *h, const net_bound *b, uint16_t port) {
    for (size_t i = 0; i < table.size; i++)
        for (const net_bound *o = table.at[i]; o; o = o->next)
            if (o->host == h->index && o->port == port &&
                is_datagram(o->kind) == is_datagram(b->kind) &&
                (o->kind != NET_STREAM || b->kind == NET_STREAM))
                return true;
    return false;
}

static int choose_port(sn_host *h, net_bound *b) {
    net_host *n = sn__net_of(h);
    for (int i = PORT_FIRST; i <= PORT_LAST; i++) {
        if (n->port < PORT_FIRST || n->port > PORT_LAST) n->port = PORT_FIRST;
        b->port = n->port++;
        if (!is_taken(h, b, b->port)) return 0;
    }
    b->port = 0;
    return b->kind == NET_STREAM ? SN_EADDRNOTAVAIL : SN_EADDRINUSE;
}

int sn__net_bind(sn_host *h, net_bound *b) {
    int err = make_room();
    b->host = h->index;
    if (err) return err;
    if (!b->port) {
        err = choose_port(h, b);
    } else if (is_taken(h, b, b->port) || (!b->ip && any_taken(h, b, b->port))) {
        err = SN_EADDRINUSE;
    }
    if (err) return err;
    size_t s = slot(b->host, b->ip, b->port, is_datagram(b->kind));
    b->next = table.at[s];
    table.at[s] = b;
    table.n++;
    return 0;
}

void sn__net_unbind(net_bound *b) {
    if (b->kind == NET_UNBOUND) return;
    net_bound **at = &table.at[slot(b->host, b->ip, b->port, is_datagram(b->kind))];
    while (*at != b) at = &(*at)->next;
    *at = b->next;
    b->kind = NET_UNBOUND;
    table.n--;
}

void sn__net_bound_end(void) {
    free(table.at);
    memset(&table, 0, sizeof table);
}

bool sn__net_is_local(const sn_host *h, uint32_t ip) {
    return ip == 0 || ip == NET_LOOPBACK6 || ip >> 24 == 127 || (ip >= h->addr && ip <= h->last);
}

/* The last host found for an address, as long as no host was added. */
static struct known {
    uint32_t ip, rules;
    sn_host *host;
} known[KNOWN];

sn_host *sn__net_target(sn_host *h, uint32_t ip) {
    if (sn__net_is_local(h, ip)) return h;
    struct known *k = &known[(ip * 0x9e3779b1u) / (UINT32_MAX / KNOWN + 1)];
    if (k->ip != ip || k->rules != sn__net.rules)
        *k = (struct known){ip, sn__net.rules, sn__sim_host_at(ip)};
    return k->host;
}

int sn__net_text(net_addr a, char *buf, size_t n) {
    int want;
    if (a.ip == NET_LOOPBACK6) {
        want = snprintf(buf, n, "[::1]:%u", a.port);
    } else {
        want = snprintf(buf, n, "%u.%u.%u.%u:%u", a.ip >> 24, a.ip >> 16 & 255, a.ip >> 8 & 255,
                        a.ip & 255, a.port);
    }
    return want >= 0 && (size_t)want < n ? 0 : SN_ERANGE;
}

/* IPv6 is simulated as far as a host's own loopback. */
static int take(const sn__addr *a, net_addr *to) {
    to->port = ntohs(a->u.in4.sin_port);
    to->ip = ntohl(a->u.in4.sin_addr.s_addr);
    if (a->u.sa.sa_family == AF_INET) return 0;
    const struct in6_addr *v6 = &a->u.in6.sin6_addr;
    to->port = ntohs(a->u.in6.sin6_port);
    to->ip = NET_LOOPBACK6;
    if (IN6_IS_ADDR_LOOPBACK(v6)) return 0;
    if (!IN6_IS_ADDR_V4MAPPED(v6)) return SN_ENETUNREACH;
    uint32_t ip;
    memcpy(&ip, &v6->s6_addr[12], sizeof ip);
    to->ip = ntohl(ip);
    return 0;
}

int sn__net_parse(const char *text, bool names, net_addr to[2]) {
    char host[SN__HOST_MAX];
    uint16_t port;
    sn__addrs all;
    if (sn__addr_split(text, host, &port)) return SN_EINVAL;
    int err = sn__addr_numeric(host, port, &all);
    if (err == SN_ENOENT && names) {
        const sn_host *h = sn_host_named(host);
        if (!h) return SN_ENOENT;
        to[0] = (net_addr){h->addr, port};
        return 1;
    }
    for (size_t i = 0; !err && i < all.n && i < 2; i++) err = take(&all.a[i], &to[i]);
    return err ? err : (int)all.n;
}
