/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The server's host: the program's own main, started, killed, drained. */
#include "fleet_sim.h"

#include "log.h"

#include <sennit/sqlite.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define DRAIN_TIME (20 * SN_SECOND)

static int server_main(void *arg) {
    struct site *s = *(struct site **)arg;
    fleet_err err = {""};
    int rc = serve_until_signal(&s->conf, NULL, &err);
    if (rc) sn_sim_note("server.ended", (uint64_t)-rc, 0);
    snprintf(s->why, sizeof s->why, "%s", err.text);
    return rc;
}

void site_make(struct site *s) {
    static const char token[] = GATEWAY_TOKEN "\n";
    struct serve_conf *c = &s->conf;
    memset(s, 0, sizeof *s);
    if (sn_sqlite_init()) sn_sim_fail("SQLite cannot be set up");
    if (sn_host_new(&s->host, "server", "10.1.0.1")) sn_sim_fail("no server host");
    if (sn_host_put(s->host, "gateway.token", token, sizeof token - 1))
        sn_sim_fail("no gateway token");
    serve_conf_init(c);
    snprintf(c->data, sizeof c->data, "data");
    snprintf(c->devices, sizeof c->devices, "10.1.0.1:8080");
    snprintf(c->operators, sizeof c->operators, "10.1.0.1:8081");
    snprintf(c->admin_token_file, sizeof c->admin_token_file, "admin.token");
    snprintf(c->gateway_token_file, sizeof c->gateway_token_file, "gateway.token");
    log_set_level((enum log_level)(LOG_ERROR + 1));
}

void site_boot(struct site *s) {
    s->boots++;
    s->meant_down = 0;
    if (sn_host_start(s->host, server_main, &s, sizeof s)) sn_sim_fail("the server does not start");
}

void site_kill(struct site *s, enum sn_stop how, sn_time away) {
    s->meant_down = 1;
    sn_sim_note("server.kill", how, s->boots);
    sn_host_stop(s->host, how);
    if (sn_sleep(away)) sn_sim_fail("the test is cancelled");
    if (!s->closing) site_boot(s);
}

void site_drain(struct site *s) {
    int result;
    s->meant_down = s->closing = 1;
    sn_time until = sn_now() + DRAIN_TIME;
    if (sn_host_signal(s->host, SIGTERM)) sn_sim_fail("the server is down already");
    sn_scope scope;
    sn_scope_enter(&scope, until);
    int rc = sn_host_wait(s->host, &result);
    int late = sn_scope_leave(&scope);
    if (rc || late || result)
        sn_sim_fail("the server did not drain: %s", sn_strerror(rc ? rc : late ? late : result));
}

/* What a service manager does. */
int site_keep(void *arg) {
    struct site *s = *(struct site **)arg;
    for (;;) {
        int result;
        int rc = sn_host_wait(s->host, &result);
        if (rc) return 0;
        rc = sn_sleep(5 * SN_SECOND);
        if (rc) return 0;
        if (!s->meant_down && !s->closing && !sn_host_up(s->host)) site_boot(s);
    }
}
