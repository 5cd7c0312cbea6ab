/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the Management API's files share. */
#include "mgmt.h"

#include "reply.h"

#define BATCH_MAX 1000

void mgmt_list_begin(json *j) {
    json_obj(j, NULL);
    json_arr(j, "content");
}

void mgmt_list_end(json *j, uint64_t total, uint32_t size) {
    json_arr_end(j);
    json_int(j, "total", (int64_t)total);
    json_int(j, "size", size);
    json_obj_end(j);
}

int mgmt_each(const cJSON *body, int (*each)(void *arg, const cJSON *o), void *arg,
              fleet_err *err) {
    const cJSON *o;
    if (cJSON_IsObject(body)) return each(arg, body);
    if (!cJSON_IsArray(body))
        return fleet_fail(err, SN_EINVAL, "the body is neither an array nor an object");
    if (cJSON_GetArraySize(body) > BATCH_MAX)
        return fleet_fail(err, SN_E2BIG, "more than %d objects in one request", BATCH_MAX);
    cJSON_ArrayForEach(o, body) {
        if (!cJSON_IsObject(o))
            return fleet_fail(err, SN_EINVAL, "an element of the array is not an object");
        int rc = each(arg, o);
        if (rc) return rc;
    }
    return 0;
}

void mgmt_create(struct app *app, sn_http_writer *w, sn_http_request *r, struct caller *who,
                 int (*check)(void *arg, const cJSON *o), int (*make)(void *arg, const cJSON *o)) {
    fleet_err err = {""};
    json j = {0};
    struct mgmt_creation c = {app, who, &j, &err};
    cJSON *body = reply_body_json(w, r, (size_t)app->conf->body_max);
    if (!body) return;
    json_arr(&j, NULL);
    int rc = check ? mgmt_each(body, check, &c, &err) : 0;
    if (!rc) rc = mgmt_each(body, make, &c, &err);
    json_arr_end(&j);
    cJSON_Delete(body);
    if (rc) {
        json_free(&j);
        reply_result(w, rc, &err);
    } else {
        reply_json(w, 201, &j);
    }
}
