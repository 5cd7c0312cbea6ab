/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* openapi.json against the server: the same routes in both; roles as the table has them; and
 * answers that have the status and the members that the file promises. */
#include "kit.h"
#include "routes.h"

static cJSON *doc;

/* "{name}" stays; the method comes in lower case. */
static void split(const char *pattern, char *method, size_t n, const char **path) {
    size_t i = 0;
    for (; pattern[i] != ' ' && i < n - 1; i++) method[i] = (char)(pattern[i] | 0x20);
    method[i] = 0;
    *path = pattern + i + 1;
}

static const cJSON *operation(const char *method, const char *path) {
    return json_in_get(json_in_get(json_in_get(doc, "paths"), path), method);
}

static void every_route_is_described(void) {
    for (size_t i = 0; i < routes_n; i++) {
        char method[16];
        const char *path;
        split(routes[i].pattern, method, sizeof method, &path);
        const cJSON *op = operation(method, path);
        if (!op) fprintf(stderr, "not in openapi.json: %s\n", routes[i].pattern);
        CHECK(op != NULL);
        const char *role = json_in_str(op, "x-role");
        int is_role = routes[i].access == ACCESS_ROLE;
        CHECK_STR(role ? role : "none", is_role ? role_name(routes[i].role) : "none");
        CHECK_INT(cJSON_GetArraySize(json_in_get(op, "security")) > 0,
                  routes[i].access != ACCESS_PUBLIC);
    }
}

static int is_route(const char *method, const char *path) {
    for (size_t i = 0; i < routes_n; i++) {
        char m[16];
        const char *p;
        split(routes[i].pattern, m, sizeof m, &p);
        if (!strcmp(m, method) && !strcmp(p, path)) return 1;
    }
    return 0;
}

static void every_description_is_a_route(void) {
    const cJSON *path, *op;
    int n = 0;
    cJSON_ArrayForEach(path, json_in_get(doc, "paths")) cJSON_ArrayForEach(op, path) {
        n++;
        if (!is_route(op->string, path->string))
            fprintf(stderr, "no such route: %s %s\n", op->string, path->string);
        CHECK(is_route(op->string, path->string));
    }
    CHECK_INT(n, routes_n);
}

static const cJSON *resolve(const cJSON *o) {
    const char *ref = json_in_str(o, "$ref");
    if (!ref) return o;
    const cJSON *at = doc;
    char part[80];
    for (ref += 2; at && *ref;) {
        size_t n = strcspn(ref, "/");
        snprintf(part, sizeof part, "%.*s", (int)n, ref);
        at = json_in_get(at, part);
        ref += n + (ref[n] == '/');
    }
    return at;
}

static int type_fits(const char *type, const cJSON *v) {
    if (!strcmp(type, "object")) return cJSON_IsObject(v);
    if (!strcmp(type, "array")) return cJSON_IsArray(v);
    if (!strcmp(type, "string")) return cJSON_IsString(v);
    if (!strcmp(type, "boolean")) return cJSON_IsBool(v);
    if (!strcmp(type, "integer"))
        return cJSON_IsNumber(v) && v->valuedouble == (double)(int64_t)v->valuedouble;
    return cJSON_IsNumber(v);
}

/* Types, required members, nothing undescribed; where the schema says so. */
static void validate(const cJSON *v, const cJSON *schema, const char *where) {
    schema = resolve(schema);
    const char *type = json_in_str(schema, "type");
    const cJSON *m, *props = json_in_get(schema, "properties");
    if (cJSON_IsNull(v) && json_in_bool(schema, "nullable", 0)) return;
    if (type && !type_fits(type, v)) {
        fprintf(stderr, "%s is not of type %s\n", where, type);
        CHECK(0);
        return;
    }
    cJSON_ArrayForEach(m, json_in_get(schema, "required")) {
        if (!json_in_get(v, m->valuestring))
            fprintf(stderr, "%s lacks %s\n", where, m->valuestring);
        CHECK(json_in_get(v, m->valuestring) != NULL);
    }
    if (cJSON_IsObject(v) && props) cJSON_ArrayForEach(m, v) {
            const cJSON *p = json_in_get(props, m->string);
            if (!p) fprintf(stderr, "%s has %s, which is not described\n", where, m->string);
            CHECK(p != NULL);
            if (p) validate(m, p, m->string);
        }
    if (cJSON_IsArray(v)) cJSON_ArrayForEach(m, v) validate(m, json_in_get(schema, "items"), where);
}

/* Checks the last answer against an operation's promise. */
static void as_promised(const char *method, const char *path) {
    char status[8];
    snprintf(status, sizeof status, "%d", answer.status);
    const cJSON *r =
        resolve(json_in_get(json_in_get(operation(method, path), "responses"), status));
    if (!r) fprintf(stderr, "%s %s: %s is not promised\n", method, path, status);
    CHECK(r != NULL);
    const cJSON *content = json_in_get(r, "content"), *first = content ? content->child : NULL;
    if (!first) {
        CHECK_INT(answer.n, 0);
        return;
    }
    CHECK(!strncmp(answer.type, first->string, strlen(first->string)));
    const cJSON *schema = json_in_get(first, "schema");
    if (schema && strstr(first->string, "json")) validate(answer.json, schema, path);
}

/* One call by the pattern's path with its parameters filled in. */
static void call(int listener, const char *method, const char *pattern, const char *path,
                 const char *body, const char *if_match) {
    struct extra x = {.auth = listener == APP_DEVICES ? kit.gateway_header : kit.bearer,
                      .body = body,
                      .if_match = if_match};
    char lower[16];
    size_t i = 0;
    for (; method[i]; i++) lower[i] = (char)(method[i] | 0x20);
    lower[i] = 0;
    kit_call(listener, method, path, &x);
    as_promised(lower, pattern);
}
#define OPERATORS(method, pattern, path, body, match)                                              \
    call(APP_OPERATORS, method, pattern, path, body, match)
#define DEVICES(method, tail, path, body)                                                          \
    call(APP_DEVICES, method, "/{tenant}/controller/v1/{cid}" tail, path, body, NULL)

static int64_t set_id;

static void operators_answers(void) {
    char body[120], path[120];
    static const char *const lists[] = {"/api/v1/server",
                                        "/api/v1/rollouts",
                                        "/api/v1/devices",
                                        "/api/v1/sets",
                                        "/api/v1/records",
                                        "/api/v1/users",
                                        "/rest/v1/targets",
                                        "/rest/v1/softwaremodules",
                                        "/rest/v1/distributionsets",
                                        "/healthz",
                                        "/metrics",
                                        "/api/v1/openapi.json",
                                        "/api/v1/records/export"};
    snprintf(body, sizeof body, "{\"name\":\"r\",\"set\":%lld}", (long long)set_id);
    OPERATORS("POST", "/api/v1/rollouts", "/api/v1/rollouts", body, NULL);
    CHECK_INT(answer.status, 201);
    snprintf(path, sizeof path, "/api/v1/rollouts/%lld", (long long)kit_int("id"));
    OPERATORS("GET", "/api/v1/rollouts/{id}", path, NULL, NULL);
    char etag[80];
    snprintf(etag, sizeof etag, "%s", answer.etag);
    strcat(path, "/approve");
    OPERATORS("POST", "/api/v1/rollouts/{id}/approve", path, "{}", NULL);
    CHECK_INT(answer.status, 428);
    OPERATORS("POST", "/api/v1/rollouts/{id}/approve", path, "{}", "\"77\"");
    CHECK_INT(answer.status, 412);
    OPERATORS("POST", "/api/v1/rollouts/{id}/approve", path, "{}", etag);
    CHECK_INT(answer.status, 200);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        OPERATORS("GET", lists[i], lists[i], NULL, NULL);
        CHECK_INT(answer.status, 200);
    }
    OPERATORS("POST", "/api/v1/users", "/api/v1/users", "{\"name\":\"u\",\"role\":\"viewer\"}",
              NULL);
    snprintf(path, sizeof path, "/api/v1/users/%lld", (long long)kit_int("id"));
    OPERATORS("DELETE", "/api/v1/users/{id}", path, NULL, NULL);
    CHECK_INT(answer.status, 204);
    OPERATORS("DELETE", "/api/v1/users/{id}", path, NULL, NULL);
    CHECK_INT(answer.status, 404);
}

static void devices_answers(void) {
    char path[200], body[120];
    DEVICES("GET", "", "/DEFAULT/controller/v1/o1", NULL);
    CHECK_INT(answer.status, 200);
    DEVICES("PUT", "/configData", "/DEFAULT/controller/v1/o1/configData",
            "{\"data\":{\"a\":\"b\"}}");
    CHECK_INT(answer.status, 200);
    snprintf(path, sizeof path, "/rest/v1/distributionsets/%lld/assignedTargets",
             (long long)set_id);
    snprintf(body, sizeof body, "[{\"id\":\"o1\"}]");
    OPERATORS("POST", "/rest/v1/distributionsets/{id}/assignedTargets", path, body, NULL);
    CHECK_INT(answer.status, 200);
    long long action = (long long)kit_int("assignedActions.0.id");
    snprintf(path, sizeof path, "/DEFAULT/controller/v1/o1/deploymentBase/%lld?actionHistory=1",
             action);
    DEVICES("GET", "/deploymentBase/{action}", path, NULL);
    CHECK_INT(answer.status, 200);
    snprintf(path, sizeof path, "/DEFAULT/controller/v1/o1/deploymentBase/%lld/feedback", action);
    DEVICES("POST", "/deploymentBase/{action}/feedback", path,
            "{\"status\":{\"execution\":\"closed\",\"result\":{\"finished\":\"success\"}}}");
    CHECK_INT(answer.status, 200);
    DEVICES("POST", "/deploymentBase/{action}/feedback", path,
            "{\"status\":{\"execution\":\"proceeding\"}}");
    CHECK_INT(answer.status, 410);
    snprintf(path, sizeof path, "/DEFAULT/controller/v1/o1/cancelAction/%lld", action);
    DEVICES("GET", "/cancelAction/{action}", path, NULL);
    CHECK_INT(answer.status, 404);
}

static void objects_answers(void) {
    static const struct {
        const char *pattern, *path;
    } t[] = {
        {"/api/v1/devices/{cid}", "/api/v1/devices/o1"},
        {"/api/v1/devices/{cid}", "/api/v1/devices/none"},
        {"/api/v1/devices/{cid}/actions", "/api/v1/devices/o1/actions"},
        {"/rest/v1/targets/{cid}", "/rest/v1/targets/o1"},
        {"/rest/v1/targets/{cid}/attributes", "/rest/v1/targets/o1/attributes"},
        {"/rest/v1/targets/{cid}/actions", "/rest/v1/targets/o1/actions"},
        {"/rest/v1/softwaremodules/{id}", "/rest/v1/softwaremodules/1"},
        {"/rest/v1/softwaremodules/{id}/artifacts", "/rest/v1/softwaremodules/1/artifacts"},
        {"/rest/v1/distributionsets/{id}", "/rest/v1/distributionsets/1"},
        {"/rest/v1/distributionsets/{id}/assignedSM", "/rest/v1/distributionsets/1/assignedSM"},
        {"/rest/v1/system/configs/{key}", "/rest/v1/system/configs/pollingTime"}};
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        OPERATORS("GET", t[i].pattern, t[i].path, NULL, NULL);
        CHECK_INT(answer.status, strstr(t[i].path, "none") ? 404 : 200);
    }
}

/* Without credentials every route that is not public says 401, whatever else is wrong. */
static void every_route_is_guarded(void) {
    for (size_t i = 0; i < routes_n; i++) {
        char method[16], target[300];
        const char *path = strchr(routes[i].pattern, ' ') + 1;
        size_t n = 0;
        snprintf(method, sizeof method, "%.*s", (int)(path - 1 - routes[i].pattern),
                 routes[i].pattern);
        for (; *path && n < sizeof target - 1; path++) {
            if (*path == '{') path = strchr(path, '}');
            target[n++] = *path == '}' ? '1' : *path;
        }
        target[n] = 0;
        int listener = routes[i].on & ON_DEVICES ? APP_DEVICES : APP_OPERATORS;
        int status = kit_call(listener, method, target, NULL);
        CHECK_INT(status, routes[i].access == ACCESS_PUBLIC ? 200 : 401);
    }
}

static int cases(void) {
    CHECK_INT(kit_api("GET", "/api/v1/openapi.json", NULL), 200);
    const char *why;
    doc = json_in_object(answer.body, answer.n, &why);
    MUST(doc);
    set_id = kit_make_set("app", "1", "a.bin", "content");
    CASE(every_route_is_described);
    CASE(every_description_is_a_route);
    CASE(operators_answers);
    CASE(devices_answers);
    CASE(objects_answers);
    CASE(every_route_is_guarded);
    cJSON_Delete(doc);
    return check_done();
}

int main(void) { return kit_main("api_openapi", 0, cases); }
