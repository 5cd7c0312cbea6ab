/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Content with validators and ranges, over loopback. */
#include "site.h"

#define SIZE 200000u
#define ETAG "\"v1\""
#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"

static site web;
static char bytes[SIZE];
static _Atomic int fail_at = -1;

static int read_bytes(void *arg, void *buf, size_t n, uint64_t at, size_t *done) {
    (void)arg;
    *done = 0;
    int limit = fail_at;
    if (limit >= 0 && at >= (uint64_t)limit) return SN_EIO;
    memcpy(buf, bytes + at, n);
    *done = n;
    return 0;
}

static void serve(sn_http_writer *w, sn_http_request *r, void *arg) {
    (void)arg;
    const char *size = sn_http_query(r, "size");
    sn_http_content c = {.size = sizeof c,
                         .length = size ? (uint64_t)atoi(size) : 10,
                         .etag = ETAG,
                         .modified_ms = 784111777500,
                         .read = read_bytes};
    if (sn_http_query(r, "weak")) c.etag = "W/\"v1\"";
    if (sn_http_query(r, "bare")) c.etag = NULL, c.modified_ms = 0;
    sn_http_set(w, "Content-Disposition", "attachment");
    sn_http_serve_content(w, r, &c);
}

/* One request with these headers; the reply. */
static const char *get(const char *method, const char *target, const char *headers) {
    char text[1024];
    snprintf(text, sizeof text, "%s %s HTTP/1.1\r\n" CLOSE "%s\r\n", method, target, headers);
    return ask(&web, text);
}

static void test_whole(void) {
    const char *s = get("GET", "/", "");
    CHECK_INT(status_of(s), 200);
    CHECK(has(s, "ETag: " ETAG));
    CHECK(has(s, "Last-Modified: " DATE));
    CHECK(has(s, "Accept-Ranges: bytes"));
    CHECK(has(s, "Content-Length: 10"));
    CHECK(has(s, "Content-Type: application/octet-stream"));
    CHECK(has(s, "Content-Disposition: attachment"));
    CHECK_STR(body_of(s), "abcdefghij");
    s = get("HEAD", "/", "Range: bytes=0-1\r\n");
    CHECK_INT(status_of(s), 200);
    CHECK(has(s, "Content-Length: 10"));
    CHECK_STR(body_of(s), "");
    s = get("POST", "/", "");
    CHECK_INT(status_of(s), 405);
    CHECK(has(s, "Allow: GET, HEAD"));
    s = get("GET", "/?size=0", "");
    CHECK_INT(status_of(s), 200);
    CHECK(has(s, "Content-Length: 0"));
}

static void test_ranges(void) {
    static const struct {
        const char *headers, *range, *body;
        int status;
    } t[] = {
        {"Range: bytes=2-4\r\n", "Content-Range: bytes 2-4/10", "cde", 206},
        {"Range: bytes=7-\r\n", "Content-Range: bytes 7-9/10", "hij", 206},
        {"Range: bytes=-2\r\n", "Content-Range: bytes 8-9/10", "ij", 206},
        {"Range: bytes=5-99\r\n", "Content-Range: bytes 5-9/10", "fghij", 206},
        {"Range: bytes=2-4\r\nIf-Range: " ETAG "\r\n", "Content-Range: bytes 2-4/10", "cde", 206},
        {"Range: bytes=2-4\r\nIf-Range: " DATE "\r\n", "Content-Range: bytes 2-4/10", "cde", 206},
        {"Range: bytes=2-4\r\nIf-Range: \"v0\"\r\n", NULL, "abcdefghij", 200},
        {"Range: bytes=2-4\r\nIf-Range: W/" ETAG "\r\n", NULL, "abcdefghij", 200},
        {"Range: bytes=2-4\r\nIf-Range: Sun, 06 Nov 1994 08:49:38 GMT\r\n", NULL, "abcdefghij",
         200},
        {"Range: bytes=0-1,3-4\r\n", NULL, "abcdefghij", 200},
        {"Range: bytes=0-1\r\nRange: bytes=3-4\r\n", NULL, "abcdefghij", 200},
        {"Range: bytes=x\r\n", NULL, "abcdefghij", 200},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        const char *s = get("GET", "/", t[i].headers);
        CHECK_INT(status_of(s), t[i].status);
        CHECK(t[i].range ? has(s, t[i].range) : !strstr(s, "Content-Range"));
        CHECK_STR(body_of(s), t[i].body);
    }
    const char *s = get("GET", "/", "Range: bytes=10-\r\n");
    CHECK_INT(status_of(s), 416);
    CHECK(has(s, "Content-Range: bytes */10"));
    s = get("GET", "/?weak=1", "Range: bytes=2-4\r\nIf-Range: W/" ETAG "\r\n");
    CHECK_INT(status_of(s), 200);
    s = get("GET", "/?bare=1", "Range: bytes=2-4\r\nIf-Range: " DATE "\r\n");
    CHECK_INT(status_of(s), 200);
}

static void test_preconditions(void) {
    static const struct {
        const char *headers;
        int status;
    } t[] = {
        {"If-None-Match: " ETAG "\r\n", 304},
        {"If-None-Match: W/" ETAG "\r\n", 304},
        {"If-None-Match: *\r\n", 304},
        {"If-None-Match: \"v0\", " ETAG "\r\n", 304},
        {"If-None-Match: \"v0\"\r\nIf-None-Match: " ETAG "\r\n", 304},
        {"If-None-Match: \"v0\"\r\n", 200},
        {"If-None-Match: \"v0\"\r\nIf-Modified-Since: " DATE "\r\n", 200},
        {"If-Modified-Since: " DATE "\r\n", 304},
        {"If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n", 200},
        {"If-Modified-Since: yesterday\r\n", 200},
        {"If-Match: " ETAG "\r\n", 200},
        {"If-Match: *\r\n", 200},
        {"If-Match: \"v0\"\r\n", 412},
        {"If-Match: W/" ETAG "\r\n", 412},
        {"If-Match: " ETAG "\r\nIf-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n", 200},
        {"If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n", 412},
        {"If-Unmodified-Since: " DATE "\r\n", 200},
        {"If-Match: \"v0\"\r\nIf-None-Match: " ETAG "\r\n", 412},
        {"If-None-Match: " ETAG "\r\nRange: bytes=0-1\r\n", 304},
        {"If-Match: " ETAG "\r\nRange: bytes=0-1\r\n", 206},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        const char *s = get("GET", "/", t[i].headers);
        if (status_of(s) != t[i].status) fprintf(stderr, "for %s", t[i].headers);
        CHECK_INT(status_of(s), t[i].status);
        if (t[i].status != 304) continue;
        CHECK(has(s, "ETag: " ETAG));
        CHECK_STR(body_of(s), "");
        CHECK(!strstr(s, "Content-Length"));
    }
}

/* Larger than any buffer, whole and from the middle, on one connection. */
static void test_large(void) {
    static char got[SIZE + 1];
    static const sn_http_pair range = {"Range", "bytes=70001-"};
    sn_http_client *c;
    sn_http_response *r;
    MUST(sn_http_client_dial(&c, "tcp", web.addr, NULL) == 0);
    for (int part = 0; part < 2; part++) {
        sn_http_call call = {.size = sizeof call,
                             .target = "/?size=200000",
                             .headers = &range,
                             .header_count = (size_t)part};
        size_t at = 0, n;
        MUST(sn_http_do(c, &call, &r) == 0);
        CHECK_INT(sn_http_response_status(r), part ? 206 : 200);
        do {
            MUST(sn_http_response_read(r, got + at, sizeof got - at, &n) == 0);
            at += n;
        } while (n);
        size_t from = part ? 70001 : 0;
        CHECK_INT(at, SIZE - from);
        CHECK(!memcmp(got, bytes + from, at));
    }
    sn_http_client_free(c);
}

static void test_source_fails(void) {
    fail_at = 0;
    CHECK_INT(status_of(get("GET", "/", "")), 500);
    fail_at = 70000;
    const char *s = get("GET", "/?size=200000", "");
    CHECK(has(s, "Content-Length: 200000"));
    CHECK(strlen(body_of(s)) < 200000);
    fail_at = -1;
}

static int app(void *arg) {
    (void)arg;
    for (size_t i = 0; i < SIZE; i++) bytes[i] = (char)('a' + i % 26);
    site_start(&web, serve, NULL, NULL);
    CASE(test_whole);
    CASE(test_ranges);
    CASE(test_preconditions);
    CASE(test_large);
    CASE(test_source_fails);
    CHECK_INT(site_stop(&web), 0);
    return 0;
}

PLACE_MAIN(app, 20)
