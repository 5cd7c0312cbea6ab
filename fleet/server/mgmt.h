/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The part of hawkBit's Management API that scripts and test tools use. */
#ifndef FLEET_MGMT_H
#define FLEET_MGMT_H

#include "app.h"
#include "json.h"
#include "json_in.h"

#define MGMT_HANDLER(name)                                                                         \
    void name(struct app *app, sn_http_writer *w, sn_http_request *r, struct caller *who)

MGMT_HANDLER(mgmt_targets);
MGMT_HANDLER(mgmt_targets_create);
MGMT_HANDLER(mgmt_target);
MGMT_HANDLER(mgmt_target_delete);
MGMT_HANDLER(mgmt_attributes);
MGMT_HANDLER(mgmt_actions);
MGMT_HANDLER(mgmt_action);
MGMT_HANDLER(mgmt_action_cancel);
MGMT_HANDLER(mgmt_action_status);
MGMT_HANDLER(mgmt_modules);
MGMT_HANDLER(mgmt_modules_create);
MGMT_HANDLER(mgmt_module);
MGMT_HANDLER(mgmt_module_delete);
MGMT_HANDLER(mgmt_artifacts);
MGMT_HANDLER(mgmt_artifact);
MGMT_HANDLER(mgmt_artifact_upload);
MGMT_HANDLER(mgmt_artifact_delete);
MGMT_HANDLER(mgmt_artifact_download);
MGMT_HANDLER(mgmt_sets);
MGMT_HANDLER(mgmt_sets_create);
MGMT_HANDLER(mgmt_set);
MGMT_HANDLER(mgmt_set_delete);
MGMT_HANDLER(mgmt_set_modules);
MGMT_HANDLER(mgmt_set_modules_add);
MGMT_HANDLER(mgmt_assign);
MGMT_HANDLER(mgmt_config);
MGMT_HANDLER(mgmt_config_set);

/** hawkBit's envelope: {"content":[ … ],"total":n,"size":n}. */
void mgmt_list_begin(json *j);
void mgmt_list_end(json *j, uint64_t total, uint32_t size);
void mgmt_render_module(json *j, const fleet_module *m);
/** Runs `each` for every object of a body that is an array of objects, or one object (hawkBit
 *  takes both). Its first failure ends it and is returned; SN_EINVAL when an element is none. */
int mgmt_each(const cJSON *body, int (*each)(void *arg, const cJSON *o), void *arg, fleet_err *err);

/** What a step of mgmt_create gets as its `arg`. */
struct mgmt_creation {
    struct app *app;
    struct caller *who;
    json *out; /**< an array: what was made is rendered into it */
    fleet_err *err;
};
/** Makes what the body lists: `check` (NULL: none) runs for every element before `make` does for
 *  the first. Answers 201 with all that `make` rendered, or the first failure. */
void mgmt_create(struct app *app, sn_http_writer *w, sn_http_request *r, struct caller *who,
                 int (*check)(void *arg, const cJSON *o), int (*make)(void *arg, const cJSON *o));

#endif
