/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* sennit-fleet serve: the server in the foreground, until SIGTERM or SIGINT. */
#include "commands.h"

#include "log.h"
#include "server.h"

#include <sennit/sennit.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Shown once, on the terminal or in a file of mode 0600; never in the log. */
static int show_token(const struct serve_conf *c, const char *token) {
    char line[TOKEN_CHARS + 2];
    if (!token) return 0;
    if (!c->admin_token_file[0]) {
        printf("admin token (shown this once): %s\n", token);
        return 0;
    }
    int n = snprintf(line, sizeof line, "%s\n", token);
    int rc = sn_path_write(c->admin_token_file, line, (size_t)n);
    if (rc) fprintf(stderr, "%s: %s\n", c->admin_token_file, sn_strerror(rc));
    return rc;
}

struct signals {
    sn_chan chan;
    struct server *server;
};

/* The first signal drains; a second one ends the program at once, as people expect. */
static int on_signal(void *arg) {
    struct signals *s = arg;
    int signo;
    int rc = sn_recv(&s->chan, &signo);
    if (rc) return 0;
    log_event(LOG_INFO, "server.signal", log_i("signal", signo));
    sn_signal_stop(&s->chan);
    server_stop(s->server);
    return 0;
}

static int serve_until_signal(struct server *server) {
    struct signals signals = {.server = server};
    sn_scope scope;
    int rc = sn_chan_init(&signals.chan, sizeof(int), 4, NULL, NULL);
    if (rc) return rc;
    rc = sn_signal_notify(&signals.chan, SIGTERM);
    if (!rc) rc = sn_signal_notify(&signals.chan, SIGINT);
    sn_scope_enter(&scope, SN_NEVER);
    if (!rc) rc = sn_go(on_signal, &signals, 0);
    if (!rc) rc = server_run(server);
    sn_scope_cancel(&scope, SN_ECANCELED);
    int left = sn_scope_leave(&scope);
    sn_signal_stop(&signals.chan);
    sn_chan_free(&signals.chan);
    return rc ? rc : left == SN_ECANCELED ? 0 : left;
}

static int serve(void *arg) {
    const struct serve_conf *c = arg;
    struct server *server;
    fleet_err err = {""};
    int rc = server_open(&server, c, &err);
    if (rc) {
        fprintf(stderr, "sennit-fleet serve: %s\n", err.text);
        return 1;
    }
    const char *operators = server_addr(server, APP_OPERATORS);
    const char *scheme = c->tls_cert[0] ? "https" : "http";
    printf("devices   %s://%s\noperators %s://%s (console, API, /metrics)\n", scheme,
           server_addr(server, APP_DEVICES), scheme, operators);
    rc = show_token(c, fleet_first_token(server_fleet(server)));
    fflush(stdout);
    if (!rc) rc = serve_until_signal(server);
    server_close(server);
    return rc ? 1 : 0;
}

int cmd_serve(int argc, char **argv) {
    static struct serve_conf conf;
    struct config_error err;
    enum log_level level;
    serve_conf_init(&conf);
    int go = cmd_options("serve [--devices ADDR:PORT --operators ADDR:PORT | --listen ADDR:PORT] "
                         "[--data DIR]",
                         serve_keys, serve_keys_n, &conf, argc, argv);
    if (go <= 0) return go ? 2 : 0;
    if (serve_conf_check(&conf, &err)) return cmd_usage_error("serve", err.text);
    if (!log_parse_level(conf.log_level, &level)) log_set_level(level);
    signal(SIGPIPE, SIG_IGN); /* whoever reads the log may end before us */
    const sn_attr attr = {.size = sizeof attr, .name = "serve", .flags = SN_FOREIGN};
    int rc = sn_run(serve, &conf, &attr);
    return rc < 0 ? 1 : rc;
}
