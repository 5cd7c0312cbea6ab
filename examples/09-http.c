/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An HTTP server with one route, and a client that asks it once. Handlers look blocking. */
#include <sennit/http.h>
#include <sennit/sennit.h>
#include <stdio.h>

static void hello(sn_http_writer *w, sn_http_request *r, void *arg) {
    (void)arg;
    sn_http_printf(w, "hello, %s", sn_http_value(r, "name"));
}

typedef struct site {
    sn_http_server *server;
    sn_listener *listener;
} site;

static int serve(void *arg) {
    site *s = (site *)arg;
    return sn_http_serve(s->server, s->listener);
}

static int ask(const char *addr) {
    sn_http_client *c;
    sn_http_response *answer;
    char *body;
    size_t n;
    int rc = sn_http_client_dial(&c, "tcp", addr, NULL);
    if (rc) return rc;
    sn_http_call call = {.size = sizeof call, .target = "/hello/world"};
    rc = sn_http_do(c, &call, &answer);
    if (!rc) rc = sn_http_response_all(answer, 4096, &body, &n);
    if (!rc) printf("%d %s\n", sn_http_response_status(answer), body);
    sn_http_client_free(c);
    return rc;
}

static int app(void *arg) {
    (void)arg;
    site s;
    char addr[64];
    sn_http_mux *mux = sn_http_mux_new();
    if (!mux) return SN_ENOMEM;
    int rc = sn_http_handle(mux, "GET /hello/{name}", hello, NULL);
    if (!rc) rc = sn_http_server_new(&s.server, sn_http_mux_serve, mux, NULL);
    if (!rc) rc = sn_listen(&s.listener, "tcp", "127.0.0.1:0");
    if (rc || (rc = sn_listener_addr(s.listener, addr, sizeof addr)) < 0) return rc;
    sn_scope scope;
    sn_scope_enter(&scope, sn_now() + 10 * SN_SECOND);
    rc = sn_go(serve, &s, sizeof s);
    if (!rc) rc = ask(addr);
    int drained = sn_http_shutdown(s.server, sn_now() + SN_SECOND);
    int left = sn_scope_leave(&scope);
    sn_listener_free(s.listener);
    sn_http_server_free(s.server);
    sn_http_mux_free(mux);
    return rc ? rc : drained ? drained : left;
}

SN_MAIN(app)
