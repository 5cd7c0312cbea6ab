/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The test server and its client: see kit.h. */
#include "kit.h"

#include <sennit/http.h>
#include <stdarg.h>
#include <unistd.h>

struct kit kit;
struct answer answer;
void (*kit_configure)(struct serve_conf *);

/* ---- the server ---- */

static int remove_tree(const char *path);
static int remove_entry(void *arg, const char *name) {
    char path[400];
    snprintf(path, sizeof path, "%s/%s", (const char *)arg, name);
    return remove_tree(path);
}
static int remove_tree(const char *path) {
    sn_file_info info;
    if (sn_path_stat(path, &info)) return 0;
    if (info.is_dir && sn_path_list(path, remove_entry, (void *)(uintptr_t)path)) return SN_EIO;
    return sn_path_remove(path);
}

static int serve(void *arg) { return server_run(arg); }

static void give_gateway_token(void) {
    fleet_actor by = {.name = "system", .role = ROLE_ADMIN};
    fleet *f = server_fleet(kit.server);
    fleet_err err = {""};
    token_make(kit.gateway);
    MUST(!fleet_tenant(f, "DEFAULT", &by.tenant));
    MUST(!fleet_setting_set(f, &by, "authentication.gatewaytoken.key", kit.gateway, &err));
    MUST(!fleet_setting_set(f, &by, "authentication.gatewaytoken.enabled", "true", &err));
    snprintf(kit.gateway_header, sizeof kit.gateway_header, "GatewayToken %s", kit.gateway);
}

struct start {
    const char *name;
    int both;
    int (*cases)(void);
};

static int app(void *arg) {
    const struct start *start = arg;
    static const sn_attr attr = {.size = sizeof attr, .name = "server", .flags = SN_FOREIGN};
    fleet_err err = {""};
    sn_scope scope;
    serve_conf_init(&kit.conf);
    snprintf(kit.conf.data, sizeof kit.conf.data, "%s-%d.data", start->name, (int)getpid());
    snprintf(start->both ? kit.conf.listen : kit.conf.devices, 32, "127.0.0.1:0");
    if (!start->both) snprintf(kit.conf.operators, 32, "127.0.0.1:0");
    snprintf(kit.conf.sync, sizeof kit.conf.sync, "normal");
    kit.conf.tick_ms = 20;
    kit.conf.head_s = kit.conf.body_s = 1;
    kit.conf.poll_s = 1;
    if (kit_configure) kit_configure(&kit.conf);
    if (server_open(&kit.server, &kit.conf, &err)) {
        fprintf(stderr, "server_open: %s\n", err.text);
        return 1;
    }
    const char *token = fleet_first_token(server_fleet(kit.server));
    MUST(token);
    snprintf(kit.admin, sizeof kit.admin, "%s", token);
    snprintf(kit.bearer, sizeof kit.bearer, "Bearer %s", token);
    sn_scope_enter(&scope, SN_NEVER);
    MUST(!sn_scope_go(&scope, &attr, serve, kit.server, 0));
    MUST(!server_wait_ready(kit.server));
    give_gateway_token();
    int failed = start->cases();
    server_stop(kit.server);
    MUST(!sn_scope_leave(&scope));
    server_close(kit.server);
    cJSON_Delete(answer.json);
    MUST(!remove_tree(kit.conf.data));
    return failed;
}

int kit_main(const char *name, int both, int (*cases)(void)) {
    struct start start = {name, both, cases};
    const sn_attr attr = {.size = sizeof attr, .name = name, .flags = SN_FOREIGN};
    int rc = sn_run(app, &start, &attr);
    return rc < 0 ? 1 : rc;
}

/* ---- one call ---- */

static void keep(const sn_http_response *r, const char *name, char *out, size_t n) {
    const char *value = sn_http_response_header(r, name);
    snprintf(out, n, "%s", value ? value : "");
}

static void take_answer(sn_http_response *r) {
    const char *why;
    answer.status = sn_http_response_status(r);
    keep(r, "ETag", answer.etag, sizeof answer.etag);
    keep(r, "Location", answer.location, sizeof answer.location);
    keep(r, "Content-Type", answer.type, sizeof answer.type);
    keep(r, "Allow", answer.allow, sizeof answer.allow);
    keep(r, "Content-Range", answer.range, sizeof answer.range);
    keep(r, "WWW-Authenticate", answer.challenge, sizeof answer.challenge);
    answer.n = 0;
    for (size_t n = 1; n && answer.n < sizeof answer.body - 1;) {
        MUST(!sn_http_response_read(r, answer.body + answer.n, sizeof answer.body - 1 - answer.n,
                                    &n));
        answer.n += n;
    }
    answer.body[answer.n] = 0;
    cJSON_Delete(answer.json);
    answer.json = json_in_parse(answer.body, answer.n, &why);
}

static size_t fill_headers(const struct extra *x, sn_http_pair *h) {
    const struct {
        const char *name, *value;
    } all[] = {{"Authorization", x->auth},
               {"Content-Type", x->type   ? x->type
                                : x->body ? "application/json"
                                          : NULL},
               {"If-Match", x->if_match},
               {"Range", x->range},
               {"If-Range", x->if_range}};
    size_t n = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].value) h[n++] = (sn_http_pair){all[i].name, all[i].value};
    return n;
}

int kit_call(int listener, const char *method, const char *path, const struct extra *x) {
    static const struct extra nothing;
    sn_http_pair headers[8];
    sn_http_client *c;
    sn_http_response *r;
    if (!x) x = &nothing;
    sn_http_call call = {.size = sizeof call,
                         .method = method,
                         .target = path,
                         .host = x->host,
                         .headers = headers,
                         .header_count = fill_headers(x, headers),
                         .body = x->body,
                         .body_len = x->body_len ? x->body_len
                                     : x->body   ? strlen(x->body)
                                                 : 0,
                         .until = sn_now() + 30 * SN_SECOND};
    MUST(!sn_http_client_dial(&c, "tcp", server_addr(kit.server, listener), NULL));
    int rc = sn_http_do(c, &call, &r);
    if (rc) fprintf(stderr, "%s %s: %s\n", method, path, sn_strerror(rc));
    MUST(!rc);
    take_answer(r);
    sn_http_client_free(c);
    return answer.status;
}

int kit_api(const char *method, const char *path, const char *body) {
    return kit_api_match(method, path, body, NULL);
}

int kit_api_match(const char *method, const char *path, const char *body, const char *if_match) {
    struct extra x = {.auth = kit.bearer, .body = body, .if_match = if_match};
    return kit_call(APP_OPERATORS, method, path, &x);
}

int kit_device(const char *method, const char *path, const char *body) {
    struct extra x = {.auth = kit.gateway_header, .body = body};
    return kit_call(APP_DEVICES, method, path, &x);
}

int kit_raw(int listener, const char *bytes, size_t n) {
    sn_conn *c;
    size_t done, got = 1;
    int status = 0;
    MUST(!sn_dial(&c, "tcp", server_addr(kit.server, listener)));
    sn_set_read_deadline(c, sn_now() + 30 * SN_SECOND);
    int rc = sn_write(c, bytes, n, &done); /* the server may close before all is written */
    answer.n = 0;
    while (got && answer.n < sizeof answer.body - 1) {
        rc = sn_read(c, answer.body + answer.n, sizeof answer.body - 1 - answer.n, &got);
        answer.n += got;
        if (rc) break;
    }
    answer.body[answer.n] = 0;
    sn_conn_free(c);
    if (rc == SN_ETIMEDOUT) return -1;
    return sscanf(answer.body, "HTTP/1.1 %d", &status) == 1 ? status : 0;
}

/* ---- JSON of the answer ---- */

const cJSON *kit_at(const char *path) {
    const cJSON *v = answer.json;
    char part[80];
    while (v && *path) {
        size_t n = strcspn(path, ".");
        snprintf(part, sizeof part, "%.*s", (int)n, path);
        v = cJSON_IsArray(v) ? cJSON_GetArrayItem(v, atoi(part)) : json_in_get(v, part);
        path += n + (path[n] == '.');
    }
    return v;
}

const char *kit_str(const char *path) {
    const cJSON *v = kit_at(path);
    return cJSON_IsString(v) ? v->valuestring : NULL;
}

int64_t kit_int(const char *path) {
    const cJSON *v = kit_at(path);
    return cJSON_IsNumber(v) ? (int64_t)v->valuedouble : INT64_MIN;
}

/* ---- software ---- */

int kit_upload(int64_t module, const char *file, const char *content) {
    static char body[64 << 10];
    char path[80];
    int n = snprintf(body, sizeof body,
                     "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"%s\"\r\n"
                     "Content-Type: application/octet-stream\r\n\r\n%s\r\n--edge--\r\n",
                     file, content);
    struct extra x = {.auth = kit.bearer,
                      .body = body,
                      .body_len = (size_t)n,
                      .type = "multipart/form-data; boundary=edge"};
    snprintf(path, sizeof path, "/rest/v1/softwaremodules/%lld/artifacts", (long long)module);
    return kit_call(APP_OPERATORS, "POST", path, &x);
}

int64_t kit_make_set(const char *name, const char *version, const char *file, const char *content) {
    char body[512];
    snprintf(body, sizeof body, "[{\"name\":\"%s\",\"version\":\"%s\",\"type\":\"application\"}]",
             name, version);
    CHECK_INT(kit_api("POST", "/rest/v1/softwaremodules", body), 201);
    int64_t module = kit_int("0.id");
    CHECK_INT(kit_upload(module, file, content), 201);
    snprintf(body, sizeof body,
             "[{\"name\":\"%s\",\"version\":\"%s\",\"type\":\"app\",\"modules\":[{\"id\":%lld}]}]",
             name, version, (long long)module);
    CHECK_INT(kit_api("POST", "/rest/v1/distributionsets", body), 201);
    return kit_int("0.id");
}
