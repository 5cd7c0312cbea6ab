/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The settings of `serve` and their table of options. Plain data, read-only once loaded. */
#ifndef FLEET_SERVE_CONF_H
#define FLEET_SERVE_CONF_H

#include "config.h"

struct serve_conf {
    char config[256];
    char devices[128], operators[128], listen[128]; /**< ADDR:PORT; listen: both on one */
    char data[256], key_file[256];
    char public_url[200];             /**< base of links to devices; "": from the Host header */
    char behind_proxy[256];           /**< CIDRs, comma-separated; "": none */
    char tls_cert[256], tls_key[256]; /**< PEM files; "": plain HTTP */
    char tls_client_ca[256];          /**< devices must show a certificate that these vouch for */
    char sync[16];                    /**< full or normal */
    char log_level[16];
    char admin_token_file[256]; /**< the one-time token goes there instead of standard output */
    char gateway_token_file[256];
    int64_t poll_s;    /**< poll interval of tenant DEFAULT, 0: as stored */
    int64_t commit_us; /**< window of a group commit */
    int64_t tick_ms;   /**< how often roll-outs are looked at */
    int64_t conn_max;  /**< connections of a listener */
    int64_t head_s;    /**< for a request's head */
    int64_t body_s;    /**< longest wait for a piece of its body */
    int64_t idle_s;    /**< wait for the next request of a connection */
    int64_t drain_s;   /**< for running requests at the end */
    int64_t body_max;  /**< bytes of a JSON body */
};

extern const struct config_key serve_keys[];
extern const size_t serve_keys_n;
/** The defaults. */
void serve_conf_init(struct serve_conf *c);
/** Checks what the table cannot: addresses, loopback rule, CIDRs. 0 or SN_EINVAL and *err. */
int serve_conf_check(const struct serve_conf *c, struct config_error *err);
/** 1 when `peer` ("10.0.0.1:80", "[::1]:80", "unix") is inside one of the CIDRs. Pure. */
int serve_conf_trusts(const struct serve_conf *c, const char *peer);

#endif
