/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* TLS of the listeners, when certificate and key are given: devices may have to show certificates
 * of their own, operators never do. Read-only once opened. */
#ifndef FLEET_SERVER_TLS_H
#define FLEET_SERVER_TLS_H

#include "app.h"

#include <sennit/tls.h>

struct server_tls {
    sn_tls_conf *conf[APP_LISTENERS]; /**< NULL: plain HTTP */
};

/** Reads the files that the settings name; nothing to do when they name none. Blocks. Errors of
 *  sn_tls_conf_new; err tells. */
int server_tls_open(struct server_tls *t, const struct serve_conf *c, fleet_err *err);
void server_tls_close(struct server_tls *t);
/** Fits a listener's HTTP server with its TLS. */
void server_tls_apply(const struct server_tls *t, int listener, sn_http_conf *conf);

/** 1 when the request came over TLS of our own. */
int server_tls_used(const sn_http_request *r);
/** 1 when the peer showed a certificate that is accepted and whose name is `cid`. */
int server_tls_is_device(const sn_http_request *r, const char *cid);

#endif
