/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Accepting, counting, draining. */
#include "http/server.h"

#include <stdlib.h>
#include <string.h>

#include <sennit/time.h>

#define RETRY (10 * SN_MILLISECOND) /* after an accept that failed for want of something */

static void defaults(sn_http_conf *c) {
#define DEFAULT(field, value)                                                                      \
    if (!c->field) c->field = (value)
    DEFAULT(line_max, 8192);
    DEFAULT(head_max, 16384);
    DEFAULT(header_count_max, 100);
    DEFAULT(body_max, 1048576);
    DEFAULT(head_time, 10 * SN_SECOND);
    DEFAULT(body_time, 30 * SN_SECOND);
    DEFAULT(body_rate, 256);
    DEFAULT(write_time, 30 * SN_SECOND);
    DEFAULT(idle_time, 75 * SN_SECOND);
    DEFAULT(handler_time, SN_NEVER);
    DEFAULT(conn_max, 100000);
    DEFAULT(conn_requests_max, 1000000);
#undef DEFAULT
}

#define TIME_MAX (1000000 * SN_SECOND)
static int time_ok(sn_time t) { return t > 0 && t <= TIME_MAX; }

static int in_range(const sn_http_conf *c) {
    return c->line_max >= 64 && c->head_max >= c->line_max && c->head_max <= 1048576 &&
           c->header_count_max <= 10000 && time_ok(c->head_time) && time_ok(c->body_time) &&
           time_ok(c->write_time) && time_ok(c->idle_time) && c->body_rate <= 1000000000 &&
           (c->handler_time == SN_NEVER || time_ok(c->handler_time)) &&
           (!c->server || strlen(c->server) <= 256);
}

int sn_http_server_new(sn_http_server **out, sn_http_fn fn, void *arg, const sn_http_conf *conf) {
    if (conf && conf->size != sizeof *conf) return SN_EINVAL;
    sn_http_server *s = calloc(1, sizeof *s);
    if (!s) return SN_ENOMEM;
    if (conf) s->conf = *conf;
    s->handler = (sn_http_handler){fn, arg};
    defaults(&s->conf);
    if (!in_range(&s->conf)) {
        free(s);
        return SN_EINVAL;
    }
    *out = s;
    return 0;
}

void sn_http_server_free(sn_http_server *s) { free(s); }

int sn_http_draining(const sn_http_server *s) { return atomic_load(&s->draining); }

/* Closes a connection that waits for a request, if it still does. With the lock held. */
static int close_idle(sn__conn *c) {
    int idle = SN__CONN_IDLE;
    if (!atomic_compare_exchange_strong(&c->state, &idle, SN__CONN_CLOSING)) return 0;
    sn_close(c->net);
    return 1;
}

int sn__server_enter(sn_http_server *s, sn__conn *c) {
    sn_lock(&s->lock);
    int rc = sn_http_draining(s) ? SN_ECLOSED : 0;
    if (rc == 0) {
        c->next = s->conns;
        if (s->conns)
            s->conns->prev = c;
        else
            s->oldest = c;
        s->conns = c;
        s->accepted++;
    }
    sn_unlock(&s->lock);
    return rc;
}

static void give_place(sn_http_server *s) {
    sn_lock(&s->lock);
    s->places--;
    if (s->waiters) sn_cond_broadcast(&s->changed);
    sn_unlock(&s->lock);
}

static void add_counters(sn__counters *sum, const sn__counters *c) {
    sn__count(&sum->requests, c->requests);
    for (size_t i = 0; i < 6; i++) sn__count(&sum->status[i], c->status[i]);
    sn__count(&sum->malformed, c->malformed);
    sn__count(&sum->timeouts, c->timeouts);
    sn__count(&sum->bytes_in, c->bytes_in);
    sn__count(&sum->bytes_out, c->bytes_out);
}

void sn__server_leave(sn_http_server *s, sn__conn *c) {
    sn_lock(&s->lock);
    *(c->prev ? &c->prev->next : &s->conns) = c->next;
    *(c->next ? &c->next->prev : &s->oldest) = c->prev;
    add_counters(&s->ended, &c->count);
    sn_unlock(&s->lock);
}

/* Closes the oldest connection that waits for a request; if none does, the next that would.
 * With the lock held: a connection says that it is idle, then looks at `wanted`. */
static void evict(sn_http_server *s) {
    atomic_store(&s->wanted, 1);
    for (sn__conn *c = s->oldest; c; c = c->prev)
        if (close_idle(c)) {
            atomic_store(&s->wanted, 0);
            s->evicted++;
            return;
        }
}

int sn__server_wants_place(sn_http_server *s) {
    if (!atomic_load(&s->wanted)) return 0;
    sn_lock(&s->lock);
    int wanted = atomic_exchange(&s->wanted, 0);
    s->evicted += (unsigned)wanted;
    sn_unlock(&s->lock);
    return wanted;
}

static int wait_changed(sn_http_server *s, sn_time until) {
    s->waiters++;
    int rc = sn_cond_wait(&s->changed, &s->lock, until);
    s->waiters--;
    return rc;
}

/* Takes a place for one more connection; waits until there is one. */
static int take_place(sn_http_server *s) {
    int rc = 0;
    sn_lock(&s->lock);
    while (rc == 0 && s->places >= s->conf.conn_max && !sn_http_draining(s)) {
        evict(s);
        rc = wait_changed(s, SN_NEVER);
    }
    if (rc == 0) s->places++;
    /* Whatever had run out is to be had again: nobody need go for it any more, least of all who has
     * just come and is about to wait for its first request. */
    if (rc == 0 && s->places < s->conf.conn_max) atomic_store(&s->wanted, 0);
    sn_unlock(&s->lock);
    return rc;
}

typedef struct conn_args {
    sn_http_server *server;
    sn_conn *net;
} conn_args;

static int conn_main(void *arg) {
    conn_args *a = arg;
    sn__conn_run(a->server, a->net);
    give_place(a->server);
    return 0;
}

/* Descriptors or memory are out: an idle connection gives its own back. */
static int wait_relief(sn_http_server *s) {
    sn_lock(&s->lock);
    evict(s);
    sn_unlock(&s->lock);
    return sn_sleep(RETRY);
}

static int passes(int rc) {
    return rc == SN_EMFILE || rc == SN_ENOMEM || rc == SN_ECONNABORTED || rc == SN_EAGAIN ||
           rc == SN_EPROTO || rc == SN_EPERM;
}

static int accept_one(sn_http_server *s, sn_listener *l, sn_scope *scope) {
    sn_attr attr = {.size = sizeof attr,
                    .stack = s->conf.stack,
                    .name = "http connection",
                    .flags = s->conf.flags};
    conn_args a = {s, NULL};
    int rc = sn_accept(l, &a.net);
    if (rc) return passes(rc) ? wait_relief(s) : rc;
    rc = take_place(s);
    if (rc == 0) {
        rc = sn_scope_go(scope, &attr, conn_main, &a, sizeof a);
        if (rc == 0) return 0;
        give_place(s);
    }
    sn_conn_free(a.net);
    return passes(rc) ? wait_relief(s) : rc;
}

static int serving_add(sn_http_server *s, sn__serving *me) {
    sn_lock(&s->lock);
    int draining = sn_http_draining(s);
    me->next = s->serving;
    if (!draining) s->serving = me;
    sn_unlock(&s->lock);
    return draining;
}

static void serving_remove(sn_http_server *s, sn__serving *me) {
    sn_lock(&s->lock);
    for (sn__serving **at = &s->serving; *at; at = &(*at)->next)
        if (*at == me) {
            *at = me->next;
            break;
        }
    sn_unlock(&s->lock);
}

/* Who called sn_http_shutdown may still be on its way out: the server is not to be freed before. */
static void wait_shutdowns(sn_http_server *s) {
    uint32_t was = sn_shield(1);
    sn_lock(&s->lock);
    while (s->shutdowns) {
        int rc = wait_changed(s, SN_NEVER);
        (void)rc; /* shielded and without a deadline: a change */
    }
    sn_unlock(&s->lock);
    sn_shield(was);
}

int sn_http_serve(sn_http_server *s, sn_listener *l) {
    sn__serving me = {NULL, l};
    sn_scope scope;
    int rc;
    if (serving_add(s, &me)) return 0;
    sn_scope_enter(&scope, SN_NEVER);
    do rc = accept_one(s, l, &scope);
    while (rc == 0 && !sn_http_draining(s));
    serving_remove(s, &me);
    if (sn_http_draining(s)) rc = 0;
    if (rc) sn_scope_cancel(&scope, rc);
    int late = sn_scope_leave(&scope);
    wait_shutdowns(s);
    return rc ? rc : late;
}

int sn_http_serve_conn(sn_http_server *s, sn_conn *c) {
    int rc = take_place(s);
    if (rc) {
        sn_conn_free(c);
        return rc;
    }
    sn__conn_run(s, c);
    give_place(s);
    return 0;
}

/* No more is accepted, and who waits for a request is closed. With the lock held. */
static void drain_begin(sn_http_server *s) {
    atomic_store(&s->draining, 1);
    for (sn__serving *x = s->serving; x; x = x->next) sn_listener_close(x->listener);
    for (sn__conn *c = s->conns; c; c = c->next) close_idle(c);
    sn_cond_broadcast(&s->changed); /* for take_place */
}

int sn_http_shutdown(sn_http_server *s, sn_time until) {
    uint32_t was = sn_shield(1);
    int late = 0;
    sn_lock(&s->lock);
    s->shutdowns++;
    drain_begin(s);
    while (s->places && !late) late = wait_changed(s, until) == SN_ETIMEDOUT && s->places;
    if (late)
        for (sn__conn *c = s->conns; c; c = c->next) sn_scope_cancel(&c->scope, SN_ECANCELED);
    while (s->places) {
        int rc = wait_changed(s, SN_NEVER);
        (void)rc; /* shielded and without a deadline: a change */
    }
    s->shutdowns--;
    sn_cond_broadcast(&s->changed);
    sn_unlock(&s->lock);
    sn_shield(was);
    return late ? SN_ETIMEDOUT : 0;
}

void sn_http_get_stats(const sn_http_server *server, sn_http_stats *st) {
    sn_http_server *s = (sn_http_server *)(uintptr_t)server; /* for its lock */
    sn__counters sum = {0};
    uint32_t idle = 0, open = 0;
    if (st->size != sizeof *st) return;
    sn_lock(&s->lock);
    add_counters(&sum, &s->ended);
    for (const sn__conn *c = s->conns; c; c = c->next) {
        add_counters(&sum, &c->count);
        idle += atomic_load(&c->state) == SN__CONN_IDLE;
        open++;
    }
    st->connections = open;
    st->accepted = s->accepted;
    st->evicted = s->evicted;
    sn_unlock(&s->lock);
    st->idle = idle;
    st->requests = sum.requests;
    for (size_t i = 0; i < 6; i++) st->status[i] = sum.status[i];
    st->malformed = sum.malformed;
    st->timeouts = sum.timeouts;
    st->bytes_in = sum.bytes_in;
    st->bytes_out = sum.bytes_out;
}
