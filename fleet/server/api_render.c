/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The API's objects as JSON. */
#include "api.h"

#include <stdio.h>

void api_list_begin(json *j, const char *name, uint64_t total, const fleet_page *page) {
    json_obj(j, NULL);
    json_int(j, "total", (int64_t)total);
    json_int(j, "offset", (int64_t)page->offset);
    json_arr(j, name);
}

void api_list_end(json *j) {
    json_arr_end(j);
    json_obj_end(j);
}

void api_etag(const rollout *ro, char out[API_ETAG_MAX]) {
    snprintf(out, API_ETAG_MAX, "\"%lld\"", (long long)ro->version);
}

static void ppm(json *j, const char *key, uint32_t v) { json_num(j, key, (double)v / 1e6); }

static void render_policy(json *j, const rollout_policy *p) {
    json_obj(j, "policy");
    ppm(j, "threshold", p->judge.threshold_ppm);
    ppm(j, "confidence", p->judge.confidence_ppm);
    json_int(j, "min_sample", p->judge.min_sample);
    json_int(j, "soak_s", p->judge.soak_s);
    json_str(j, "on_fail", p->on_fail == ON_FAIL_STOP ? "stop" : "hold");
    json_int(j, "max_in_flight", p->max_in_flight);
    json_int(j, "action_timeout_s", p->action_timeout_s);
    json_int(j, "stage_timeout_s", p->stage_timeout_s);
    json_obj_end(j);
}

static void render_stage(json *j, const rollout_stage *s) {
    const judge_counts *c = &s->counts;
    json_obj(j, NULL);
    ppm(j, "share", s->share_ppm);
    json_obj(j, "counts");
    json_int(j, "total", (int64_t)c->total);
    json_int(j, "assigned", (int64_t)c->assigned);
    json_int(j, "succeeded", (int64_t)c->succeeded);
    json_int(j, "failed", (int64_t)c->failed);
    json_int(j, "silent", (int64_t)c->silent);
    json_int(j, "canceled", (int64_t)c->canceled);
    json_int(j, "downloading", (int64_t)c->downloading);
    json_int(j, "installing", (int64_t)c->installing);
    json_int(j, "canceling", (int64_t)c->canceling);
    json_obj_end(j);
    json_int(j, "opened_ms", s->opened_ms);
    json_int(j, "closed_ms", s->closed_ms);
    json_int(j, "soak_from_ms", s->soak_from_ms);
    json_str(j, "outcome", judge_outcome_name(s->outcome));
    json_str(j, "reason", s->reason);
    json_obj_end(j);
}

/* What the open stage's reports say so far, with the bounds that the policy looks at. */
static void render_judgement(json *j, const rollout *ro) {
    const rollout_stage *s = &ro->stages[ro->stage < ro->stages_n ? ro->stage : 0];
    judge_verdict v;
    judge_stage(&ro->policy.judge, &s->counts, 0, s->soak_from_ms, sn_utc_ms(), &v);
    json_obj(j, "judgement");
    json_int(j, "sample", (int64_t)v.sample);
    json_int(j, "failures", (int64_t)v.failures);
    json_num(j, "rate", v.rate);
    json_num(j, "lower", v.lower);
    json_num(j, "upper", v.upper);
    if (v.needed < (uint64_t)INT64_MAX)
        json_int(j, "needed", (int64_t)v.needed);
    else
        json_null(j, "needed");
    json_obj_end(j);
}

/* The verbs that the state allows now: what a console offers as buttons. */
static void render_verbs(json *j, const rollout *ro) {
    json_arr(j, "verbs");
    for (int v = ROLLOUT_APPROVE; v <= ROLLOUT_STOP; v++) {
        rollout copy = *ro;
        if (!rollout_apply(&copy, (enum rollout_verb)v, "", 0, NULL))
            json_str(j, NULL, rollout_verb_name((enum rollout_verb)v));
    }
    json_arr_end(j);
}

static void render_set(json *j, const rollout *ro, const fleet_set *set) {
    json_obj(j, "set");
    json_int(j, "id", ro->set_id);
    json_str(j, "name", set ? set->name : NULL);
    json_str(j, "version", set ? set->version : NULL);
    json_obj_end(j);
}

static void render_filter(json *j, const rollout *ro) {
    if (!ro->filter_key[0]) {
        json_null(j, "filter");
        return;
    }
    json_obj(j, "filter");
    json_str(j, "key", ro->filter_key);
    json_str(j, "value", ro->filter_value);
    json_obj_end(j);
}

static void render_plan(json *j, const fleet_rollout_plan *plan) {
    json_obj(j, "plan");
    json_int(j, "needed", (int64_t)plan->needed);
    json_arr(j, "warnings");
    for (uint32_t i = 0; i < plan->warnings_n; i++) json_str(j, NULL, plan->warnings[i]);
    json_arr_end(j);
    json_obj_end(j);
}

void api_render_rollout(json *j, const char *key, const rollout *ro, const fleet_set *set,
                        const fleet_rollout_plan *plan) {
    json_obj(j, key);
    json_int(j, "id", ro->id);
    json_str(j, "name", ro->name);
    json_int(j, "version", ro->version);
    json_str(j, "state", rollout_state_name(ro->state));
    json_str(j, "hold", rollout_hold_name(ro->hold));
    json_str(j, "reason", ro->reason);
    json_str(j, "mode", ro->policy.manual ? "manual" : "auto");
    json_bool(j, "forced", ro->forced != 0);
    render_set(j, ro, set);
    render_filter(j, ro);
    render_policy(j, &ro->policy);
    json_int(j, "stage", ro->stage);
    json_arr(j, "stages");
    for (uint32_t i = 0; i < ro->stages_n; i++) render_stage(j, &ro->stages[i]);
    json_arr_end(j);
    render_judgement(j, ro);
    render_verbs(j, ro);
    json_int(j, "created_ms", ro->created_ms);
    json_int(j, "changed_ms", ro->changed_ms);
    json_str(j, "created_by", ro->created_by);
    json_str(j, "approved_by", ro->approved_by);
    if (plan) render_plan(j, plan);
    json_obj_end(j);
}

void api_render_device(json *j, const char *key, const fleet_device *d) {
    json_obj(j, key);
    json_str(j, "id", d->cid);
    json_str(j, "name", d->name);
    json_int(j, "created_ms", d->created_ms);
    json_int(j, "last_poll_ms", d->last_poll_ms);
    json_str(j, "address", d->address);
    json_str(j, "installed_name", d->installed_name);
    json_str(j, "installed_version", d->installed_version);
    json_int(j, "action", d->action);
    json_str(j, "status", action_status_name(d->status));
    json_obj_end(j);
}

void api_render_action(json *j, const fleet_action *a) {
    json_obj(j, NULL);
    json_int(j, "id", a->id);
    json_str(j, "device", a->cid);
    json_int(j, "rollout", a->rollout);
    json_int(j, "stage", a->stage);
    json_str(j, "status", action_status_name(a->status));
    json_bool(j, "forced", a->forced != 0);
    json_str(j, "set_name", a->set_name);
    json_str(j, "set_version", a->set_version);
    json_int(j, "created_ms", a->created_ms);
    json_int(j, "changed_ms", a->changed_ms);
    json_int(j, "deadline_ms", a->deadline_ms);
    json_obj_end(j);
}
