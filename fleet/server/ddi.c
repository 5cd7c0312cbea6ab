/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The DDI's handlers. The gate (routes.c) has checked the caller: only its own device's actions
 * and artifacts are within reach. Load is never shed here: stock clients report a refused
 * download as a failed update. */
#include "ddi.h"

#include "ddi_parse.h"
#include "reply.h"
#include "routes.h"
#include "server_tls.h"
#include <stdlib.h>
#include <string.h>

#define STATUS_BODY_MAX (256u << 10)

/* 1 when the whole text is a host and a port, as links may carry them. */
static int plain_host(const char *s) {
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]");
    return n && !s[n];
}

int ddi_base_of(struct app *app, sn_http_writer *w, sn_http_request *r, const char *cid,
                struct ddi_base *base) {
    const char *root = app->conf->public_url, *tenant = sn_http_value(r, "tenant");
    char id[3 * FLEET_CID_MAX + 1];
    sn_http_escape(cid, id, sizeof id);
    if (*root) {
        base->secure = !strncmp(root, "https:", 6);
        base->url = sn_http_format(r, "%s/%s/controller/v1/%s", root, tenant, id);
    } else {
        int proxied = serve_conf_trusts(app->conf, sn_http_peer(r));
        const char *proto = proxied ? sn_http_header(r, "X-Forwarded-Proto") : NULL;
        const char *host = proxied ? sn_http_header(r, "X-Forwarded-Host") : NULL;
        if (!host) host = sn_http_host(r);
        if (!plain_host(host)) {
            sn_http_problem(w, 400, NULL, NULL, "the Host header is missing or not a host");
            return -1;
        }
        base->secure = server_tls_used(r) || (proto && !strcmp(proto, "https"));
        base->url = sn_http_format(r, "%s://%s/%s/controller/v1/%s",
                                   base->secure ? "https" : "http", host, tenant, id);
    }
    if (base->url) return 0;
    sn_http_problem(w, 500, NULL, NULL, "out of memory");
    return -1;
}

void ddi_poll(struct app *app, sn_http_writer *w, sn_http_request *r, struct caller *who) {
    fleet_poll_reply reply;
    struct ddi_base base;
    json j = {0};
    const char *cid = sn_http_value(r, "cid");
    int rc = fleet_poll(app->fleet, who->tenant, cid, &who->cred, sn_http_peer(r), &reply);
    if (rc) {
        if (rc == SN_EACCES)
            routes_refuse_device(w);
        else
            reply_result(w, rc, NULL);
        return;
    }
    if (ddi_base_of(app, w, r, cid, &base)) return;
    ddi_render_poll(&j, &base, &reply);
    reply_json(w, 200, &j);
}

/* Rows for ?actionHistory=n; NULL and 0 when it is not asked for. Never fails: the history is a
 * courtesy. */
static fleet_status *history_of(struct app *app, sn_http_request *r, int64_t tenant, int64_t action,
                                uint32_t *n) {
    const char *want = sn_http_query(r, "actionHistory");
    long count = want ? strtol(want, NULL, 10) : 0;
    fleet_status *rows = NULL;
    uint64_t total;
    *n = 0;
    if (!count) return NULL;
    fleet_page page = {.limit = count < 0 || count > 50 ? 50 : (uint32_t)count};
    if (fleet_action_statuses(app->fleet, tenant, action, &page, 0, &rows, n, &total)) return NULL;
    return rows;
}

static void send_deployment(struct app *app, sn_http_writer *w, sn_http_request *r,
                            struct caller *who, const fleet_deployment *d) {
    struct ddi_base base;
    json j = {0};
    uint32_t n;
    if (ddi_base_of(app, w, r, who->device.cid, &base)) return;
    fleet_status *history = history_of(app, r, who->tenant, d->action, &n);
    ddi_render_deployment(&j, &base, d, history, n);
    free(history);
    reply_json(w, 200, &j);
}

static void
deployment_by(struct app *app, sn_http_writer *w, sn_http_request *r, struct caller *who,
              int (*get)(fleet *, const fleet_device_ref *, int64_t, fleet_deployment **)) {
    int64_t action;
    fleet_deployment *d;
    if (reply_path_id(w, r, "action", &action)) return;
    int rc = get(app->fleet, &who->device, action, &d);
    if (rc) {
        reply_result(w, rc, NULL);
        return;
    }
    send_deployment(app, w, r, who, d);
    free(d);
}

void ddi_deployment(struct app *app, sn_http_writer *w, sn_http_request *r, struct caller *who) {
    deployment_by(app, w, r, who, fleet_deployment_get);
}

void ddi_installed(struct app *app, sn_http_writer *w, sn_http_request *r, struct caller *who) {
    deployment_by(app, w, r, who, fleet_installed_get);
}

static void feedback_by(struct app *app, sn_http_writer *w, sn_http_request *r, struct caller *who,
                        int (*post)(fleet *, const fleet_device_ref *, int64_t,
                                    const fleet_feedback *)) {
    struct ddi_feedback f;
    int64_t action;
    char *body;
    size_t n;
    const char *why;
    if (reply_path_id(w, r, "action", &action)) return;
    /* A broken body is answered by the server: 413, 400 or 408. */
    if (sn_http_body_all(r, STATUS_BODY_MAX, &body, &n)) return;
    if (ddi_feedback_parse(body, n, &f, &why)) {
        sn_http_problem(w, 400, NULL, NULL, why);
        return;
    }
    reply_done(w, post(app->fleet, &who->device, action, &f.fb), NULL);
}

void ddi_deployment_feedback(struct app *app, sn_http_writer *w, sn_http_request *r,
                             struct caller *who) {
    feedback_by(app, w, r, who, fleet_feedback_post);
}

void ddi_cancel_feedback(struct app *app, sn_http_writer *w, sn_http_request *r,
                         struct caller *who) {
    feedback_by(app, w, r, who, fleet_cancel_post);
}

void ddi_cancel(struct app *app, sn_http_writer *w, sn_http_request *r, struct caller *who) {
    int64_t action;
    json j = {0};
    if (reply_path_id(w, r, "action", &action)) return;
    int rc = fleet_cancel_get(app->fleet, &who->device, action);
    if (rc) {
        reply_result(w, rc, NULL);
        return;
    }
    json_obj(&j, NULL);
    json_fmt(&j, "id", "%lld", (long long)action);
    json_obj(&j, "cancelAction");
    json_fmt(&j, "stopId", "%lld", (long long)action);
    json_obj_end(&j);
    json_obj_end(&j);
    reply_json(w, 200, &j);
}

void ddi_config(struct app *app, sn_http_writer *w, sn_http_request *r, struct caller *who) {
    enum attr_mode mode;
    fleet_attr *attrs;
    fleet_err err = {""};
    uint32_t count;
    char *body;
    size_t n;
    const char *why;
    if (sn_http_body_all(r, STATUS_BODY_MAX, &body, &n)) return;
    int rc = ddi_config_parse(body, n, &mode, &attrs, &count, &why);
    if (rc) {
        sn_http_problem(w, reply_status_of(rc), NULL, NULL, why);
        return;
    }
    rc = fleet_attrs_put(app->fleet, &who->device, mode, attrs, count, &err);
    free(attrs);
    reply_done(w, rc, &err);
}

void ddi_installed_put(struct app *app, sn_http_writer *w, sn_http_request *r, struct caller *who) {
    cJSON *tree = reply_body_object(w, r, STATUS_BODY_MAX);
    if (!tree) return;
    const char *name = json_in_str(tree, "name"), *version = json_in_str(tree, "version");
    if (name && version)
        reply_done(w, fleet_installed_put(app->fleet, &who->device, name, version), NULL);
    else
        sn_http_problem(w, 400, NULL, NULL, "name and version must be strings");
    cJSON_Delete(tree);
}
