/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Roll-outs by the API: draft to done, versions, roles; and the live feed that shows them. */
#include "kit.h"

#include <sennit/http.h>

static int64_t set_id, rollout_id;
static char approver[80], operator_token[80], viewer[80];

static const char *path(const char *tail) {
    static char text[120];
    snprintf(text, sizeof text, "/api/v1/rollouts/%lld%s", (long long)rollout_id, tail);
    return text;
}

static void make_user(const char *name, const char *role, char *header) {
    char body[120];
    snprintf(body, sizeof body, "{\"name\":\"%s\",\"role\":\"%s\"}", name, role);
    CHECK_INT(kit_api("POST", "/api/v1/users", body), 201);
    snprintf(header, 80, "Bearer %s", kit_str("token"));
}

/* Asks with another operator's token; If-Match by the roll-out's present version. */
static int as(const char *header, const char *method, const char *where, const char *body) {
    char tag[80], target[120];
    snprintf(target, sizeof target, "%s", where);
    CHECK_INT(kit_api("GET", path(""), NULL), 200);
    snprintf(tag, sizeof tag, "%s", answer.etag);
    struct extra x = {.auth = header, .body = body, .if_match = tag};
    return kit_call(APP_OPERATORS, method, target, &x);
}

static void users_of_each_role(void) {
    make_user("anna", "approver", approver);
    make_user("otto", "operator", operator_token);
    make_user("vera", "viewer", viewer);
    CHECK_INT(kit_api("POST", "/api/v1/users", "{\"name\":\"vera\",\"role\":\"viewer\"}"), 409);
    CHECK_INT(kit_api("POST", "/api/v1/users", "{\"name\":\"x\",\"role\":\"king\"}"), 400);
    CHECK_INT(kit_api("GET", "/api/v1/users", NULL), 200);
    CHECK_INT(kit_int("total"), 4);
    CHECK(!strstr(answer.body, "token"));
}

static void a_draft_with_its_plan(void) {
    char body[400];
    for (int i = 0; i < 40; i++) {
        char poll[80];
        snprintf(poll, sizeof poll, "/DEFAULT/controller/v1/d-%02d", i);
        CHECK_INT(kit_device("GET", poll, NULL), 200);
    }
    snprintf(body, sizeof body,
             "{\"name\":\"first\",\"set\":%lld,\"forced\":true,\"stages\":[0.3,1],\"policy\":"
             "{\"threshold\":0.4,\"confidence\":0.8,\"soak_s\":0,\"on_fail\":\"hold\"}}",
             (long long)set_id);
    struct extra x = {.auth = viewer, .body = body};
    CHECK_INT(kit_call(APP_OPERATORS, "POST", "/api/v1/rollouts", &x), 403);
    CHECK(strstr(kit_str("detail"), "viewer"));
    x.auth = operator_token;
    CHECK_INT(kit_call(APP_OPERATORS, "POST", "/api/v1/rollouts", &x), 201);
    rollout_id = kit_int("id");
    CHECK_STR(answer.location, path(""));
    CHECK_STR(kit_str("state"), "draft");
    CHECK_STR(kit_str("created_by"), "otto");
    CHECK(kit_int("plan.needed") > 0);
    CHECK(answer.etag[0] == '"');
}

static void verbs_need_the_version_that_was_seen(void) {
    CHECK_INT(kit_api("POST", path("/approve"), NULL), 428);
    CHECK_INT(kit_api_match("POST", path("/approve"), NULL, "*"), 428);
    CHECK_INT(kit_api_match("POST", path("/approve"), NULL, "\"999\""), 412);
    CHECK_INT(kit_api_match("POST", path("/approve"), NULL, "nonsense"), 412);
    CHECK_INT(as(operator_token, "POST", path("/approve"), NULL), 403);
    CHECK_INT(as(approver, "POST", path("/start"), NULL), 409);
    CHECK_INT(as(approver, "POST", path("/approve"), "{\"reason\":7}"), 400);
    CHECK_INT(as(approver, "POST", path("/approve"), "{\"reason\":\"looks fine\"}"), 200);
    CHECK_STR(kit_str("state"), "approved");
    CHECK_STR(kit_str("approved_by"), "anna");
    CHECK_INT(as(operator_token, "POST", path("/start"), NULL), 200);
    CHECK_STR(kit_str("state"), "running");
    CHECK_INT(as(operator_token, "POST", path("/pause"), NULL), 200);
    CHECK_INT(as(operator_token, "POST", path("/resume"), NULL), 200);
    CHECK_INT(as(viewer, "POST", path("/stop"), NULL), 403);
}

/* Every device polls once and closes what it is offered. How many had a job. */
static int devices_work(void) {
    int jobs = 0;
    for (int i = 0; i < 40; i++) {
        char target[160];
        snprintf(target, sizeof target, "/DEFAULT/controller/v1/d-%02d", i);
        CHECK_INT(kit_device("GET", target, NULL), 200);
        const char *href = kit_str("_links.deploymentBase.href");
        if (!href) continue;
        const char *job = strstr(href, "/DEFAULT"), *query = strchr(href, '?');
        MUST(job && query);
        snprintf(target, sizeof target, "%.*s/feedback", (int)(query - job), job);
        CHECK_INT(kit_device("POST", target,
                             "{\"status\":{\"execution\":\"closed\",\"result\":{\"finished\":"
                             "\"success\"}}}"),
                  200);
        jobs++;
    }
    return jobs;
}

static void runs_to_its_end(void) {
    int jobs = 0;
    for (int i = 0; i < 600; i++) {
        jobs += devices_work();
        CHECK_INT(kit_api("GET", path(""), NULL), 200);
        if (!strcmp(kit_str("state"), "done") || !strcmp(kit_str("state"), "held")) break;
    }
    CHECK_STR(kit_str("state"), "done");
    CHECK_INT(jobs, 40);
    CHECK_INT(kit_int("stages.0.counts.succeeded") + kit_int("stages.1.counts.succeeded"), 40);
    CHECK_STR(kit_str("stages.0.outcome"), "pass");
    CHECK(strlen(kit_str("stages.0.reason")) > 0);
    CHECK_INT(kit_api("GET", path("/devices?status=finished&limit=7"), NULL), 200);
    CHECK_INT(kit_int("total"), 40);
    CHECK_INT(cJSON_GetArraySize(kit_at("actions")), 7);
    CHECK_INT(kit_api("GET", path("/devices?search=D-07"), NULL), 200);
    CHECK_INT(kit_int("total"), 1);
    CHECK_STR(kit_str("actions.0.device"), "d-07");
    CHECK_INT(kit_api("GET", "/api/v1/devices?search=d-1", NULL), 200);
    CHECK_INT(kit_int("total"), 10);
    CHECK_INT(kit_api("GET", path("/devices?status=nonsense"), NULL), 400);
    CHECK_INT(kit_api("GET", path("/devices?limit=0"), NULL), 400);
}

static void every_decision_is_recorded(void) {
    char query[80];
    snprintf(query, sizeof query, "/api/v1/records?object=rollout/%lld", (long long)rollout_id);
    CHECK_INT(kit_api("GET", query, NULL), 200);
    static const char *const events[] = {"rollout.create", "rollout.approve", "rollout.start",
                                         "rollout.pause", "rollout.resume"};
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        CHECK(strstr(answer.body, events[i]) != NULL);
    CHECK(strstr(answer.body, "looks fine") != NULL);
    CHECK_INT(kit_api("GET", "/api/v1/records/export", NULL), 200);
    CHECK_STR(answer.type, "application/x-ndjson");
    const char *file = "rollout-record.ndjson";
    uint64_t n = 0;
    fleet_err err = {""};
    MUST(!sn_path_write(file, answer.body, answer.n));
    CHECK_INT(record_verify_file(file, NULL, &n, &err), 0);
    CHECK(n > 5);
    answer.body[answer.n / 2] ^= 1;
    MUST(!sn_path_write(file, answer.body, answer.n));
    CHECK(record_verify_file(file, NULL, &n, &err) < 0);
    CHECK(!sn_path_remove(file));
}

/* Reads from an event stream until `want` has been seen; 0, or -1 when it ended or time is up. */
static int read_until(sn_http_response *r, const char *want) {
    static char text[128 << 10];
    size_t at = 0, n = 1;
    while (n && at < sizeof text - 1) {
        if (sn_http_response_read(r, text + at, sizeof text - 1 - at, &n)) return -1;
        at += n;
        text[at] = 0;
        if (strstr(text, want)) return 0;
    }
    return -1;
}

static void the_live_feed_shows_changes(void) {
    sn_http_client *c;
    sn_http_response *r;
    sn_http_pair auth = {"Authorization", viewer};
    sn_http_call call = {.size = sizeof call,
                         .target = "/api/v1/events",
                         .headers = &auth,
                         .header_count = 1,
                         .until = sn_now() + 30 * SN_SECOND};
    MUST(!sn_http_client_dial(&c, "tcp", server_addr(kit.server, APP_OPERATORS), NULL));
    MUST(!sn_http_do(c, &call, &r));
    CHECK_INT(sn_http_response_status(r), 200);
    CHECK_INT(read_until(r, "event: ready"), 0);
    char body[120];
    snprintf(body, sizeof body, "{\"name\":\"second one\",\"set\":%lld}", (long long)set_id);
    CHECK_INT(kit_api("POST", "/api/v1/rollouts", body), 201);
    CHECK_INT(read_until(r, "\"name\":\"second one\""), 0);
    sn_http_client_free(c);
}

static void bad_bodies(void) {
    CHECK_INT(kit_api("POST", "/api/v1/rollouts", "{}"), 400);
    CHECK_INT(kit_api("POST", "/api/v1/rollouts", "[]"), 400);
    CHECK_INT(kit_api("POST", "/api/v1/rollouts", "not json"), 400);
    CHECK_INT(kit_api("POST", "/api/v1/rollouts", "{\"name\":\"x\",\"set\":99999}"), 404);
    CHECK_INT(kit_api("GET", "/api/v1/rollouts/99999", NULL), 404);
    CHECK_INT(kit_api("GET", "/api/v1/rollouts/abc", NULL), 404);
    CHECK_INT(kit_api("PUT", "/api/v1/rollouts", "{}"), 405);
    CHECK(strstr(answer.allow, "GET") && strstr(answer.allow, "POST"));
}

static int cases(void) {
    set_id = kit_make_set("app", "2.0", "app.swu", "an image");
    CASE(users_of_each_role);
    CASE(a_draft_with_its_plan);
    CASE(verbs_need_the_version_that_was_seen);
    CASE(runs_to_its_end);
    CASE(every_decision_is_recorded);
    CASE(the_live_feed_shows_changes);
    CASE(bad_bodies);
    return check_done();
}

int main(void) { return kit_main("api_rollout", 0, cases); }
