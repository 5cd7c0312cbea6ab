/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Dialing, listening and accepting: what is refused and why, cancels, many at once. */
#include "net_util.h"

#include <sys/resource.h>

NET_CASE(refuses_what_is_no_address) {
    static const struct {
        const char *net, *addr;
    } t[] = {{"tcp", ""},          {"tcp", ":80"},
             {"tcp", "127.0.0.1"}, {"tcp", "127.1:80"},
             {"tcp", "a b:80"},    {"tcp", "[::1]:70000"},
             {"tcp", "::1:80"},    {"udp", "127.0.0.1:80"},
             {"TCP", "[::1]:80"},  {"", "127.0.0.1:80"},
             {"unix", ""},         {"unix", "@"},
             {"tcp4", "[::1]:80"}, {"tcp", "127.0.0.1:0x5"}};
    sn_conn *c;
    sn_listener *l;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        CHECK_INT(sn_dial(&c, t[i].net, t[i].addr), SN_EINVAL);
        CHECK(c == NULL);
        CHECK_INT(sn_listen(&l, t[i].net, t[i].addr), SN_EINVAL);
        CHECK(l == NULL);
    }
    CHECK_INT(sn_dial(&c, "tcp", "127.0.0.1:0"), SN_EINVAL);
    CHECK_INT(sn_listen(&l, "tcp", "some.name:80"), SN_EINVAL);
    CHECK_INT(sn_dial_from(&c, "tcp", "127.0.0.1:80", "name:0"), SN_EINVAL);
    CHECK_INT(sn_dial_from(&c, "unix", "/x", "127.0.0.1:0"), SN_EINVAL);
    CHECK_INT(sn_listen(&l, "tcp", "192.0.2.1:0"), SN_EADDRNOTAVAIL);
}

NET_CASE(nobody_listens) {
    char addr[64];
    sn_conn *c;
    sn_listener *l = listen_any("tcp", addr, sizeof addr);
    sn_listener_free(l);
    CHECK_INT(sn_dial(&c, "tcp", addr), SN_ECONNREFUSED);
    CHECK(c == NULL);
    CHECK_INT(sn_dial(&c, "unix", "@sennit-nobody-is-here"), SN_ECONNREFUSED);
    CHECK_INT(sn_dial(&c, "unix", "/nowhere/at/all"), SN_ENOENT);
}

NET_CASE(localhost_and_ipv6) {
    sn_listener *l;
    char addr[64], name[80];
    MUST(sn_listen(&l, "tcp", "localhost:0") == 0);
    MUST(sn_listener_addr(l, addr, sizeof addr) == 0);
    CHECK(strncmp(addr, "127.0.0.1:", 10) == 0);
    snprintf(name, sizeof name, "localhost%s", strchr(addr, ':'));
    exchange(l, "tcp", name);
    sn_listener_free(l);
    int err = sn_listen(&l, "tcp", "[::1]:0");
    if (err == SN_EADDRNOTAVAIL) return; /* a machine without IPv6 */
    MUST(err == 0);
    MUST(sn_listener_addr(l, addr, sizeof addr) == 0);
    CHECK(strncmp(addr, "[::1]:", 6) == 0);
    exchange(l, "tcp", addr);
    snprintf(name, sizeof name, "localhost%s", addr + 5);
    exchange(l, "tcp", name); /* the second address of the name */
    sn_listener_free(l);
}

NET_CASE(an_ipv4_peer_is_shown_as_one) {
    sn_listener *l;
    sn_conn *a, *b;
    char addr[64], name[64], peer[64], own[64];
    int err = sn_listen(&l, "tcp", "[::]:0");
    if (err == SN_EADDRNOTAVAIL) return;
    MUST(err == 0 && sn_listener_addr(l, addr, sizeof addr) == 0);
    snprintf(name, sizeof name, "127.0.0.1:%s", strrchr(addr, ':') + 1);
    MUST(sn_dial(&a, "tcp", name) == 0 && sn_accept(l, &b) == 0);
    CHECK_INT(sn_peer_addr(b, peer, sizeof peer), 0);
    CHECK_INT(sn_local_addr(a, own, sizeof own), 0);
    CHECK_STR(peer, own);
    sn_conn_free(a);
    sn_conn_free(b);
    sn_listener_free(l);
}

NET_CASE(dials_from_an_address) {
    sn_conn *a, *b;
    char addr[64], peer[64];
    sn_listener *l = listen_any("tcp", addr, sizeof addr);
    MUST(sn_dial_from(&a, "tcp", addr, "127.0.0.10:0") == 0);
    MUST(sn_accept(l, &b) == 0);
    CHECK_INT(sn_peer_addr(b, peer, sizeof peer), 0);
    CHECK(strncmp(peer, "127.0.0.10:", 11) == 0);
    sn_conn_free(a);
    sn_conn_free(b);
    CHECK_INT(sn_dial_from(&a, "tcp", addr, "192.0.2.1:0"), SN_EADDRNOTAVAIL);
    CHECK_INT(sn_dial_from(&a, "tcp", addr, "[::1]:0"), SN_EADDRNOTAVAIL);
    sn_listener_free(l);
}

/* A server that starts again gets its address, though its last connections are not forgotten.
 * (Three tries: another program may be given the port.) */
NET_CASE(an_address_is_free_again) {
    int err = SN_EADDRINUSE;
    for (int i = 0; i < 3 && err == SN_EADDRINUSE; i++) {
        char addr[64], c;
        size_t n;
        sn_conn *a, *b;
        sn_listener *l = listen_any("tcp", addr, sizeof addr);
        MUST(sn_dial(&a, "tcp", addr) == 0);
        MUST(sn_accept(l, &b) == 0);
        sn_conn_free(b); /* who closes first remembers it */
        CHECK_INT(sn_read(a, &c, 1, &n), 0);
        CHECK_INT(n, 0);
        sn_conn_free(a);
        sn_listener_free(l);
        err = sn_listen(&l, "tcp", addr);
        sn_listener_free(l);
    }
    CHECK_INT(err, 0);
}

NET_CASE(a_taken_address_is_told) {
    char addr[64], all[64];
    sn_listener *second, *l = listen_any("tcp", addr, sizeof addr);
    CHECK_INT(sn_listen(&second, "tcp", addr), SN_EADDRINUSE);
    sn_listener_free(l);
    CHECK_INT(sn_listen(&second, "tcp", addr), 0);
    snprintf(all, sizeof all, "0.0.0.0%s", strchr(addr, ':'));
    CHECK_INT(sn_listen(&l, "tcp", all), SN_EADDRINUSE); /* all of them is that one too */
    sn_listener_free(second);
    MUST(sn_listen(&l, "tcp", all) == 0);
    CHECK_INT(sn_listen(&second, "tcp", addr), SN_EADDRINUSE);
    sn_listener_free(l);
}

NET_CASE(who_waits_in_the_queue_is_told_of_its_end) {
    char addr[64], byte;
    size_t n;
    sn_conn *c;
    sn_listener *l = listen_any("tcp", addr, sizeof addr);
    MUST(sn_dial(&c, "tcp", addr) == 0);
    sn_listener_free(l);
    CHECK_INT(sn_read(c, &byte, 1, &n), SN_ECONNRESET);
    sn_conn_free(c);
}

typedef struct accept_arg {
    sn_listener *l;
    int *result;
} accept_arg;

static int accept_one(void *arg) {
    accept_arg *a = arg;
    sn_conn *c;
    *a->result = sn_accept(a->l, &c);
    sn_conn_free(c);
    return 0;
}

NET_CASE(close_wakes_all_acceptors) {
    char addr[64];
    int r[3] = {1, 1, 1};
    sn_scope s;
    sn_conn *c;
    sn_listener *l = listen_any("tcp", addr, sizeof addr);
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 3; i++) {
        accept_arg a = {l, &r[i]};
        MUST(sn_go(accept_one, &a, sizeof a) == 0);
    }
    MUST(sn_sleep(2 * SN_MILLISECOND) == 0);
    sn_listener_close(l);
    CHECK_INT(sn_scope_leave(&s), 0);
    for (int i = 0; i < 3; i++) CHECK_INT(r[i], SN_ECLOSED);
    CHECK_INT(sn_accept(l, &c), SN_ECLOSED);
    CHECK_INT(sn_dial(&c, "tcp", addr), SN_ECONNREFUSED);
    sn_listener_free(l);
    sn_listener_free(NULL);
}

NET_CASE(a_cancel_reaches_all_acceptors) {
    char addr[64];
    int r[3] = {1, 1, 1};
    sn_scope s;
    sn_listener *l = listen_any("tcp", addr, sizeof addr);
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 3; i++) {
        accept_arg a = {l, &r[i]};
        MUST(sn_go(accept_one, &a, sizeof a) == 0);
    }
    MUST(sn_sleep(2 * SN_MILLISECOND) == 0);
    sn_scope_cancel(&s, SN_ECANCELED);
    CHECK_INT(sn_scope_leave(&s), SN_ECANCELED);
    for (int i = 0; i < 3; i++) CHECK_INT(r[i], SN_ECANCELED);
    exchange(l, "tcp", addr); /* nothing is stuck */
    sn_listener_free(l);
}

/* One edge may stand for many connections: each acceptor gets one all the same. */
NET_CASE(acceptors_share_a_burst) {
    enum { N = 40 };
    char addr[64];
    int r[N];
    sn_conn *c[N];
    sn_scope s;
    sn_listener *l = listen_any("tcp", addr, sizeof addr);
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < N; i++) {
        accept_arg a = {l, &r[i]};
        r[i] = 1;
        MUST(sn_go(accept_one, &a, sizeof a) == 0);
    }
    for (int i = 0; i < N; i++) MUST(sn_dial(&c[i], "tcp", addr) == 0);
    CHECK_INT(sn_scope_leave(&s), 0);
    for (int i = 0; i < N; i++) {
        CHECK_INT(r[i], 0);
        sn_conn_free(c[i]);
    }
    sn_listener_free(l);
}

static int serve_one(void *arg) {
    sn_conn *c = *(sn_conn **)arg;
    char b[16];
    size_t n, w;
    while (sn_read(c, b, sizeof b, &n) == 0 && n > 0) MUST(sn_write(c, b, n, &w) == 0);
    sn_conn_free(c);
    return 0;
}

static int serve_all(void *arg) {
    sn_listener *l = arg;
    sn_conn *c;
    int err;
    while ((err = sn_accept(l, &c)) == 0) MUST(sn_go(serve_one, &c, sizeof c) == 0);
    CHECK_INT(err, SN_ECLOSED);
    return 0;
}

typedef struct ask_arg {
    const char *addr;
    uint32_t i;
    sn_wg *open; /* all are open at once before any asks a second time */
    int *right;
} ask_arg;

static int ask(void *arg) {
    ask_arg *a = arg;
    sn_conn *c;
    uint32_t got = 0;
    size_t n;
    MUST(sn_dial(&c, "tcp", a->addr) == 0);
    for (int round = 0; round < 2; round++) {
        uint32_t x = a->i * 2 + (uint32_t)round;
        CHECK_INT(sn_write(c, &x, sizeof x, &n), 0);
        CHECK_INT(sn_read_full(c, &got, sizeof got, &n), 0);
        a->right[a->i] += got == x;
        if (round == 0) {
            sn_wg_done(a->open);
            CHECK_INT(sn_wg_wait(a->open), 0);
        }
    }
    sn_conn_free(c);
    return 0;
}

NET_CASE(many_connections) {
    enum { MANY = 400 };
    static int right[MANY];
    struct rlimit rl;
    char addr[64];
    sn_scope server, clients;
    sn_wg open = {0};
    memset(right, 0, sizeof right);
    MUST(getrlimit(RLIMIT_NOFILE, &rl) == 0);
    rl.rlim_cur = rl.rlim_max < 4096 ? rl.rlim_max : 4096;
    MUST(setrlimit(RLIMIT_NOFILE, &rl) == 0);
    sn_listener *l = listen_any("tcp", addr, sizeof addr);
    sn_scope_enter(&server, SN_NEVER);
    MUST(sn_go(serve_all, l, 0) == 0);
    sn_scope_enter(&clients, SN_NEVER);
    sn_wg_add(&open, MANY);
    for (uint32_t i = 0; i < MANY; i++) {
        ask_arg a = {addr, i, &open, right};
        MUST(sn_go(ask, &a, sizeof a) == 0);
    }
    CHECK_INT(sn_scope_leave(&clients), 0);
    sn_listener_close(l);
    CHECK_INT(sn_scope_leave(&server), 0);
    for (int i = 0; i < MANY; i++) CHECK_INT(right[i], 2);
    sn_listener_free(l);
}

NET_CASE(a_canceled_scope_dials_and_accepts_nothing) {
    char addr[64];
    sn_conn *a, *c;
    sn_scope s;
    sn_listener *l = listen_any("tcp", addr, sizeof addr);
    MUST(sn_dial(&a, "tcp", addr) == 0);
    sn_scope_enter(&s, SN_NEVER);
    sn_scope_cancel(&s, SN_ECANCELED);
    CHECK_INT(sn_dial(&c, "tcp", addr), SN_ECANCELED);
    CHECK_INT(sn_accept(l, &c), SN_ECANCELED);
    CHECK(c == NULL);
    CHECK_INT(sn_scope_leave(&s), SN_ECANCELED);
    CHECK_INT(sn_accept(l, &c), 0);
    sn_conn_free(a);
    sn_conn_free(c);
    sn_listener_free(l);
}

int main(void) {
    CASE(refuses_what_is_no_address);
    CASE(nobody_listens);
    CASE(localhost_and_ipv6);
    CASE(an_ipv4_peer_is_shown_as_one);
    CASE(dials_from_an_address);
    CASE(an_address_is_free_again);
    CASE(a_taken_address_is_told);
    CASE(who_waits_in_the_queue_is_told_of_its_end);
    CASE(close_wakes_all_acceptors);
    CASE(a_cancel_reaches_all_acceptors);
    CASE(acceptors_share_a_burst);
    CASE(many_connections);
    CASE(a_canceled_scope_dials_and_accepts_nothing);
    return check_done();
}
