/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The servers: TCP echo and HTTP hello. They run until they are killed. */
#include "bench.h"
#include "hello.h"

static int echo_conn(void *arg) {
    sn_conn *c = *(sn_conn **)arg;
    char buf[4096];
    size_t n, done;
    while (sn_read(c, buf, sizeof buf, &n) == 0 && n && sn_write(c, buf, n, &done) == 0) {
    }
    sn_conn_free(c);
    return 0;
}

int bench_echo(void *args) {
    const bench_args *a = args;
    sn_listener *l;
    sn_conn *c;
    bench_must(sn_listen(&l, "tcp", a->addr), "listen");
    for (;;) {
        int rc = sn_accept(l, &c);
        if (rc == SN_ECLOSED || rc == SN_ECANCELED) return rc;
        if (rc == 0) bench_must(sn_go(echo_conn, &c, sizeof c), "sn_go");
    }
}

int bench_hello(void *args) {
    const bench_args *a = args;
    return hello_serve(a->addr);
}
