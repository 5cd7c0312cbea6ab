/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* No memory, at every single site of an exchange in turn: the exchange may fail, with an error or
 * a 5xx; nothing hangs, and the next one is well. Linked with --wrap; with one P, so that what
 * fails is what the case does. */
#include <stdatomic.h>

#include "site.h"

static atomic_int fail_at = -1; /* so many allocations succeed, then one fails; -1: all succeed */

static int fails(void) {
    int left = atomic_load(&fail_at);
    if (left < 0) return 0;
    atomic_store(&fail_at, left - 1);
    return left == 0;
}

#define WRAP(type, name, params, args)                                                             \
    type __real_##name params;                                                                     \
    type __wrap_##name params;                                                                     \
    type __wrap_##name params { return fails() ? NULL : __real_##name args; }
WRAP(void *, malloc, (size_t n), (n))
WRAP(void *, calloc, (size_t n, size_t m), (n, m))
WRAP(void *, realloc, (void *p, size_t n), (p, n))
WRAP(char *, strdup, (const char *s), (s))

static site web;
static sn_http_mux *mux;

static void echo(sn_http_writer *w, sn_http_request *r, void *arg) {
    char *body;
    size_t n;
    (void)arg;
    if (sn_http_body_all(r, 100000, &body, &n)) return;
    sn_http_setf(w, "X-Query", "%s", sn_http_query(r, "q"));
    sn_http_write(w, body, n);
    for (int i = 0; i < 300; i++) sn_http_printf(w, "line %0300d of what comes back\n", i);
}

static int exchange_status(void) {
    static char body[9000];
    static const sn_http_pair header = {"X-Long", "a value"};
    sn_http_client *c;
    sn_http_response *r;
    sn_http_call call = {.size = sizeof call,
                         .method = "POST",
                         .target = "/echo/a%20b?q=1%202",
                         .headers = &header,
                         .header_count = 1,
                         .body = body,
                         .body_len = sizeof body,
                         .until = sn_now() + 10 * SN_SECOND};
    char *all;
    size_t n;
    memset(body, 'b', sizeof body);
    int rc = sn_http_client_dial(&c, "tcp", web.addr, NULL);
    if (rc) return rc;
    rc = sn_http_do(c, &call, &r);
    if (rc == 0) rc = sn_http_response_all(r, 1 << 20, &all, &n);
    if (rc == 0) rc = sn_http_response_status(r);
    sn_http_client_free(c);
    return rc;
}

static void test_exchanges(void) {
    CHECK_INT(exchange_status(), 200);
    int sites = 0, bad = 0;
    for (; sites < 500; sites++) {
        atomic_store(&fail_at, sites);
        int rc = exchange_status();
        int reached = atomic_exchange(&fail_at, -1) < 0;
        CHECK(rc != SN_ETIMEDOUT);
        CHECK(rc < 0 || rc == 200 || rc >= 500);
        CHECK_INT(exchange_status(), 200);
        bad += rc != 200;
        if (!reached) break;
    }
    CHECK(sites >= 8 && sites < 500);
    CHECK(bad >= sites / 2);
}

static void test_making(void) {
    for (int i = 0, done = 0; !done; i++) {
        sn_http_server *s = NULL;
        atomic_store(&fail_at, i);
        sn_http_mux *m = sn_http_mux_new();
        int rc = m ? sn_http_handle(m, "GET /a/{b}/{c...}", echo, NULL) : SN_ENOMEM;
        if (rc == 0) rc = sn_http_server_new(&s, sn_http_mux_serve, m, NULL);
        done = atomic_exchange(&fail_at, -1) >= 0;
        CHECK_INT(rc, done ? 0 : SN_ENOMEM);
        sn_http_server_free(s);
        sn_http_mux_free(m);
    }
}

static int app(void *arg) {
    (void)arg;
    mux = sn_http_mux_new();
    MUST(mux && sn_http_handle(mux, "POST /echo/{x}", echo, NULL) == 0);
    site_start(&web, sn_http_mux_serve, mux, NULL);
    CASE(test_exchanges);
    CASE(test_making);
    CHECK_INT(site_stop(&web), 0);
    sn_http_mux_free(mux);
    return check_done();
}

int main(void) { return sn_run(app, NULL, NULL); }
