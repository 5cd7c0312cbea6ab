/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the hello servers do: one route, a short body, nothing turned off. */
#include "hello.h"

#include <sennit/http.h>
#include <sennit/sennit.h>

static void say_hello(sn_http_writer *w, sn_http_request *r, void *arg) {
    (void)r, (void)arg;
    sn_http_reply(w, 200, "text/plain", "Hello, World!", 13);
}

int hello_serve(const char *addr) {
    sn_http_server *s = NULL;
    sn_http_mux *m = sn_http_mux_new();
    sn_listener *l = NULL;
    if (!m) return SN_ENOMEM;
    int rc = sn_http_handle(m, "/", say_hello, NULL);
    if (!rc) rc = sn_http_server_new(&s, sn_http_mux_serve, m, NULL);
    if (!rc) rc = sn_listen(&l, "tcp", addr);
    if (!rc) rc = sn_http_serve(s, l);
    if (l) sn_listener_free(l);
    if (s) sn_http_server_free(s);
    sn_http_mux_free(m);
    return rc;
}
