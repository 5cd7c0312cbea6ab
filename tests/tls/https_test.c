/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The HTTP server behind TLS: one poll answered with TLS and one with mTLS, to our client and to
 * curl where it is installed. */
#include "tls_util.h"

#include <sennit/http.h>
#include <sys/wait.h>

static int wrap(void *arg, sn_conn *raw, sn_conn **out) { return sn_tls_server(out, raw, arg); }

/* Answers a poll with the name in the device's certificate. */
static void poll_answer(sn_http_writer *w, sn_http_request *r, void *arg) {
    sn_tls_info info = {.size = sizeof info};
    (void)arg;
    CHECK_INT(sn_tls_get_info(sn_http_conn(r), &info), 0);
    CHECK_INT(sn_http_printf(w, "you are '%s'", info.common_name), 0);
}

typedef struct https {
    sn_http_server *server;
    sn_listener *l;
    sn_tls_conf *conf;
    char addr[64];
    sn_scope scope;
} https;

static int serve(void *arg) {
    https *h = *(https **)arg;
    return sn_http_serve(h->server, h->l);
}

static void start(https *h, sn_tls_conf *conf) {
    sn_http_conf c = {.size = sizeof c, .flags = SN_FOREIGN, .wrap = wrap, .wrap_arg = conf};
    h->conf = conf;
    h->l = listen_any("tcp", h->addr, sizeof h->addr);
    MUST(sn_http_server_new(&h->server, poll_answer, NULL, &c) == 0);
    sn_scope_enter(&h->scope, SN_NEVER);
    go_foreign(&h->scope, serve, &h, sizeof h);
}

static void stop(https *h) {
    CHECK_INT(sn_http_shutdown(h->server, sn_now() + 10 * SN_SECOND), 0);
    CHECK_INT(sn_scope_leave(&h->scope), 0);
    sn_http_server_free(h->server);
    sn_listener_free(h->l);
    sn_tls_conf_free(h->conf);
}

static sn_http_client *client_of(https *h, const char *cert) {
    sn_tls_conf *conf = conf_of(cert, "ca.pem", 0, "http/1.1");
    sn_conn *raw, *c;
    sn_http_client *http;
    MUST(sn_dial(&raw, "tcp", h->addr) == 0);
    MUST(sn_tls_client(&c, raw, conf, "gate.test") == 0);
    MUST(sn_http_client_new(&http, c, "gate.test", NULL) == 0);
    sn_tls_conf_free(conf);
    return http;
}

/* Two polls on one connection. */
static void check_polls(https *h, const char *cert, const char *want) {
    sn_http_client *c = client_of(h, cert);
    sn_http_call call = {.size = sizeof call, .target = "/poll"};
    for (int i = 0; i < 2; i++) {
        sn_http_response *r;
        char *body;
        size_t n;
        MUST(sn_http_do(c, &call, &r) == 0);
        CHECK_INT(sn_http_response_status(r), 200);
        MUST(sn_http_response_all(r, 1000, &body, &n) == 0);
        CHECK_STR(body, want);
    }
    sn_http_client_free(c);
}

TLS_CASE(answers_a_poll_over_tls) {
    https h;
    start(&h, conf_of("server", NULL, 0, "http/1.1"));
    check_polls(&h, NULL, "you are ''");
    check_polls(&h, "device", "you are ''"); /* nobody asked for it */
    stop(&h);
}

TLS_CASE(answers_a_poll_over_mutual_tls) {
    https h;
    sn_http_response *r;
    sn_http_call call = {.size = sizeof call, .target = "/poll"};
    start(&h, conf_of("server", "ca.pem", SN_TLS_CLIENT_CERT, "http/1.1"));
    check_polls(&h, "device", "you are 'device-\xc3\xa9-7'");
    sn_http_client *c = client_of(&h, "stranger");
    int err = sn_http_do(c, &call, &r);
    CHECK(err == SN_EPROTO || err == SN_ECONNRESET || err == SN_ECLOSED);
    sn_http_client_free(c);
    check_polls(&h, "device", "you are 'device-\xc3\xa9-7'");
    stop(&h);
}

/* Runs curl against the server; its output is in `out`. The command's exit status. */
static int curl(https *h, const char *cert, char *out, size_t n) {
    char command[800], id[400] = "", ca[160];
    const char *port = strrchr(h->addr, ':') + 1;
    snprintf(ca, sizeof ca, "%s", in_certs("ca.pem"));
    if (cert) {
        snprintf(id, sizeof id, "--cert %s/%s.pem --key %s/%s.key", certs_dir, cert, certs_dir,
                 cert);
    }
    snprintf(command, sizeof command,
             "curl -sS -q --noproxy '*' --max-time 20 --http1.1 --cacert %s %s "
             "--resolve gate.test:%s:127.0.0.1 https://gate.test:%s/poll 2>/dev/null",
             ca, id, port, port);
    FILE *f = popen(command, "r");
    MUST(f);
    size_t got = fread(out, 1, n - 1, f);
    out[got] = 0;
    int status = pclose(f);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TLS_CASE(curl_is_answered) {
    https h;
    char out[200];
    start(&h, conf_of("server", NULL, 0, "http/1.1"));
    CHECK_INT(curl(&h, NULL, out, sizeof out), 0);
    CHECK_STR(out, "you are ''");
    stop(&h);
    start(&h, conf_of("server", "ca.pem", SN_TLS_CLIENT_CERT, "http/1.1"));
    CHECK_INT(curl(&h, "device", out, sizeof out), 0);
    CHECK_STR(out, "you are 'device-\xc3\xa9-7'");
    CHECK(curl(&h, NULL, out, sizeof out) != 0);
    CHECK_STR(out, "");
    CHECK(curl(&h, "stranger", out, sizeof out) != 0);
    CHECK_STR(out, "");
    stop(&h);
}

int main(void) {
    set_up_certs();
    CASE(answers_a_poll_over_tls);
    CASE(answers_a_poll_over_mutual_tls);
    if (system("command -v curl >/dev/null") == 0)
        CASE(curl_is_answered);
    else
        fprintf(stderr, "curl is not installed: its case is left out\n");
    remove_certs();
    return check_done();
}
