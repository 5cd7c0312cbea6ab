/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A peer that is not ours: OpenSSL on a blocking socket and a thread of its own. It renews its keys
 * in the middle of a transfer, writes everything before it reads anything, or tries what is not
 * allowed. */
#include "tls_util.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <sys/socket.h>

enum { BLOCK = 4096, BLOCKS = 512 };

typedef struct peer {
    char addr[64];
    int max_version;
    int (*act)(SSL *ssl);
    int result;
} peer;

static int dial_blocking(const char *addr) {
    struct sockaddr_in sa = {.sin_family = AF_INET};
    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sa.sin_port = htons((uint16_t)atoi(strrchr(addr, ':') + 1));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    MUST(fd >= 0 && connect(fd, (struct sockaddr *)&sa, sizeof sa) == 0);
    return fd;
}

static void *run_peer(void *arg) {
    peer *p = arg;
    int fd = dial_blocking(p->addr);
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    MUST(ctx && SSL_CTX_set_max_proto_version(ctx, p->max_version));
    SSL *ssl = SSL_new(ctx);
    MUST(ssl && SSL_set_fd(ssl, fd));
    MUST(SSL_connect(ssl) == 1);
    p->result = p->act(ssl);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    close(fd);
    return NULL;
}

/* Accepts the peer and does the handshake; ours is the server's side, on what `wrap` makes of the
 * raw connection. */
static sn_conn *meet_on(peer *p, pthread_t *t, sn_conn *(*wrap)(sn_conn *raw)) {
    sn_tls_conf *conf = conf_of("server", NULL, 0, NULL);
    sn_listener *l = listen_any("tcp", p->addr, sizeof p->addr);
    sn_conn *raw, *c;
    MUST(pthread_create(t, NULL, run_peer, p) == 0);
    MUST(sn_accept(l, &raw) == 0);
    MUST(sn_tls_server(&c, wrap(raw), conf) == 0);
    sn_tls_conf_free(conf);
    sn_listener_free(l);
    MUST(sn_tls_handshake(c) == 0);
    return c;
}

static sn_conn *as_it_is(sn_conn *raw) { return raw; }
static sn_conn *meet(peer *p, pthread_t *t) { return meet_on(p, t, as_it_is); }

/* Writes all its blocks, asking for new keys on both sides every few; reads nothing before. */
static int writes_first(SSL *ssl) {
    unsigned char block[BLOCK];
    for (uint64_t k = 0; k < BLOCKS; k++) {
        for (uint64_t i = 0; i < BLOCK; i++) block[i] = stream_byte(5, k * BLOCK + i);
        if (SSL_version(ssl) == TLS1_3_VERSION && k % 8 == 0 &&
            !SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED)) {
            return 1;
        }
        if (SSL_write(ssl, block, BLOCK) != BLOCK) return 2;
    }
    SSL_shutdown(ssl);
    for (uint64_t at = 0;;) {
        int n = SSL_read(ssl, block, BLOCK);
        if (n <= 0) {
            int clean = SSL_get_error(ssl, n) == SSL_ERROR_ZERO_RETURN;
            return clean && at == (uint64_t)BLOCK * BLOCKS ? 0 : 3;
        }
        for (int i = 0; i < n; i++) {
            if (block[i] != stream_byte(6, at + (uint64_t)i)) return 4;
        }
        at += (uint64_t)n;
    }
}

/* Our writer fills the buffers and waits for the peer to read; the peer reads nothing before we
 * have read all of its own; so our reader must go on whatever the writer waits for. */
static void both_ways_with(int version) {
    int r[2] = {1, 1};
    pthread_t t;
    sn_scope s;
    peer p = {.max_version = version, .act = writes_first};
    sn_conn *c = meet(&p, &t);
    stream_job tx = {c, (uint64_t)BLOCK * BLOCKS, 6, &r[0]};
    stream_job rx = {c, (uint64_t)BLOCK * BLOCKS, 5, &r[1]};
    sn_scope_enter(&s, SN_NEVER);
    go_foreign(&s, send_stream, &tx, sizeof tx);
    go_foreign(&s, receive_stream, &rx, sizeof rx);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(r[0], 0);
    CHECK_INT(r[1], 0);
    CHECK_STR(sn_tls_error(c), "");
    MUST(pthread_join(t, NULL) == 0);
    CHECK_INT(p.result, 0);
    sn_conn_free(c);
}

TLS_CASE(new_keys_in_the_middle_of_a_transfer) { both_ways_with(TLS1_3_VERSION); }

TLS_CASE(the_same_with_12) { both_ways_with(TLS1_2_VERSION); }

/* A raw connection that stays open for writing, so that what comes after the end is seen. */
static int raw_read(void *raw, void *buf, size_t n, size_t *done) {
    return sn_read(raw, buf, n, done);
}
static int raw_writev(void *raw, const sn_iov *iov, size_t cnt, size_t *done) {
    return sn_writev(raw, iov, cnt, done);
}
static void raw_set_deadline(void *raw, int write, sn_time until) {
    if (write)
        sn_set_write_deadline(raw, until);
    else
        sn_set_read_deadline(raw, until);
}
static int raw_stays_open(void *raw) {
    (void)raw;
    return 0;
}
static void raw_close(void *raw) { sn_close(raw); }
static void raw_free(void *raw) { sn_conn_free(raw); }
static int raw_addr(const void *raw, int of_peer, char *buf, size_t n) {
    return of_peer ? sn_peer_addr(raw, buf, n) : sn_local_addr(raw, buf, n);
}
static sn_conn *that_stays_open(sn_conn *raw) {
    static const sn_conn_ops ops = {.size = sizeof ops,
                                    .read = raw_read,
                                    .writev = raw_writev,
                                    .set_deadline = raw_set_deadline,
                                    .shutdown_write = raw_stays_open,
                                    .close = raw_close,
                                    .free = raw_free,
                                    .addr = raw_addr,
                                    .reset = raw_close};
    sn_conn *c;
    MUST(sn_conn_new(&c, &ops, raw) == 0);
    return c;
}

/* Reads to the end, and only then asks for new keys; nothing may come in answer. Twice, since
 * OpenSSL answers the first when it sees the second. */
static int asks_after_the_end(SSL *ssl) {
    char b;
    int n = SSL_read(ssl, &b, 1);
    if (n > 0 || SSL_get_error(ssl, n) != SSL_ERROR_ZERO_RETURN) return 1;
    for (int i = 0; i < 2; i++) {
        if (!SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED)) return 2;
        if (SSL_write(ssl, "x", 1) != 1) return 3;
    }
    return recv(SSL_get_fd(ssl), &b, 1, 0) == 0 ? 0 : 4;
}

/* A peer that has read our closing record closes, and bytes that it has not read would then turn
 * its close into a reset, which cuts off whatever it wrote before. */
TLS_CASE(after_the_closing_record_nothing_is_sent) {
    pthread_t t;
    char b[2];
    size_t n;
    peer p = {.max_version = TLS1_3_VERSION, .act = asks_after_the_end};
    sn_conn *c = meet_on(&p, &t, that_stays_open);
    CHECK_INT(sn_shutdown_write(c), 0);
    CHECK_INT(sn_read_full(c, b, sizeof b, &n), 0);
    CHECK(b[0] == 'x' && b[1] == 'x');
    sn_conn_free(c);
    MUST(pthread_join(t, NULL) == 0);
    CHECK_INT(p.result, 0);
}

/* A second handshake within the first's connection, as TLS 1.2 had it. */
static int renegotiates(SSL *ssl) {
    char c;
    if (SSL_renegotiate(ssl) != 1) return 1;
    int r = SSL_do_handshake(ssl);
    if (r == 1) r = SSL_read(ssl, &c, 1);
    return r <= 0 ? 0 : 2;
}

TLS_CASE(a_second_handshake_is_refused) {
    pthread_t t;
    char b;
    size_t n;
    peer p = {.max_version = TLS1_2_VERSION, .act = renegotiates};
    sn_conn *c = meet(&p, &t);
    int err = sn_read(c, &b, 1, &n);
    CHECK(err < 0 || n == 0);
    sn_conn_free(c);
    MUST(pthread_join(t, NULL) == 0);
    CHECK_INT(p.result, 0);
}

/* Goes away without a word. */
static int leaves(SSL *ssl) {
    SSL_set_quiet_shutdown(ssl, 1);
    return SSL_write(ssl, "x", 1) == 1 ? 0 : 1;
}

TLS_CASE(a_peer_that_leaves_without_a_word_cut_the_stream) {
    pthread_t t;
    char b;
    size_t n;
    peer p = {.max_version = TLS1_3_VERSION, .act = leaves};
    sn_conn *c = meet(&p, &t);
    CHECK_INT(sn_read(c, &b, 1, &n), 0);
    int err = sn_read(c, &b, 1, &n);
    CHECK(err == SN_EPROTO || err == SN_ECONNRESET);
    sn_conn_free(c);
    MUST(pthread_join(t, NULL) == 0);
    CHECK_INT(p.result, 0);
}

int main(void) {
    set_up_certs();
    CASE(new_keys_in_the_middle_of_a_transfer);
    CASE(the_same_with_12);
    CASE(after_the_closing_record_nothing_is_sent);
    CASE(a_second_handshake_is_refused);
    CASE(a_peer_that_leaves_without_a_word_cut_the_stream);
    remove_certs();
    return check_done();
}
