/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The table of routes, and the muxes made of it. */
#include "routes.h"

#include "api.h"
#include "ddi.h"
#include "mgmt.h"
#include "pages.h"

#include <stdlib.h>

#define DDI "/{tenant}/controller/v1/{cid}"
#define DEVICE(method, path, fn)                                                                   \
    { method " " DDI path, fn, ACCESS_DEVICE, ROLE_NONE, ON_DEVICES }
#define OPEN(pattern, fn, on)                                                                      \
    { pattern, fn, ACCESS_PUBLIC, ROLE_NONE, on }
#define API(method, path, fn, role)                                                                \
    { method " /api/v1" path, fn, ACCESS_ROLE, role, ON_OPERATORS }
#define MGMT(method, path, fn, role)                                                               \
    { method " /rest/v1" path, fn, ACCESS_ROLE, role, ON_OPERATORS }

const struct route routes[] = {
    OPEN("GET /healthz", pages_health, ON_DEVICES | ON_OPERATORS),
    OPEN("GET /metrics", pages_metrics, ON_OPERATORS),
    OPEN("GET /api/v1/openapi.json", pages_openapi, ON_OPERATORS),

    {"GET " DDI, ddi_poll, ACCESS_POLL, ROLE_NONE, ON_DEVICES},
    DEVICE("GET", "/deploymentBase/{action}", ddi_deployment),
    DEVICE("POST", "/deploymentBase/{action}/feedback", ddi_deployment_feedback),
    DEVICE("GET", "/cancelAction/{action}", ddi_cancel),
    DEVICE("POST", "/cancelAction/{action}/feedback", ddi_cancel_feedback),
    DEVICE("GET", "/installedBase/{action}", ddi_installed),
    DEVICE("PUT", "/installedBase", ddi_installed_put),
    DEVICE("PUT", "/configData", ddi_config),
    DEVICE("GET", "/softwaremodules/{module}/artifacts", ddi_artifacts),
    DEVICE("GET", "/softwaremodules/{module}/artifacts/{file}", ddi_artifact),

    API("GET", "/server", api_server, ROLE_VIEWER),
    API("GET", "/events", api_events, ROLE_VIEWER),
    API("GET", "/rollouts", api_rollouts, ROLE_VIEWER),
    API("POST", "/rollouts", api_rollout_create, ROLE_OPERATOR),
    API("GET", "/rollouts/{id}", api_rollout, ROLE_VIEWER),
    API("GET", "/rollouts/{id}/devices", api_rollout_devices, ROLE_VIEWER),
    API("POST", "/rollouts/{id}/approve", api_rollout_approve, ROLE_APPROVER),
    API("POST", "/rollouts/{id}/start", api_rollout_start, ROLE_OPERATOR),
    API("POST", "/rollouts/{id}/pause", api_rollout_pause, ROLE_OPERATOR),
    API("POST", "/rollouts/{id}/resume", api_rollout_resume, ROLE_OPERATOR),
    API("POST", "/rollouts/{id}/advance", api_rollout_advance, ROLE_APPROVER),
    API("POST", "/rollouts/{id}/stop", api_rollout_stop, ROLE_OPERATOR),
    API("GET", "/devices", api_devices, ROLE_VIEWER),
    API("GET", "/devices/{cid}", api_device, ROLE_VIEWER),
    API("GET", "/devices/{cid}/actions", api_device_actions, ROLE_VIEWER),
    API("POST", "/devices/{cid}/token", api_device_token, ROLE_OPERATOR),
    API("GET", "/sets", api_sets, ROLE_VIEWER),
    API("GET", "/records", api_records, ROLE_VIEWER),
    API("GET", "/records/export", api_records_export, ROLE_VIEWER),
    API("GET", "/users", api_users, ROLE_ADMIN),
    API("POST", "/users", api_user_create, ROLE_ADMIN),
    API("DELETE", "/users/{id}", api_user_delete, ROLE_ADMIN),

    MGMT("GET", "/targets", mgmt_targets, ROLE_VIEWER),
    MGMT("POST", "/targets", mgmt_targets_create, ROLE_OPERATOR),
    MGMT("GET", "/targets/{cid}", mgmt_target, ROLE_VIEWER),
    MGMT("DELETE", "/targets/{cid}", mgmt_target_delete, ROLE_OPERATOR),
    MGMT("GET", "/targets/{cid}/attributes", mgmt_attributes, ROLE_VIEWER),
    MGMT("GET", "/targets/{cid}/actions", mgmt_actions, ROLE_VIEWER),
    MGMT("GET", "/targets/{cid}/actions/{id}", mgmt_action, ROLE_VIEWER),
    MGMT("DELETE", "/targets/{cid}/actions/{id}", mgmt_action_cancel, ROLE_OPERATOR),
    MGMT("GET", "/targets/{cid}/actions/{id}/status", mgmt_action_status, ROLE_VIEWER),
    MGMT("GET", "/softwaremodules", mgmt_modules, ROLE_VIEWER),
    MGMT("POST", "/softwaremodules", mgmt_modules_create, ROLE_OPERATOR),
    MGMT("GET", "/softwaremodules/{id}", mgmt_module, ROLE_VIEWER),
    MGMT("DELETE", "/softwaremodules/{id}", mgmt_module_delete, ROLE_OPERATOR),
    MGMT("GET", "/softwaremodules/{id}/artifacts", mgmt_artifacts, ROLE_VIEWER),
    MGMT("POST", "/softwaremodules/{id}/artifacts", mgmt_artifact_upload, ROLE_OPERATOR),
    MGMT("GET", "/softwaremodules/{id}/artifacts/{artifact}", mgmt_artifact, ROLE_VIEWER),
    MGMT("DELETE", "/softwaremodules/{id}/artifacts/{artifact}", mgmt_artifact_delete,
         ROLE_OPERATOR),
    MGMT("GET", "/softwaremodules/{id}/artifacts/{artifact}/download", mgmt_artifact_download,
         ROLE_VIEWER),
    MGMT("GET", "/distributionsets", mgmt_sets, ROLE_VIEWER),
    MGMT("POST", "/distributionsets", mgmt_sets_create, ROLE_OPERATOR),
    MGMT("GET", "/distributionsets/{id}", mgmt_set, ROLE_VIEWER),
    MGMT("DELETE", "/distributionsets/{id}", mgmt_set_delete, ROLE_OPERATOR),
    MGMT("GET", "/distributionsets/{id}/assignedSM", mgmt_set_modules, ROLE_VIEWER),
    MGMT("POST", "/distributionsets/{id}/assignedSM", mgmt_set_modules_add, ROLE_OPERATOR),
    MGMT("POST", "/distributionsets/{id}/assignedTargets", mgmt_assign, ROLE_OPERATOR),
    MGMT("GET", "/system/configs/{key}", mgmt_config, ROLE_ADMIN),
    MGMT("PUT", "/system/configs/{key}", mgmt_config_set, ROLE_ADMIN),
};
const size_t routes_n = sizeof routes / sizeof *routes;

/* A route with the server it is in: the argument of its handler in the mux. */
struct routes_bound {
    struct app *app;
    const struct route *route;
};

static void serve(sn_http_writer *w, sn_http_request *r, void *arg) {
    const struct routes_bound *b = arg;
    struct caller who;
    if (!routes_gate(b->app, b->route, w, r, &who)) b->route->handler(b->app, w, r, &who);
}

int routes_make(struct routes_set *set, struct app *app, unsigned on) {
    int rc = 0;
    set->mux = sn_http_mux_new();
    set->bound = calloc(routes_n, sizeof *set->bound);
    if (!set->mux || !set->bound) rc = SN_ENOMEM;
    for (size_t i = 0; !rc && i < routes_n; i++) {
        set->bound[i] = (struct routes_bound){app, &routes[i]};
        if (routes[i].on & on)
            rc = sn_http_handle(set->mux, routes[i].pattern, serve, &set->bound[i]);
    }
    if (!rc && (on & ON_OPERATORS)) rc = pages_console(set->mux);
    if (rc) routes_free(set);
    return rc;
}

void routes_free(struct routes_set *set) {
    sn_http_mux_free(set->mux);
    free(set->bound);
    set->mux = NULL;
    set->bound = NULL;
}
