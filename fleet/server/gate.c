/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The gate in front of every handler: who is this, and is it enough for this route? */
#include "auth.h"
#include "reply.h"
#include "routes.h"
#include "server_tls.h"

#include <string.h>

static int refuse(sn_http_writer *w, int status, const char *challenge, const char *detail) {
    if (challenge) sn_http_set(w, "WWW-Authenticate", challenge);
    sn_http_problem(w, status, NULL, NULL, detail);
    return -1;
}

#define DEVICE_CHALLENGE "TargetToken, GatewayToken"

void routes_refuse_device(sn_http_writer *w) {
    refuse(w, 401, DEVICE_CHALLENGE, "tenant, device and token do not belong together");
}

static int gate_device(struct app *app, const struct route *route, sn_http_writer *w,
                       sn_http_request *r, struct caller *who) {
    auth_device(sn_http_header(r, "Authorization"), &who->cred);
    if (who->cred.kind == CRED_NONE && server_tls_is_device(r, sn_http_value(r, "cid")))
        who->cred.kind = CRED_CERT;
    if (who->cred.kind == CRED_NONE)
        return refuse(w, 401, DEVICE_CHALLENGE,
                      "an Authorization header with TargetToken or GatewayToken is needed");
    int rc = fleet_tenant(app->fleet, sn_http_value(r, "tenant"), &who->tenant);
    if (!rc && route->access == ACCESS_DEVICE)
        rc = fleet_device_auth(app->fleet, who->tenant, sn_http_value(r, "cid"), &who->cred,
                               &who->device);
    if (rc == SN_ENOENT || rc == SN_EACCES)
        routes_refuse_device(w);
    else if (rc)
        reply_result(w, rc, NULL);
    return rc ? -1 : 0;
}

/* A browser that keeps an operator's token (Basic) sends it along with what other sites' pages make
 * it send. It says whose page that was; programs say nothing. */
static int from_elsewhere(sn_http_request *r) {
    const char *site = sn_http_header(r, "Sec-Fetch-Site"), *method = sn_http_method(r);
    if (!site || !strcmp(method, "GET") || !strcmp(method, "HEAD")) return 0;
    return strcmp(site, "same-origin") && strcmp(site, "none");
}

static int gate_role(struct app *app, const struct route *route, sn_http_writer *w,
                     sn_http_request *r, struct caller *who) {
    char token[TOKEN_MAX + 1], name[AUTH_USER_MAX];
    const char *challenge = strstr(route->pattern, "/rest/") ? "Basic realm=\"sennit-fleet\""
                                                             : "Bearer realm=\"sennit-fleet\"";
    if (from_elsewhere(r)) return refuse(w, 403, NULL, "another site's page may not write here");
    if (auth_operator(sn_http_header(r, "Authorization"), token, name))
        return refuse(w, 401, challenge, "an operator's token is needed: Authorization: Bearer …");
    int rc = fleet_user_auth(app->fleet, token, strlen(token), &who->user);
    memset(token, 0, sizeof token);
    if (rc || (*name && strcmp(name, who->user.name)))
        return refuse(w, 401, challenge, "no operator has this token");
    if (who->user.role < route->role) {
        sn_http_problemf(w, 403, "role %s is too low: this needs %s", role_name(who->user.role),
                         role_name(route->role));
        return -1;
    }
    who->tenant = who->user.tenant;
    who->actor = (fleet_actor){who->user.tenant, who->user.name, who->user.role};
    return 0;
}

int routes_gate(struct app *app, const struct route *route, sn_http_writer *w, sn_http_request *r,
                struct caller *who) {
    memset(who, 0, sizeof *who);
    switch (route->access) {
    case ACCESS_PUBLIC:
        return 0;
    case ACCESS_POLL:
    case ACCESS_DEVICE:
        return gate_device(app, route, w, r, who);
    default:
        return gate_role(app, route, w, r, who);
    }
}
