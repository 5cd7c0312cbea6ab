/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* http-exchange: clients that keep their connections and lose patience, a server that answers at
 * once, late or in pieces, and drains in the middle of it. Each answer is that of its request, and
 * whole; nothing fails without a reason. Some answers are not read to their end. Times are whole
 * milliseconds, so that things meet. */
#include "http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VISITORS = 3, REQUESTS = 4, SLOWEST = 20 };

typedef struct visitor {
    site *s;
    sn_wg *over; /* the server is down */
    sn_http_client *client;
    unsigned id;   /* of the next page */
    sn_time until; /* of this exchange */
    size_t sent;   /* of the body of a POST */
} visitor;

static sn_time some_ms(unsigned most) { return (sn_time)sn_sim_draw(most + 1) * MS; }

/* ---- the server */

static unsigned id_of(sn_http_request *r) {
    return (unsigned)strtoul(strrchr(sn_http_path(r), '/') + 1, NULL, 10);
}

/* In two pieces, with a wait between them. */
static void answer_pieces(sn_http_writer *w, const char *page, size_t n) {
    if (one_in(2)) sn_http_setf(w, "Content-Length", "%zu", n);
    sn_http_write(w, page, n / 2);
    sn_http_flush(w);
    if (sn_sleep(some_ms(SLOWEST))) return;
    sn_http_write(w, page + n / 2, n - n / 2);
}

static void answer(sn_http_writer *w, sn_http_request *r, void *arg) {
    char page[PAGE_MAX + 1], *body;
    unsigned id = id_of(r);
    size_t n;
    (void)arg;
    if (!strncmp(sn_http_path(r), "/keep/", 6)) {
        if (sn_http_body_all(r, PAGE_MAX, &body, &n)) return;
        http_page_check(id, body, n, "the body of a request");
    }
    http_page_fill(id, page);
    if (!one_in(3) && sn_sleep(some_ms(SLOWEST))) return;
    if (one_in(2))
        answer_pieces(w, page, http_page_len(id));
    else
        sn_http_reply(w, 200, "text/plain", page, http_page_len(id));
}

/* ---- the clients */

/* The source of a body that comes in pieces. */
static int next_piece(void *arg, void *buf, size_t n, size_t *done) {
    visitor *v = arg;
    char page[PAGE_MAX + 1];
    size_t left = http_page_len(v->id) - v->sent;
    int rc = one_in(2) ? sn_sleep(some_ms(2)) : 0;
    if (rc) return rc;
    if (n > left) n = left;
    if (n > 1 && one_in(2)) n = 1 + (size_t)sn_sim_draw(n);
    http_page_fill(v->id, page);
    memcpy(buf, page + v->sent, n);
    v->sent += n;
    *done = n;
    return 0;
}

static void check_error(const visitor *v, int rc) {
    if (v->s->faults || v->s->ending) return;
    if (rc == SN_ETIMEDOUT && v->until && sn_now() >= v->until) return;
    sn_sim_fail("request %u failed for no reason: %s", v->id, sn_errname(rc));
}

static int exchange(visitor *v) {
    static const char *const targets[] = {"/page/", "/keep/", "/drop/"};
    char target[32], *text;
    size_t n;
    unsigned kind = (unsigned)sn_sim_draw(3);
    sn_http_response *r;
    snprintf(target, sizeof target, "%s%u", targets[kind], v->id);
    sn_http_call call = {.size = sizeof call, .target = target, .until = v->until};
    if (kind) {
        v->sent = 0;
        call.method = "POST";
        call.body_read = next_piece;
        call.body_arg = v;
        call.body_length = one_in(2) ? (int64_t)http_page_len(v->id) : -1;
    }
    int rc = sn_http_do(v->client, &call, &r);
    if (rc) return rc;
    if (sn_http_response_status(r) == 200 && one_in(4)) return 0; /* the rest is for nobody */
    rc = sn_http_response_all(r, PAGE_MAX, &text, &n);
    if (rc) return rc;
    if (v->s->ending && sn_http_response_status(r) == 503) return SN_ECLOSED;
    HOLD(sn_http_response_status(r) == 200, "request %u: status %d: %.*s", v->id,
         sn_http_response_status(r), (int)n, text);
    http_page_check(v->id, text, n, "an answer");
    return 0;
}

static void visit_once(visitor *v) {
    v->until = v->s->faults || one_in(3) ? sn_now() + some_ms(SLOWEST) + MS : 0;
    int rc = 0;
    if (!v->client) rc = sn_http_client_dial(&v->client, "tcp", SITE_ADDR, NULL);
    if (!rc) rc = exchange(v);
    if (rc) check_error(v, rc);
    if (v->client && !sn_http_client_reusable(v->client)) {
        sn_http_client_free(v->client);
        v->client = NULL;
    }
    v->id++;
}

static int visit(void *arg) {
    visitor *v = arg;
    for (int i = 0; i < REQUESTS && !v->s->ending; i++) {
        visit_once(v);
        if (one_in(2)) OK(sn_sleep(some_ms(SLOWEST)));
    }
    OK(sn_wg_wait(v->over)); /* what is idle stays open */
    sn_http_client_free(v->client);
    return 0;
}

static int visitors_main(void *arg) {
    visitor *v = *(visitor **)arg;
    sn_scope all;
    sn_scope_enter(&all, SN_NEVER);
    for (int i = 0; i < VISITORS; i++) OK(sn_go(visit, &v[i], 0));
    return sn_scope_leave(&all);
}

/* Each draw is a statement of its own: the order within an expression is the compiler's. */
static void set_link(site *s) {
    sn_link link = {.size = sizeof link};
    link.latency = some_ms(2);
    if (one_in(2)) link.jitter = some_ms(2);
    if (one_in(2)) link.bandwidth = 1000000;
    if (s->faults) {
        link.loss = 20000;
        link.reset = 100000;
        link.half_open = 20000;
    }
    OK(sn_sim_link("*", "*", &link));
}

int http_exchange(void *arg) {
    site s = {.answer = answer};
    sn_wg over = {{0}};
    visitor v[VISITORS], *first = v;
    (void)arg;
    s.faults = one_in(3);
    s.life = MS * (20 + (sn_time)sn_sim_draw(100));
    s.drain = one_in(2) ? 30 * SN_SECOND : some_ms(SLOWEST);
    set_link(&s);
    http_site_open(&s);
    sn_wg_add(&over, 1);
    for (unsigned i = 0; i < VISITORS; i++)
        v[i] = (visitor){.s = &s, .over = &over, .id = 1000 * i};
    OK(sn_host_start(s.clients, visitors_main, &first, sizeof first));
    http_site_close(&s);
    sn_wg_done(&over);
    int rc;
    OK(sn_host_wait(s.clients, &rc));
    OK(rc);
    HOLD(s.drained == 0 || s.faults || s.drain < 30 * SN_SECOND, "the drain ended with %s",
         sn_errname(s.drained));
    return 0;
}
