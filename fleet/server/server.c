/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Start, run and end of the server.
 *
 *   open: data folder → fleet in memory → listeners bound
 *   run:  fleet's coroutines (outer scope) → settings of the conf → HTTP servers (inner scope)
 *   stop: HTTP drained → inner scope left → fleet drained (commits what it has) → outer left   */
#include "server.h"

#include "log.h"
#include "metrics.h"
#include "routes.h"
#include "server_tls.h"

#include <sennit/sennit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_FD 3

struct server {
    struct app app;
    struct server_tls tls;
    struct routes_set routes[APP_LISTENERS];
    sn_listener *listeners[APP_LISTENERS]; /**< the second is NULL with one for both */
    char addr[APP_LISTENERS][64];
    sn_chan stop;  /**< closed by server_stop */
    sn_chan ready; /**< closed once requests are answered */
    int stopping;
    sn_mutex lock; /**< of stopping */
};

fleet *server_fleet(struct server *s) { return s->app.fleet; }

const char *server_addr(const struct server *s, int which) {
    return s->addr[s->listeners[1] ? which : 0];
}

/* ---- listeners ---- */

/* How many sockets the service manager passed to this process. */
static int passed_fds(void) {
    const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");
    if (!pid || !n || strtol(pid, NULL, 10) != (long)getpid()) return 0;
    long count = strtol(n, NULL, 10);
    return count > 0 && count <= APP_LISTENERS ? (int)count : 0;
}

static int bind_one(struct server *s, int i, int passed, const char *addr, fleet_err *err) {
    int rc = passed ? sn_listen_fd(&s->listeners[i], FIRST_FD + i)
                    : sn_listen(&s->listeners[i], "tcp", addr);
    if (!rc) rc = sn_listener_addr(s->listeners[i], s->addr[i], sizeof s->addr[i]);
    if (rc < 0)
        return fleet_fail(err, rc, "cannot listen on %s: %s", passed ? "a passed socket" : addr,
                          sn_strerror(rc));
    return 0;
}

static int bind_all(struct server *s, const struct serve_conf *c, fleet_err *err) {
    const char *devices = c->devices[0] ? c->devices : "127.0.0.1:8080";
    const char *operators = c->operators[0] ? c->operators : "127.0.0.1:8081";
    int passed = passed_fds();
    if (passed == 1 || (!passed && c->listen[0])) return bind_one(s, 0, passed, c->listen, err);
    int rc = bind_one(s, APP_DEVICES, passed, devices, err);
    return rc ? rc : bind_one(s, APP_OPERATORS, passed, operators, err);
}

/* ---- requests in the log ---- */

static void on_request(void *arg, const sn_http_log *e) {
    (void)arg;
    if (!e->request) {
        log_event(LOG_INFO, "http.malformed", log_s("peer", e->peer), log_i("status", e->status),
                  log_s("reason", e->reason ? e->reason : ""));
        return;
    }
    enum log_level level = e->status >= 500 ? LOG_WARN : LOG_DEBUG;
    const char *pattern = sn_http_pattern(e->request);
    log_event(level, "http.request", log_s("peer", e->peer),
              log_s("method", sn_http_method(e->request)), log_s("route", pattern ? pattern : ""),
              log_i("status", e->status), log_i("us", e->took / SN_MICROSECOND));
}

static int make_http(struct server *s, int i, unsigned on) {
    sn_http_conf conf = {.size = sizeof conf,
                         .body_max = (uint64_t)s->app.conf->body_max,
                         .head_time = s->app.conf->head_s * SN_SECOND,
                         .body_time = s->app.conf->body_s * SN_SECOND,
                         .idle_time = s->app.conf->idle_s * SN_SECOND,
                         .conn_max = (uint32_t)s->app.conf->conn_max,
                         .log = on_request};
    server_tls_apply(&s->tls, i, &conf);
    int rc = routes_make(&s->routes[i], &s->app, on);
    if (!rc)
        rc = sn_http_server_new(&s->app.servers[i], sn_http_mux_serve, s->routes[i].mux, &conf);
    return rc;
}

/* ---- open and close ---- */

typedef int (*tell_fn)(void *arg, const char *token, fleet_err *err);

static int open_fleet(struct server *s, tell_fn tell, void *arg, fleet_err *err) {
    const struct serve_conf *c = s->app.conf;
    fleet_config fc = {.data_dir = c->data,
                       .key_file = c->key_file[0] ? c->key_file : NULL,
                       .sync = strcmp(c->sync, "normal") ? STORE_SYNC_FULL : STORE_SYNC_NORMAL,
                       .commit_window_us = (uint32_t)c->commit_us,
                       .tick_ms = (uint32_t)c->tick_ms,
                       .tell = tell,
                       .tell_arg = arg};
    return fleet_open(&s->app.fleet, &fc, err);
}

int server_open(struct server **out, const struct serve_conf *conf, fleet_err *err) {
    return server_open_telling(out, conf, NULL, NULL, err);
}

int server_open_telling(struct server **out, const struct serve_conf *conf, tell_fn tell, void *arg,
                        fleet_err *err) {
    struct server *s = calloc(1, sizeof *s);
    int rc = s ? 0 : SN_ENOMEM;
    *out = NULL;
    if (rc) return rc;
    s->app.conf = conf;
    s->app.started = sn_now();
    rc = sn_chan_init(&s->stop, 1, 0, NULL, NULL);
    if (!rc) rc = sn_chan_init(&s->ready, 1, 0, NULL, NULL);
    if (!rc) rc = server_tls_open(&s->tls, conf, err);
    if (!rc) rc = open_fleet(s, tell, arg, err);
    if (!rc) rc = bind_all(s, conf, err);
    if (!rc && s->listeners[1]) {
        rc = make_http(s, APP_DEVICES, ON_DEVICES);
        if (!rc) rc = make_http(s, APP_OPERATORS, ON_OPERATORS);
    } else if (!rc) {
        rc = make_http(s, 0, ON_DEVICES | ON_OPERATORS);
    }
    if (!rc) {
        *out = s;
        return 0;
    }
    if (err && !err->text[0]) fleet_fail(err, rc, "%s", fleet_result_name(rc));
    server_close(s);
    return rc;
}

void server_close(struct server *s) {
    if (!s) return;
    for (int i = 0; i < APP_LISTENERS; i++) {
        sn_http_server_free(s->app.servers[i]);
        routes_free(&s->routes[i]);
        if (s->listeners[i]) sn_listener_free(s->listeners[i]);
    }
    server_tls_close(&s->tls);
    if (s->app.fleet) fleet_close(s->app.fleet);
    sn_chan_free(&s->stop);
    sn_chan_free(&s->ready);
    free(s);
}

/* ---- run ---- */

static int set_if_new(fleet *f, const fleet_actor *by, const char *key, const char *value,
                      fleet_err *err) {
    char now[FLEET_SETTING_VALUE_MAX + 1];
    int rc = fleet_setting_get(f, by->tenant, key, now, err);
    if (rc || !strcmp(now, value)) return rc;
    return fleet_setting_set(f, by, key, value, err);
}

/* The gateway token comes from a file: it is compared by nobody but the fleet, so it is set. */
static int set_gateway_token(struct server *s, const fleet_actor *by, fleet_err *err) {
    const char *path = s->app.conf->gateway_token_file;
    char *text;
    size_t n;
    if (!*path) return 0;
    int rc = sn_path_read(path, TOKEN_MAX + 2, &text, &n);
    if (rc) return fleet_fail(err, rc, "%.200s: %s", path, sn_strerror(rc));
    text[strcspn(text, "\r\n")] = 0;
    rc = fleet_setting_set(s->app.fleet, by, "authentication.gatewaytoken.key", text, err);
    memset(text, 0, n);
    free(text);
    if (!rc) rc = set_if_new(s->app.fleet, by, "authentication.gatewaytoken.enabled", "true", err);
    return rc;
}

static int apply_settings(struct server *s, fleet_err *err) {
    fleet_actor by = {.name = "system", .role = ROLE_ADMIN};
    int64_t poll = s->app.conf->poll_s;
    char text[16];
    int rc = fleet_tenant(s->app.fleet, "DEFAULT", &by.tenant);
    if (!rc && poll) {
        snprintf(text, sizeof text, "%02d:%02d:%02d", (int)(poll / 3600) % 24,
                 (int)(poll / 60) % 60, (int)(poll % 60));
        rc = set_if_new(s->app.fleet, &by, "pollingTime", text, err);
    }
    return rc ? rc : set_gateway_token(s, &by, err);
}

struct serving {
    struct server *s;
    int i;
};

static int serve(void *arg) {
    const struct serving *v = arg;
    int rc = sn_http_serve(v->s->app.servers[v->i], v->s->listeners[v->i]);
    server_stop(v->s);
    return rc;
}

static int serve_all(struct server *s) {
    static const sn_attr attr = {.size = sizeof attr, .name = "http"};
    sn_scope scope;
    int rc = 0;
    sn_scope_enter(&scope, SN_NEVER);
    for (int i = 0; !rc && i < APP_LISTENERS && s->listeners[i]; i++) {
        struct serving v = {s, i};
        rc = sn_scope_go(&scope, &attr, serve, &v, sizeof v);
    }
    sn_chan_close(&s->ready);
    int stopped = rc ? rc : sn_recv(&s->stop, NULL); /* SN_ECLOSED: server_stop; else a cancel */
    log_event(LOG_INFO, "server.draining", log_i("why", stopped == SN_ECLOSED ? 0 : stopped));
    uint32_t was = sn_shield(1);
    sn_time until = sn_now() + s->app.conf->drain_s * SN_SECOND;
    for (int i = 0; i < APP_LISTENERS; i++)
        if (s->app.servers[i] && sn_http_shutdown(s->app.servers[i], until))
            log_event(LOG_WARN, "server.cut_off", log_i("listener", i));
    sn_shield(was);
    int first = sn_scope_leave(&scope);
    return rc ? rc : first;
}

/* Who asks the fleet has ended when this returns: the fleet can be stopped. */
static int serve_with_rates(struct server *s) {
    static const sn_attr ticker = {.size = sizeof ticker, .name = "rates"};
    sn_scope scope;
    sn_scope_enter(&scope, SN_NEVER);
    int rc = sn_scope_go(&scope, &ticker, metrics_run, s->app.fleet, 0);
    if (!rc) rc = serve_all(s);
    sn_scope_cancel(&scope, SN_ECANCELED);
    int left = sn_scope_leave(&scope);
    return rc || left == SN_ECANCELED ? rc : left;
}

int server_run(struct server *s) {
    sn_scope scope;
    fleet_err err = {""};
    sn_scope_enter(&scope, SN_NEVER);
    int rc = fleet_start(s->app.fleet, &scope);
    int started = !rc;
    if (!rc) rc = apply_settings(s, &err);
    if (rc) log_event(LOG_ERROR, "server.start_failed", log_e(rc), log_s("detail", err.text));
    if (!rc) {
        log_event(LOG_INFO, "server.started", log_s("devices", server_addr(s, APP_DEVICES)),
                  log_s("operators", server_addr(s, APP_OPERATORS)),
                  log_s("version", sn_version()));
        rc = serve_with_rates(s);
    }
    if (started) fleet_stop(s->app.fleet);
    sn_scope_cancel(&scope, SN_ECANCELED);
    int left = sn_scope_leave(&scope);
    if (!rc && left != SN_ECANCELED) rc = left;
    log_event(LOG_INFO, "server.stopped", log_i("result", rc));
    return rc;
}

void server_stop(struct server *s) {
    sn_lock(&s->lock);
    int first = !s->stopping;
    s->stopping = 1;
    sn_unlock(&s->lock);
    if (first) sn_chan_close(&s->stop);
}

int server_wait_ready(struct server *s) {
    int rc = sn_recv(&s->ready, NULL);
    return rc == SN_ECLOSED ? 0 : rc;
}
