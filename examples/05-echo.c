/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A TCP echo server, one coroutine a connection, and a client that ends it. Calls look blocking
 * and park only the coroutine. */
#include <sennit/sennit.h>
#include <stdio.h>

static int echo(void *arg) {
    sn_conn *c = *(sn_conn **)arg;
    char buf[4096];
    size_t n;
    while (!sn_read(c, buf, sizeof buf, &n) && n > 0 && !sn_write(c, buf, n, &n)) {
    }
    sn_conn_free(c);
    return 0; /* a lost peer is no reason to stop the others */
}

static int serve(void *arg) {
    sn_listener *l = *(sn_listener **)arg;
    sn_conn *c;
    int rc;
    while ((rc = sn_accept(l, &c)) == 0) {
        rc = sn_go(echo, &c, sizeof c);
        if (rc) sn_conn_free(c);
    }
    return rc == SN_ECLOSED ? 0 : rc;
}

static int client(const char *addr) {
    sn_conn *c;
    char back[64] = "";
    size_t n;
    int rc = sn_dial(&c, "tcp", addr);
    if (rc) return rc;
    rc = sn_write(c, "knit one, purl two", 18, &n);
    if (!rc) rc = sn_read_full(c, back, 18, &n);
    printf("%s said: %s\n", addr, rc ? sn_strerror(rc) : back);
    sn_conn_free(c);
    return rc;
}

static int app(void *arg) {
    (void)arg;
    sn_listener *l;
    char addr[64];
    int rc = sn_listen(&l, "tcp", "127.0.0.1:0");
    if (rc) return rc;
    sn_scope s;
    sn_scope_enter(&s, sn_now() + 10 * SN_SECOND);
    rc = sn_go(serve, &l, sizeof l);
    if (!rc) rc = sn_listener_addr(l, addr, sizeof addr);
    if (rc >= 0) rc = client(addr);
    sn_listener_close(l);
    int left = sn_scope_leave(&s);
    sn_listener_free(l);
    return rc ? rc : left;
}

SN_MAIN(app)
