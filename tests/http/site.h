/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A server at the place of servers (world/place.h), and a client that sends bytes as they are. */
#ifndef TESTS_HTTP_SITE_H
#define TESTS_HTTP_SITE_H

#include <sennit/http.h>
#include <sennit/sennit.h>

#include "place.h"

#define MS SN_MILLISECOND

typedef struct site {
    sn_http_server *server;
    sn_listener *listener;
    int (*serve)(sn_http_server *s, sn_listener *l);
    sn_scope scope; /* that it serves in */
    sn_wg listens;
    char addr[64];
} site;

static inline int site_serve(void *arg) {
    site *s = arg;
    MUST(sn_listen(&s->listener, "tcp", place_listen) == 0);
    MUST(sn_listener_addr(s->listener, s->addr, sizeof s->addr) >= 0);
    sn_scope_enter(&s->scope, SN_NEVER);
    sn_wg_done(&s->listens);
    int rc = s->serve(s->server, s->listener), end = sn_scope_leave(&s->scope);
    sn_listener_free(s->listener);
    return rc ? rc : end;
}

/* Starts s->server. */
static inline void site_begin(site *s, int (*serve)(sn_http_server *, sn_listener *)) {
    s->serve = serve;
    s->listens = (sn_wg){{0}};
    sn_wg_add(&s->listens, 1);
    place_start(site_serve, s);
    MUST(sn_wg_wait(&s->listens) == 0);
}

static inline void site_start(site *s, sn_http_fn fn, void *arg, const sn_http_conf *conf) {
    MUST(sn_http_server_new(&s->server, fn, arg, conf) == 0);
    site_begin(s, sn_http_serve);
}

/* Drains; the result of the drain. */
static inline int site_stop(site *s) {
    int rc = sn_http_shutdown(s->server, sn_now() + 5 * SN_SECOND);
    CHECK_INT(place_wait(), 0);
    sn_http_server_free(s->server);
    return rc;
}

static inline sn_http_stats site_stats(const site *s) {
    sn_http_stats st = {.size = sizeof st};
    sn_http_get_stats(s->server, &st);
    return st;
}

static inline sn_conn *site_dial(const site *s) {
    sn_conn *c;
    MUST(sn_dial(&c, "tcp", s->addr) == 0);
    sn_set_read_deadline(c, sn_now() + 20 * SN_SECOND);
    return c;
}

static inline void say(sn_conn *c, const char *text) {
    size_t done;
    MUST(sn_write(c, text, strlen(text), &done) == 0);
}

/* All that comes until the server ends the connection, terminated. Its length. */
static inline size_t hear(sn_conn *c, char *buf, size_t size) {
    size_t n = 0, done = 1;
    while (done && n + 1 < size) {
        int rc = sn_read(c, buf + n, size - n - 1, &done);
        if (rc && rc != SN_ECONNRESET) fprintf(stderr, "read: %s\n", sn_errname(rc));
        n += done;
        if (rc) break;
    }
    buf[n] = 0;
    return n;
}

/* Reads until `want` has come; what has come, terminated. */
static inline const char *hear_until(sn_conn *c, char *buf, size_t size, const char *want) {
    size_t n = 0, done;
    buf[0] = 0;
    while (!strstr(buf, want) && n + 1 < size) {
        int rc = sn_read(c, buf + n, size - n - 1, &done);
        if (rc || done == 0) break;
        n += done;
        buf[n] = 0;
    }
    return buf;
}

/* Sends `text` on a new connection; all that comes back, in a buffer of the program's. */
static inline const char *ask(const site *s, const char *text) {
    static char buf[1 << 16];
    sn_conn *c = site_dial(s);
    say(c, text);
    hear(c, buf, sizeof buf);
    sn_conn_free(c);
    return buf;
}

static inline int status_of(const char *reply) {
    return strncmp(reply, "HTTP/1.1 ", 9) ? -1 : atoi(reply + 9);
}
static inline const char *body_of(const char *reply) {
    const char *p = strstr(reply, "\r\n\r\n");
    return p ? p + 4 : "(no body)";
}
/* Does the reply have this header line? */
static inline int has(const char *reply, const char *line) {
    char want[256];
    snprintf(want, sizeof want, "\r\n%s\r\n", line);
    const char *at = strstr(reply, want), *end = strstr(reply, "\r\n\r\n");
    return at && at <= end;
}

#define H "Host: a\r\n"
#define CLOSE "Host: a\r\nConnection: close\r\n"

#endif
