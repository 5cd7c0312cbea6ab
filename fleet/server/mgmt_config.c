/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* /rest/v1/system/configs: the tenant's settings by hawkBit's keys. */
#include "mgmt.h"

#include "reply.h"
#include <string.h>

static int is_switch(const char *value) {
    return !strcmp(value, "true") || !strcmp(value, "false");
}

MGMT_HANDLER(mgmt_config) {
    char value[FLEET_SETTING_VALUE_MAX + 1];
    fleet_err err = {""};
    json j = {0};
    int rc = fleet_setting_get(app->fleet, who->tenant, sn_http_value(r, "key"), value, &err);
    if (rc) {
        reply_result(w, rc == SN_EINVAL ? SN_ENOENT : rc, &err);
        return;
    }
    json_obj(&j, NULL);
    if (is_switch(value))
        json_bool(&j, "value", !strcmp(value, "true"));
    else
        json_str(&j, "value", value);
    json_obj_end(&j);
    reply_json(w, 200, &j);
}

/* {"value": text, true, false or a whole number}. NULL when it is none of them. */
static const char *value_of(sn_http_request *r, const cJSON *body) {
    const cJSON *v = json_in_get(body, "value");
    int64_t n;
    if (cJSON_IsString(v)) return v->valuestring;
    if (cJSON_IsBool(v)) return cJSON_IsTrue(v) ? "true" : "false";
    return json_in_int(body, "value", &n) ? sn_http_format(r, "%lld", (long long)n) : NULL;
}

MGMT_HANDLER(mgmt_config_set) {
    fleet_err err = {""};
    cJSON *body = reply_body_object(w, r, 4096);
    if (!body) return;
    const char *value = value_of(r, body);
    if (value)
        reply_done(w,
                   fleet_setting_set(app->fleet, &who->actor, sn_http_value(r, "key"), value, &err),
                   &err);
    else
        sn_http_problem(w, 400, NULL, NULL, "value is not a text, a switch or a whole number");
    cJSON_Delete(body);
}
