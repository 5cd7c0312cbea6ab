/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A stranger's test: a server and its client on two hosts of a simulated world. */
#include <sennit/http.h>
#include <sennit/sennit.h>
#include <sennit/sim.h>

#include <stdio.h>

static void hello(sn_http_writer *w, sn_http_request *r, void *arg) {
    (void)r;
    (void)arg;
    sn_http_replyf(w, 200, "hello");
}

static int server(void *arg) {
    sn_http_server *s;
    sn_listener *l;
    (void)arg;
    if (sn_listen(&l, "tcp", "10.0.0.1:80") || sn_http_server_new(&s, hello, NULL, NULL)) return 1;
    int rc = sn_http_serve(s, l);
    sn_http_server_free(s);
    sn_listener_free(l);
    return rc;
}

static int client(void *arg) {
    sn_http_client *c;
    sn_http_response *r;
    sn_http_call call = {.size = sizeof call, .target = "/"};
    (void)arg;
    if (sn_sleep(SN_SECOND) || sn_http_client_dial(&c, "tcp", "server:80", NULL)) return 1;
    int rc = sn_http_do(c, &call, &r);
    if (rc == 0) rc = sn_http_response_status(r);
    sn_http_client_free(c);
    return rc;
}

static int world(void *arg) {
    sn_link slow = {.size = sizeof slow, .latency = SN_SECOND};
    sn_host *s, *c;
    int status = 0;
    (void)arg;
    if (sn_sim_link("*", "*", &slow)) return 1;
    if (sn_host_new(&s, "server", "10.0.0.1") || sn_host_new(&c, "client", "10.0.0.2")) return 1;
    if (sn_host_start(s, server, NULL, 0) || sn_host_start(c, client, NULL, 0)) return 1;
    if (sn_host_wait(c, &status)) return 1;
    sn_host_stop(s, SN_STOP_POWER);
    return status;
}

int main(void) {
    for (uint64_t seed = 1; seed <= 20; seed++) {
        sn_sim_config config = {.size = sizeof config, .seed = seed};
        sn_sim_result first = {.size = sizeof first}, second = {.size = sizeof second};
        if (sn_sim_run(&config, world, NULL, &first) || sn_sim_run(&config, world, NULL, &second))
            return 1;
        if (first.rc != 200 || first.time < 5 * SN_SECOND || first.hash != second.hash) {
            printf("seed %d: %d\n", (int)seed, first.rc);
            return 1;
        }
    }
    return 0;
}
