/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The device's side from first poll to last feedback, byte for byte where clients are picky. */
#include "kit.h"

#define CONTENT "0123456789abcdefghij"
static int64_t set_id;

/* Assigns the set to a device by hand; the action's id. */
static int64_t assign(const char *cid) {
    char path[80], body[120];
    snprintf(path, sizeof path, "/rest/v1/distributionsets/%lld/assignedTargets",
             (long long)set_id);
    snprintf(body, sizeof body, "[{\"id\":\"%s\",\"type\":\"forced\"}]", cid);
    CHECK_INT(kit_api("POST", path, body), 200);
    return kit_int("assignedActions.0.id");
}

static const char *at(const char *cid, const char *fmt, long long id) {
    static char path[200];
    int n = snprintf(path, sizeof path, "/DEFAULT/controller/v1/%s", cid);
    snprintf(path + n, sizeof path - (size_t)n, fmt, id);
    return path;
}

/* The target behind an absolute link of the last answer. */
static const char *link_of(const char *json_path) {
    static char target[400];
    const char *href = kit_str(json_path), *host = href ? strstr(href, "://") : NULL;
    MUST(host);
    CHECK(!strncmp(host + 3, server_addr(kit.server, APP_DEVICES),
                   strlen(server_addr(kit.server, APP_DEVICES))));
    snprintf(target, sizeof target, "%s", strchr(host + 3, '/'));
    return target;
}

#define FEEDBACK(execution, finished)                                                              \
    "{\"id\":\"\",\"time\":\"20260101T000000\",\"status\":{\"execution\":\"" execution             \
    "\",\"result\":{\"finished\":\"" finished "\"},\"details\":[\"said " execution "\"]}}"

static void first_poll_registers_and_asks_for_attributes(void) {
    CHECK_INT(kit_device("GET", at("veh-1", "", 0), NULL), 200);
    CHECK_STR(kit_str("config.polling.sleep"), "00:00:01");
    CHECK_STR(link_of("_links.configData.href"), "/DEFAULT/controller/v1/veh-1/configData");
    CHECK(!kit_at("_links.deploymentBase"));
    CHECK_INT(kit_device("PUT", at("veh-1", "/configData", 0),
                         "{\"mode\":\"merge\",\"data\":{\"VIN\":\"L1\"},\"status\":{}}"),
              200);
    CHECK_INT(kit_device("GET", at("veh-1", "", 0), NULL), 200);
    CHECK(!kit_at("_links"));
    CHECK_INT(kit_api("GET", "/rest/v1/targets/veh-1/attributes", NULL), 200);
    CHECK_STR(kit_str("VIN"), "L1");
}

static void tenant_matches_in_any_case(void) {
    CHECK_INT(kit_device("GET", "/default/controller/v1/veh-1", NULL), 200);
    CHECK_INT(kit_device("GET", "/other/controller/v1/veh-1", NULL), 401);
}

static void a_job_is_described_as_hawkbit_does(void) {
    int64_t action = assign("veh-1");
    char id[24];
    snprintf(id, sizeof id, "%lld", (long long)action);
    CHECK_INT(kit_device("GET", at("veh-1", "", 0), NULL), 200);
    CHECK_INT(kit_device("GET", link_of("_links.deploymentBase.href"), NULL), 200);
    CHECK_STR(kit_str("id"), id);
    CHECK_STR(kit_str("deployment.download"), "forced");
    CHECK_STR(kit_str("deployment.update"), "forced");
    CHECK_STR(kit_str("deployment.chunks.0.part"), "bApp");
    CHECK_STR(kit_str("deployment.chunks.0.version"), "1.0");
    static const char *const hashes[][2] = {
        {"sha1", "7c8e1dc5a4fd22f1311a7a1f3e3401215c0ccab3"},
        {"md5", "644be06dfc54061fd1e67f5ebbabcd58"},
        {"sha256", "6bc14bdc4517a7a682c6910de2e2946eb8e1ecd04090728fef6d092a7ceb62c5"}};
    char path[100];
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "deployment.chunks.0.artifacts.0.hashes.%s", hashes[i][0]);
        CHECK_STR(kit_str(path), hashes[i][1]);
    }
    CHECK_INT(kit_int("deployment.chunks.0.artifacts.0.size"), strlen(CONTENT));
    CHECK(kit_at("deployment.chunks.0.artifacts.0._links.md5sum-http.href"));
    CHECK(!kit_at("deployment.chunks.0.artifacts.0._links.download"));
    CHECK(!strstr(answer.body, "null") && !strstr(answer.body, ": ") && !strstr(answer.body, ", "));
}

static char file_target[400];

static void artifacts_with_ranges(void) {
    struct extra x = {.auth = kit.gateway_header};
    snprintf(file_target, sizeof file_target, "%s",
             link_of("deployment.chunks.0.artifacts.0._links.download-http.href"));
    CHECK_INT(kit_call(APP_DEVICES, "GET", file_target, &x), 200);
    CHECK_STR(answer.body, CONTENT);
    char etag[80];
    snprintf(etag, sizeof etag, "%s", answer.etag);
    CHECK_INT(strlen(etag), 42);
    CHECK_INT(kit_call(APP_DEVICES, "HEAD", file_target, &x), 200);
    CHECK_INT(answer.n, 0);
    x.range = "bytes=5-";
    CHECK_INT(kit_call(APP_DEVICES, "GET", file_target, &x), 206);
    CHECK_STR(answer.body, &CONTENT[5]);
    CHECK_STR(answer.range, "bytes 5-19/20");
    x.if_range = etag;
    CHECK_INT(kit_call(APP_DEVICES, "GET", file_target, &x), 206);
    x.if_range = "\"another\"";
    CHECK_INT(kit_call(APP_DEVICES, "GET", file_target, &x), 200);
    x.if_range = NULL;
    x.range = "bytes=20-";
    CHECK_INT(kit_call(APP_DEVICES, "GET", file_target, &x), 416);
    x.range = NULL;
    x.if_match = "\"another\"";
    CHECK_INT(kit_call(APP_DEVICES, "GET", file_target, &x), 412);
}

static void md5sum_beside_the_file(void) {
    char target[420];
    snprintf(target, sizeof target, "%s.MD5SUM", file_target);
    CHECK_INT(kit_device("GET", target, NULL), 200);
    CHECK_INT(answer.n, 32 + 2 + strlen("a b.swu"));
    CHECK_STR(answer.body + 32, "  a b.swu");
}

static void a_running_job_stays_offered_until_closed(void) {
    int64_t action = 0;
    CHECK_INT(kit_api("GET", "/api/v1/devices/veh-1/actions", NULL), 200);
    action = kit_int("actions.0.id");
    for (int i = 0; i < 2; i++) {
        CHECK_INT(kit_device("POST", at("veh-1", "/deploymentBase/%lld/feedback", action),
                             FEEDBACK("proceeding", "none")),
                  200);
        CHECK_INT(kit_device("GET", at("veh-1", "", 0), NULL), 200);
        CHECK(kit_at("_links.deploymentBase"));
    }
    CHECK_INT(kit_device("GET", at("veh-1", "/deploymentBase/%lld?actionHistory=10", action), NULL),
              200);
    CHECK_STR(kit_str("actionHistory.messages.0"), "said proceeding");
    CHECK_INT(kit_device("POST", at("veh-1", "/deploymentBase/%lld/feedback", action),
                         FEEDBACK("closed", "success")),
              200);
    CHECK_INT(kit_device("GET", at("veh-1", "", 0), NULL), 200);
    CHECK(!kit_at("_links.deploymentBase"));
    CHECK_INT(kit_device("GET", link_of("_links.installedBase.href"), NULL), 200);
    CHECK_INT(kit_device("POST", at("veh-1", "/deploymentBase/%lld/feedback", action),
                         FEEDBACK("proceeding", "none")),
              410);
    CHECK_INT(kit_device("GET", at("veh-1", "/deploymentBase/%lld", action), NULL), 404);
}

static void another_devices_things_are_out_of_reach(void) {
    CHECK_INT(kit_device("GET", at("veh-2", "", 0), NULL), 200);
    int64_t action = assign("veh-1");
    CHECK_INT(kit_device("GET", at("veh-2", "/deploymentBase/%lld", action), NULL), 404);
    CHECK_INT(kit_device("POST", at("veh-2", "/deploymentBase/%lld/feedback", action),
                         FEEDBACK("closed", "success")),
              404);
    char target[400], *cid;
    snprintf(target, sizeof target, "%s", file_target);
    cid = strstr(target, "veh-1");
    MUST(cid);
    cid[4] = '2';
    CHECK_INT(kit_device("GET", target, NULL), 404);
    CHECK_INT(kit_device("GET", at("veh-1", "/deploymentBase/%lld", 999999), NULL), 404);
    CHECK_INT(kit_device("GET", at("veh-1", "/deploymentBase/x", 0), NULL), 404);
}

static void a_cancel_is_offered_and_obeyed(void) {
    char path[120];
    int64_t action = 0;
    CHECK_INT(kit_device("GET", at("veh-1", "", 0), NULL), 200);
    CHECK_INT(kit_api("GET", "/api/v1/devices/veh-1/actions", NULL), 200);
    action = kit_int("actions.0.id");
    CHECK_INT(kit_device("POST", at("veh-1", "/deploymentBase/%lld/feedback", action),
                         FEEDBACK("proceeding", "none")),
              200);
    snprintf(path, sizeof path, "/rest/v1/targets/veh-1/actions/%lld", (long long)action);
    CHECK_INT(kit_api("DELETE", path, NULL), 204);
    CHECK_INT(kit_device("GET", at("veh-1", "", 0), NULL), 200);
    CHECK(!kit_at("_links.deploymentBase"));
    CHECK_INT(kit_device("GET", link_of("_links.cancelAction.href"), NULL), 200);
    char id[24];
    snprintf(id, sizeof id, "%lld", (long long)action);
    CHECK_STR(kit_str("id"), id);
    CHECK_STR(kit_str("cancelAction.stopId"), id);
    CHECK_INT(kit_device("POST", at("veh-1", "/cancelAction/%lld/feedback", action),
                         FEEDBACK("closed", "success")),
              200);
    CHECK_INT(kit_api("GET", path, NULL), 200);
    CHECK_STR(kit_str("detailStatus"), "canceled");
}

static void target_tokens(void) {
    struct extra x = {.auth = "TargetToken nonsense"};
    char header[200];
    CHECK_INT(kit_api("POST", "/rest/v1/targets", "[{\"controllerId\":\"own\"}]"), 201);
    snprintf(header, sizeof header, "TargetToken %s", kit_str("0.securityToken"));
    CHECK_INT(kit_call(APP_DEVICES, "GET", at("own", "", 0), &x), 401);
    CHECK_STR(answer.challenge, "TargetToken, GatewayToken");
    CHECK_STR(answer.type, "application/problem+json");
    x.auth = NULL;
    CHECK_INT(kit_call(APP_DEVICES, "GET", at("own", "", 0), &x), 401);
    x.auth = header;
    CHECK_INT(kit_call(APP_DEVICES, "GET", at("own", "", 0), &x), 200);
    CHECK_INT(kit_call(APP_DEVICES, "GET", at("veh-1", "", 0), &x), 401);
    CHECK_INT(kit_call(APP_DEVICES, "GET", at("never-seen", "", 0), &x), 401);
}

static void malformed_feedback(void) {
    int64_t action = assign("veh-2");
    const char *path = at("veh-2", "/deploymentBase/%lld/feedback", action);
    CHECK_INT(kit_device("POST", path, "{"), 400);
    CHECK_INT(kit_device("POST", path, "{\"status\":{\"execution\":\"exploded\"}}"), 400);
    CHECK(strstr(kit_str("detail"), "status.execution"));
    CHECK_INT(kit_device("POST", path, "[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]"),
              400);
    static char big[300 << 10];
    memset(big, ' ', sizeof big - 1);
    CHECK_INT(kit_device("POST", path, big), 413);
    CHECK_INT(kit_device("GET", at("veh-2", "", 0), NULL), 200);
    CHECK(kit_at("_links.deploymentBase"));
}

/* A client that reports without end is cut off, but may always say how it ended. */
static void too_many_reports(void) {
    char path[200], body[200];
    int64_t action = assign("veh-3");
    snprintf(path, sizeof path, "%s", at("veh-3", "/deploymentBase/%lld/feedback", action));
    int status = 200, n = 0;
    for (; status == 200 && n <= FLEET_STATUS_MAX; n++) {
        snprintf(body, sizeof body,
                 "{\"status\":{\"execution\":\"proceeding\",\"details\":[\"step %d\"]}}", n);
        status = kit_device("POST", path, body);
    }
    CHECK_INT(status, 429);
    CHECK(n > FLEET_STATUS_MAX / 2);
    CHECK_STR(kit_str("detail"), "a quota is used up");
    CHECK_INT(kit_device("POST", path, FEEDBACK("closed", "success")), 200);
}

static void installed_base_by_the_device(void) {
    CHECK_INT(kit_device("PUT", at("veh-2", "/installedBase", 0),
                         "{\"name\":\"app\",\"version\":\"1.0\"}"),
              200);
    CHECK_INT(kit_api("GET", "/api/v1/devices/veh-2", NULL), 200);
    CHECK_STR(kit_str("device.installed_version"), "1.0");
    CHECK_INT(kit_device("PUT", at("veh-2", "/installedBase", 0),
                         "{\"name\":\"unknown\",\"version\":\"1.0\"}"),
              404);
    CHECK_INT(kit_device("PUT", at("veh-2", "/installedBase", 0), "{\"name\":\"app\"}"), 400);
}

static int cases(void) {
    set_id = kit_make_set("app", "1.0", "a b.swu", CONTENT);
    CASE(first_poll_registers_and_asks_for_attributes);
    CASE(tenant_matches_in_any_case);
    CASE(a_job_is_described_as_hawkbit_does);
    CASE(artifacts_with_ranges);
    CASE(md5sum_beside_the_file);
    CASE(a_running_job_stays_offered_until_closed);
    CASE(another_devices_things_are_out_of_reach);
    CASE(a_cancel_is_offered_and_obeyed);
    CASE(target_tokens);
    CASE(malformed_feedback);
    CHECK_INT(kit_device("GET", at("veh-3", "", 0), NULL), 200);
    CASE(too_many_reports);
    CASE(installed_base_by_the_device);
    return check_done();
}

int main(void) { return kit_main("ddi_flow", 0, cases); }
