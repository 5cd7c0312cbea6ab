/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The places of place.h as two hosts of a simulated world. */
#include "place.h"

#include <sennit/sim.h>

const char place_listen[] = "10.0.0.1:0", place_peer[] = "10.0.0.2:";

typedef struct start {
    sn_fn f;
    void *arg;
} start;

static int begin(void *arg) {
    start *s = arg;
    return s->f(s->arg);
}

static void boot(sn_host *h, sn_fn f, void *arg) {
    start s = {f, arg};
    MUST(sn_host_start(h, begin, &s, sizeof s) == 0);
}

/* Nothing that breaks a connection, or delays it for so long that a time-out of a case's own is
 * over: the cases say what a client sees when all goes well. */
static void draw_links(void) {
    static const sn_time latency[] = {0, 0, 50 * SN_MICROSECOND, SN_MILLISECOND};
    static const uint64_t bandwidth[] = {0, 0, 100000000, 10000000};
    sn_link l = {.size = sizeof l};
    l.latency = latency[sn_sim_draw(4)];
    l.jitter = latency[sn_sim_draw(4)];
    l.bandwidth = bandwidth[sn_sim_draw(4)];
    MUST(sn_sim_link("*", "*", &l) == 0);
}

int place_run(sn_fn client) {
    sn_host *server, *self;
    int rc = 0;
    MUST(sn_host_new(&server, "server", "10.0.0.1") == 0);
    MUST(sn_host_new(&self, "client", "10.0.0.2") == 0);
    draw_links();
    boot(self, client, NULL);
    CHECK_INT(sn_host_wait(self, &rc), 0);
    CHECK(!sn_host_up(server));
    return rc;
}

void place_start(sn_fn f, void *arg) { boot(sn_host_named("server"), f, arg); }

int place_wait(void) {
    int rc = 0;
    CHECK_INT(sn_host_wait(sn_host_named("server"), &rc), 0);
    return rc;
}
