/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* TLS of the listeners: see server_tls.h. */
#include "server_tls.h"

#include <string.h>

int server_tls_open(struct server_tls *t, const struct serve_conf *c, fleet_err *err) {
    char why[200];
    sn_tls_options o = {
        .size = sizeof o, .cert_file = c->tls_cert, .key_file = c->tls_key, .alpn = "http/1.1"};
    if (!c->tls_cert[0]) return 0;
    int rc = sn_tls_conf_new(&t->conf[APP_OPERATORS], &o, why, sizeof why);
    if (c->tls_client_ca[0]) {
        o.ca_file = c->tls_client_ca;
        o.flags = SN_TLS_CLIENT_CERT;
    }
    if (!rc) rc = sn_tls_conf_new(&t->conf[APP_DEVICES], &o, why, sizeof why);
    return rc ? fleet_fail(err, rc, "TLS: %s", why) : 0;
}

void server_tls_close(struct server_tls *t) {
    for (int i = 0; i < APP_LISTENERS; i++) sn_tls_conf_free(t->conf[i]);
}

/* The handshake comes with the first read, so under the limits of a request's head. */
static int wrap(void *conf, sn_conn *raw, sn_conn **out) { return sn_tls_server(out, raw, conf); }

void server_tls_apply(const struct server_tls *t, int listener, sn_http_conf *conf) {
    if (!t->conf[listener]) return;
    conf->wrap = wrap;
    conf->wrap_arg = t->conf[listener];
    conf->flags |= SN_FOREIGN;
}

int server_tls_used(const sn_http_request *r) {
    sn_tls_info info = {.size = sizeof info};
    return !sn_tls_get_info(sn_http_conn(r), &info);
}

int server_tls_is_device(const sn_http_request *r, const char *cid) {
    sn_tls_info info = {.size = sizeof info};
    return !sn_tls_get_info(sn_http_conn(r), &info) && info.has_cert && info.common_name[0] &&
           !strcmp(info.common_name, cid);
}
