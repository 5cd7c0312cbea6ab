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

/* Accepts the peer and does the handshake; ours is the server's side. */
static sn_conn *meet(peer *p, pthread_t *t) {
    sn_tls_conf *conf = conf_of("server", NULL, 0, NULL);
    sn_listener *l = listen_any("tcp", p->addr, sizeof p->addr);
    sn_conn *raw, *c;
    MUST(pthread_create(t, NULL, run_peer, p) == 0);
    MUST(sn_accept(l, &raw) == 0);
    MUST(sn_tls_server(&c, raw, conf) == 0);
    sn_tls_conf_free(conf);
    sn_listener_free(l);
    MUST(sn_tls_handshake(c) == 0);
    return c;
}

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
    MUST(pthread_join(t, NULL) == 0);
    CHECK_INT(p.result, 0);
    sn_conn_free(c);
}

TLS_CASE(new_keys_in_the_middle_of_a_transfer) { both_ways_with(TLS1_3_VERSION); }

TLS_CASE(the_same_with_12) { both_ways_with(TLS1_2_VERSION); }

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
    CASE(a_second_handshake_is_refused);
    CASE(a_peer_that_leaves_without_a_word_cut_the_stream);
    remove_certs();
    return check_done();
}
