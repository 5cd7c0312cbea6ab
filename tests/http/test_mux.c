/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Patterns: which one wins, what it captures, Allow, and what is no pattern. */
#include "check.h"
#include "http/pattern.h"

static void none(sn_http_writer *w, sn_http_request *r, void *arg) {
    (void)w;
    (void)r;
    (void)arg;
}

static sn__routes table(const char *const *patterns, size_t n) {
    sn__routes t = {NULL};
    for (size_t i = 0; i < n; i++)
        MUST(sn__routes_add(&t, patterns[i], (sn_http_handler){none, NULL}) == 0);
    return t;
}

/* "pattern|value|value", or "-Allow" without a route. */
static const char *find(const sn__routes *t, const char *method, const char *path) {
    static char out[512];
    sn__match m;
    if (!sn__routes_find(t, method, path, &m)) {
        snprintf(out, sizeof out, "-%s", m.allow);
        return out;
    }
    size_t n = (size_t)snprintf(out, sizeof out, "%s", m.route->pattern);
    for (size_t i = 0; i < m.route->nparams; i++)
        n += (size_t)snprintf(out + n, sizeof out - n, "|%.*s", (int)m.values[i].n, m.values[i].s);
    return out;
}

static void test_find(void) {
    static const char *const patterns[] = {
        "GET /",
        "GET /a",
        "GET /a/",
        "GET /a/{id}",
        "POST /a/{id}",
        "GET /a/{id}/b",
        "GET /a/new",
        "PUT /a/new/{x}/{y}",
        "/any/{x}",
        "DELETE /any/one",
        "GET /files/{rest...}",
        "GET /files/index",
        "GET /{tenant}/controller/v1/{device}",
    };
    static const char *const t[][3] = {
        {"GET", "/", "GET /"},
        {"HEAD", "/", "GET /"},
        {"POST", "/", "-GET, HEAD"},
        {"GET", "/a", "GET /a"},
        {"GET", "/a/", "GET /a/"},
        {"GET", "/a/7", "GET /a/{id}|7"},
        {"HEAD", "/a/7", "GET /a/{id}|7"},
        {"POST", "/a/7", "POST /a/{id}|7"},
        {"DELETE", "/a/7", "-POST, GET, HEAD"},
        {"GET", "/a/new", "GET /a/new"},
        {"POST", "/a/new", "POST /a/{id}|new"},
        {"PUT", "/a/new", "-GET, HEAD, POST"},
        {"GET", "/a/new/b", "GET /a/{id}/b|new"},
        {"PUT", "/a/new/1/2", "PUT /a/new/{x}/{y}|1|2"},
        {"GET", "/a/7/b/", "-"},
        {"GET", "/a/7/c", "-"},
        {"PATCH", "/any/q", "/any/{x}|q"},
        {"DELETE", "/any/one", "DELETE /any/one"},
        {"GET", "/any/one", "/any/{x}|one"},
        {"GET", "/any/", "-"},
        {"GET", "/files/", "GET /files/{rest...}|"},
        {"GET", "/files/x/y", "GET /files/{rest...}|x/y"},
        {"GET", "/files/index", "GET /files/index"},
        {"GET", "/files/index/x", "GET /files/{rest...}|index/x"},
        {"GET", "/files", "-"},
        {"GET", "/DEFAULT/controller/v1/d 1", "GET /{tenant}/controller/v1/{device}|DEFAULT|d 1"},
        {"GET", "/a/controller/v1/d", "GET /{tenant}/controller/v1/{device}|a|d"},
        {"GET", "*", "-"},
    };
    sn__routes r = table(patterns, sizeof patterns / sizeof *patterns);
    for (size_t i = 0; i < sizeof t / sizeof *t; i++)
        CHECK_STR(find(&r, t[i][0], t[i][1]), t[i][2]);
    sn__routes_free(&r);
}

static void test_malformed(void) {
    static const char *const t[] = {
        "",
        "GET",
        "GET a",
        " /a",
        "GET  /a",
        "GE T /a",
        "GET /{",
        "GET /}",
        "GET /{}",
        "GET /a{x}",
        "GET /{x}b",
        "GET /{x}/{x}",
        "GET /{...}",
        "GET /{x y}",
        "GET /{x...}/y",
        "GET /{{x}}",
        "G(T /a",
        "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}/{j}/{k}/{l}/{m}/{n}/{o}/{p}/{q}",
    };
    sn__routes r = {NULL};
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        int rc = sn__routes_add(&r, t[i], (sn_http_handler){none, NULL});
        if (rc != SN_EINVAL) fprintf(stderr, "accepted: %s\n", t[i]);
        CHECK_INT(rc, SN_EINVAL);
    }
    sn__routes_free(&r);
}

static void test_twice(void) {
    static const char *const patterns[] = {"GET /a/{x}", "/b", "GET /c/{r...}"};
    sn__routes r = table(patterns, 3);
    sn_http_handler h = {none, NULL};
    CHECK_INT(sn__routes_add(&r, "GET /a/{y}", h), SN_EEXIST);
    CHECK_INT(sn__routes_add(&r, "/b", h), SN_EEXIST);
    CHECK_INT(sn__routes_add(&r, "GET /c/{s...}", h), SN_EEXIST);
    CHECK_INT(sn__routes_add(&r, "GET /b", h), 0);
    CHECK_INT(sn__routes_add(&r, "POST /a/{y}", h), 0);
    CHECK_STR(find(&r, "POST", "/a/1"), "POST /a/{y}|1");
    sn__routes_free(&r);
}

int main(void) {
    CASE(test_find);
    CASE(test_malformed);
    CASE(test_twice);
    return check_done();
}
