/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The hosts and pages of http.h. */
#include "http.h"

static int serve(void *arg) {
    void **with = arg;
    return sn_http_serve(with[0], with[1]);
}

/* Runs on the server's host: a listener, a server, a drain after a while. */
static int site_main(void *arg) {
    site *s = *(site **)arg;
    sn_listener *l;
    OK(sn_listen(&l, "tcp", SITE_ADDR));
    sn_wg_done(&s->listening);
    OK(sn_http_server_new(&s->http, s->answer, s, &s->conf));
    void *with[2] = {s->http, l};
    sn_scope_enter(&s->serving, SN_NEVER);
    OK(sn_go(serve, with, sizeof with));
    OK(sn_sleep(s->life));
    s->ending = 1;
    s->drained = sn_http_shutdown(s->http, sn_now() + s->drain);
    OK(sn_scope_leave(&s->serving));
    sn_listener_free(l);
    sn_http_server_free(s->http);
    return 0;
}

void http_site_open(site *s) {
    OK(sn_host_new(&s->server, "server", "10.0.0.1"));
    OK(sn_host_new(&s->clients, "clients", "10.0.1.0/24"));
    s->conf.size = sizeof s->conf;
    sn_wg_add(&s->listening, 1);
    OK(sn_host_start(s->server, site_main, &s, sizeof s));
    OK(sn_wg_wait(&s->listening));
}

void http_site_close(site *s) {
    int rc;
    OK(sn_host_wait(s->server, &rc));
    OK(rc);
}

size_t http_page_len(unsigned id) { return 1 + id * 7919u % PAGE_MAX; }

void http_page_fill(unsigned id, char *buf) {
    size_t n = http_page_len(id);
    for (size_t i = 0; i < n; i++) buf[i] = (char)('a' + (id + i) % 26);
}

void http_page_check(unsigned id, const char *buf, size_t n, const char *where) {
    HOLD(n == http_page_len(id), "%s: page %u has %zu bytes, not %zu", where, id, n,
         http_page_len(id));
    for (size_t i = 0; i < n; i++)
        HOLD(buf[i] == (char)('a' + (id + i) % 26), "%s: not page %u from byte %zu on", where, id,
             i);
}
