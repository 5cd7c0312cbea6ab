/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The client against servers that say exactly what a case wants, pieces included. */
#include "site.h"

typedef struct canned {
    char addr[64];
    sn_wg listens;
    const char *reply; /* '|' cuts it into pieces that are sent apart */
    int hang;          /* keeps the connection open after it */
} canned;

static sn_conn *accept_one(canned *s) {
    sn_listener *l;
    sn_conn *c;
    MUST(sn_listen(&l, "tcp", place_listen) == 0);
    MUST(sn_listener_addr(l, s->addr, sizeof s->addr) >= 0);
    sn_wg_done(&s->listens);
    MUST(sn_accept(l, &c) == 0);
    sn_listener_free(l);
    return c;
}

static int canned_main(void *arg) {
    canned *s = arg;
    sn_conn *c = accept_one(s);
    char buf[4096];
    size_t done;
    int rc = strstr(hear_until(c, buf, sizeof buf, "\r\n\r\n"), "\r\n\r\n") ? 0 : SN_EPROTO;
    for (const char *p = s->reply; rc == 0 && *p;) {
        size_t n = strcspn(p, "|");
        rc = n ? sn_write(c, p, n, &done) : 0;
        p += n + (p[n] == '|');
        if (rc == 0) rc = sn_yield();
    }
    while (rc == 0 && s->hang && sn_read(c, buf, sizeof buf, &done) == 0 && done) continue;
    sn_conn_free(c);
    return 0;
}

static canned server;

static sn_http_client *connect_to(const char *reply, int hang, const sn_http_client_conf *conf) {
    sn_http_client *c;
    server = (canned){.reply = reply, .hang = hang};
    sn_wg_add(&server.listens, 1);
    place_start(canned_main, &server);
    MUST(sn_wg_wait(&server.listens) == 0);
    MUST(sn_http_client_dial(&c, "tcp", server.addr, conf) == 0);
    return c;
}

static void end(sn_http_client *c) {
    sn_http_client_free(c);
    CHECK_INT(place_wait(), 0);
}

static const struct {
    const char *reply, *body;
    int rc, status, reusable;
} replies[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", 0, 200, 1},
    {"HT|TP/1.1 200 OK\r\nContent-Le|ngth: 5\r\n\r|\nhe|llo", "hello", 0, 200, 1},
    {"HTTP/1.1 100 Continue\r\n\r\n|HTTP/1.1 103 E\r\nA: b\r\n\r\nHTTP/1.1 204 No\r\n\r\n", "", 0,
     204, 1},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nhe|llo\r\n0\r\n|\r\n", "hello", 0,
     200, 1},
    {"HTTP/1.1 200 OK\r\n\r\nup to| the end", "up to the end", 0, 200, 0},
    {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nab", "ab", 0, 200, 0},
    {"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nab", "ab", 0, 200, 1},
    {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab", "ab", 0, 200, 0},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", NULL, SN_EPROTO, 200, 0},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", NULL, SN_EPROTO, 200,
     0},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", NULL, SN_EBADMSG, 200, 0},
    {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", NULL, SN_EBADMSG, 0, 0},
    {"HTTP/1.1 101 Switching Protocols\r\n\r\n", NULL, SN_EBADMSG, 0, 0},
    {"HTTP/1.1 200 OK\nContent-Length: 0\n\n", NULL, SN_EBADMSG, 0, 0},
    {"SSH-2.0-OpenSSH\r\n", NULL, SN_EBADMSG, 0, 0},
    {"HTTP/1.1 200 OK\r\nContent-", NULL, SN_EPROTO, 0, 0},
    {"", NULL, SN_EPROTO, 0, 0},
};

static void test_replies(void) {
    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) {
        sn_http_client *c = connect_to(replies[i].reply, 0, NULL);
        sn_http_response *r = NULL;
        sn_http_call call = {.size = sizeof call, .target = "/"};
        char *body = NULL;
        size_t n = 0;
        int rc = sn_http_do(c, &call, &r);
        if (rc == 0) {
            CHECK_INT(sn_http_response_status(r), replies[i].status);
            rc = sn_http_response_all(r, 1000, &body, &n);
        }
        if (rc != replies[i].rc) fprintf(stderr, "for %s\n", replies[i].reply);
        CHECK_INT(rc, replies[i].rc);
        if (rc == 0) CHECK_STR(body, replies[i].body);
        CHECK_INT(sn_http_client_reusable(c), replies[i].reusable);
        CHECK_INT(sn_http_client_reason(c) != NULL, rc == SN_EBADMSG);
        end(c);
    }
}

static void test_head_has_no_body(void) {
    sn_http_client *c = connect_to("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n", 1, NULL);
    sn_http_response *r;
    sn_http_call call = {.size = sizeof call, .method = "HEAD", .target = "/"};
    char *body;
    size_t n;
    MUST(sn_http_do(c, &call, &r) == 0);
    CHECK_INT(sn_http_response_length(r), 50);
    CHECK_INT(sn_http_response_all(r, 10, &body, &n), 0);
    CHECK_INT(n, 0);
    end(c);
}

static void test_bounds(void) {
    sn_http_client_conf conf = {.size = sizeof conf, .head_max = 100, .header_count_max = 2};
    sn_http_call call = {.size = sizeof call, .target = "/"};
    sn_http_response *r;
    char *body;
    size_t n;
    sn_http_client *c = connect_to("HTTP/1.1 200 OK\r\na:\r\nb:\r\nc:\r\n\r\n", 1, &conf);
    CHECK_INT(sn_http_do(c, &call, &r), SN_EFBIG);
    end(c);
    c = connect_to("HTTP/1.1 200 OK\r\n\r\n123456", 0, &conf);
    MUST(sn_http_do(c, &call, &r) == 0);
    CHECK_INT(sn_http_response_all(r, 5, &body, &n), SN_EFBIG);
    end(c);
}

static void test_deadline(void) {
    sn_http_client *c = connect_to("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", 1, NULL);
    sn_http_call call = {.size = sizeof call, .target = "/", .until = sn_now() + 60 * MS};
    sn_http_response *r;
    char *body;
    size_t n;
    MUST(sn_http_do(c, &call, &r) == 0);
    CHECK_INT(sn_http_response_all(r, 100, &body, &n), SN_ETIMEDOUT);
    CHECK_INT(sn_http_do(c, &call, &r), SN_ETIMEDOUT);
    end(c);
}

/* The server has closed an idle connection: told apart from an answer that broke off. */
static void test_stale_connection(void) {
    sn_http_client *c = connect_to("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 0, NULL);
    sn_http_call call = {.size = sizeof call, .target = "/"};
    sn_http_response *r;
    MUST(sn_http_do(c, &call, &r) == 0);
    sn_http_client_idle(c); /* the body was not read: the connection is spent */
    CHECK_INT(sn_http_client_reusable(c), 0);
    end(c);
    c = connect_to("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 0, NULL);
    MUST(sn_http_do(c, &call, &r) == 0);
    CHECK_INT(sn_http_do(c, &call, &r), SN_ECLOSED);
    end(c);
}

static void test_calls_refused(void) {
    static const sn_http_pair bad[] = {{"Host", "x"}, {"a b", "x"}, {"A", "x\r\nB: y"}};
    sn_http_client *c = connect_to("HTTP/1.1 204 No\r\n\r\n", 0, NULL);
    sn_http_response *r;
    sn_http_call t[] = {
        {.size = 4, .target = "/"},
        {.size = sizeof *t},
        {.size = sizeof *t, .target = "/a b"},
        {.size = sizeof *t, .target = "/a\r\nX: y"},
        {.size = sizeof *t, .target = "http://a/"},
        {.size = sizeof *t, .target = "/", .method = "G T"},
        {.size = sizeof *t, .target = "/", .host = "a b"},
        {.size = sizeof *t, .target = "/", .headers = &bad[0], .header_count = 1},
        {.size = sizeof *t, .target = "/", .headers = &bad[1], .header_count = 1},
        {.size = sizeof *t, .target = "/", .headers = &bad[2], .header_count = 1},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++)
        CHECK_INT(sn_http_do(c, &t[i], &r), SN_EINVAL);
    sn_http_call ok = {.size = sizeof ok, .target = "/"};
    CHECK_INT(sn_http_do(c, &ok, &r), 0);
    end(c);
}

static int app(void *arg) {
    (void)arg;
    CASE(test_replies);
    CASE(test_head_has_no_body);
    CASE(test_bounds);
    CASE(test_deadline);
    CASE(test_stale_connection);
    CASE(test_calls_refused);
    return 0;
}

PLACE_MAIN(app, 200)
