/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The network as a part of the world: what a host's life means for its connections. A stop takes
 * effect at its instant: each end of the host is dead, or the kernel's, before anybody else runs.
 * The process's death closes its connections or resets its peers; a power cut leaves them in
 * silence, and what had not left does not leave.
 */
#include <stdio.h>
#include <stdlib.h>

#include "world/net.h"
#include "world/parts.h"

net_world sn__net = {.rules = 1};

enum { NAMED = 4 }; /* leaks that a message names */

static int host_new(sn_host *h) {
    net_host *n = calloc(1, sizeof *n);
    if (!n) return SN_ENOMEM;
    n->port = (uint16_t)sn__sim_world_random();
    h->net = n;
    sn__net.rules++; /* what was found for its addresses is no more true */
    return 0;
}

/* ---- a stop ---- */

static void stop_listeners(net_host *n) {
    for (sn__link *at = n->listeners.next; at && at != &n->listeners; at = at->next)
        sn_listener_close(SN__OF(at, struct sn_listener, of_host));
}

/* What becomes of a connection whose process dies: its kernel closes it, or, as proxies and
 * firewalls on the way make of it, it is reset. A peer must bear both. */
static void stop_open(net_conn *c, int e) {
    bool is_open = c->end[e].state == NET_OWNED && c->open;
    if (is_open && sn__sim_chance(500000))
        sn__net_close(c, e);
    else
        sn__net_break_off(c, e);
}

static void stop_end(net_end *x, enum sn_stop how) {
    net_conn *c = x->conn;
    int e = sn__net_side(x);
    if (x->state == NET_NONE) return; /* it has heard of nothing yet */
    if (how == SN_STOP_POWER) {
        sn__net_kill(c, e, SN_ECANCELED);
        sn__net_drop_unsent(c, e);
    } else if (!x->closed) { /* what is closed is the kernel's, which goes on */
        stop_open(c, e);
    }
    if (e == 0 && x->dead) sn__net_unbind(&c->bound);
}

static void host_stop(sn_host *h, enum sn_stop how) {
    net_host *n = h->net;
    for (sn__link *at = n->ends.next; at && at != &n->ends; at = at->next)
        stop_end(SN__OF(at, net_end, of_host), how);
    stop_listeners(n);
    sn__net_sockets_stop(h, how);
}

/* ---- what a process left open ---- */

typedef struct leaks {
    char text[400];
    size_t n, found;
} leaks;

static void note(leaks *l, const char *kind, const char *what) {
    if (l->found++ >= NAMED || l->n >= sizeof l->text) return;
    int put =
        snprintf(l->text + l->n, sizeof l->text - l->n, "%s%s %s", l->n ? "; " : "", kind, what);
    l->n += put > 0 ? (size_t)put : 0;
}

static void note_ends(leaks *l, const net_host *n) {
    char own[64], peer[64], both[140];
    for (sn__link *at = n->ends.next; at && at != &n->ends; at = at->next) {
        const net_end *x = SN__OF(at, net_end, of_host);
        if (x->state != NET_OWNED) continue;
        (void)sn__net_end_text(x, 0, own, sizeof own);
        (void)sn__net_end_text(x, 1, peer, sizeof peer);
        snprintf(both, sizeof both, "%s %s %s", own, sn__net_side(x) ? "from" : "to", peer);
        note(l, sn__net_side(x) ? "accepted connection" : "dialed connection", both);
    }
}

static void note_listeners(leaks *l, const net_host *n) {
    char own[128];
    for (sn__link *at = n->listeners.next; at && at != &n->listeners; at = at->next) {
        const sn_listener *x = SN__OF(at, struct sn_listener, of_host);
        sn__net_listener_text(x, own, sizeof own);
        note(l, "listener", own);
    }
}

static void note_socket(void *l, net_addr at) {
    char own[64];
    (void)sn__net_text(at, own, sizeof own);
    note(l, "datagram socket", own);
}

static void host_down(sn_host *h) {
    leaks l = {.n = 0};
    note_ends(&l, h->net);
    note_listeners(&l, h->net);
    sn__net_each_socket(h, note_socket, &l);
    if (l.found)
        sn_sim_fail("host %s left %zu open: %s%s", h->name, l.found, l.text,
                    l.found > NAMED ? "; …" : "");
}

static void host_free(sn_host *h) { free(h->net); }

static void run_end(void) {
    sn__net_conns_end();
    sn__net_packets_end();
    sn__net_worse_end();
    sn__net_rules_end();
    sn__net_bound_end();
    sn__net_rings_end();
    sn__net.conns = 0;
}

const sn__part sn__net_part = {
    .host_new = host_new,
    .host_stop = host_stop,
    .host_down = host_down,
    .host_free = host_free,
    .run_end = run_end,
};

/* ---- sn_sim_reset ---- */

static bool is_within(const uint32_t range[2], uint32_t ip) {
    return ip >= range[0] && ip <= range[1];
}

uint64_t sn_sim_reset(const char *from, const char *to) {
    uint32_t a[2], b[2];
    uint64_t n = 0;
    sn__enter();
    if (sn__net_place(from, a) || sn__net_place(to, b)) return 0;
    for (sn__link *at = sn__net.all.next; at && at != &sn__net.all; at = at->next) {
        net_conn *c = SN__OF(at, net_conn, all);
        uint32_t x = c->end[0].addr.ip, y = c->end[1].addr.ip;
        bool between = (is_within(a, x) && is_within(b, y)) || (is_within(a, y) && is_within(b, x));
        if (!between || c->is_unix || !c->open || (c->end[0].dead && c->end[1].dead)) continue;
        sn__net_reset_came(c, 0);
        sn__net_reset_came(c, 1);
        n++;
    }
    return n;
}
