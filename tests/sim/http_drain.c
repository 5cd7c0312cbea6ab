/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* http-drain: the server begins to drain at the very instant at which many answers leave. Each is
 * whole, and the drain waits for nobody who has his answer. */
#include "http.h"

#include <stdio.h>

enum { VISITORS = 5, LONGEST = 1000 };

typedef struct drain {
    site s;
    sn_time gong; /* answers leave */
    sn_wg over;
} drain;

static void answer(sn_http_writer *w, sn_http_request *r, void *arg) {
    const drain *d = ((site *)arg)->more;
    char page[PAGE_MAX];
    (void)r;
    if (sn_sleep_until(d->gong)) return;
    http_page_fill(1, page);
    sn_http_reply(w, 200, "text/plain", page, http_page_len(1));
}

static int visit(void *arg) {
    drain *d = arg;
    sn_http_client *c;
    sn_http_call call = {.size = sizeof call, .target = "/"};
    sn_http_response *r;
    char *text;
    size_t n;
    OK(sn_http_client_dial(&c, "tcp", SITE_ADDR, NULL));
    OK(sn_http_do(c, &call, &r));
    OK(sn_http_response_all(r, PAGE_MAX, &text, &n));
    http_page_check(1, text, n, "an answer");
    OK(sn_wg_wait(&d->over)); /* the connection stays open */
    sn_http_client_free(c);
    return 0;
}

static int visitors_main(void *arg) {
    sn_scope all;
    sn_scope_enter(&all, SN_NEVER);
    for (int i = 0; i < VISITORS; i++) OK(sn_go(visit, *(drain **)arg, 0));
    return sn_scope_leave(&all);
}

int http_drain(void *arg) {
    static drain d;
    drain *at = &d;
    sn_link link = {.size = sizeof link, .latency = MS};
    (void)arg;
    d = (drain){.s = {.answer = answer, .life = 50 * MS, .drain = 30 * SN_SECOND, .more = &d}};
    OK(sn_sim_link("*", "*", &link));
    d.gong = sn_now() + d.s.life;
    sn_wg_add(&d.over, 1);
    http_site_open(&d.s);
    OK(sn_host_start(d.s.clients, visitors_main, &at, sizeof at));
    http_site_close(&d.s);
    HOLD(d.s.drained == 0, "the drain ended with %s", sn_errname(d.s.drained));
    HOLD(sn_now() <= d.gong + LONGEST * MS, "the drain took %lld ms",
         (long long)((sn_now() - d.gong) / MS));
    sn_wg_done(&d.over);
    int rc;
    OK(sn_host_wait(d.s.clients, &rc));
    OK(rc);
    return 0;
}
