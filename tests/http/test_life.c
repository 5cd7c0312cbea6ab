/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Ends and beginnings: drain, event streams, clients that leave, a full house. */
#include "site.h"

static sn_chan entered, release; /* of the slow handler */

static void handler(sn_http_writer *w, sn_http_request *r, void *arg) {
    (void)arg;
    if (strcmp(sn_http_path(r), "/slow")) {
        sn_http_reply(w, 200, NULL, "quick", 5);
        return;
    }
    int got, rc = sn_send(&entered, &(int){1});
    if (rc == 0) rc = sn_recv(&release, &got);
    sn_http_replyf(w, 200, "slow %s", sn_errname(rc));
}

static void wait_entered(void) {
    int got;
    MUST(sn_recv(&entered, &got) == 0);
}

typedef struct stop {
    site *web;
    sn_time until;
    int rc;
    sn_chan done;
} stop;
static int stop_main(void *arg) {
    stop *s = arg;
    s->rc = sn_http_shutdown(s->web->server, s->until);
    return sn_send(&s->done, &(int){1});
}

static void make_channels(void) {
    MUST(sn_chan_init(&entered, sizeof(int), 8, NULL, NULL) == 0);
    MUST(sn_chan_init(&release, sizeof(int), 8, NULL, NULL) == 0);
}
static void free_channels(void) {
    sn_chan_free(&entered);
    sn_chan_free(&release);
}

/* Idle connections are closed, the running request is answered, nobody new comes in. */
static void test_drain(void) {
    static char reply[4096];
    site web;
    make_channels();
    site_start(&web, handler, NULL, NULL);
    sn_conn *idle = site_dial(&web), *used = site_dial(&web), *busy = site_dial(&web), *late;
    say(used, "GET / HTTP/1.1\r\n" H "\r\n");
    hear_until(used, reply, sizeof reply, "quick");
    say(busy, "GET /slow HTTP/1.1\r\n" H "\r\n");
    wait_entered();
    stop s = {.web = &web, .until = sn_now() + 20 * SN_SECOND};
    MUST(sn_chan_init(&s.done, sizeof(int), 1, NULL, NULL) == 0);
    MUST(sn_go(stop_main, &s, 0) == 0);
    CHECK_INT(hear(idle, reply, sizeof reply), 0);
    CHECK_INT(hear(used, reply, sizeof reply), 0);
    CHECK_INT(sn_http_draining(web.server), 1);
    int rc = sn_dial(&late, "tcp", web.addr);
    if (rc == 0) { /* the backlog took it; nobody answers */
        CHECK_INT(hear(late, reply, sizeof reply), 0);
        sn_conn_free(late);
    }
    MUST(sn_send(&release, &(int){1}) == 0);
    hear(busy, reply, sizeof reply);
    CHECK_INT(status_of(reply), 200);
    CHECK(has(reply, "Connection: close"));
    CHECK_STR(body_of(reply), "slow SN_OK");
    sn_conn_free(idle);
    sn_conn_free(used);
    sn_conn_free(busy);
    int got;
    CHECK_INT(sn_recv(&s.done, &got), 0);
    CHECK_INT(s.rc, 0);
    sn_chan_free(&s.done);
    CHECK_INT(site_stop(&web), 0);
    free_channels();
}

/* What is not done in time is cancelled, and says so. */
static void test_drain_runs_out(void) {
    site web;
    make_channels();
    site_start(&web, handler, NULL, NULL);
    sn_conn *busy = site_dial(&web);
    say(busy, "GET /slow HTTP/1.1\r\n" H "\r\n");
    wait_entered();
    CHECK_INT(sn_http_shutdown(web.server, sn_now() + 50 * MS), SN_ETIMEDOUT);
    sn_conn_free(busy);
    CHECK_INT(site_stop(&web), 0);
    free_channels();
}

/* The caller's own scope ends the server as well. */
static void test_scope_ends_server(void) {
    static char reply[16];
    site web;
    site_start(&web, handler, NULL, NULL);
    sn_conn *idle = site_dial(&web);
    CHECK_INT(sn_sleep(20 * MS), 0);
    sn_scope_cancel(&web.scope, SN_ECANCELED);
    CHECK_INT(place_wait(), SN_ECANCELED);
    CHECK_INT(hear(idle, reply, sizeof reply), 0);
    sn_conn_free(idle);
    sn_http_server_free(web.server);
}

/* ---- event streams ---- */

static sn_chan ended; /* how an event stream's wait ended */

static void events(sn_http_writer *w, sn_http_request *r, void *arg) {
    (void)arg;
    (void)r;
    int rc = sn_http_sse_begin(w);
    CHECK_INT(rc, 0);
    CHECK_INT(sn_http_sse_send(w, "stage", "7", "one\ntwo\r\nthree"), 0);
    CHECK_INT(sn_http_sse_send(w, NULL, NULL, ""), 0);
    CHECK_INT(sn_http_sse_send(w, "a\nb", NULL, "x"), SN_EINVAL);
    CHECK_INT(sn_http_sse_ping(w), 0);
    if (sn_http_query(r, "end")) return;
    rc = sn_sleep(60 * SN_SECOND);
    uint32_t was = sn_shield(1);
    MUST(sn_send(&ended, &rc) == 0);
    sn_shield(was);
}

static void test_events(void) {
    site web;
    site_start(&web, events, NULL, NULL);
    const char *s = ask(&web, "GET /?end=1 HTTP/1.1\r\n" H "\r\n");
    CHECK_INT(status_of(s), 200);
    CHECK(has(s, "Content-Type: text/event-stream"));
    CHECK(has(s, "Cache-Control: no-store"));
    CHECK(strstr(s, "event: stage\nid: 7\ndata: one\ndata: two\ndata: three\n\n") != NULL);
    CHECK(strstr(s, "data: \n\n") != NULL);
    CHECK(strstr(s, ":\n\n") != NULL);
    CHECK(!strcmp(s + strlen(s) - 5, "0\r\n\r\n"));
    CHECK_INT(site_stop(&web), 0);
}

/* The handler learns at once that its client has gone. */
static void test_client_leaves_events(void) {
    static char buf[4096];
    site web;
    int rc = 0;
    MUST(sn_chan_init(&ended, sizeof(int), 1, NULL, NULL) == 0);
    site_start(&web, events, NULL, NULL);
    sn_conn *c = site_dial(&web);
    say(c, "GET / HTTP/1.1\r\n" H "\r\n");
    hear_until(c, buf, sizeof buf, ":\n\n");
    sn_conn_free(c);
    CHECK_INT(sn_recv(&ended, &rc), 0);
    CHECK_INT(rc, SN_ECANCELED);
    CHECK_INT(site_stop(&web), 0);
    sn_chan_free(&ended);
}

/* A drain that runs out ends event streams too. */
static void test_drain_ends_events(void) {
    static char buf[4096];
    site web;
    int rc = 0;
    MUST(sn_chan_init(&ended, sizeof(int), 1, NULL, NULL) == 0);
    site_start(&web, events, NULL, NULL);
    sn_conn *c = site_dial(&web);
    say(c, "GET / HTTP/1.1\r\n" H "\r\n");
    hear_until(c, buf, sizeof buf, "three\n\n");
    CHECK_INT(sn_http_shutdown(web.server, sn_now() + 50 * MS), SN_ETIMEDOUT);
    CHECK_INT(sn_recv(&ended, &rc), 0);
    CHECK_INT(rc, SN_ECANCELED);
    sn_conn_free(c);
    CHECK_INT(site_stop(&web), 0);
    sn_chan_free(&ended);
}

/* ---- clients that leave, and too many of them ---- */

static int writer_error;
static void endless(sn_http_writer *w, sn_http_request *r, void *arg) {
    static char block[65536];
    (void)r;
    (void)arg;
    do writer_error = sn_http_write(w, block, sizeof block);
    while (writer_error == 0);
}

static void test_client_leaves_download(void) {
    static char buf[4096];
    site web;
    writer_error = 0;
    site_start(&web, endless, NULL, NULL);
    sn_conn *c = site_dial(&web);
    say(c, "GET / HTTP/1.1\r\n" H "\r\n");
    hear_until(c, buf, sizeof buf, "\r\n\r\n");
    sn_conn_free(c);
    CHECK_INT(site_stop(&web), 0);
    CHECK(writer_error == SN_ECLOSED || writer_error == SN_ECONNRESET);
}

static void test_reader_that_does_not_read(void) {
    static char buf[4096];
    site web;
    sn_http_conf conf = {.size = sizeof conf, .write_time = 100 * MS};
    writer_error = 0;
    site_start(&web, endless, NULL, &conf);
    sn_conn *c = site_dial(&web);
    say(c, "GET / HTTP/1.1\r\n" H "\r\n");
    hear_until(c, buf, sizeof buf, "\r\n\r\n");
    while (site_stats(&web).timeouts == 0) CHECK_INT(sn_sleep(5 * MS), 0);
    sn_conn_free(c);
    CHECK_INT(site_stop(&web), 0);
    CHECK_INT(writer_error, SN_ETIMEDOUT);
}

/* A client has its answer a moment before the server waits for the next request. */
static void wait_idle(const site *web, uint32_t n) {
    while (site_stats(web).idle != n) CHECK_INT(sn_sleep(MS / 10), 0);
}

/* Above conn_max the oldest idle connection makes room. */
static void test_full_house(void) {
    static char buf[4096];
    site web;
    sn_http_conf conf = {.size = sizeof conf, .conn_max = 3};
    make_channels();
    site_start(&web, handler, NULL, &conf);
    sn_conn *c[6];
    for (int i = 0; i < 6; i++) {
        c[i] = site_dial(&web);
        say(c[i], "GET / HTTP/1.1\r\n" H "\r\n");
        hear_until(c[i], buf, sizeof buf, "quick");
        CHECK_INT(status_of(buf), 200);
        wait_idle(&web, i < 3 ? (uint32_t)i + 1 : 3);
    }
    CHECK_INT(site_stats(&web).evicted, 3);
    for (int i = 0; i < 3; i++) CHECK_INT(hear(c[i], buf, sizeof buf), 0);
    say(c[5], "GET / HTTP/1.1\r\n" H "\r\n");
    hear_until(c[5], buf, sizeof buf, "quick");
    CHECK_INT(status_of(buf), 200);
    for (int i = 0; i < 6; i++) sn_conn_free(c[i]);
    CHECK_INT(site_stop(&web), 0);
    free_channels();
}

/* All are busy: the first that is done makes room. */
static void test_full_of_busy(void) {
    static char buf[4096];
    site web;
    sn_http_conf conf = {.size = sizeof conf, .conn_max = 1};
    make_channels();
    site_start(&web, handler, NULL, &conf);
    sn_conn *busy = site_dial(&web);
    say(busy, "GET /slow HTTP/1.1\r\n" H "\r\n");
    wait_entered();
    sn_conn *next = site_dial(&web);
    say(next, "GET / HTTP/1.1\r\n" H "\r\n");
    MUST(sn_send(&release, &(int){1}) == 0);
    hear_until(busy, buf, sizeof buf, "SN_OK");
    CHECK_INT(status_of(buf), 200);
    hear_until(next, buf, sizeof buf, "quick");
    CHECK_INT(status_of(buf), 200);
    CHECK_INT(site_stats(&web).evicted, 1);
    sn_conn_free(busy);
    sn_conn_free(next);
    CHECK_INT(site_stop(&web), 0);
    free_channels();
}

static void test_requests_per_connection(void) {
    static char buf[4096];
    site web;
    sn_http_conf conf = {.size = sizeof conf, .conn_requests_max = 2};
    site_start(&web, handler, NULL, &conf);
    sn_conn *c = site_dial(&web);
    say(c, "GET / HTTP/1.1\r\n" H "\r\nGET / HTTP/1.1\r\n" H "\r\nGET / HTTP/1.1\r\n" H "\r\n");
    hear(c, buf, sizeof buf);
    const char *second = strstr(buf + 1, "HTTP/1.1 200");
    CHECK(second && has(second, "Connection: close"));
    CHECK(second && !strstr(second + 1, "HTTP/1.1"));
    sn_conn_free(c);
    CHECK_INT(site_stop(&web), 0);
}

/* ---- what conf.wrap makes of a connection ---- */

/* A handshake of one byte: 'T' is let in, 'X' is not. */
static int toy_wrap(void *arg, sn_conn *raw, sn_conn **out) {
    char first;
    size_t done;
    (void)arg;
    int rc = sn_read_full(raw, &first, 1, &done);
    if (rc) return rc;
    if (first != 'T') return SN_EPROTO;
    *out = raw;
    return 0;
}

static void test_wrapped(void) {
    static char buf[4096];
    site web;
    sn_http_conf conf = {.size = sizeof conf, .wrap = toy_wrap, .head_time = 100 * MS};
    make_channels();
    site_start(&web, handler, NULL, &conf);
    sn_conn *silent = site_dial(&web);
    CHECK_INT(status_of(ask(&web, "TGET / HTTP/1.1\r\n" CLOSE "\r\n")), 200);
    CHECK_STR(ask(&web, "X"), "");
    CHECK_INT(hear(silent, buf, sizeof buf), 0);
    CHECK_INT(site_stats(&web).timeouts, 1);
    sn_conn_free(silent);
    silent = site_dial(&web); /* a drain does not wait for its handshake's end */
    CHECK_INT(site_stop(&web), 0);
    sn_conn_free(silent);
    free_channels();
}

/* ---- a connection that the program accepted itself ---- */

static int serve_one(sn_http_server *s, sn_listener *l) {
    sn_conn *c;
    int rc = sn_accept(l, &c);
    return rc ? rc : sn_http_serve_conn(s, c);
}

static void test_serve_conn(void) {
    sn_http_conf conf = {.size = sizeof conf, .server = "toy/1"};
    site web;
    MUST(sn_http_server_new(&web.server, handler, NULL, &conf) == 0);
    site_begin(&web, serve_one);
    const char *s = ask(&web, "GET / HTTP/1.1\r\n" CLOSE "\r\n");
    CHECK_INT(status_of(s), 200);
    CHECK(has(s, "Server: toy/1"));
    CHECK_INT(site_stop(&web), 0);
}

/* Coroutines that a handler starts end before its request does. */
static int child(void *arg) {
    int rc = sn_sleep(10 * MS);
    *(int *)arg = 1;
    return rc;
}
static void parent(sn_http_writer *w, sn_http_request *r, void *arg) {
    (void)r;
    *(int *)arg = 0;
    CHECK_INT(sn_go(child, arg, 0), 0);
    sn_http_reply(w, 200, NULL, "ok", 2);
}

static void test_children(void) {
    int ran = 0;
    site web;
    site_start(&web, parent, &ran, NULL);
    CHECK_INT(status_of(ask(&web, "GET / HTTP/1.1\r\n" CLOSE "\r\n")), 200);
    CHECK_INT(site_stop(&web), 0);
    CHECK_INT(ran, 1);
}

static int app(void *arg) {
    (void)arg;
    CASE(test_drain);
    CASE(test_drain_runs_out);
    CASE(test_scope_ends_server);
    CASE(test_events);
    CASE(test_client_leaves_events);
    CASE(test_drain_ends_events);
    CASE(test_client_leaves_download);
    CASE(test_reader_that_does_not_read);
    CASE(test_full_house);
    CASE(test_full_of_busy);
    CASE(test_requests_per_connection);
    CASE(test_wrapped);
    CASE(test_serve_conn);
    CASE(test_children);
    return 0;
}

PLACE_MAIN(app, 100)
