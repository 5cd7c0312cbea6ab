/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The server as its handlers see it, and what a request's caller is. `struct app` is made before
 * the first request and read-only from then on; the fleet behind it locks for itself. */
#ifndef FLEET_APP_H
#define FLEET_APP_H

#include "fleet.h"
#include "serve_conf.h"

#include <sennit/http.h>
#include <sennit/sennit.h>

enum { APP_DEVICES, APP_OPERATORS, APP_LISTENERS };

struct app {
    fleet *fleet;
    const struct serve_conf *conf;
    sn_http_server *servers[APP_LISTENERS]; /**< the second is NULL with one listener for both */
    sn_time started;
};

/** Who asks: filled in by the gate (routes.c) before a handler runs. */
struct caller {
    fleet_user user;   /**< operators' routes */
    fleet_actor actor; /**< the same, as the fleet wants it; its strings are user's */
    int64_t tenant;
    fleet_cred cred;         /**< devices' routes */
    fleet_device_ref device; /**< devices' routes but the poll */
};

typedef void (*app_handler)(struct app *app, sn_http_writer *w, sn_http_request *r,
                            struct caller *who);

#endif
