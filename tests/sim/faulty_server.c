/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The server of the scenario "http-faults": every way to answer, with pauses in the middle. */
#include "faulty.h"

#include <signal.h>

faulty_world faulty;

static uint64_t number(sn_http_request *r, const char *name) {
    const char *s = sn_http_query(r, name);
    return s ? strtoull(s, NULL, 10) : 0;
}

/* Lets time pass, or does not; ends with the handler's scope. */
static int pause_for(sn_http_request *r) {
    sn_time t = (sn_time)number(r, "pause") * MS;
    return t ? sn_sleep((sn_time)sn_sim_draw((uint64_t)t)) : 0;
}

/* GET /get?token=T&n=N: N bytes that belong to T, in pieces; of odd T the length is said before. */
static void get(sn_http_writer *w, sn_http_request *r, void *arg) {
    uint64_t token = number(r, "token"), n = number(r, "n"), at = 0;
    char buf[3000];
    (void)arg;
    sn_http_setf(w, "X-Token", "%llu", (unsigned long long)token);
    if (token & 1) sn_http_setf(w, "Content-Length", "%llu", (unsigned long long)n);
    while (at < n && pause_for(r) == 0) {
        uint64_t left = n - at, k = 1 + sn_sim_draw(sizeof buf);
        if (k > left) k = left;
        for (uint64_t i = 0; i < k; i++) buf[i] = content_at(token, at + i);
        if (sn_http_write(w, buf, k)) return;
        if (sn_sim_draw(8) == 0 && sn_http_flush(w)) return;
        at += k;
    }
}

/* The body's sum, read in pieces; 0 when the end of the body has come. */
static int read_body(sn_http_request *r, uint32_t *sum, uint64_t *n) {
    char buf[700];
    size_t done;
    *sum = 2166136261u, *n = 0;
    for (;;) {
        int rc = sn_http_body_read(r, buf, (size_t)(1 + sn_sim_draw(sizeof buf)), &done);
        if (rc || done == 0) return rc;
        *sum = sum_of(*sum, buf, done);
        *n += done;
        rc = pause_for(r);
        if (rc) return rc;
    }
}

/* POST /post?attempt=A&sum=S: a handler that has seen the end of a body has seen all of it. */
static void post(sn_http_writer *w, sn_http_request *r, void *arg) {
    uint64_t attempt = number(r, "attempt"), n;
    uint32_t sum;
    (void)arg;
    if (read_body(r, &sum, &n)) return;
    if (attempt >= ATTEMPTS || sum != (uint32_t)number(r, "sum"))
        sn_sim_fail("post %llu: %llu bytes that nobody sent", (unsigned long long)attempt,
                    (unsigned long long)n);
    if (faulty.executed[attempt]++) sn_sim_fail("post %llu ran twice", (unsigned long long)attempt);
    sn_http_replyf(w, 200, "%u", sum);
}

static void events(sn_http_writer *w, sn_http_request *r, void *arg) {
    (void)arg;
    if (sn_http_sse_begin(w)) return;
    for (int i = 1; i <= EVENTS && pause_for(r) == 0; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        if (sn_http_sse_send(w, "n", id, "one\ntwo")) return;
        if (sn_sim_draw(4) == 0 && sn_http_sse_ping(w)) return;
    }
}

static int read_file(void *arg, void *buf, size_t n, uint64_t at, size_t *done) {
    char *to = buf;
    (void)arg;
    for (size_t i = 0; i < n; i++) to[i] = content_at(1, at + i);
    *done = n;
    return 0;
}

static void file(sn_http_writer *w, sn_http_request *r, void *arg) {
    (void)arg;
    sn_http_content c = {
        .size = sizeof c, .length = FILE_SIZE, .etag = "\"one\"", .read = read_file};
    sn_http_serve_content(w, r, &c);
}

static sn_http_mux *routes(void) {
    sn_http_mux *m = sn_http_mux_new();
    if (!m || sn_http_handle(m, "GET /get", get, NULL) ||
        sn_http_handle(m, "POST /post", post, NULL) ||
        sn_http_handle(m, "GET /events", events, NULL) ||
        sn_http_handle(m, "GET /file", file, NULL))
        sn_sim_fail("no routes");
    return m;
}

static int serve(void *arg) {
    sn_listener *l = *(sn_listener **)arg;
    return sn_http_serve(faulty.server, l);
}

/* A drain ends in its time, and nothing is left of the connections. */
static int drain(void) {
    sn_time begin = sn_now();
    int rc = sn_http_shutdown(faulty.server, begin + DRAIN_TIME);
    sn_time took = sn_now() - begin;
    if (took > DRAIN_TIME + SN_SECOND)
        sn_sim_fail("the drain of %d ms took %lld", (int)(DRAIN_TIME / MS), (long long)(took / MS));
    return rc;
}

/* What a request ends as is counted once. */
static void check_counters(void) {
    sn_http_stats st = {.size = sizeof st};
    sn_http_get_stats(faulty.server, &st);
    uint64_t answered = 0;
    for (int i = 0; i < 6; i++) answered += st.status[i];
    if (st.connections || st.idle) sn_sim_fail("%u connections after the drain", st.connections);
    if (answered != st.requests + st.malformed)
        sn_sim_fail("%llu requests, %llu malformed, %llu answered", (unsigned long long)st.requests,
                    (unsigned long long)st.malformed, (unsigned long long)answered);
}

static int until_told(sn_listener *l) {
    sn_chan told;
    sn_scope s;
    int signo, rc = sn_chan_init(&told, sizeof signo, 1, NULL, NULL);
    if (rc) return rc;
    sn_scope_enter(&s, SN_NEVER);
    rc = sn_signal_notify(&told, SIGTERM);
    if (rc == 0) rc = sn_go(serve, &l, sizeof l);
    if (rc == 0) rc = sn_recv(&told, &signo);
    drain();
    int end = sn_scope_leave(&s);
    sn_signal_stop(&told);
    sn_chan_free(&told);
    return rc ? rc : end;
}

int faulty_serve(void *arg) {
    sn_http_conf conf = {.size = sizeof conf,
                         .head_time = HEAD_TIME,
                         .body_time = BODY_TIME,
                         .write_time = WRITE_TIME,
                         .idle_time = IDLE_TIME,
                         .handler_time = one_in(2) ? HANDLER_TIME : SN_NEVER,
                         .conn_max = faulty.conn_max};
    sn_listener *l;
    sn_http_mux *m = routes();
    (void)arg;
    if (sn_http_server_new(&faulty.server, sn_http_mux_serve, m, &conf)) sn_sim_fail("no server");
    int rc = sn_listen(&l, "tcp", SITE_ADDR);
    if (rc == 0) {
        rc = until_told(l);
        sn_listener_free(l);
        check_counters();
    }
    sn_http_server_free(faulty.server);
    faulty.server = NULL;
    sn_http_mux_free(m);
    return rc;
}
