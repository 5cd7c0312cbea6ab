/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the tests of the simulated network share: hosts, a server that echoes, links. */
#ifndef TESTS_SIM_NET_KIT_H
#define TESTS_SIM_NET_KIT_H

#include <sennit/sim.h>

#include "world.h"

#define MS SN_MILLISECOND
#define US SN_MICROSECOND
#define ECHO_ADDR "10.0.0.2:7"

static inline sn_host *kit_host(const char *name, const char *addr) {
    sn_host *h;
    MUST(sn_host_new(&h, name, addr) == 0);
    return h;
}

static inline void kit_start(sn_host *h, sn_fn f) { MUST(sn_host_start(h, f, NULL, 0) == 0); }

/* Runs f on h to its end. */
static inline void kit_run(sn_host *h, sn_fn f) {
    int rc = 1;
    kit_start(h, f);
    MUST(sn_host_wait(h, &rc) == 0);
    CHECK_INT(rc, 0);
}

static inline void kit_link(const char *from, const char *to, sn_link l) {
    l.size = sizeof l;
    MUST(sn_sim_link(from, to, &l) == 0);
}

static inline sn_time kit_since(sn_time start) { return sn_now() - start; }

static inline int kit_echo(void *arg) {
    sn_conn *c = *(sn_conn **)arg;
    char buf[4096];
    size_t n, w;
    while (sn_read(c, buf, sizeof buf, &n) == 0 && n > 0)
        if (sn_write(c, buf, n, &w)) break;
    sn_conn_free(c);
    return 0;
}

/* Main of a host that echoes on port 7 until it is stopped. */
static inline int kit_echo_main(void *arg) {
    sn_listener *l;
    sn_conn *c;
    (void)arg;
    int err = sn_listen(&l, "tcp", "0.0.0.0:7");
    MUST(err == 0 || err == SN_ECANCELED); /* stopped before it began */
    if (err) return err;
    while (sn_accept(l, &c) == 0)
        if (sn_go(kit_echo, &c, sizeof c)) sn_conn_free(c);
    sn_listener_free(l);
    return 0;
}

/* "a" at 10.0.0.1, down, and "b" at 10.0.0.2, which echoes. */
static inline sn_host *kit_pair(sn_host **b) {
    sn_host *a = kit_host("a", "10.0.0.1");
    *b = kit_host("b", "10.0.0.2");
    kit_start(*b, kit_echo_main);
    MUST(sn_sim_settle() == 0);
    return a;
}

/* Sends n bytes and reads them back: 0, or the first error. */
static inline int kit_exchange(sn_conn *c, const char *text, size_t n) {
    char buf[4096];
    size_t done;
    int err = sn_write(c, text, n, &done);
    if (!err) err = sn_read_full(c, buf, n, &done);
    if (!err) CHECK(memcmp(buf, text, n) == 0);
    return err;
}

#endif
