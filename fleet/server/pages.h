/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What anybody on the listener may read: health, figures, the API's description, the console's
 * files (which hold no data: they ask the API with the operator's token). */
#ifndef FLEET_PAGES_H
#define FLEET_PAGES_H

#include "app.h"

void pages_health(struct app *app, sn_http_writer *w, sn_http_request *r, struct caller *who);
void pages_metrics(struct app *app, sn_http_writer *w, sn_http_request *r, struct caller *who);
void pages_openapi(struct app *app, sn_http_writer *w, sn_http_request *r, struct caller *who);
/** Adds a route for each of the console's files. SN_ENOMEM. */
int pages_console(sn_http_mux *mux);

#endif
