/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Bad input over loopback: a clear refusal each, slow peers are given up, and the server goes on.
 */
#include "site.h"

static site web;

static void echo(sn_http_writer *w, sn_http_request *r, void *arg) {
    char *body;
    size_t n;
    (void)arg;
    if (!strcmp(sn_http_path(r), "/small")) sn_http_body_limit(r, 10);
    if (!strcmp(sn_http_path(r), "/asleep"))
        CHECK_INT(sn_sleep(SN_SECOND * 60), SN_ETIMEDOUT);
    else if (sn_http_body_all(r, 1000, &body, &n) == 0)
        sn_http_reply(w, 200, NULL, body, n);
}

static void start(void) {
    sn_http_conf conf = {.size = sizeof conf,
                         .line_max = 200,
                         .head_max = 600,
                         .header_count_max = 10,
                         .body_max = 500,
                         .head_time = 200 * MS,
                         .body_time = 200 * MS,
                         .body_rate = 10,
                         .write_time = 200 * MS,
                         .handler_time = 300 * MS,
                         .idle_time = 400 * MS};
    site_start(&web, echo, NULL, &conf);
}

static const char *filled(const char *front, size_t n, const char *back) {
    static char s[4096];
    size_t f = strlen(front);
    memcpy(s, front, f);
    memset(s + f, 'a', n);
    strcpy(s + f + n, back);
    return s;
}

static void refused(int status, const char *request) {
    const char *s = ask(&web, request);
    if (status_of(s) != status) fprintf(stderr, "for %.60s: %.60s\n", request, s);
    CHECK_INT(status_of(s), status);
    CHECK(has(s, "Connection: close"));
    CHECK(strstr(s, "application/problem+json") != NULL);
}

static void test_refusals(void) {
    refused(400, "GET / HTTP/1.1\nHost: a\n\n");
    refused(400, "GET / HTTP/1.1\r\n\r\n");
    refused(400, "GET /%c3 HTTP/1.1\r\n" H "\r\n");
    refused(400, "GET /../etc/passwd HTTP/1.1\r\n" H "\r\n");
    refused(400, "POST / HTTP/1.1\r\n" H "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n");
    refused(501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip\r\n\r\n");
    refused(501, "CONNECT a:1 HTTP/1.1\r\n" H "\r\n");
    refused(505, "GET / HTTP/3.0\r\n" H "\r\n");
    refused(417, "GET / HTTP/1.1\r\n" H "Expect: x\r\n\r\n");
    refused(414, filled("GET /", 300, " HTTP/1.1\r\n" H "\r\n"));
    refused(431, filled("GET / HTTP/1.1\r\n" H "A: ", 600, "\r\n\r\n"));
    refused(431, "GET / HTTP/1.1\r\n" H
                 "a:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\n\r\n");
}

static void test_bodies_too_large(void) {
    refused(413, "POST / HTTP/1.1\r\n" H "Content-Length: 501\r\n\r\n");
    refused(413, "POST /small HTTP/1.1\r\n" H "Content-Length: 11\r\n\r\n12345678901");
    refused(413, "POST /small HTTP/1.1\r\n" H
                 "Transfer-Encoding: chunked\r\n\r\n6\r\n123456\r\n6\r\n123456\r\n0\r\n\r\n");
    refused(400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n6\r\n1234567\r\n");
    CHECK_INT(status_of(ask(&web, "POST / HTTP/1.1\r\n" CLOSE "Content-Length: 3\r\n\r\nabc")),
              200);
}

/* A large body is on its way when it is refused: the client must be able to read why. */
static void test_refusal_reaches_a_sender(void) {
    static char body[200000], reply[4096];
    sn_conn *c = site_dial(&web);
    size_t done;
    memset(body, 'x', sizeof body);
    say(c, "POST / HTTP/1.1\r\n" H "Content-Length: 200000\r\n\r\n");
    CHECK_INT(sn_write(c, body, sizeof body, &done), 0);
    hear(c, reply, sizeof reply);
    CHECK_INT(status_of(reply), 413);
    sn_conn_free(c);
}

static void test_body_ends_early(void) {
    static char reply[4096];
    sn_conn *c = site_dial(&web);
    say(c, "POST / HTTP/1.1\r\n" H "Content-Length: 10\r\n\r\nabc");
    CHECK_INT(sn_shutdown_write(c), 0);
    hear(c, reply, sizeof reply);
    CHECK_INT(status_of(reply), 400);
    sn_conn_free(c);
}

static void test_slow_senders(void) {
    refused(408, "GET / HT");
    refused(408, "GET / HTTP/1.1\r\n" H);
    refused(408, "POST / HTTP/1.1\r\n" H "Content-Length: 10\r\n\r\nabc");
    CHECK(site_stats(&web).timeouts >= 3);
}

/* A byte now and then keeps no connection beyond the head's time, or below the body's rate. */
static void test_trickle(void) {
    static const char *const t[] = {"GET / HTTP/1.1\r\nA: ",
                                    "POST / HTTP/1.1\r\n" H "Content-Length: 400\r\n\r\n"};
    for (int i = 0; i < 2; i++) {
        static char reply[4096];
        size_t done, sent = 0;
        sn_conn *c = site_dial(&web);
        say(c, t[i]);
        while (sent < 200 && sn_write(c, "a", 1, &done) == 0) {
            sent++;
            sn_set_read_deadline(c, sn_now() + 150 * MS);
            if (sn_read(c, reply, 1, &done) == SN_ETIMEDOUT) continue;
            sn_set_read_deadline(c, sn_now() + 20 * SN_SECOND);
            hear(c, reply + done, sizeof reply - done);
            break;
        }
        CHECK_INT(status_of(reply), 408);
        CHECK(sent < 100);
        sn_conn_free(c);
    }
}

static void test_idle_is_closed(void) {
    char buf[16];
    sn_conn *c = site_dial(&web);
    CHECK_INT(hear(c, buf, sizeof buf), 0);
    sn_conn_free(c);
    const char *s = ask(&web, "GET / HTTP/1.1\r\n" H "\r\n");
    CHECK_INT(status_of(s), 200);
    CHECK(!has(s, "Connection: close"));
}

static void test_handler_time(void) {
    const char *s = ask(&web, "GET /asleep HTTP/1.1\r\n" CLOSE "\r\n");
    CHECK_INT(status_of(s), 503);
}

static void test_configurations(void) {
    sn_http_server *s;
    sn_http_conf bad[] = {{.size = 8},
                          {.size = sizeof *bad, .head_max = 100, .line_max = 200},
                          {.size = sizeof *bad, .head_max = 1u << 30},
                          {.size = sizeof *bad, .idle_time = -1},
                          {.size = sizeof *bad, .header_count_max = 1000000}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_INT(sn_http_server_new(&s, echo, NULL, &bad[i]), SN_EINVAL);
}

static int app(void *arg) {
    (void)arg;
    start();
    CASE(test_refusals);
    CASE(test_bodies_too_large);
    CASE(test_refusal_reaches_a_sender);
    CASE(test_body_ends_early);
    CASE(test_slow_senders);
    CASE(test_trickle);
    CASE(test_idle_is_closed);
    CASE(test_handler_time);
    CASE(test_configurations);
    CHECK_INT(site_stop(&web), 0);
    return 0;
}

PLACE_MAIN(app, 200)
