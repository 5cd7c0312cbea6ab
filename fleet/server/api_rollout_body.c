/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The body that creates a roll-out. Strict, unlike the DDI: a misspelt policy must not pass as
 * the default, so unknown members and wrong types are errors that name the member. */
#include "api.h"

#include <stdio.h>
#include <string.h>

static int known(const cJSON *o, const char *where, const char *const *names, size_t n,
                 fleet_err *err) {
    const cJSON *m;
    cJSON_ArrayForEach(m, o) {
        size_t i = 0;
        while (i < n && strcmp(names[i], m->string)) i++;
        if (i == n)
            return fleet_fail(err, SN_EINVAL, "%sunknown member \"%.60s\"", where, m->string);
    }
    return 0;
}

/* A share or rate of 0…1 as parts per million; absent leaves *out. */
static int read_ppm(const cJSON *o, const char *key, uint32_t *out, fleet_err *err) {
    double v;
    if (!json_in_get(o, key)) return 0;
    if (!json_in_double(o, key, &v) || v < 0 || v > 1)
        return fleet_fail(err, SN_EINVAL, "%s is not a number between 0 and 1", key);
    *out = (uint32_t)(v * 1e6 + 0.5);
    return 0;
}

static int read_u32(const cJSON *o, const char *key, uint32_t *out, fleet_err *err) {
    int64_t v;
    if (!json_in_get(o, key)) return 0;
    if (!cJSON_IsNumber(json_in_get(o, key)) || !json_in_int(o, key, &v) || v < 0 || v > INT32_MAX)
        return fleet_fail(err, SN_EINVAL, "%s is not a whole number from 0 to 2147483647", key);
    *out = (uint32_t)v;
    return 0;
}

static int read_text(const cJSON *o, const char *key, char *out, size_t n, fleet_err *err) {
    const char *s = json_in_str(o, key);
    if (!s || !*s || strlen(s) >= n)
        return fleet_fail(err, SN_EINVAL, "%s is not a text of 1 to %zu bytes", key, n - 1);
    snprintf(out, n, "%s", s);
    return 0;
}

/* One of two words: *out becomes 1 for the second. */
static int read_word(const cJSON *o, const char *key, const char *no, const char *yes,
                     uint32_t *out, fleet_err *err) {
    const char *s = json_in_str(o, key);
    if (!json_in_get(o, key)) return 0;
    if (!s || (strcmp(s, no) && strcmp(s, yes)))
        return fleet_fail(err, SN_EINVAL, "%s is %s or %s", key, no, yes);
    *out = !strcmp(s, yes);
    return 0;
}

static int read_policy(const cJSON *p, rollout_policy *out, fleet_err *err) {
    static const char *const names[] = {"threshold",        "confidence",     "min_sample",
                                        "soak_s",           "on_fail",        "max_in_flight",
                                        "action_timeout_s", "stage_timeout_s"};
    if (!p) return 0;
    if (!cJSON_IsObject(p)) return fleet_fail(err, SN_EINVAL, "policy is not an object");
    int rc = known(p, "policy: ", names, sizeof names / sizeof *names, err);
    if (!rc) rc = read_ppm(p, "threshold", &out->judge.threshold_ppm, err);
    if (!rc) rc = read_ppm(p, "confidence", &out->judge.confidence_ppm, err);
    if (!rc) rc = read_u32(p, "min_sample", &out->judge.min_sample, err);
    if (!rc) rc = read_u32(p, "soak_s", &out->judge.soak_s, err);
    if (!rc) rc = read_word(p, "on_fail", "hold", "stop", &out->on_fail, err);
    if (!rc) rc = read_u32(p, "max_in_flight", &out->max_in_flight, err);
    if (!rc) rc = read_u32(p, "action_timeout_s", &out->action_timeout_s, err);
    if (!rc) rc = read_u32(p, "stage_timeout_s", &out->stage_timeout_s, err);
    return rc;
}

/* "stages": shares of the fleet up to and including each, [0.05,0.2,0.5,1]. */
static int read_stages(const cJSON *stages, rollout *ro, fleet_err *err) {
    const cJSON *s;
    if (!stages) return 0;
    if (!cJSON_IsArray(stages)) return fleet_fail(err, SN_EINVAL, "stages is not an array");
    if (cJSON_GetArraySize(stages) > FLEET_STAGES_MAX)
        return fleet_fail(err, SN_EINVAL, "stages has more than %d entries", FLEET_STAGES_MAX);
    memset(ro->stages, 0, sizeof ro->stages);
    ro->stages_n = 0;
    cJSON_ArrayForEach(s, stages) {
        if (!cJSON_IsNumber(s) || !(s->valuedouble > 0 && s->valuedouble <= 1))
            return fleet_fail(err, SN_EINVAL, "stages[%u] is not a share between 0 and 1",
                              ro->stages_n);
        ro->stages[ro->stages_n++].share_ppm = (uint32_t)(s->valuedouble * 1e6 + 0.5);
    }
    return 0;
}

static int read_filter(const cJSON *f, rollout *ro, fleet_err *err) {
    static const char *const names[] = {"key", "value"};
    if (!f || cJSON_IsNull(f)) return 0;
    if (!cJSON_IsObject(f)) return fleet_fail(err, SN_EINVAL, "filter is not an object");
    int rc = known(f, "filter: ", names, 2, err);
    if (!rc) rc = read_text(f, "key", ro->filter_key, sizeof ro->filter_key, err);
    if (!rc) rc = read_text(f, "value", ro->filter_value, sizeof ro->filter_value, err);
    return rc;
}

int api_rollout_read(const cJSON *body, rollout *ro, fleet_err *err) {
    static const char *const names[] = {"name",   "set",    "mode",  "forced",
                                        "filter", "policy", "stages"};
    memset(ro, 0, sizeof *ro);
    rollout_defaults(ro);
    int rc = known(body, "", names, sizeof names / sizeof *names, err);
    if (!rc) rc = read_text(body, "name", ro->name, sizeof ro->name, err);
    if (!rc && (!json_in_int(body, "set", &ro->set_id) || ro->set_id < 1))
        rc = fleet_fail(err, SN_EINVAL, "set is not the id of a distribution set");
    const cJSON *forced = json_in_get(body, "forced");
    if (!rc && forced && !cJSON_IsBool(forced))
        rc = fleet_fail(err, SN_EINVAL, "forced is not true or false");
    if (!rc && forced) ro->forced = cJSON_IsTrue(forced);
    if (!rc) rc = read_word(body, "mode", "auto", "manual", &ro->policy.manual, err);
    if (!rc) rc = read_policy(json_in_get(body, "policy"), &ro->policy, err);
    if (!rc) rc = read_stages(json_in_get(body, "stages"), ro, err);
    return rc ? rc : read_filter(json_in_get(body, "filter"), ro, err);
}
