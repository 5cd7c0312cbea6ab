/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Our own API under /api/v1: what openapi.json describes. State changes want If-Match. */
#ifndef FLEET_API_H
#define FLEET_API_H

#include "app.h"
#include "json.h"
#include "json_in.h"

#define API_HANDLER(name)                                                                          \
    void name(struct app *app, sn_http_writer *w, sn_http_request *r, struct caller *who)

API_HANDLER(api_server);
API_HANDLER(api_events);
API_HANDLER(api_rollouts);
API_HANDLER(api_rollout_create);
API_HANDLER(api_rollout);
API_HANDLER(api_rollout_devices);
API_HANDLER(api_rollout_approve);
API_HANDLER(api_rollout_start);
API_HANDLER(api_rollout_pause);
API_HANDLER(api_rollout_resume);
API_HANDLER(api_rollout_advance);
API_HANDLER(api_rollout_stop);
API_HANDLER(api_devices);
API_HANDLER(api_device);
API_HANDLER(api_device_actions);
API_HANDLER(api_device_token);
API_HANDLER(api_sets);
API_HANDLER(api_records);
API_HANDLER(api_records_export);
API_HANDLER(api_users);
API_HANDLER(api_user_create);
API_HANDLER(api_user_delete);

/* ---- rendering (api_render.c) ---- */

/** The envelope of a list: {"total":n,"offset":n,"devices":[ … and its end. */
void api_list_begin(json *j, const char *name, uint64_t total, const fleet_page *page);
void api_list_end(json *j);
/** The roll-out as an object. `set` and `plan` may be NULL. */
void api_render_rollout(json *j, const char *key, const rollout *ro, const fleet_set *set,
                        const fleet_rollout_plan *plan);
void api_render_device(json *j, const char *key, const fleet_device *d);
void api_render_action(json *j, const fleet_action *a);

/** A roll-out's version as its ETag: "\"4\"". */
#define API_ETAG_MAX 24
void api_etag(const rollout *ro, char out[API_ETAG_MAX]);

/* ---- creation (api_rollout_body.c) ---- */

/** Reads the body of a roll-out's creation into *ro. 0, or SN_EINVAL with err. Pure. */
int api_rollout_read(const cJSON *body, rollout *ro, fleet_err *err);

#endif
