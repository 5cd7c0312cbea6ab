/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What nobody should send gets a clear 4xx each, and the server serves on. */
#include "kit.h"

static void operators_routes_are_not_on_the_devices_listener(void) {
    static const char *const paths[] = {"/api/v1/server", "/rest/v1/targets", "/metrics", "/",
                                        "/api/v1/openapi.json"};
    struct extra x = {.auth = kit.bearer};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        CHECK_INT(kit_call(APP_DEVICES, "GET", paths[i], &x), 404);
    x.auth = kit.gateway_header;
    CHECK_INT(kit_call(APP_OPERATORS, "GET", "/DEFAULT/controller/v1/d", &x), 404);
}

static void health_on_both(void) {
    CHECK_INT(kit_call(APP_DEVICES, "GET", "/healthz", NULL), 200);
    CHECK_STR(kit_str("status"), "ok");
    CHECK_INT(kit_call(APP_OPERATORS, "GET", "/healthz", NULL), 200);
    CHECK_INT(kit_call(APP_OPERATORS, "GET", "/metrics", NULL), 200);
    CHECK(strstr(answer.body, "\nsennit_fleet_polls_total ") != NULL);
    CHECK(!strstr(answer.body, "DEFAULT"));
}

static void wrong_credentials(void) {
    static const char *const tokens[] = {NULL,          "Bearer x",          "Bearer",
                                         "Basic eDp5",  "TargetToken x",     "GatewayToken x",
                                         "Digest abcd", "Bearer  \t ' OR 1="};
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
        struct extra x = {.auth = tokens[i]};
        CHECK_INT(kit_call(APP_OPERATORS, "GET", "/api/v1/server", &x), 401);
        CHECK_STR(answer.type, "application/problem+json");
        CHECK(kit_str("detail") && *kit_str("detail"));
        CHECK_INT(kit_call(APP_DEVICES, "GET", "/DEFAULT/controller/v1/d", &x), 401);
        CHECK(kit_str("detail") && *kit_str("detail"));
    }
    struct extra admin = {.auth = kit.bearer};
    CHECK_INT(kit_call(APP_DEVICES, "GET", "/DEFAULT/controller/v1/d", &admin), 401);
    struct extra device = {.auth = kit.gateway_header};
    CHECK_INT(kit_call(APP_OPERATORS, "GET", "/api/v1/server", &device), 401);
}

/* A browser that knows an operator's token must not write at another site's bidding. */
static void other_sites_may_not_write(void) {
    static const struct {
        const char *site;
        int status;
    } cases[] = {{"cross-site", 403}, {"same-site", 403}, {"same-origin", 201}, {"none", 409}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        int n = snprintf(text, sizeof text,
                         "POST /rest/v1/targets HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\n"
                         "Sec-Fetch-Site: %s\r\nContent-Type: text/plain\r\n"
                         "Content-Length: 25\r\nConnection: close\r\n\r\n"
                         "{\"controllerId\":\"sitely\"}",
                         kit.bearer, cases[i].site);
        CHECK_INT(kit_raw(APP_OPERATORS, text, (size_t)n), cases[i].status);
    }
    CHECK_INT(kit_api("DELETE", "/rest/v1/targets/sitely", NULL), 200);
}

static void odd_device_ids(void) {
    char path[400] = "/DEFAULT/controller/v1/";
    CHECK_INT(kit_device("GET", "/DEFAULT/controller/v1/a%20b", NULL) / 100, 4);
    CHECK_INT(kit_device("GET", "/DEFAULT/controller/v1/..", NULL), 400);
    CHECK_INT(kit_device("GET", "/DEFAULT/controller/v1/a%2fb", NULL), 400);
    CHECK_INT(kit_device("GET", "/DEFAULT/controller/v1/a%00b", NULL), 400);
    memset(path + strlen(path), 'a', 200);
    CHECK_INT(kit_device("GET", path, NULL) / 100, 4);
}

static int raw(const char *text) { return kit_raw(APP_DEVICES, text, strlen(text)); }

static void malformed_requests(void) {
    CHECK_INT(raw("GET / HTTP/1.1\r\n\r\n"), 400); /* no Host */
    CHECK_INT(raw("nonsense\r\n\r\n"), 400);
    CHECK_INT(raw("GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), 400);
    CHECK_INT(raw("GET /healthz HTTP/1.1\r\nHost: a\r\nBad Header: b\r\n\r\n"), 400);
    CHECK_INT(raw("POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
              400);
    CHECK_INT(raw("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"), 400);
    CHECK_INT(raw("GET /healthz HTTP/3.0\r\nHost: a\r\n\r\n") / 100, 5);
}

static void oversize(void) {
    static char text[64 << 10];
    size_t n = (size_t)snprintf(text, sizeof text, "GET /healthz HTTP/1.1\r\nHost: a\r\nX: ");
    memset(text + n, 'x', 40000);
    snprintf(text + n + 40000, 8, "\r\n\r\n");
    CHECK_INT(kit_raw(APP_DEVICES, text, strlen(text)), 431);
    n = (size_t)snprintf(text, sizeof text, "GET /");
    memset(text + n, 'x', 20000);
    snprintf(text + n + 20000, 32, " HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK_INT(kit_raw(APP_DEVICES, text, strlen(text)), 414);
    static char body[2 << 20];
    memset(body, ' ', sizeof body - 1);
    CHECK_INT(kit_api("POST", "/rest/v1/targets", body), 413);
    CHECK_INT(kit_api("POST", "/api/v1/users", body), 413);
}

/* Half a request, then nothing: the server gives up after the second that the kit allows. */
static void slow_senders(void) {
    char text[300];
    CHECK_INT(raw("GET /healthz HTT"), 408);
    CHECK_INT(raw("GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: "), 408);
    snprintf(text, sizeof text,
             "PUT /DEFAULT/controller/v1/d/configData HTTP/1.1\r\nHost: a\r\nAuthorization: %s\r\n"
             "Content-Length: 100\r\n\r\n{\"data\":",
             kit.gateway_header);
    CHECK_INT(kit_device("GET", "/DEFAULT/controller/v1/d", NULL), 200);
    CHECK_INT(raw(text), 408);
}

static void hosts_that_would_poison_links(void) {
    static const char *const hosts[] = {"evil\"host", "a<b", "a/b", "user@host", ""};
    char text[300];
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        snprintf(text, sizeof text,
                 "GET /DEFAULT/controller/v1/d HTTP/1.1\r\nHost: %s\r\nAuthorization: %s\r\n"
                 "Connection: close\r\n\r\n",
                 hosts[i], kit.gateway_header);
        CHECK_INT(raw(text), 400);
    }
    struct extra x = {.auth = kit.gateway_header, .host = "good.example:8080"};
    CHECK_INT(kit_call(APP_DEVICES, "GET", "/DEFAULT/controller/v1/d", &x), 200);
    CHECK(!strncmp(kit_str("_links.configData.href"), "http://good.example:8080/", 25));
}

static void it_serves_on(void) {
    CHECK_INT(kit_device("GET", "/DEFAULT/controller/v1/d", NULL), 200);
    CHECK_INT(kit_api("GET", "/api/v1/server", NULL), 200);
    CHECK_INT(kit_int("devices"), 1);
}

static void console_files(void) {
    CHECK_INT(kit_call(APP_OPERATORS, "GET", "/", NULL), 200);
    CHECK_STR(answer.type, "text/html; charset=utf-8");
    CHECK_INT(kit_call(APP_OPERATORS, "GET", "/app.js", NULL), 200);
    CHECK_INT(kit_call(APP_OPERATORS, "GET", "/no-such.js", NULL), 404);
    CHECK_INT(kit_call(APP_OPERATORS, "POST", "/app.js", NULL), 405);
}

static int cases(void) {
    CASE(operators_routes_are_not_on_the_devices_listener);
    CASE(health_on_both);
    CASE(wrong_credentials);
    CASE(other_sites_may_not_write);
    CASE(odd_device_ids);
    CASE(malformed_requests);
    CASE(oversize);
    CASE(slow_senders);
    CASE(hosts_that_would_poison_links);
    CASE(it_serves_on);
    CASE(console_files);
    return check_done();
}

int main(void) { return kit_main("api_bad_input", 0, cases); }
