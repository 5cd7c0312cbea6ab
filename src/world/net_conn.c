/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The life of a connection: made, opened by its handshake, closed, killed, freed. What an owner
 * sees of it follows Linux: bytes that came before a reset can still be read; an error is told
 * once, and then reads find the end of the stream and writes find it closed; who closes with bytes
 * unread resets the peer.
 */
#include <stdlib.h>
#include <string.h>

#include "world/net.h"

enum { CHOPPY = 8, NEAR = 64, FAR_BITS = 20, MOMENT_BITS = 42 /* ns: an hour and more */ };

static const net_rule *rule_of(const net_conn *c) {
    return c->is_unix ? NULL : sn__net_rule(c->end[0].addr.ip, c->end[1].addr.ip);
}

/* ---- faults, drawn when a connection is made ---- */

/* Near the beginning each position is as likely as the others; farther, each order of magnitude. */
static uint64_t draw_position(void) {
    uint64_t r = sn__sim_world_random();
    if (r & 1) return (r >> 8) % NEAR;
    return (r >> 8) & (((uint64_t)1 << (r >> 1) % (FAR_BITS + 1)) - 1);
}

static void at_a_moment(sn__timer *t) {
    net_conn *c = SN__OF(t, net_conn, moment);
    sn__net_strike(c, c->moment_side, c->moment_fault);
}

static void plan_fault(net_conn *c, enum net_fault fault) {
    uint64_t r = sn__sim_world_random();
    int side = (int)(r & 1);
    if (r >> 1 & 3) {
        c->pipe[side].fault = (uint8_t)fault;
        c->pipe[side].cut = draw_position();
        return;
    }
    c->moment_fault = (uint8_t)fault;
    c->moment_side = (uint8_t)side;
    sn_time most = (sn_time)1 << (r >> 8) % (MOMENT_BITS + 1);
    c->moment.when = sn__sim_time() + sn__sim_draw_time(most);
    c->moment.fire = at_a_moment;
    sn__sim_at(&c->moment);
}

/* The link on which the dial goes says what becomes of a connection. */
static void draw_fate(net_conn *c) {
    uint64_t odd = sn__sim_world_random();
    c->pipe[0].chop = odd % CHOPPY == 0;
    c->pipe[1].chop = odd / CHOPPY % CHOPPY == 0;
    const net_rule *r = rule_of(c);
    if (!r) return;
    if (sn__sim_chance(r->link.reset))
        plan_fault(c, NET_RESETS);
    else if (sn__sim_chance(r->link.half_open))
        plan_fault(c, NET_FALLS_SILENT);
}

/* ---- made and freed ---- */

static void make_end(net_conn *c, int e, sn_host *h, net_addr addr) {
    net_end *x = &c->end[e];
    x->conn = c;
    x->host = h;
    x->addr = addr;
    x->until[0] = x->until[1] = SN_NEVER;
    sn__list_push(&sn__net_of(h)->ends, &x->of_host);
    sn__net_pipe_init(c, e);
}

static void take_apart(net_conn *c) {
    sn__sim_not(&c->moment);
    sn__net_pipe_end(&c->pipe[0]);
    sn__net_pipe_end(&c->pipe[1]);
}

static void free_conn(net_conn *c) {
    take_apart(c);
    sn__net_unbind(&c->bound);
    sn__list_del(&c->end[0].of_host);
    sn__list_del(&c->end[1].of_host);
    sn__list_del(&c->all);
    c->end[0].conn = sn__net.spare;
    sn__net.spare = c;
}

/* Nobody owns it, and no handshake that is under way will give it to anybody. */
static bool is_over(const net_conn *c) {
    uint8_t far = c->end[1].state;
    return c->end[0].state == NET_FREED &&
           (far == NET_FREED || far == NET_NONE || (far == NET_EMBRYO && !c->open));
}

void sn__net_release(net_conn *c, int e) {
    c->end[e].state = NET_FREED;
    if (is_over(c)) free_conn(c);
}

static void free_those_over(void) {
    for (sn__link *l; (l = sn__list_pop(&sn__net.over));) free_conn(SN__OF(l, net_conn, queue));
}

net_conn *sn__net_conn_new(sn_host *from, net_addr own, sn_host *to, net_addr there, bool is_unix) {
    free_those_over();
    net_conn *c = sn__net.spare;
    if (c)
        sn__net.spare = c->end[0].conn;
    else
        c = malloc(sizeof *c);
    if (!c) return NULL;
    memset(c, 0, sizeof *c);
    c->id = ++sn__net.conns;
    c->is_unix = is_unix;
    sn__list_push(&sn__net.all, &c->all);
    make_end(c, 0, from, own);
    make_end(c, 1, to, there);
    c->end[0].state = NET_OWNED;
    draw_fate(c);
    return c;
}

void sn__net_conns_end(void) {
    for (sn__link *l; (l = sn__list_pop(&sn__net.all));) {
        net_conn *c = SN__OF(l, net_conn, all);
        take_apart(c);
        free(c);
    }
    sn__list_init(&sn__net.over);
    for (net_conn *c = sn__net.spare, *next; c; c = next) {
        next = c->end[0].conn;
        free(c);
    }
    sn__net.spare = NULL;
}

/* ---- the handshake ---- */

/* As if unheard: the answer may be lost, and then the next try is refused too. */
static bool refuse(net_conn *c) {
    sn__sim_told("net.refuse", c->id, c->end[1].addr.port);
    sn__net_send_reset(c, 1);
    return false;
}

static struct sn_listener *listener_of(const net_conn *c) {
    if (c->is_unix) return c->via;
    return sn__net_listener(c->end[1].host, c->end[1].addr.ip, c->end[1].addr.port);
}

static bool syn_came(net_conn *c) {
    const sn_listener *l = listener_of(c);
    const net_rule *r = rule_of(c);
    if (!l || (r && sn__sim_chance(r->link.refuse))) return refuse(c);
    if (l->waiting >= NET_BACKLOG) return false;
    c->end[1].state = NET_EMBRYO;
    c->pipe[1].wrote = 1;
    sn__net_push(c, 1);
    return true;
}

static bool syn_ack_came(net_conn *c) {
    c->open = true;
    sn__sim_told("net.open", c->id, 0);
    sn__sim_wake(&c->end[0].wait[0]);
    c->pipe[0].wrote = 2;
    sn__net_push(c, 0);
    return true;
}

static bool ack_came(net_conn *c) {
    struct sn_listener *l = listener_of(c);
    if (!l) {
        sn__net_break_off(c, 1);
        return false;
    }
    if (l->waiting >= NET_BACKLOG) return false;
    c->end[1].state = NET_QUEUED;
    sn__net_enqueue(l, c);
    return true;
}

bool sn__net_opens(net_conn *c, int s, uint64_t at) {
    if (s) return syn_ack_came(c);
    return at ? ack_came(c) : syn_came(c);
}

/* ---- the end ---- */

/* The handshake is lost on the listener's side, and the dialer does not know it: its next try
 * begins from the beginning. */
static void begin_again(net_conn *c) {
    c->end[1].dead = false;
    c->end[1].state = NET_NONE;
    c->pipe[1].wrote = c->pipe[1].sent = c->pipe[1].arrived = c->pipe[1].acked = 0;
    c->pipe[1].tries = 0;
    c->pipe[0].sent = c->pipe[0].arrived = c->pipe[0].acked = 0;
    sn__net_try_later(c, 0);
}

void sn__net_kill(net_conn *c, int e, int err) {
    net_end *x = &c->end[e];
    if (x->dead) return;
    x->dead = true;
    x->err = err;
    sn__net_pipe_stop(&c->pipe[e]);
    if (x->state == NET_EMBRYO) {
        x->state = NET_NONE;
        if (!c->open && !c->end[0].dead && !c->pipe[1].queued) begin_again(c);
        if (is_over(c)) sn__list_push(&sn__net.over, &c->queue);
    }
    sn__sim_wake(&x->wait[0]);
    sn__sim_wake(&x->wait[1]);
}

void sn__net_break_off(net_conn *c, int e) {
    if (c->end[e].dead) return;
    sn__net_kill(c, e, 0);
    sn__net_drop_unsent(c, e);
    sn__net_send_reset(c, e);
}

void sn__net_reset_came(net_conn *c, int e) {
    int err = e == 0 && !c->open ? SN_ECONNREFUSED : SN_ECONNRESET;
    if (c->end[e].dead) return;
    sn__sim_told("net.reset.came", c->id * 2 + (uint64_t)e, 0);
    sn__net_kill(c, e, sn__net_over(c, e) ? SN_ECLOSED : err);
}

/* Marks it as closed and wakes who waits there. False: it was, or it is dead. */
static bool begin_close(net_conn *c, int e) {
    net_end *x = &c->end[e];
    if (x->closed) return false;
    x->closed = true;
    sn__sim_told("net.close", c->id * 2 + (uint64_t)e, c->pipe[e].wrote - c->pipe[e].lead);
    sn__sim_wake(&x->wait[0]);
    sn__sim_wake(&x->wait[1]);
    return !x->dead;
}

void sn__net_abort(net_conn *c, int e) {
    if (c->is_unix) sn__net_close(c, e); /* which know no resets */
    if (c->is_unix || !begin_close(c, e)) return;
    sn__net_break_off(c, e);
}

void sn__net_close(net_conn *c, int e) {
    net_pipe *p = &c->pipe[e];
    if (!begin_close(c, e)) return;
    if (sn__net_avail(c, e)) {
        sn__net_break_off(c, e);
    } else if (!p->fin) {
        p->fin = true;
        p->wrote++;
        sn__net_push(c, e);
    }
}
