/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One way of a connection: see net.h for its positions. Each pipe has one timer, for whichever
 * comes first: the next segment arrives; a reset arrives; news of room arrive; what is stuck is
 * tried again. Nothing here parks, and nothing here frees a connection.
 */
#include <stdlib.h>
#include <string.h>

#include "world/net.h"

enum {
    PACKET = 1448,      /* bytes, where loss is drawn for each */
    CHUNK = 16 << 10,   /* … and where it is not */
    CHOPPED = 64 << 10, /* so much of a stream comes in odd pieces, if it does */
    TRIES = 15,
    TRIES_TO_OPEN = 6,
    WINDOW_NEWS = NET_BUFFER / 2, /* below this the writer does not miss the news */
    WINDOW_WAKES = NET_BUFFER / 4
};
#define RETRY (200 * SN_MILLISECOND)
#define RETRY_TO_OPEN SN_SECOND
#define RETRY_MAX (120 * SN_SECOND)

void sn__net_pipe_init(net_conn *c, int s) {
    net_pipe *p = &c->pipe[s];
    p->conn = c;
    p->lead = s ? 1 : 2;
    p->taken = p->freed = p->lead;
    p->cut = UINT64_MAX;
    p->retry_at = p->reset_at = p->room_at = SN_NEVER;
    p->rules = sn__net.rules - 1;
    p->room = NET_FEW;
}

static net_segment *segments(net_pipe *p) { return p->many ? p->many : p->few; }
static net_segment *segment(net_pipe *p, uint32_t i) {
    return &segments(p)[(p->first + i) & (p->room - 1)];
}

static const net_rule *link_of(net_conn *c, int s) {
    net_pipe *p = &c->pipe[s];
    if (p->rules != sn__net.rules) {
        p->link = c->is_unix ? NULL : sn__net_rule(c->end[s].addr.ip, c->end[!s].addr.ip);
        p->rules = sn__net.rules;
    }
    return p->link;
}

static sn_time latency(net_conn *c, int s) {
    const net_rule *r = link_of(c, s);
    return r ? r->link.latency : 0;
}

/* ---- the timer ---- */

static void fire(sn__timer *t);

static void arm(net_pipe *p) {
    sn_time when = p->queued ? segment(p, 0)->at : SN_NEVER;
    if (p->reset_at < when) when = p->reset_at;
    if (p->room_at < when) when = p->room_at;
    if (p->stuck && p->retry_at < when) when = p->retry_at;
    if (p->timer.index && p->timer.when == when) return;
    sn__sim_not(&p->timer);
    if (when == SN_NEVER) return;
    p->timer.when = when;
    p->timer.fire = fire;
    sn__sim_at(&p->timer);
}

void sn__net_pipe_end(net_pipe *p) {
    sn__sim_not(&p->timer);
    sn__net_ring_drop(&p->ring);
    free(p->many);
    p->many = NULL;
}

/* ---- what does not get through ---- */

/* Whether a packet of end s gets through, as far as can be said when it leaves. */
static bool passes(net_conn *c, int s) {
    const net_rule *r = link_of(c, s);
    if (c->pipe[s].silent || (r && r->link.down)) return false;
    if (!r || !sn__sim_chance(r->link.loss)) return true;
    sn__sim_told("net.lost", c->id * 2 + (uint64_t)s, c->pipe[s].sent);
    return false;
}

/* Whether what comes from end s is acknowledged: acknowledgements are many, one gets through. */
static bool is_acked(net_conn *c, int s) {
    const net_rule *back = link_of(c, !s);
    return !c->pipe[!s].silent && !(back && back->link.down);
}

/* Handshakes are tried less patiently. */
static bool is_opening(const net_conn *c, int s) { return s ? c->pipe[1].acked == 0 : !c->open; }

/* Nothing more leaves until the next try. */
static void stall(net_conn *c, int s) {
    net_pipe *p = &c->pipe[s];
    if (p->stuck || c->end[s].dead) return;
    sn_time wait = is_opening(c, s) ? RETRY_TO_OPEN : RETRY + latency(c, s) + latency(c, !s);
    for (int i = 0; i < p->tries && wait < RETRY_MAX; i++) wait *= 2;
    p->stuck = true;
    p->tries++;
    p->retry_at = sn__sim_time() + (wait < RETRY_MAX ? wait : RETRY_MAX);
}

void sn__net_try_later(net_conn *c, int s) {
    stall(c, s);
    arm(&c->pipe[s]);
}

void sn__net_pipe_stop(net_pipe *p) {
    p->stuck = false;
    p->room_at = SN_NEVER;
    arm(p);
}

static void acked(net_conn *c, int s) {
    net_pipe *p = &c->pipe[s];
    if (!is_acked(c, s)) {
        stall(c, s);
        return;
    }
    p->acked = p->arrived;
    p->tries = 0;
}

static void free_room(net_conn *c, int s, uint64_t to) {
    net_pipe *p = &c->pipe[s];
    p->freed = to;
    if (NET_BUFFER - (p->wrote - p->freed) >= WINDOW_WAKES) sn__sim_wake(&c->end[s].wait[1]);
}

static void retry(net_conn *c, int s) {
    net_pipe *p = &c->pipe[s];
    p->stuck = false;
    if (p->tries > (is_opening(c, s) ? TRIES_TO_OPEN : TRIES)) {
        sn__sim_told("net.timeout", c->id * 2 + (uint64_t)s, p->acked);
        sn__net_kill(c, s, SN_ETIMEDOUT);
        if (!c->open) sn__net_kill(c, 0, SN_ETIMEDOUT); /* nor does the answer come through */
        if (c->end[1].state == NET_EMBRYO) sn__net_kill(c, 1, 0);
        return;
    }
    sn__sim_told("net.retry", c->id * 2 + (uint64_t)s, p->tries);
    if (p->acked < p->arrived || p->freed < p->taken) { /* did it arrive? is there room? */
        if (!passes(c, s) || !is_acked(c, s)) {
            stall(c, s);
            return;
        }
        acked(c, s);
        free_room(c, s, p->taken);
    }
    sn__net_push(c, s);
}

/* ---- arriving ---- */

static void bytes_came(net_conn *c, int s) {
    net_end *r = &c->end[!s];
    sn__sim_told("net.bytes", c->id * 2 + (uint64_t)s, c->pipe[s].arrived - c->pipe[s].lead);
    if (!r->closed) {
        sn__sim_wake(&r->wait[0]);
    } else if (sn__net_avail(c, !s)) { /* nobody will read it */
        sn__net_break_off(c, !s);
    }
}

/* Positions below `upto` of end s come to the other's kernel. False: nobody takes them. */
static bool deliver(net_conn *c, int s, uint64_t upto) {
    net_pipe *p = &c->pipe[s];
    if (!sn__net_hears(c->end[!s].host)) return false;
    if (c->end[!s].dead) {
        sn__net_send_reset(c, !s);
        return false;
    }
    while (p->arrived < p->lead && p->arrived < upto) {
        uint64_t at = p->arrived++; /* first: the answer may bring the next ones */
        if (!sn__net_opens(c, s, at)) {
            p->arrived = at;
            return false;
        }
    }
    if (upto > p->arrived) {
        p->arrived = upto;
        bytes_came(c, s);
    }
    acked(c, s);
    return true;
}

static void unheard(net_conn *c, int s) {
    net_pipe *p = &c->pipe[s];
    p->queued = 0;
    p->sent = p->arrived;
    stall(c, s);
}

static void news_of_room(net_conn *c, int s) {
    net_pipe *p = &c->pipe[s];
    p->room_at = SN_NEVER;
    free_room(c, s, p->room_to);
    if (p->taken > p->room_to) sn__net_took(c, !s, 0);
}

static void fire(sn__timer *t) {
    net_pipe *p = SN__OF(t, net_pipe, timer);
    net_conn *c = p->conn;
    int s = p == &c->pipe[1];
    sn_time now = sn__sim_time();
    while (p->queued && segment(p, 0)->at <= now) {
        uint64_t end = segment(p, 0)->end;
        p->first++;
        p->queued--;
        if (!deliver(c, s, end)) unheard(c, s);
    }
    if (p->reset_at <= now) {
        p->reset_at = SN_NEVER;
        p->queued = 0;
        sn__net_reset_came(c, !s);
    }
    if (p->room_at <= now) news_of_room(c, s);
    if (p->stuck && p->retry_at <= now) retry(c, s);
    arm(p);
}

/* ---- leaving ---- */

static int more_segments(net_pipe *p) {
    net_segment *more = malloc(2 * p->room * sizeof *more);
    if (!more) return SN_ENOMEM;
    for (uint32_t i = 0; i < p->queued; i++) more[i] = *segment(p, i);
    free(p->many);
    p->many = more;
    p->first = 0;
    p->room *= 2;
    return 0;
}

static void queue(net_pipe *p, net_segment g) {
    if (p->queued) {
        net_segment *last = segment(p, p->queued - 1);
        bool together = last->at == g.at && last->left == g.left;
        if (!together && p->queued == p->room) together = more_segments(p) != 0;
        last = segment(p, p->queued - 1);
        if (together) {
            last->end = g.end;
            last->at = g.at;
            return;
        }
    }
    p->queued++;
    *segment(p, p->queued - 1) = g;
}

/* Puts the next n positions on the wire. Signs (handshake and end) ride on what goes before. */
static void leave(net_conn *c, int s, uint64_t n) {
    net_pipe *p = &c->pipe[s];
    const sn_link none = {.size = 0}, *l = p->link ? &p->link->link : &none;
    bool is_sign = p->sent < p->lead || (p->fin && p->sent + 1 == p->wrote);
    sn_time now = sn__sim_time();
    if (p->busy < now) p->busy = now;
    if (l->bandwidth) p->busy += (sn_time)(n * SN_SECOND / l->bandwidth);
    sn_time at = p->busy + l->latency + (is_sign ? 0 : sn__sim_draw_time(l->jitter));
    if (at < p->last) at = p->last;
    p->last = at;
    p->sent += n;
    queue(p, (net_segment){.end = p->sent, .left = p->busy, .at = at});
}

/* How much goes as one piece: signs alone; up to the fault; bytes as packets. */
static uint64_t piece(net_pipe *p) {
    uint64_t n = p->wrote - p->sent, most = p->link && p->link->link.loss ? PACKET : CHUNK;
    if (p->sent < p->lead) return 1;
    if (p->fin && n > 1) n--;
    if (p->chop && p->sent < CHOPPED && n > 1) most = 1 + sn__sim_world_random() % PACKET;
    if (n > most) n = most;
    return p->sent + n > p->cut ? p->cut - p->sent : n;
}

static void push_slowly(net_conn *c, int s) {
    net_pipe *p = &c->pipe[s];
    while (p->sent < p->wrote && !p->stuck) {
        if (p->sent == p->cut) {
            p->cut = UINT64_MAX;
            sn__net_strike(c, s, p->fault);
        }
        uint64_t n = piece(p);
        if (passes(c, s))
            leave(c, s, n);
        else
            stall(c, s);
    }
    arm(p);
}

void sn__net_push(net_conn *c, int s) {
    net_pipe *p = &c->pipe[s];
    if (p->stuck || c->end[s].dead || p->sent == p->wrote) return;
    if (link_of(c, s) || p->queued || p->silent || p->cut != UINT64_MAX) {
        push_slowly(c, s);
        return;
    }
    p->sent = p->wrote;
    if (!deliver(c, s, p->wrote)) unheard(c, s);
    if (p->stuck) arm(p);
}

/* ---- resets and silence ---- */

/* A reset is on its way from s: it does not overtake what left before. */
static void reset_leaves(net_conn *c, int s) {
    net_pipe *p = &c->pipe[s];
    sn_time at = sn__sim_time() + latency(c, s);
    p->reset_at = at < p->last ? p->last : at;
    arm(p);
}

void sn__net_send_reset(net_conn *c, int s) {
    if (!passes(c, s) || c->end[!s].dead) return;
    if (!link_of(c, s) && !c->pipe[s].queued && sn__net_hears(c->end[!s].host))
        sn__net_reset_came(c, !s);
    else
        reset_leaves(c, s);
}

void sn__net_strike(net_conn *c, int s, enum net_fault fault) {
    sn__sim_told(fault == NET_RESETS ? "net.reset" : "net.silent", c->id * 2 + (uint64_t)s,
                 c->pipe[s].sent);
    c->pipe[s].silent = true;
    if (fault != NET_RESETS) return;
    c->pipe[!s].silent = true;
    reset_leaves(c, s);
    reset_leaves(c, !s);
}

void sn__net_drop_unsent(net_conn *c, int s) {
    net_pipe *p = &c->pipe[s];
    sn_time now = sn__sim_time();
    while (p->queued && segment(p, p->queued - 1)->left > now) p->queued--;
    p->sent = p->queued ? segment(p, p->queued - 1)->end : p->arrived;
    p->last = p->queued ? segment(p, p->queued - 1)->at : now;
    arm(p);
}

/* ---- room ---- */

void sn__net_took(net_conn *c, int r, size_t n) {
    int s = !r;
    net_pipe *p = &c->pipe[s];
    p->taken += n;
    if (p->taken + p->fin == p->wrote) sn__net_ring_drop(&p->ring);
    if (p->wrote - p->freed <= WINDOW_NEWS) {
        p->freed = p->taken;
    } else if (!is_acked(c, s)) {
        stall(c, s);
        arm(p);
    } else if (latency(c, r) == 0) {
        free_room(c, s, p->taken);
    } else if (p->room_at == SN_NEVER) {
        p->room_at = sn__sim_time() + latency(c, r);
        p->room_to = p->taken;
        arm(p);
    }
}
