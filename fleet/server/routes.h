/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Every route of the server, in one table: its handler, who may ask, and on which listener. */
#ifndef FLEET_ROUTES_H
#define FLEET_ROUTES_H

#include "app.h"

enum route_access {
    ACCESS_PUBLIC,
    ACCESS_POLL,   /**< a device that the fleet authenticates, and may register, itself */
    ACCESS_DEVICE, /**< a known device */
    ACCESS_ROLE    /**< an operator of at least `role` */
};
enum { ON_DEVICES = 1, ON_OPERATORS = 2 };

struct route {
    const char *pattern; /**< "GET /api/v1/rollouts/{id}" */
    app_handler handler;
    enum route_access access;
    enum fleet_role role;
    unsigned on; /**< ON_DEVICES, ON_OPERATORS */
};
extern const struct route routes[];
extern const size_t routes_n;

/** Routes of one server: the mux and what its handlers need. */
struct routes_set {
    sn_http_mux *mux;
    struct routes_bound *bound;
};
/** Makes the mux of the listeners in `on` (ON_DEVICES | ON_OPERATORS: both on one). SN_ENOMEM. */
int routes_make(struct routes_set *set, struct app *app, unsigned on);
void routes_free(struct routes_set *set);

/**
 * The one place where callers are checked. 0 and *who filled in, or -1 when it has answered 401
 * or 403. Parks.
 */
int routes_gate(struct app *app, const struct route *route, sn_http_writer *w, sn_http_request *r,
                struct caller *who);

/** Answers 401 to a device: the one answer for tenant, device and token that do not belong
 *  together, so that none can be probed for. Parks. */
void routes_refuse_device(sn_http_writer *w);

#endif
