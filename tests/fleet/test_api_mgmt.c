/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* hawkBit's Management API as scripts use it. */
#include "kit.h"

static int64_t module, artifact;

static const char *module_path(const char *fmt, long long id) {
    static char path[160];
    int n = snprintf(path, sizeof path, "/rest/v1/softwaremodules/%lld", (long long)module);
    snprintf(path + n, sizeof path - (size_t)n, fmt, id);
    return path;
}

static void targets(void) {
    CHECK_INT(kit_api("POST", "/rest/v1/targets",
                      "[{\"controllerId\":\"t1\",\"name\":\"One\",\"securityToken\":\"tok1\"},"
                      "{\"controllerId\":\"t2\"}]"),
              201);
    CHECK_STR(kit_str("0.controllerId"), "t1");
    CHECK_STR(kit_str("0.securityToken"), "tok1");
    CHECK_INT(strlen(kit_str("1.securityToken")), 32);
    CHECK_INT(kit_api("POST", "/rest/v1/targets", "[{\"controllerId\":\"t1\"}]"), 409);
    /* all or none: a token that was made would be lost with the answer */
    CHECK_INT(kit_api("POST", "/rest/v1/targets",
                      "[{\"controllerId\":\"t7\"},{\"controllerId\":\"t1\"}]"),
              409);
    CHECK_INT(kit_api("POST", "/rest/v1/targets",
                      "[{\"controllerId\":\"t7\"},{\"controllerId\":\"t7\"}]"),
              409);
    CHECK_INT(kit_api("POST", "/rest/v1/targets",
                      "[{\"controllerId\":\"t7\"},{\"controllerId\":\"a/b\"}]"),
              400);
    CHECK_INT(kit_api("GET", "/rest/v1/targets/t7", NULL), 404);
    CHECK_INT(kit_api("POST", "/rest/v1/targets", "[{\"controllerId\":\"a b\"}]"), 400);
    CHECK_INT(kit_api("POST", "/rest/v1/targets", "[{\"name\":\"x\"}]"), 400);
    CHECK_INT(kit_api("GET", "/rest/v1/targets?offset=1&limit=1", NULL), 200);
    CHECK_INT(kit_int("total"), 2);
    CHECK_INT(kit_int("size"), 1);
    CHECK_STR(kit_str("content.0.controllerId"), "t2");
    CHECK(!strstr(answer.body, "securityToken"));
    CHECK_INT(kit_api("GET", "/rest/v1/targets/t1", NULL), 200);
    CHECK_STR(kit_str("name"), "One");
    CHECK_STR(kit_str("updateStatus"), "unknown");
    CHECK_INT(kit_api("GET", "/rest/v1/targets/none", NULL), 404);
    CHECK_INT(kit_api("DELETE", "/rest/v1/targets/t2", NULL), 200);
    CHECK_INT(kit_api("GET", "/rest/v1/targets/t2", NULL), 404);
}

static void modules_and_uploads(void) {
    CHECK_INT(kit_api("POST", "/rest/v1/softwaremodules",
                      "[{\"name\":\"m\",\"version\":\"1\",\"type\":\"os\"}]"),
              201);
    module = kit_int("0.id");
    CHECK_INT(kit_upload(module, "one.bin", "content of one"), 201);
    artifact = kit_int("id");
    CHECK_STR(kit_str("providedFilename"), "one.bin");
    CHECK_INT(kit_int("size"), strlen("content of one"));
    CHECK_INT(strlen(kit_str("hashes.sha256")), 64);
    CHECK_INT(kit_upload(module, "one.bin", "other content"), 409);
    CHECK_INT(kit_upload(module, "../evil", "x"), 400);
    CHECK_INT(kit_upload(99999, "one.bin", "x"), 404);
    struct extra x = {.auth = kit.bearer, .body = "x", .type = "text/plain"};
    CHECK_INT(kit_call(APP_OPERATORS, "POST", module_path("/artifacts", 0), &x), 415);
    x.type = "multipart/form-data; boundary=edge";
    CHECK_INT(kit_call(APP_OPERATORS, "POST", module_path("/artifacts", 0), &x), 400);
    CHECK_INT(kit_api("GET", module_path("/artifacts", 0), NULL), 200);
    CHECK_INT(cJSON_GetArraySize(answer.json), 1);
    CHECK_INT(kit_api("GET", module_path("/artifacts/%lld/download", artifact), NULL), 200);
    CHECK_STR(answer.body, "content of one");
    CHECK_INT(kit_api("GET", module_path("/artifacts/%lld", artifact + 1), NULL), 404);
}

static void sets_and_assignment(void) {
    char body[200], path[120];
    snprintf(body, sizeof body, "[{\"name\":\"ds\",\"version\":\"1\",\"modules\":[{\"id\":%lld}]}]",
             (long long)module);
    CHECK_INT(kit_api("POST", "/rest/v1/distributionsets", body), 201);
    int64_t set = kit_int("0.id");
    snprintf(path, sizeof path, "/rest/v1/distributionsets/%lld/assignedSM", (long long)set);
    CHECK_INT(kit_api("GET", path, NULL), 200);
    CHECK_INT(kit_int("content.0.id"), module);
    snprintf(path, sizeof path, "/rest/v1/distributionsets/%lld/assignedTargets", (long long)set);
    CHECK_INT(kit_api("POST", path, "[{\"id\":\"t1\",\"type\":\"soft\"}]"), 200);
    CHECK_INT(kit_int("assigned"), 1);
    CHECK_INT(kit_api("POST", path, "[{\"id\":\"t1\",\"type\":\"soft\"}]"), 200);
    CHECK_INT(kit_int("alreadyAssigned"), 1);
    CHECK_INT(kit_api("POST", path, "[{\"id\":\"nobody\"}]"), 404);
    CHECK_INT(kit_api("POST", path, "[{\"id\":\"t1\",\"type\":\"downloadonly\"}]"), 400);
    CHECK_INT(kit_api("POST", path, "7"), 400);
    CHECK_INT(kit_api("DELETE", module_path("", 0), NULL), 409);
    CHECK_INT(kit_upload(module, "two.bin", "late"), 409);
}

static void actions_and_their_history(void) {
    char path[120];
    struct extra device = {.auth = "TargetToken tok1",
                           .body = "{\"status\":{\"execution\":\"proceeding\",\"result\":"
                                   "{\"finished\":\"none\"},\"details\":[\"first\"]}}"};
    CHECK_INT(kit_api("GET", "/rest/v1/targets/t1/actions", NULL), 200);
    CHECK_INT(kit_int("total"), 1);
    int64_t action = kit_int("content.0.id");
    CHECK_STR(kit_str("content.0.status"), "pending");
    CHECK_STR(kit_str("content.0.forceType"), "soft");
    snprintf(path, sizeof path, "/DEFAULT/controller/v1/t1/deploymentBase/%lld/feedback",
             (long long)action);
    CHECK_INT(kit_call(APP_DEVICES, "POST", path, &device), 200);
    device.body = "{\"status\":{\"execution\":\"download\",\"details\":[\"second\",\"line\"]}}";
    CHECK_INT(kit_call(APP_DEVICES, "POST", path, &device), 200);
    snprintf(path, sizeof path,
             "/rest/v1/targets/t1/actions/%lld/status?offset=0&limit=1&sort=id:DESC",
             (long long)action);
    CHECK_INT(kit_api("GET", path, NULL), 200);
    CHECK_STR(kit_str("content.0.messages.0"), "second");
    CHECK_STR(kit_str("content.0.messages.1"), "line");
    CHECK_INT(kit_int("size"), 1);
    snprintf(path, sizeof path, "/rest/v1/targets/t1/actions/%lld/status?sort=name:ASC",
             (long long)action);
    CHECK_INT(kit_api("GET", path, NULL), 400);
    snprintf(path, sizeof path, "/rest/v1/targets/t1/actions/%lld?force=true", (long long)action);
    CHECK_INT(kit_api("DELETE", path, NULL), 204);
    CHECK_INT(kit_api("DELETE", path, NULL), 409);
    CHECK_INT(kit_api("GET", path, NULL), 200);
    CHECK_STR(kit_str("status"), "finished");
    snprintf(path, sizeof path, "/rest/v1/targets/other/actions/%lld", (long long)action);
    CHECK_INT(kit_api("GET", path, NULL), 404);
}

static void settings(void) {
    CHECK_INT(kit_api("GET", "/rest/v1/system/configs/pollingTime", NULL), 200);
    CHECK_STR(kit_str("value"), "00:00:01");
    CHECK_INT(kit_api("PUT", "/rest/v1/system/configs/pollingTime", "{\"value\":\"00:01:00\"}"),
              200);
    CHECK_INT(kit_api("PUT", "/rest/v1/system/configs/pollingTime", "{\"value\":\"often\"}"), 400);
    CHECK_INT(kit_api("PUT", "/rest/v1/system/configs/pollingTime", "{}"), 400);
    CHECK_INT(kit_api("GET", "/rest/v1/system/configs/authentication.gatewaytoken.key", NULL), 200);
    CHECK_STR(kit_str("value"), "***");
    CHECK_INT(kit_api("GET", "/rest/v1/system/configs/no.such", NULL), 404);
    CHECK_INT(kit_api("PUT", "/rest/v1/system/configs/authentication.targettoken.enabled",
                      "{\"value\":false}"),
              200);
    struct extra device = {.auth = "TargetToken tok1"};
    CHECK_INT(kit_call(APP_DEVICES, "GET", "/DEFAULT/controller/v1/t1", &device), 401);
}

static void basic_authentication(void) {
    /* "admin:" or whatever the first user is called, and the token, in base64 */
    static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char plain[200], header[300] = "Basic ";
    CHECK_INT(kit_api("GET", "/api/v1/server", NULL), 200);
    size_t n = (size_t)snprintf(plain, sizeof plain, "%s:%s", kit_str("user"), kit.admin);
    char *out = header + strlen(header);
    for (size_t i = 0; i < n; i += 3) {
        unsigned v = (unsigned)(unsigned char)plain[i] << 16 |
                     (i + 1 < n ? (unsigned)(unsigned char)plain[i + 1] << 8 : 0) |
                     (i + 2 < n ? (unsigned char)plain[i + 2] : 0);
        for (int k = 18; k >= 0; k -= 6) *out++ = set[v >> k & 63];
    }
    for (size_t i = n % 3; i && i < 3; i++) out[(int)i - 3] = '=';
    *out = 0;
    struct extra x = {.auth = header};
    CHECK_INT(kit_call(APP_OPERATORS, "GET", "/rest/v1/targets", &x), 200);
    x.auth = "Basic bm9ib2R5OnNlY3JldA==";
    CHECK_INT(kit_call(APP_OPERATORS, "GET", "/rest/v1/targets", &x), 401);
    CHECK_STR(answer.challenge, "Basic realm=\"sennit-fleet\"");
}

static int cases(void) {
    CASE(targets);
    CASE(modules_and_uploads);
    CASE(sets_and_assignment);
    CASE(actions_and_their_history);
    CASE(settings);
    CASE(basic_authentication);
    return check_done();
}

int main(void) { return kit_main("api_mgmt", 0, cases); }
