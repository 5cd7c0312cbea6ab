/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* hawkBit's Direct Device Integration API, as stock clients speak it. */
#ifndef FLEET_DDI_H
#define FLEET_DDI_H

#include "app.h"
#include "json.h"

void ddi_poll(struct app *app, sn_http_writer *w, sn_http_request *r, struct caller *who);
void ddi_deployment(struct app *app, sn_http_writer *w, sn_http_request *r, struct caller *who);
void ddi_deployment_feedback(struct app *app, sn_http_writer *w, sn_http_request *r,
                             struct caller *who);
void ddi_installed(struct app *app, sn_http_writer *w, sn_http_request *r, struct caller *who);
void ddi_installed_put(struct app *app, sn_http_writer *w, sn_http_request *r, struct caller *who);
void ddi_cancel(struct app *app, sn_http_writer *w, sn_http_request *r, struct caller *who);
void ddi_cancel_feedback(struct app *app, sn_http_writer *w, sn_http_request *r,
                         struct caller *who);
void ddi_config(struct app *app, sn_http_writer *w, sn_http_request *r, struct caller *who);
void ddi_artifacts(struct app *app, sn_http_writer *w, sn_http_request *r, struct caller *who);
void ddi_artifact(struct app *app, sn_http_writer *w, sn_http_request *r, struct caller *who);

struct ddi_base;
/** The base of the links for a device: the configured address, else what a trusted proxy says,
 *  else the Host header. Its text is the request's. 0, or -1 when it was answered. Parks then. */
int ddi_base_of(struct app *app, sn_http_writer *w, sn_http_request *r, const char *cid,
                struct ddi_base *base);

/* ---- rendering (ddi_render.c): pure ---- */

/** Where a device finds things: "http://host:port/DEFAULT/controller/v1/veh-1". */
struct ddi_base {
    const char *url;
    int secure; /**< https: both kinds of links are given */
};
void ddi_render_poll(json *j, const struct ddi_base *base, const fleet_poll_reply *p);
/** `history`: status rows for actionHistory, n of them; NULL: not asked for. */
void ddi_render_deployment(json *j, const struct ddi_base *base, const fleet_deployment *d,
                           const fleet_status *history, uint32_t n);
void ddi_render_artifacts(json *j, const struct ddi_base *base, const fleet_artifact *a,
                          uint32_t n);

#endif
