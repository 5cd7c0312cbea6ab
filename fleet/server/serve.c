/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A server's process: see serve.h. */
#include "serve.h"

#include "log.h"
#include "server.h"

#include <sennit/sennit.h>
#include <signal.h>

struct audience {
    const struct serve_conf *conf;
    FILE *out;
};

/* To people or into a file of mode 0600; never into the log. */
static int show_token(void *arg, const char *token, fleet_err *err) {
    const struct audience *to = arg;
    const char *path = to->conf->admin_token_file;
    char line[TOKEN_CHARS + 2];
    if (!*path) {
        if (to->out) fprintf(to->out, "admin token (shown this once): %s\n", token);
        if (to->out) fflush(to->out);
        return 0;
    }
    int n = snprintf(line, sizeof line, "%s\n", token);
    int rc = sn_path_write(path, line, (size_t)n);
    return rc ? fleet_fail(err, rc, "%.200s: %s", path, sn_strerror(rc)) : 0;
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

static int run(struct server *server) {
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

static void announce(const struct serve_conf *c, struct server *server, FILE *out) {
    const char *scheme = c->tls_cert[0] ? "https" : "http";
    fprintf(out, "devices   %s://%s\noperators %s://%s (console, API, /metrics)\n", scheme,
            server_addr(server, APP_DEVICES), scheme, server_addr(server, APP_OPERATORS));
    fflush(out);
}

int serve_until_signal(const struct serve_conf *c, FILE *out, fleet_err *err) {
    struct server *server;
    struct audience to = {c, out};
    int rc = server_open_telling(&server, c, show_token, &to, err);
    if (rc) return rc;
    if (out) announce(c, server, out);
    rc = run(server);
    server_close(server);
    return rc;
}
