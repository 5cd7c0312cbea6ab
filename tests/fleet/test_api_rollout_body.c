/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The body that creates a roll-out is read strictly: what is misspelt must not become a
 * default. */
#include "api.h"
#include "check.h"

static rollout ro;
static fleet_err err;

static int read(const char *text) {
    const char *why;
    cJSON *body = json_in_object(text, strlen(text), &why);
    MUST(body);
    err.text[0] = 0;
    int rc = api_rollout_read(body, &ro, &err);
    cJSON_Delete(body);
    return rc;
}

static void takes_defaults(void) {
    rollout d;
    memset(&d, 0, sizeof d);
    rollout_defaults(&d);
    MUST(!read("{\"name\":\"x\",\"set\":7}"));
    CHECK_STR(ro.name, "x");
    CHECK_INT(ro.set_id, 7);
    CHECK_INT(ro.stages_n, d.stages_n);
    CHECK(!memcmp(&ro.policy, &d.policy, sizeof d.policy));
}

static void takes_everything(void) {
    MUST(!read("{\"name\":\"x\",\"set\":7,\"mode\":\"manual\",\"forced\":true,"
               "\"filter\":{\"key\":\"model\",\"value\":\"m1\"},\"stages\":[0.001,0.5,1],"
               "\"policy\":{\"threshold\":0.001,\"confidence\":0.95,\"min_sample\":10,"
               "\"soak_s\":60,\"on_fail\":\"stop\",\"max_in_flight\":5,"
               "\"action_timeout_s\":100,\"stage_timeout_s\":200}}"));
    CHECK_INT(ro.policy.manual, 1);
    CHECK_INT(ro.forced, 1);
    CHECK_STR(ro.filter_value, "m1");
    CHECK_INT(ro.stages_n, 3);
    CHECK_INT(ro.stages[0].share_ppm, 1000);
    CHECK_INT(ro.policy.judge.threshold_ppm, 1000);
    CHECK_INT(ro.policy.judge.confidence_ppm, 950000);
    CHECK_INT(ro.policy.on_fail, ON_FAIL_STOP);
    CHECK_INT(ro.policy.stage_timeout_s, 200);
}

static void names_what_is_wrong(void) {
    static const struct {
        const char *body, *want;
    } t[] = {
        {"{\"set\":7}", "name is not a text of 1 to 128 bytes"},
        {"{\"name\":\"x\"}", "set is not the id of a distribution set"},
        {"{\"name\":\"x\",\"set\":7,\"tresh\":1}", "unknown member \"tresh\""},
        {"{\"name\":\"x\",\"set\":7,\"policy\":{\"treshold\":1}}",
         "policy: unknown member \"treshold\""},
        {"{\"name\":\"x\",\"set\":7,\"policy\":{\"threshold\":5}}",
         "threshold is not a number between 0 and 1"},
        {"{\"name\":\"x\",\"set\":7,\"policy\":{\"soak_s\":\"60\"}}",
         "soak_s is not a whole number from 0 to 2147483647"},
        {"{\"name\":\"x\",\"set\":7,\"policy\":{\"on_fail\":\"ignore\"}}",
         "on_fail is hold or stop"},
        {"{\"name\":\"x\",\"set\":7,\"mode\":\"automatic\"}", "mode is auto or manual"},
        {"{\"name\":\"x\",\"set\":7,\"stages\":[5,20]}",
         "stages[0] is not a share between 0 and 1"},
        {"{\"name\":\"x\",\"set\":7,\"stages\":[0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,1]}",
         "stages has more than 8 entries"},
        {"{\"name\":\"x\",\"set\":7,\"filter\":\"model==m1\"}", "filter is not an object"},
        {"{\"name\":\"x\",\"set\":7,\"forced\":1}", "forced is not true or false"},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        CHECK_INT(read(t[i].body), SN_EINVAL);
        CHECK_STR(err.text, t[i].want);
    }
}

int main(void) {
    CASE(takes_defaults);
    CASE(takes_everything);
    CASE(names_what_is_wrong);
    return check_done();
}
