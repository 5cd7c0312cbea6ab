/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The rules of links: what lies between two addresses. They are few and looked at from the newest;
 * what was found for a pair of addresses is kept in a cache until the rules change. A rule is
 * never moved in memory while a pipe may hold it: pipes ask again when `rules` has grown.
 */
#include <stdlib.h>
#include <string.h>

#include "world/net.h"

enum { CACHE = 4096, RULES_MAX = 1 << 16, PPM = 1000000 };

typedef struct cached {
    uint32_t from, to, rules;
    const net_rule *rule;
} cached;

static struct {
    net_rule *at; /* oldest first */
    size_t n, room;
    cached *cache; /* by hash of the pair: the last one that was asked for */
} links;

static bool is_within(const uint32_t range[2], uint32_t ip) {
    return ip >= range[0] && ip <= range[1];
}

static bool is_ideal(const sn_link *l) {
    return !(l->down || l->latency || l->jitter || l->bandwidth || l->loss || l->duplicate ||
             l->reorder || l->reset || l->half_open || l->refuse);
}

static const net_rule *look_up(uint32_t from, uint32_t to) {
    const sn_host *h = sn__sim_host_at(from);
    if (h && to >= h->addr && to <= h->last) return NULL;
    for (size_t i = links.n; i-- > 0;) {
        const net_rule *r = &links.at[i];
        if (is_within(r->from, from) && is_within(r->to, to))
            return sn__net_worse(is_ideal(&r->link) ? NULL : r, from, to);
    }
    return sn__net_worse(NULL, from, to);
}

const net_rule *sn__net_rule(uint32_t from, uint32_t to) {
    if (!links.n && !sn__net_is_worse()) return NULL;
    if (from == to || from == NET_LOOPBACK6 || from >> 24 == 127 || to >> 24 == 127) return NULL;
    if (!links.cache) return look_up(from, to);
    uint64_t pair = ((uint64_t)from << 32 | to) * 0x9e3779b97f4a7c15u;
    cached *c = &links.cache[pair >> 52];
    if (c->from != from || c->to != to || c->rules != sn__net.rules)
        *c = (cached){from, to, sn__net.rules, look_up(from, to)};
    return c->rule;
}

static int place_of_name(const char *name, uint32_t range[2]) {
    const sn_host *h = sn_host_named(name);
    if (!h) return SN_ENOENT;
    range[0] = h->addr;
    range[1] = h->last;
    return 0;
}

/* "a.b.c.d": how much of the text it is; 0: it is none. */
static size_t read_ip(const char *s, uint32_t *ip) {
    size_t at = 0;
    *ip = 0;
    for (int part = 0; part < 4; part++) {
        unsigned v = 0;
        size_t digits = 0;
        if (part && s[at++] != '.') return 0;
        for (; s[at] >= '0' && s[at] <= '9' && digits < 3; digits++)
            v = v * 10 + (unsigned)(s[at++] - '0');
        if (!digits || v > 255) return 0;
        *ip = *ip << 8 | v;
    }
    return at;
}

int sn__net_place(const char *text, uint32_t range[2]) {
    uint32_t ip;
    range[0] = 0;
    range[1] = UINT32_MAX;
    if (strcmp(text, "*") == 0) return 0;
    size_t n = read_ip(text, &ip);
    if (!n) return *text ? place_of_name(text, range) : SN_EINVAL;
    range[0] = range[1] = ip;
    if (!text[n]) return 0;
    char *end;
    if (text[n] != '/' || text[n + 1] < '0' || text[n + 1] > '9') return SN_EINVAL;
    unsigned long bits = strtoul(text + n + 1, &end, 10);
    if (*end || bits > 32) return SN_EINVAL;
    uint32_t within = bits == 32 ? 0 : UINT32_MAX >> bits;
    if (ip & within) return SN_EINVAL;
    range[1] = ip | within;
    return 0;
}

static bool is_right(const sn_link *l) {
    const uint32_t shares[] = {l->loss,  l->duplicate, l->reorder,
                               l->reset, l->half_open, l->refuse};
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++)
        if (shares[i] > PPM) return false;
    const sn_time most = 3600 * SN_SECOND;
    return l->size == sizeof *l && l->down <= 1 && l->latency >= 0 && l->latency <= most &&
           l->jitter >= 0 && l->jitter <= most;
}

/* Takes out the rule of exactly these places, if there is one. */
static void take_out(const net_rule *r) {
    for (size_t i = 0; i < links.n; i++) {
        if (memcmp(links.at[i].from, r->from, sizeof r->from) ||
            memcmp(links.at[i].to, r->to, sizeof r->to))
            continue;
        memmove(&links.at[i], &links.at[i + 1], (links.n - i - 1) * sizeof *links.at);
        links.n--;
        return;
    }
}

static int make_room(void) {
    if (!links.cache && !(links.cache = calloc(CACHE, sizeof *links.cache))) return SN_ENOMEM;
    if (links.n < links.room) return 0;
    if (links.n >= RULES_MAX) return SN_ENOMEM;
    size_t room = links.room ? links.room * 2 : 16;
    net_rule *more = realloc(links.at, room * sizeof *more);
    if (!more) return SN_ENOMEM;
    links.at = more;
    links.room = room;
    return 0;
}

static void tell(const net_rule *r) {
    sn__sim_told("net.link", (uint64_t)r->from[0] << 32 | r->from[1],
                 (uint64_t)r->to[0] << 32 | r->to[1]);
    sn__sim_told("net.link.is", (uint64_t)r->link.latency, r->link.down);
}

int sn_sim_link(const char *from, const char *to, const sn_link *link) {
    sn__enter();
    net_rule r = {.link = {.size = 0}};
    if (link && !is_right(link)) return SN_EINVAL;
    int err = sn__net_place(from, r.from);
    if (!err) err = sn__net_place(to, r.to);
    if (!err && link) err = make_room();
    if (err) return err;
    sn__net.rules++;
    take_out(&r);
    if (link) {
        r.link = *link;
        links.at[links.n++] = r;
    }
    tell(&r);
    return 0;
}

void sn__net_rules_end(void) {
    free(links.at);
    free(links.cache);
    memset(&links, 0, sizeof links);
}
