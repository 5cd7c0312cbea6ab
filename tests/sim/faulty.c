/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* http-faults: an HTTP server, clients that know what its answers must be, and between them links
 * that lose, delay, reset and fall silent, while the server is killed, loses power, and is started
 * again. In the end the links are sound, and the server must be rid of whoever left without a
 * word, answer what it is asked, and drain in its time. */
#include "faulty.h"

#include <signal.h>

enum { CLIENTS = 2 };

static sn_host *boot(const char *name, const char *addr, sn_fn f) {
    sn_host *h;
    OK(sn_host_new(&h, name, addr));
    OK(sn_host_start(h, f, NULL, 0));
    return h;
}

static void bad_links(void) {
    sn_link l = {.size = sizeof l, .latency = some_time(20 * MS)};
    l.jitter = some_time(20 * MS);
    if (one_in(3)) l.bandwidth = 20000 + sn_sim_draw(2000000);
    if (one_in(2)) l.loss = (uint32_t)sn_sim_draw(50000);
    if (one_in(2)) l.reset = (uint32_t)sn_sim_draw(500000);
    if (one_in(3)) l.half_open = (uint32_t)sn_sim_draw(300000);
    if (one_in(3)) l.refuse = (uint32_t)sn_sim_draw(200000);
    OK(sn_sim_link("*", "*", &l));
}

static int any_up(sn_host **h, int n) {
    for (int i = 0; i < n; i++)
        if (sn_host_up(h[i])) return 1;
    return 0;
}

/* While the clients ask, other links, other processes. */
static void mishaps(sn_host *server, sn_host **clients) {
    while (any_up(clients, CLIENTS)) {
        OK(sn_sleep(SN_SECOND + some_time(20 * SN_SECOND)));
        unsigned what = (unsigned)sn_sim_draw(8);
        if (what < 2) sn_host_stop(server, what ? SN_STOP_POWER : SN_STOP_PROCESS);
        if (what == 2) sn_sim_reset("*", "*");
        if (what == 3) OK(sn_host_signal(server, SIGTERM));
        if (what == 3) OK(sn_host_wait(server, NULL));
        if (what > 5) bad_links();
        if (!sn_host_up(server)) OK(sn_host_start(server, faulty_serve, NULL, 0));
    }
}

static sn_http_stats stats(void) {
    sn_http_stats st = {.size = sizeof st};
    HOLD(faulty.server != NULL, "the server is not there");
    sn_http_get_stats(faulty.server, &st);
    return st;
}

/* Nobody is there any more, whatever the server was told: it finds out in time. */
static void rid_of_all(sn_host *silent) {
    sn_time most = IDLE_TIME + HEAD_TIME + BODY_TIME + HANDLER_TIME + 3 * WRITE_TIME;
    sn_host_stop(silent, SN_STOP_POWER);
    OK(sn_sleep(4 * most)); /* one after the other, when there is room for few */
    sn_http_stats st = stats();
    HOLD(st.connections == 0, "%u connections to nobody, %u of them idle", st.connections, st.idle);
}

static sn_host *sound_links_and_silence(void) {
    sn_link l = {.size = sizeof l, .latency = MS};
    OK(sn_sim_link("*", "*", &l));
    faulty.calm = 1;
    sn_host *h = boot("silent", "10.0.0.9", faulty_silent);
    OK(sn_sleep(some_time(5 * SN_SECOND)));
    return h;
}

int http_faults(void *arg) {
    sn_host *clients[CLIENTS];
    int rc = 0;
    (void)arg;
    faulty = (faulty_world){.conn_max = one_in(3) ? 1 + (uint32_t)sn_sim_draw(3) : 100};
    sn_host *server = boot("server", "10.0.0.1", faulty_serve);
    clients[0] = boot("one", "10.0.0.2", faulty_clients);
    clients[1] = boot("two", "10.0.0.3", faulty_clients);
    bad_links();
    mishaps(server, clients);
    rid_of_all(sound_links_and_silence());
    OK(sn_host_start(clients[0], faulty_clients, NULL, 0));
    OK(sn_sleep(some_time(10 * SN_SECOND)));
    OK(sn_host_signal(server, SIGTERM));
    OK(sn_host_wait(server, &rc));
    HOLD(rc == 0, "the server ended with %s", sn_errname(rc));
    sn_host_stop(clients[0], SN_STOP_PROCESS);
    sn_sim_note("http.answers", faulty.answers, faulty.gone);
    return 0;
}
