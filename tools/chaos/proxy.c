/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A link between live processes: who wants to reach the other end dials the listener here, and what
 * it sends is forwarded. Each direction has a reader, which notes when what it read is due, and a
 * writer, which waits for that, for a partition to heal, and for what the faults take besides.
 *
 *     dialer --reader--> queue --writer--> target          and the same back
 *
 * All that belongs to a connection runs in one scope: the first of them that fails ends it, and a
 * reset of one side becomes a reset of the other.
 */
#include <stdlib.h>
#include <string.h>

#include <sennit/chan.h>

#include "chaos.h"

enum { CHUNK = 16384, QUEUE = 64 };
#define RETRY (200 * SN_MILLISECOND)      /* what the first loss of a packet costs a stream */
#define RETRY_MAX (3200 * SN_MILLISECOND) /* … and the later ones at most */
#define DIAL_TIME (10 * SN_SECOND)
#define STRIKE_TIME (500 * SN_MILLISECOND) /* within which a connection that is to break does */

/** What was read at once; n is 0 at the end of the stream. */
typedef struct chunk {
    sn_time due;
    size_t n;
    char *bytes;
} chunk;

typedef struct proxy_conn {
    struct proxy_conn *next, *before;
    chaos_link *link;
    sn_conn *end[2]; /* the dialer's, the target's */
    sn_chan queue[2];
    bool broken;    /* reset by a fault */
    bool silent[2]; /* nothing comes through in this direction any more */
} proxy_conn;

/** One direction of a connection. */
typedef struct stream {
    proxy_conn *p;
    unsigned way;
} stream;

static void drop_chunk(void *value) { free(((chunk *)value)->bytes); }

static chaos_way way_now(proxy_conn *p, unsigned way) {
    sn_lock(&p->link->lock);
    chaos_way w = p->link->way[way];
    sn_unlock(&p->link->lock);
    return w;
}

/* ---- reading ---- */

static int read_chunk(const stream *s, chunk *k) {
    char buf[CHUNK / 4];
    int rc = sn_read(s->p->end[s->way], buf, sizeof buf, &k->n);
    if (rc) return rc;
    k->bytes = k->n ? malloc(k->n) : NULL;
    if (k->n && !k->bytes) return SN_ENOMEM;
    if (k->n) memcpy(k->bytes, buf, k->n);
    chaos_way w = way_now(s->p, s->way);
    k->due = sn_now() + w.delay + link_draw(w.jitter);
    return 0;
}

static int reader(void *arg) {
    const stream *s = arg;
    for (;;) {
        chunk k = {0};
        int rc = read_chunk(s, &k);
        if (rc) return rc;
        bool end = k.n == 0;
        rc = sn_send(&s->p->queue[s->way], &k);
        if (rc) drop_chunk(&k);
        if (rc || end) return rc;
    }
}

/* ---- writing ---- */

/** Waits while nothing passes. */
static int wait_open(proxy_conn *p, unsigned way) {
    int rc = 0;
    sn_lock(&p->link->lock);
    while (rc == 0 && !p->broken && (p->link->way[way].down || p->silent[way])) {
        rc = sn_cond_wait(&p->link->changed, &p->link->lock, SN_NEVER);
    }
    if (p->broken) rc = SN_ECONNRESET;
    sn_unlock(&p->link->lock);
    return rc;
}

/** What losses and a narrow link cost n bytes. */
static int pay(proxy_conn *p, unsigned way, size_t n) {
    chaos_way w = way_now(p, way);
    sn_time cost = w.rate ? (sn_time)((double)n * 1e9 / (double)w.rate) : 0;
    for (sn_time retry = RETRY; retry <= RETRY_MAX && link_chance(w.loss); retry *= 2) {
        cost += retry;
    }
    return cost ? sn_sleep(cost) : 0;
}

static int write_chunk(const stream *s, const chunk *k) {
    sn_conn *to = s->p->end[!s->way];
    size_t done;
    int rc = sn_sleep_until(k->due);
    if (rc == 0) rc = wait_open(s->p, s->way);
    if (rc == 0) rc = pay(s->p, s->way, k->n);
    if (rc) return rc;
    return k->n ? sn_write(to, k->bytes, k->n, &done) : sn_shutdown_write(to);
}

static int writer(void *arg) {
    const stream *s = arg;
    for (;;) {
        chunk k;
        int rc = sn_recv(&s->p->queue[s->way], &k);
        if (rc) return rc;
        rc = write_chunk(s, &k);
        bool end = k.n == 0;
        drop_chunk(&k);
        if (rc || end) return rc;
    }
}

/* ---- a connection ---- */

/** Breaks the connection after a moment. */
static int strike(void *arg) {
    (void)arg;
    int rc = sn_sleep(link_draw(STRIKE_TIME));
    return rc ? rc : SN_ECONNRESET;
}

static int dial_target(proxy_conn *p) {
    sn_scope s;
    sn_conn *c;
    int rc = wait_open(p, 0);
    if (rc) return rc;
    sn_scope_enter(&s, sn_now() + DIAL_TIME);
    rc = sn_dial(&c, "tcp", p->link->target);
    int left = sn_scope_leave(&s);
    sn_lock(&p->link->lock);
    p->end[1] = c;
    if (p->broken) rc = SN_ECONNRESET;
    sn_unlock(&p->link->lock);
    return rc ? rc : left;
}

static int forward(proxy_conn *p) {
    int rc = dial_target(p);
    for (unsigned way = 0; way < 2 && rc == 0; way++) {
        stream s = {p, way};
        rc = sn_go(reader, &s, sizeof s);
        if (rc == 0) rc = sn_go(writer, &s, sizeof s);
    }
    return rc;
}

/** What the faults have drawn for a connection that begins now. */
static int draw_fate(proxy_conn *p) {
    chaos_way a = way_now(p, 0), b = way_now(p, 1);
    if (link_chance(a.half_open > b.half_open ? a.half_open : b.half_open)) {
        p->silent[link_chance(500000)] = true;
    }
    if (!link_chance(a.reset > b.reset ? a.reset : b.reset)) return 0;
    return sn_go(strike, NULL, 0);
}

static void join(proxy_conn *p) {
    chaos_link *l = p->link;
    sn_lock(&l->lock);
    p->next = l->conns;
    if (l->conns) l->conns->before = p;
    l->conns = p;
    sn_unlock(&l->lock);
}

static void part(proxy_conn *p) {
    chaos_link *l = p->link;
    sn_lock(&l->lock);
    if (p->before) p->before->next = p->next;
    if (!p->before) l->conns = p->next;
    if (p->next) p->next->before = p->before;
    l->conns_n--;
    sn_unlock(&l->lock);
}

static int queues_make(proxy_conn *p) {
    if (sn_chan_init(&p->queue[0], sizeof(chunk), QUEUE, NULL, drop_chunk)) return SN_ENOMEM;
    if (sn_chan_init(&p->queue[1], sizeof(chunk), QUEUE, NULL, drop_chunk)) {
        sn_chan_free(&p->queue[0]);
        return SN_ENOMEM;
    }
    return 0;
}

static int run(void *arg) {
    proxy_conn *p = *(proxy_conn **)arg;
    sn_scope s;
    sn_scope_enter(&s, SN_NEVER);
    int rc = draw_fate(p);
    if (rc == 0) rc = forward(p);
    if (rc) sn_scope_cancel(&s, rc);
    int left = sn_scope_leave(&s);
    part(p);
    if (rc || left) {
        sn_reset(p->end[0]);
        sn_reset(p->end[1]);
    }
    sn_conn_free(p->end[0]);
    sn_conn_free(p->end[1]);
    sn_chan_free(&p->queue[0]);
    sn_chan_free(&p->queue[1]);
    free(p);
    return 0; /* its trouble is none of the others' */
}

/* ---- the listener ---- */

static bool take_place(chaos_link *l) {
    sn_lock(&l->lock);
    bool room = l->conns_n < CHAOS_CONNS_MAX;
    l->conns_n += room;
    bool refused =
        link_chance(l->way[0].refuse > l->way[1].refuse ? l->way[0].refuse : l->way[1].refuse);
    if (room && refused) l->conns_n--;
    sn_unlock(&l->lock);
    return room && !refused;
}

static int begin(chaos_link *l, sn_conn *c) {
    proxy_conn *p = take_place(l) ? calloc(1, sizeof *p) : NULL;
    if (!p) {
        sn_reset(c);
        sn_conn_free(c);
        return 0;
    }
    p->link = l;
    p->end[0] = c;
    int rc = queues_make(p);
    if (rc == 0) {
        join(p);
        rc = sn_go(run, &p, sizeof p);
        if (rc == 0) return 0;
        part(p);
        sn_chan_free(&p->queue[0]);
        sn_chan_free(&p->queue[1]);
    }
    sn_conn_free(c);
    free(p);
    return rc;
}

int proxy_listen(chaos_link *l) { return sn_listen(&l->listener, "tcp", l->listen); }

int proxy_serve(void *arg) {
    chaos_link *l = *(chaos_link **)arg;
    sn_conn *c;
    int rc;
    do {
        rc = sn_accept(l->listener, &c);
        if (rc == SN_EMFILE || rc == SN_ENOMEM)
            rc = sn_sleep(100 * SN_MILLISECOND);
        else if (rc == 0)
            rc = begin(l, c);
    } while (rc == 0);
    return rc;
}

uint32_t proxy_reset_all(chaos_link *l) {
    uint32_t n = 0;
    sn_lock(&l->lock);
    for (proxy_conn *p = l->conns; p; p = p->next, n++) {
        p->broken = true;
        sn_reset(p->end[0]);
        sn_reset(p->end[1]);
    }
    sn_cond_broadcast(&l->changed);
    sn_unlock(&l->lock);
    return n;
}
