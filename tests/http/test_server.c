/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The server over loopback: messages in and out, as a client sees them byte by byte. */
#include "site.h"

static sn_http_mux *mux;
static sn_chan log_lines;

typedef struct line {
    char text[120];
} line;

static void hello(sn_http_writer *w, sn_http_request *r, void *arg) {
    (void)r;
    sn_http_reply(w, 200, "text/plain", arg, strlen(arg));
}

static void echo(sn_http_writer *w, sn_http_request *r, void *arg) {
    char *body;
    size_t n;
    (void)arg;
    if (sn_http_body_all(r, 100000, &body, &n) == 0) sn_http_reply(w, 200, NULL, body, n);
}

/* Passes the body on as it comes: chunked, since nobody knows its length. */
static void stream(sn_http_writer *w, sn_http_request *r, void *arg) {
    char buf[1000];
    size_t n;
    (void)arg;
    while (sn_http_body_read(r, buf, sizeof buf, &n) == 0 && n) sn_http_write(w, buf, n);
    sn_http_flush(w);
}

static void large(sn_http_writer *w, sn_http_request *r, void *arg) {
    (void)arg;
    const char *lines = sn_http_query(r, "lines");
    for (int i = 0; i < atoi(lines ? lines : "0"); i++) sn_http_printf(w, "line %d\n", i);
}

static void facts(sn_http_writer *w, sn_http_request *r, void *arg) {
    const char *name, *value;
    (void)arg;
    sn_http_printf(w, "%s %s %s?%s host=%s v=%d len=%lld\n", sn_http_method(r), sn_http_target(r),
                   sn_http_path(r), sn_http_raw_query(r), sn_http_host(r), sn_http_version(r),
                   (long long)sn_http_content_length(r));
    sn_http_printf(w, "id=%s q=%s none=%d cookie=%s b=%s\n", sn_http_value(r, "id"),
                   sn_http_query(r, "q"), sn_http_query(r, "zz") == NULL, sn_http_cookie(r, "sid"),
                   sn_http_cookie(r, "b") ? sn_http_cookie(r, "b") : "-");
    for (size_t i = 0; sn_http_query_at(r, i, &name, &value) == 0; i++)
        sn_http_printf(w, "[%s=%s]", name, value);
    sn_http_printf(w, "\nx=%s,%s n=%d local=%d user=%s\n", sn_http_header_nth(r, "x-a", 0),
                   sn_http_header_nth(r, "X-A", 1), sn_http_header_nth(r, "x-a", 2) == NULL,
                   strncmp(sn_http_peer(r), place_peer, strlen(place_peer)) == 0,
                   (char *)sn_http_user(r));
}

static void headers(sn_http_writer *w, sn_http_request *r, void *arg) {
    (void)arg;
    (void)r;
    CHECK_INT(sn_http_set(w, "X-One", "1"), 0);
    CHECK_INT(sn_http_set(w, "x-one", "2"), 0);
    CHECK_INT(sn_http_add(w, "X-Two", "a"), 0);
    CHECK_INT(sn_http_add(w, "X-Two", "b"), 0);
    CHECK_INT(sn_http_setf(w, "X-Three", "%d", 3), 0);
    CHECK_INT(sn_http_set(w, "X-Gone", "1"), 0);
    CHECK_INT(sn_http_set(w, "X-Gone", NULL), 0);
    CHECK_INT(sn_http_set(w, "X-Bad", "a\r\nSet-Cookie: b"), SN_EINVAL);
    CHECK_INT(sn_http_set(w, "X Bad", "a"), SN_EINVAL);
    CHECK_INT(sn_http_set(w, "Transfer-Encoding", "chunked"), SN_EINVAL);
    CHECK_INT(sn_http_status(w, 99), SN_EINVAL);
    CHECK_INT(sn_http_status(w, 202), 0);
    CHECK_INT(sn_http_reply(w, 202, NULL, "x", 1), 0);
    CHECK_INT(sn_http_set(w, "X-Late", "1"), SN_EINVAL);
    CHECK_INT(sn_http_sent(w), 1);
}

static void empty(sn_http_writer *w, sn_http_request *r, void *arg) {
    (void)r;
    if (arg) sn_http_status(w, 204);
}

static void short_of_length(sn_http_writer *w, sn_http_request *r, void *arg) {
    (void)r;
    (void)arg;
    sn_http_set(w, "Content-Length", "10");
    sn_http_puts(w, "four");
}

static void over_length(sn_http_writer *w, sn_http_request *r, void *arg) {
    (void)r;
    (void)arg;
    sn_http_set(w, "Content-Length", "3");
    CHECK_INT(sn_http_puts(w, "four"), SN_EINVAL);
}

static void problem(sn_http_writer *w, sn_http_request *r, void *arg) {
    (void)r;
    (void)arg;
    sn_http_problem(w, 409, "/errors/clash", NULL, "a \"quoted\" \n\\ \xc3\xa4 \xff end");
}

static void move(sn_http_writer *w, sn_http_request *r, void *arg) {
    (void)r;
    (void)arg;
    sn_http_redirect(w, 303, "/elsewhere");
}

static void outer(sn_http_writer *w, sn_http_request *r, const sn_http_handler *next, void *arg) {
    sn_http_set(w, "X-Pattern", sn_http_pattern(r) ? sn_http_pattern(r) : "none");
    sn_http_set_user(r, arg);
    sn_http_next(next, w, r);
}

static void guard(sn_http_writer *w, sn_http_request *r, const sn_http_handler *next, void *arg) {
    (void)arg;
    if (strcmp(sn_http_user(r), "me"))
        sn_http_replyf(w, 500, "the outer layer did not run");
    else if (sn_http_header(r, "x-forbidden"))
        sn_http_problemf(w, 403, "no %s", "entry");
    else
        sn_http_next(next, w, r);
}

/* Kept when somebody wants them: the channel is full at all other times. */
static void on_log(void *arg, const sn_http_log *e) {
    line l;
    (void)arg;
    snprintf(l.text, sizeof l.text, "%s %d %s in=%d out=%d",
             e->request ? sn_http_method(e->request) : "-", e->status, e->reason ? e->reason : "",
             (int)e->body_in, (int)e->body_out);
    int rc = sn_try_send(&log_lines, &l);
    (void)rc;
}

static site web;

/* ---- cases ---- */

static void test_simple(void) {
    const char *s = ask(&web, "GET /hello HTTP/1.1\r\n" CLOSE "\r\n");
    CHECK_INT(status_of(s), 200);
    CHECK(has(s, "Content-Length: 5"));
    CHECK(has(s, "Connection: close"));
    CHECK(has(s, "Content-Type: text/plain"));
    CHECK(strstr(s, "\r\nDate: ") != NULL);
    CHECK_STR(body_of(s), "hello");
}

static void test_keep_alive_and_pipelining(void) {
    const char *s = ask(&web, "GET /hello HTTP/1.1\r\n" H "\r\n"
                              "POST /echo HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc"
                              "POST /echo HTTP/1.1\r\n" H
                              "Transfer-Encoding: chunked\r\n\r\n2\r\nde\r\n1\r\nf\r\n0\r\n\r\n"
                              "GET /bye HTTP/1.1\r\n" CLOSE "\r\n");
    static const char *const bodies[] = {"hello", "abc", "def", "bye"};
    for (int i = 0; i < 4; i++) {
        CHECK_INT(status_of(s), 200);
        CHECK_INT(has(s, "Connection: close"), i == 3);
        s = body_of(s);
        CHECK(!strncmp(s, bodies[i], strlen(bodies[i])));
        s += strlen(bodies[i]);
    }
    CHECK_STR(s, "");
}

/* Sent a byte at a time, so that every state of the reader is waited in. */
static void test_byte_by_byte(void) {
    static char buf[4096];
    const char *t = "\r\nPOST /echo HTTP/1.1\r\n" CLOSE
                    "Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nT: x\r\n\r\n";
    sn_conn *c = site_dial(&web);
    for (size_t i = 0, done; t[i]; i++) {
        MUST(sn_write(c, t + i, 1, &done) == 0);
        CHECK_INT(sn_yield(), 0);
    }
    hear(c, buf, sizeof buf);
    CHECK_INT(status_of(buf), 200);
    CHECK_STR(body_of(buf), "hello");
    sn_conn_free(c);
}

static void test_head_requests(void) {
    const char *s = ask(&web, "HEAD /hello HTTP/1.1\r\n" CLOSE "\r\n");
    CHECK_INT(status_of(s), 200);
    CHECK(has(s, "Content-Length: 5"));
    CHECK_STR(body_of(s), "");
    s = ask(&web, "HEAD /large?lines=9999 HTTP/1.1\r\n" CLOSE "\r\n");
    CHECK(has(s, "Content-Length: 98880"));
    CHECK_STR(body_of(s), "");
}

static void test_old_version(void) {
    const char *s = ask(&web, "GET /hello HTTP/1.0\r\n\r\n");
    CHECK_INT(status_of(s), 200);
    CHECK(has(s, "Connection: close"));
    s = ask(&web, "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /bye HTTP/1.0\r\n\r\n");
    CHECK(has(s, "Connection: keep-alive"));
    CHECK_STR(body_of(body_of(s)), "bye");
    s = ask(&web, "GET /large?lines=2000 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    CHECK(has(s, "Connection: close"));
    CHECK(!strstr(s, "Transfer-Encoding"));
    CHECK_INT(strlen(body_of(s)), 18890);
}

static void test_chunked_answer(void) {
    sn_http_client *c;
    sn_http_response *r;
    char *body;
    size_t n;
    MUST(sn_http_client_dial(&c, "tcp", web.addr, NULL) == 0);
    for (int i = 0; i < 3; i++) {
        sn_http_call call = {.size = sizeof call, .target = "/large?lines=5000"};
        MUST(sn_http_do(c, &call, &r) == 0);
        CHECK_STR(sn_http_response_header(r, "transfer-encoding"), "chunked");
        CHECK_INT(sn_http_response_length(r), -1);
        MUST(sn_http_response_all(r, 1 << 20, &body, &n) == 0);
        CHECK_INT(n, 48890);
        CHECK(!strncmp(body + n - 10, "line 4999\n", 10));
        CHECK_INT(sn_http_client_reusable(c), 1);
    }
    sn_http_client_free(c);
}

typedef struct source {
    size_t left;
} source;
static int source_read(void *arg, void *buf, size_t n, size_t *done) {
    source *s = arg;
    *done = s->left < n ? s->left : n;
    memset(buf, 'x', *done);
    s->left -= *done;
    return 0;
}

static void test_streams_both_ways(void) {
    sn_http_client *c;
    sn_http_response *r;
    MUST(sn_http_client_dial(&c, "tcp", web.addr, NULL) == 0);
    for (int known = 0; known < 2; known++) {
        source src = {300000};
        char buf[4096];
        size_t n, all = 0;
        sn_http_call call = {.size = sizeof call,
                             .method = "POST",
                             .target = "/stream",
                             .body_read = source_read,
                             .body_arg = &src,
                             .body_length = known ? 300000 : -1};
        MUST(sn_http_do(c, &call, &r) == 0);
        CHECK_INT(sn_http_response_status(r), 200);
        do {
            MUST(sn_http_response_read(r, buf, sizeof buf, &n) == 0);
            all += n;
        } while (n);
        CHECK_INT(all, 300000);
    }
    sn_http_client_free(c);
}

static void test_request_facts(void) {
    const char *s = ask(&web, "GET /facts/d%20%C3%A41?q=a+b%26&x=1&y HTTP/1.1\r\nHost: h:1\r\n"
                              "X-A: one\r\nx-a:\t two \r\nCookie: a=1; sid=s3; sidx=4\r\n"
                              "Cookie: b=\"q\"\r\nConnection: close\r\n\r\n");
    CHECK_INT(status_of(s), 200);
    CHECK_STR(body_of(s), "GET /facts/d%20%C3%A41?q=a+b%26&x=1&y /facts/d \xc3\xa4"
                          "1?q=a+b%26&x=1&y host=h:1 v=11 len=0\n"
                          "id=d \xc3\xa4"
                          "1 q=a b& none=1 cookie=s3 b=q\n"
                          "[q=a b&][x=1][y=]\n"
                          "x=one,two n=1 local=1 user=me\n");
    s = ask(&web,
            "GET http://Q:2/facts/1?q=%20 HTTP/1.1\r\nHost: q:2\r\nConnection: close\r\n\r\n");
    CHECK(strstr(s, " /facts/1?q=%20 host=Q:2 v=11") != NULL);
}

static void test_answer_headers(void) {
    const char *s = ask(&web, "GET /headers HTTP/1.1\r\n" CLOSE "\r\n");
    CHECK_INT(status_of(s), 202);
    CHECK(has(s, "x-one: 2"));
    CHECK(!strstr(s, "X-One: 1"));
    CHECK(has(s, "X-Two: a"));
    CHECK(has(s, "X-Two: b"));
    CHECK(has(s, "X-Three: 3"));
    CHECK(!strstr(s, "X-Gone") && !strstr(s, "X-Bad") && !strstr(s, "Set-Cookie"));
    CHECK(has(s, "X-Pattern: GET /headers"));
}

static void test_empty_answers(void) {
    const char *s = ask(&web, "GET /empty HTTP/1.1\r\n" CLOSE "\r\n");
    CHECK_INT(status_of(s), 200);
    CHECK(has(s, "Content-Length: 0"));
    s = ask(&web, "GET /nothing HTTP/1.1\r\n" CLOSE "\r\n");
    CHECK_INT(status_of(s), 204);
    CHECK(!strstr(s, "Content-Length") && !strstr(s, "Transfer-Encoding"));
    s = ask(&web, "GET /move HTTP/1.1\r\n" CLOSE "\r\n");
    CHECK_INT(status_of(s), 303);
    CHECK(has(s, "Location: /elsewhere"));
}

/* A broken promise breaks the connection: the client must not take the answer for whole. */
static void test_wrong_length(void) {
    const char *s =
        ask(&web, "GET /short HTTP/1.1\r\n" H "\r\nGET /hello HTTP/1.1\r\n" CLOSE "\r\n");
    CHECK(!strstr(s, "hello"));
    CHECK(has(s, "Content-Length: 10"));
    s = ask(&web, "GET /over HTTP/1.1\r\n" CLOSE "\r\n");
    CHECK_INT(status_of(s), 500);
}

static void test_problem(void) {
    const char *s = ask(&web, "GET /problem HTTP/1.1\r\n" CLOSE "\r\n");
    CHECK_INT(status_of(s), 409);
    CHECK(has(s, "Content-Type: application/problem+json"));
    CHECK_STR(body_of(s),
              "{\"status\":409,\"type\":\"/errors/clash\",\"title\":\"Conflict\",\"detail\":"
              "\"a \\\"quoted\\\" \\u000a\\\\ \xc3\xa4 \\ufffd end\"}\n");
}

static void test_routes(void) {
    const char *s = ask(&web, "GET /nowhere HTTP/1.1\r\n" CLOSE "\r\n");
    CHECK_INT(status_of(s), 404);
    CHECK(has(s, "X-Pattern: none"));
    CHECK(strstr(s, "/nowhere") != NULL);
    s = ask(&web, "DELETE /hello HTTP/1.1\r\n" CLOSE "\r\n");
    CHECK_INT(status_of(s), 405);
    CHECK(has(s, "Allow: GET, HEAD"));
    s = ask(&web, "GET /hello HTTP/1.1\r\n" CLOSE "X-Forbidden: 1\r\n\r\n");
    CHECK_INT(status_of(s), 403);
    CHECK(strstr(s, "no entry") != NULL);
}

static void test_expect_continue(void) {
    static char buf[4096];
    sn_conn *c = site_dial(&web);
    say(c, "POST /echo HTTP/1.1\r\n" CLOSE "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    CHECK_STR(hear_until(c, buf, sizeof buf, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    say(c, "ok");
    hear(c, buf, sizeof buf);
    CHECK_INT(status_of(buf), 200);
    CHECK_STR(body_of(buf), "ok");
    sn_conn_free(c);
    /* a handler that does not read: no 100, and no further request, since nobody knows whether
     * the body is still sent */
    const char *s = ask(&web, "POST /hello-post HTTP/1.1\r\n" H
                              "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    CHECK_INT(status_of(s), 200);
    CHECK(has(s, "Connection: close"));
    /* the body is there already, if the link did not cut it off */
    s = ask(&web,
            "POST /echo HTTP/1.1\r\n" CLOSE "Content-Length: 2\r\nExpect: 100-continue\r\n\r\nok");
    CHECK_INT(status_of(status_of(s) == 100 ? body_of(s) : s), 200);
}

/* A body that the handler left is read over when it is small, so the connection goes on. */
static void test_unread_body(void) {
    const char *s = ask(&web, "POST /hello-post HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\n12345"
                              "GET /bye HTTP/1.1\r\n" CLOSE "\r\n");
    CHECK_STR(body_of(body_of(s)), "bye");
    s = ask(&web, "POST /hello-post HTTP/1.1\r\n" H "Content-Length: 900000\r\n\r\n12345");
    CHECK_INT(status_of(s), 200);
    CHECK(has(s, "Connection: close"));
}

static void test_log(void) {
    line l;
    while (sn_try_recv(&log_lines, &l) == 0) continue;
    ask(&web, "POST /echo HTTP/1.1\r\n" CLOSE "Content-Length: 4\r\n\r\nbody");
    CHECK_INT(sn_recv(&log_lines, &l), 0);
    CHECK_STR(l.text, "POST 200  in=4 out=4");
    ask(&web, "BAD\r\n\r\n");
    CHECK_INT(sn_recv(&log_lines, &l), 0);
    CHECK(!strncmp(l.text, "- 400 malformed method", 22));
    CHECK_INT(sn_try_recv(&log_lines, &l), SN_EAGAIN);
}

static void test_stats(void) {
    sn_http_stats a = site_stats(&web);
    ask(&web, "GET /hello HTTP/1.1\r\n" H "\r\nGET /nowhere HTTP/1.1\r\n" CLOSE "\r\n");
    ask(&web, "\x16\x03\x01");
    sn_http_stats b = site_stats(&web);
    CHECK_INT(b.accepted - a.accepted, 2);
    CHECK_INT(b.requests - a.requests, 2);
    CHECK_INT(b.status[2] - a.status[2], 1);
    CHECK_INT(b.status[4] - a.status[4], 2);
    CHECK_INT(b.malformed - a.malformed, 1);
    CHECK(b.bytes_in > a.bytes_in && b.bytes_out > a.bytes_out);
}

static void routes(void) {
    static const struct {
        const char *pattern;
        sn_http_fn fn;
        const char *arg;
    } t[] = {
        {"GET /hello", hello, "hello"},        {"GET /bye", hello, "bye"},
        {"POST /hello-post", hello, "x"},      {"POST /echo", echo, NULL},
        {"POST /stream", stream, NULL},        {"GET /large", large, NULL},
        {"GET /facts/{id}", facts, NULL},      {"GET /headers", headers, NULL},
        {"GET /empty", empty, NULL},           {"GET /nothing", empty, "204"},
        {"GET /short", short_of_length, NULL}, {"GET /over", over_length, NULL},
        {"GET /problem", problem, NULL},       {"GET /move", move, NULL},
    };
    mux = sn_http_mux_new();
    MUST(mux);
    for (size_t i = 0; i < sizeof t / sizeof *t; i++)
        MUST(sn_http_handle(mux, t[i].pattern, t[i].fn, (void *)(uintptr_t)t[i].arg) == 0);
    MUST(sn_http_use(mux, outer, "me") == 0);
    MUST(sn_http_use(mux, guard, NULL) == 0);
}

static int app(void *arg) {
    (void)arg;
    sn_http_conf conf = {.size = sizeof conf, .log = on_log};
    routes();
    MUST(sn_chan_init(&log_lines, sizeof(line), 4, NULL, NULL) == 0);
    site_start(&web, sn_http_mux_serve, mux, &conf);
    CASE(test_simple);
    CASE(test_keep_alive_and_pipelining);
    CASE(test_byte_by_byte);
    CASE(test_head_requests);
    CASE(test_old_version);
    CASE(test_chunked_answer);
    CASE(test_streams_both_ways);
    CASE(test_request_facts);
    CASE(test_answer_headers);
    CASE(test_empty_answers);
    CASE(test_wrong_length);
    CASE(test_problem);
    CASE(test_routes);
    CASE(test_expect_continue);
    CASE(test_unread_body);
    CASE(test_log);
    CASE(test_stats);
    CHECK_INT(site_stop(&web), 0);
    sn_http_mux_free(mux);
    sn_chan_free(&log_lines);
    return 0;
}

PLACE_MAIN(app, 10)
