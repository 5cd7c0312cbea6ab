/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* TLS connections: who is accepted and who is not and why, bytes both ways, ends and cuts,
 * deadlines. The whole runs once with what OpenSSL prefers and once with a configuration that
 * allows TLS 1.2 at most; TLS_EXPECT says which version must come out. */
#include "tls_util.h"

#include <stdatomic.h>

static const char *expected_version;

typedef struct shake_arg {
    sn_conn *c;
    int *result;
} shake_arg;

static int shake(void *arg) {
    shake_arg *s = arg;
    *s->result = sn_tls_handshake(s->c);
    return 0;
}

/* Both handshakes at once. */
static void shake_both(tls_pair p, int *client, int *server) {
    sn_scope s;
    shake_arg a = {p.a, client}, b = {p.b, server};
    sn_scope_enter(&s, SN_NEVER);
    go_foreign(&s, shake, &a, sizeof a);
    go_foreign(&s, shake, &b, sizeof b);
    CHECK_INT(sn_scope_leave(&s), 0);
}

static void must_shake(tls_pair p) {
    int a, b;
    shake_both(p, &a, &b);
    if (a || b) fprintf(stderr, "client %s; server %s\n", sn_tls_error(p.a), sn_tls_error(p.b));
    MUST(a == 0 && b == 0);
}

static void check_says(const char *text, const char *part) {
    if (!strstr(text, part)) fprintf(stderr, "\"%s\" does not say \"%s\"\n", text, part);
    CHECK(strstr(text, part) != NULL);
}

/* --- configurations --- */

static void a_bad_configuration_says_why(void) {
    const char *server = "server.pem", *key = "server.key";
    const struct {
        const char *cert, *key, *ca, *alpn;
        uint32_t flags;
        int err;
        const char *says;
    } t[] = {
        {"none.pem", key, NULL, NULL, 0, SN_ENOENT, "none.pem: no such file"},
        {"text.pem", key, NULL, NULL, 0, SN_EBADMSG, "text.pem: no certificate in it"},
        {"broken.pem", key, NULL, NULL, 0, SN_EBADMSG, "broken.pem: a certificate is broken"},
        {server, "text.pem", NULL, NULL, 0, SN_EBADMSG, "text.pem: no usable private key"},
        {server, "locked.key", NULL, NULL, 0, SN_EBADMSG, "locked.key: no usable private key"},
        {server, "device.key", NULL, NULL, 0, SN_EBADMSG, "device.key: the key is not that of"},
        {server, NULL, NULL, NULL, 0, SN_EINVAL, "go together"},
        {NULL, key, NULL, NULL, 0, SN_EINVAL, "go together"},
        {NULL, NULL, "text.pem", NULL, 0, SN_EBADMSG, "text.pem: no certificate in it"},
        {NULL, NULL, "broken.pem", NULL, 0, SN_EBADMSG, "broken.pem: a certificate is broken"},
        {NULL, NULL, ".", NULL, 0, SN_EISDIR, "is a directory"},
        {server, key, NULL, NULL, SN_TLS_CLIENT_CERT, SN_EINVAL, "file of authorities"},
        {server, key, NULL, NULL, 64, SN_EINVAL, "unknown flag"},
        {server, key, NULL, "", 0, SN_EINVAL, "alpn"},
        {server, key, NULL, "a-protocol-name-of-32-characters", 0, SN_EINVAL, "alpn"},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        char why[200] = "";
        sn_tls_conf *c;
        sn_tls_options o = {.size = sizeof o, .flags = t[i].flags, .alpn = t[i].alpn};
        if (t[i].cert) o.cert_file = in_certs(t[i].cert);
        if (t[i].key) o.key_file = in_certs(t[i].key);
        if (t[i].ca) o.ca_file = in_certs(t[i].ca);
        CHECK_INT(sn_tls_conf_new(&c, &o, why, sizeof why), t[i].err);
        check_says(why, t[i].says);
        CHECK(c == NULL);
        CHECK_INT(sn_tls_conf_new(&c, &o, NULL, 0), t[i].err);
        o.size--;
        CHECK_INT(sn_tls_conf_new(&c, &o, why, sizeof why), SN_EINVAL);
    }
    sn_tls_conf_free(NULL);
}

TLS_CASE(only_what_makes_sense_is_wrapped) {
    net_pair p = pair_of("tcp");
    sn_tls_conf *c = conf_of(NULL, "ca.pem", 0, NULL);
    char name[300];
    sn_conn *t;
    sn_tls_info info = {.size = sizeof info};
    memset(name, 'a', sizeof name);
    name[254] = 0;
    CHECK_INT(sn_tls_server(&t, p.b, c), SN_EINVAL);
    CHECK_INT(sn_tls_client(&t, p.a, c, ""), SN_EINVAL);
    CHECK_INT(sn_tls_client(&t, p.a, c, name), SN_EINVAL);
    CHECK(t == NULL);
    CHECK_INT(sn_tls_handshake(p.a), SN_EINVAL);
    CHECK_INT(sn_tls_get_info(p.a, &info), SN_EINVAL);
    CHECK_STR(sn_tls_error(p.a), "");
    sn_tls_conf_free(c);
    free_pair(p);
}

/* --- handshakes that succeed --- */

TLS_CASE(shakes_hands) {
    tls_pair p = plain_pair();
    sn_tls_info info = {.size = sizeof info};
    char buf[8], peer[64], local[64];
    size_t n;
    CHECK_INT(sn_tls_get_info(p.a, &info), SN_EAGAIN);
    must_shake(p);
    CHECK_INT(sn_tls_handshake(p.a), 0); /* again is nothing */
    CHECK_INT(sn_tls_get_info(p.a, &info), 0);
    CHECK_STR(info.version, expected_version);
    CHECK_STR(info.common_name, "gate.test");
    CHECK(info.has_cert && memcmp(info.sha256, server_print, 32) == 0);
    CHECK(strlen(info.cipher) > 8);
    CHECK_STR(info.alpn, "");
    CHECK_INT(sn_tls_get_info(p.b, &info), 0);
    CHECK_STR(info.version, expected_version);
    CHECK(!info.has_cert);
    CHECK_STR(info.common_name, "");
    info.size--;
    CHECK_INT(sn_tls_get_info(p.b, &info), SN_EINVAL);
    CHECK_INT(sn_write(p.a, "ping", 4, &n), 0);
    CHECK_INT(sn_read_full(p.b, buf, 4, &n), 0);
    CHECK_INT(sn_write(p.b, "pong", 4, &n), 0);
    CHECK_INT(sn_read_full(p.a, buf, 4, &n), 0);
    CHECK(memcmp(buf, "pong", 4) == 0);
    CHECK_INT(sn_peer_addr(p.a, peer, sizeof peer), 0);
    CHECK_INT(sn_local_addr(p.b, local, sizeof local), 0);
    CHECK_STR(peer, local);
    free_tls_pair(p);
}

TLS_CASE(names_and_addresses_that_fit) {
    const char *const fits[] = {"gate.test", "GATE.test", "x.wild.test", "127.0.0.1", "::1"};
    for (size_t i = 0; i < sizeof fits / sizeof *fits; i++) {
        tls_pair p = tls_pair_of(conf_of(NULL, "ca.pem", 0, NULL), conf_of("server", NULL, 0, NULL),
                                 fits[i]);
        must_shake(p);
        free_tls_pair(p);
    }
}

TLS_CASE(a_client_shows_its_certificate) {
    const char *const who[] = {"device", "nameless"}, *cn[] = {"device-\xc3\xa9-7", ""};
    for (int i = 0; i < 2; i++) {
        tls_pair p =
            tls_pair_of(conf_of(who[i], "ca.pem", 0, NULL),
                        conf_of("server", "ca.pem", SN_TLS_CLIENT_CERT, NULL), "gate.test");
        sn_tls_info info = {.size = sizeof info};
        must_shake(p);
        CHECK_INT(sn_tls_get_info(p.b, &info), 0);
        CHECK_INT(info.has_cert, 1);
        CHECK_STR(info.common_name, cn[i]);
        CHECK((memcmp(info.sha256, client_print, 32) == 0) == (i == 0));
        free_tls_pair(p);
    }
}

TLS_CASE(agrees_on_a_protocol) {
    sn_tls_info info = {.size = sizeof info};
    int a, b;
    tls_pair p = tls_pair_of(conf_of(NULL, "ca.pem", 0, "http/1.1"),
                             conf_of("server", NULL, 0, "http/1.1"), "gate.test");
    must_shake(p);
    CHECK_INT(sn_tls_get_info(p.a, &info), 0);
    CHECK_STR(info.alpn, "http/1.1");
    CHECK_INT(sn_tls_get_info(p.b, &info), 0);
    CHECK_STR(info.alpn, "http/1.1");
    free_tls_pair(p);
    p = tls_pair_of(conf_of(NULL, "ca.pem", 0, NULL), conf_of("server", NULL, 0, "http/1.1"),
                    "gate.test");
    must_shake(p); /* who does not say anything is taken */
    CHECK_INT(sn_tls_get_info(p.b, &info), 0);
    CHECK_STR(info.alpn, "");
    free_tls_pair(p);
    p = tls_pair_of(conf_of(NULL, "ca.pem", 0, "h2"), conf_of("server", NULL, 0, "http/1.1"),
                    "gate.test");
    shake_both(p, &a, &b);
    CHECK_INT(a, SN_EPROTO);
    check_says(sn_tls_error(p.a), "no application protocol");
    CHECK_INT(b, SN_EPROTO);
    free_tls_pair(p);
}

/* --- handshakes that must not succeed --- */

/* A client that trusts `ca` meets a server with certificate `cert`. */
static void refused_by_client(const char *cert, const char *ca, const char *name,
                              const char *client_says, const char *server_says) {
    int a, b;
    tls_pair p = tls_pair_of(conf_of(NULL, ca, 0, NULL), conf_of(cert, NULL, 0, NULL), name);
    shake_both(p, &a, &b);
    CHECK_INT(a, SN_EACCES);
    check_says(sn_tls_error(p.a), client_says);
    CHECK_INT(b, SN_EPROTO);
    check_says(sn_tls_error(p.b), server_says);
    char c;
    size_t n;
    CHECK_INT(sn_tls_handshake(p.b), SN_EPROTO); /* what broke stays broken */
    CHECK_INT(sn_write(p.b, "x", 1, &n), SN_EPROTO);
    CHECK_INT(n, 0);
    CHECK_INT(sn_read(p.a, &c, 1, &n), SN_EACCES);
    free_tls_pair(p);
}

TLS_CASE(servers_that_are_not_who_they_say) {
    refused_by_client("server", "other.pem", "gate.test", "unable to get local issuer", "alert");
    refused_by_client("server", "ca.pem", "other.test", "hostname mismatch", "alert");
    refused_by_client("server", "ca.pem", "gate.test.evil", "hostname mismatch", "alert");
    refused_by_client("server", "ca.pem", "a.b.wild.test", "hostname mismatch", "alert");
    refused_by_client("server", "ca.pem", "127.0.0.2", "IP address mismatch", "alert");
    refused_by_client("expired", "ca.pem", "gate.test", "certificate has expired", "expired");
    refused_by_client("early", "ca.pem", "gate.test", "not yet valid", "alert");
    refused_by_client("self", "ca.pem", "gate.test", "self-signed", "alert");
    refused_by_client("server", NULL, "gate.test", "unable to get", "alert");
}

/* The client may think it is done (TLS 1.3) and hears of the refusal when it reads. */
static void refused_by_server(const char *cert, const char *server_says) {
    int a, b;
    char c;
    size_t n;
    tls_pair p = tls_pair_of(conf_of(cert, "ca.pem", 0, NULL),
                             conf_of("server", "ca.pem", SN_TLS_CLIENT_CERT, NULL), "gate.test");
    shake_both(p, &a, &b);
    CHECK_INT(b, SN_EACCES);
    check_says(sn_tls_error(p.b), server_says);
    if (a == 0) a = sn_read(p.a, &c, 1, &n);
    CHECK_INT(a, SN_EPROTO);
    check_says(sn_tls_error(p.a), "alert");
    free_tls_pair(p);
}

TLS_CASE(clients_that_may_not_come_in) {
    refused_by_server(NULL, "peer did not return a certificate");
    refused_by_server("stranger", "unable to get local issuer");
    refused_by_server("expired", "certificate has expired");
    refused_by_server("self", "self-signed");
}

TLS_CASE(plain_text_is_no_handshake) {
    net_pair p = pair_of("tcp");
    sn_conn *t;
    size_t n;
    sn_tls_conf *c = conf_of("server", NULL, 0, NULL);
    MUST(sn_tls_server(&t, p.b, c) == 0);
    sn_tls_conf_free(c);
    MUST(sn_write(p.a, "GET / HTTP/1.1\r\n\r\n", 18, &n) == 0);
    CHECK_INT(sn_tls_handshake(t), SN_EPROTO);
    check_says(sn_tls_error(t), "http request");
    sn_conn_free(p.a);
    sn_conn_free(t);
}

TLS_CASE(only_13_takes_no_12) {
    int a, b;
    tls_pair p = tls_pair_of(conf_of(NULL, "ca.pem", 0, NULL),
                             conf_of("server", NULL, SN_TLS_ONLY_13, NULL), "gate.test");
    shake_both(p, &a, &b);
    int is_13 = strcmp(expected_version, "TLSv1.3") == 0;
    CHECK_INT(a, is_13 ? 0 : SN_EPROTO);
    CHECK_INT(b, is_13 ? 0 : SN_EPROTO);
    free_tls_pair(p);
}

/* --- ends --- */

TLS_CASE(an_orderly_end_is_an_end) {
    tls_pair p = plain_pair();
    char buf[8];
    size_t n;
    must_shake(p);
    CHECK_INT(sn_write(p.a, "last", 4, &n), 0);
    CHECK_INT(sn_shutdown_write(p.a), 0);
    CHECK_INT(sn_write(p.a, "x", 1, &n), SN_ECLOSED);
    CHECK_INT(sn_read_full(p.b, buf, 4, &n), 0);
    CHECK_INT(sn_read(p.b, buf, 4, &n), 0);
    CHECK_INT(n, 0);
    CHECK_INT(sn_read(p.b, buf, 4, &n), 0);
    CHECK_INT(n, 0);
    CHECK_INT(sn_write(p.b, "after", 5, &n), 0); /* half is closed, half is not */
    CHECK_INT(sn_read_full(p.a, buf, 5, &n), 0);
    sn_conn_free(p.b); /* says goodbye by itself */
    CHECK_INT(sn_read(p.a, buf, 4, &n), 0);
    CHECK_INT(n, 0);
    CHECK_STR(sn_tls_error(p.a), "");
    sn_conn_free(p.a);
}

TLS_CASE(a_cut_stream_is_no_end) {
    tls_pair p = plain_pair();
    char buf[8];
    size_t n;
    must_shake(p);
    CHECK_INT(sn_write(p.a, "half", 4, &n), 0);
    CHECK_INT(sn_shutdown_write(p.raw.a), 0); /* beneath TLS: as somebody on the way would */
    CHECK_INT(sn_read_full(p.b, buf, 4, &n), 0);
    CHECK_INT(sn_read(p.b, buf, 4, &n), SN_EPROTO);
    check_says(sn_tls_error(p.b), "without a closing record");
    CHECK_INT(sn_read(p.b, buf, 4, &n), SN_EPROTO);
    free_tls_pair(p);
    p = plain_pair();
    CHECK_INT(sn_shutdown_write(p.raw.a), 0);
    CHECK_INT(sn_tls_handshake(p.b), SN_EPROTO);
    check_says(sn_tls_error(p.b), "during the handshake");
    free_tls_pair(p);
}

typedef struct read_arg {
    sn_conn *c;
    int *result;
} read_arg;

static int read_one(void *arg) {
    read_arg *r = arg;
    char c;
    size_t n;
    *r->result = sn_read(r->c, &c, 1, &n);
    return 0;
}

static atomic_int first_read;

/* Has all that came before, so that no unread ticket makes a reset of the close. */
static int read_two(void *arg) {
    (void)read_one(arg);
    atomic_store(&first_read, 1);
    return read_one(arg);
}

TLS_CASE(close_wakes_a_reader) {
    tls_pair p = plain_pair();
    int r = 1;
    sn_scope s;
    read_arg arg = {p.a, &r};
    char c;
    size_t n;
    must_shake(p);
    sn_scope_enter(&s, SN_NEVER);
    atomic_store(&first_read, 0);
    go_foreign(&s, read_two, &arg, sizeof arg);
    CHECK_INT(sn_write(p.b, "x", 1, &n), 0);
    while (!atomic_load(&first_read)) MUST(sn_yield() == 0);
    MUST(sn_sleep(2 * SN_MILLISECOND) == 0);
    sn_close(p.a);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(r, SN_ECLOSED);
    CHECK_INT(sn_write(p.a, "x", 1, &n), SN_ECLOSED);
    CHECK_INT(sn_shutdown_write(p.a), SN_ECLOSED);
    CHECK_INT(sn_read(p.b, &c, 1, &n), 0); /* the closing record went out */
    CHECK_INT(n, 0);
    free_tls_pair(p);
}

TLS_CASE(close_wakes_a_handshake) {
    tls_pair p = plain_pair();
    int r = 1;
    sn_scope s;
    shake_arg arg = {p.b, &r};
    sn_scope_enter(&s, SN_NEVER);
    go_foreign(&s, shake, &arg, sizeof arg);
    MUST(sn_sleep(2 * SN_MILLISECOND) == 0);
    sn_close(p.b);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(r, SN_ECLOSED);
    free_tls_pair(p);
}

/* --- deadlines and cancels --- */

TLS_CASE(a_handshake_that_was_interrupted_goes_on) {
    tls_pair p = plain_pair();
    sn_scope s;
    sn_set_read_deadline(p.a, sn_now() + 5 * SN_MILLISECOND);
    CHECK_INT(sn_tls_handshake(p.a), SN_ETIMEDOUT);
    CHECK_STR(sn_tls_error(p.a), "");
    sn_set_read_deadline(p.a, SN_NEVER);
    sn_scope_enter(&s, sn_now() + 5 * SN_MILLISECOND);
    CHECK_INT(sn_tls_handshake(p.a), SN_ETIMEDOUT);
    CHECK_INT(sn_scope_leave(&s), SN_ETIMEDOUT);
    sn_scope_enter(&s, SN_NEVER);
    sn_scope_cancel(&s, SN_ECANCELED);
    CHECK_INT(sn_tls_handshake(p.a), SN_ECANCELED);
    CHECK_INT(sn_scope_leave(&s), SN_ECANCELED);
    must_shake(p);
    free_tls_pair(p);
}

TLS_CASE(a_read_that_timed_out_goes_on) {
    tls_pair p = plain_pair();
    char buf[4];
    size_t n;
    must_shake(p);
    for (int i = 0; i < 3; i++) {
        sn_set_read_deadline(p.b, sn_now() + 2 * SN_MILLISECOND);
        CHECK_INT(sn_read(p.b, buf, 4, &n), SN_ETIMEDOUT);
        CHECK_INT(sn_write(p.a, "abcd", 4, &n), 0);
        CHECK_INT(sn_read_full(p.b, buf, 4, &n), 0);
    }
    free_tls_pair(p);
}

typedef struct interrupted_job {
    stream_job j;
    sn_wg *stuck; /* done at the first interruption */
} interrupted_job;

/* Writes a stream with deadlines that strike in the middle of records, going on from *done. */
static int send_with_interruptions(void *arg) {
    interrupted_job *i = arg;
    stream_job *j = &i->j;
    enum { PIECE = 200000 };
    unsigned char *buf = malloc(PIECE);
    int interrupted = 0, err = 0;
    MUST(buf);
    for (uint64_t at = 0; at < j->n && (err == 0 || err == SN_ETIMEDOUT);) {
        size_t n = j->n - at < PIECE ? (size_t)(j->n - at) : PIECE, done;
        for (size_t k = 0; k < n; k++) buf[k] = stream_byte(j->seed, at + k);
        sn_set_write_deadline(j->c, sn_now() + SN_MILLISECOND);
        err = sn_write(j->c, buf, n, &done);
        at += done;
        if (err == SN_ETIMEDOUT && interrupted++ == 0) sn_wg_done(i->stuck);
    }
    sn_set_write_deadline(j->c, SN_NEVER);
    *j->result = sn_shutdown_write(j->c);
    free(buf);
    return 0;
}

/* On a Unix socket, whose buffers are small: the writer comes to a stop before anybody reads. */
TLS_CASE(a_write_that_timed_out_goes_on_where_it_was) {
    tls_pair p = tls_pair_on("unix", conf_of(NULL, "ca.pem", 0, NULL),
                             conf_of("server", NULL, 0, NULL), "gate.test");
    const uint64_t size = 4 << 20;
    int r[2] = {1, 1};
    sn_scope s;
    sn_wg stuck = {0};
    interrupted_job tx = {{p.a, size, 3, &r[0]}, &stuck};
    stream_job rx = {p.b, size, 3, &r[1]};
    must_shake(p);
    sn_wg_add(&stuck, 1);
    sn_scope_enter(&s, SN_NEVER);
    go_foreign(&s, send_with_interruptions, &tx, sizeof tx);
    CHECK_INT(sn_wg_wait(&stuck), 0);
    go_foreign(&s, receive_stream, &rx, sizeof rx);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(r[0], 0);
    CHECK_INT(r[1], 0);
    free_tls_pair(p);
}

/* --- what the way does to the bytes --- */

typedef struct way {
    sn_conn *from, *to;
    uint64_t flip;  /* the byte that arrives changed; UINT64_MAX: none */
    uint64_t piece; /* bytes passed on at once */
} way;

/* Carries ciphertext, then ends the other side as this one ended. */
static int carry(void *arg) {
    way *w = arg;
    char buf[1024];
    size_t n, done;
    uint64_t at = 0;
    while (sn_read(w->from, buf, w->piece, &n) == 0 && n > 0) {
        if (w->flip >= at && w->flip < at + n) buf[w->flip - at] ^= 0x21;
        at += n;
        if (sn_write(w->to, buf, n, &done)) break;
    }
    return sn_shutdown_write(w->to) == SN_EINVAL;
}

/* As plain_pair, but every byte goes through `carry`; `there` is the client's direction. */
static tls_pair carried_pair(sn_scope *s, way there, way back, net_pair mid[2]) {
    tls_pair p;
    sn_tls_conf *c = conf_of(NULL, "ca.pem", 0, NULL), *v = conf_of("server", NULL, 0, NULL);
    mid[0] = pair_of("tcp");
    mid[1] = pair_of("tcp");
    MUST(sn_tls_client(&p.a, mid[0].a, c, "gate.test") == 0);
    MUST(sn_tls_server(&p.b, mid[1].b, v) == 0);
    there.from = back.to = mid[0].b;
    there.to = back.from = mid[1].a;
    go_foreign(s, carry, &there, sizeof there);
    go_foreign(s, carry, &back, sizeof back);
    sn_tls_conf_free(c);
    sn_tls_conf_free(v);
    return p;
}

static int end_carried(sn_scope *s, tls_pair p, net_pair mid[2]) {
    free_tls_pair(p);
    int err = sn_scope_leave(s);
    sn_conn_free(mid[0].b);
    sn_conn_free(mid[1].a);
    return err;
}

TLS_CASE(bytes_may_come_one_by_one) {
    sn_scope s;
    net_pair mid[2];
    way w = {.flip = UINT64_MAX, .piece = 1};
    char buf[4];
    size_t n;
    sn_scope_enter(&s, SN_NEVER);
    tls_pair p = carried_pair(&s, w, w, mid);
    must_shake(p);
    CHECK_INT(sn_write(p.a, "ping", 4, &n), 0);
    CHECK_INT(sn_read_full(p.b, buf, 4, &n), 0);
    CHECK(memcmp(buf, "ping", 4) == 0);
    CHECK_INT(sn_shutdown_write(p.b), 0);
    CHECK_INT(sn_read(p.a, buf, 4, &n), 0);
    CHECK_INT(n, 0);
    CHECK_INT(end_carried(&s, p, mid), 0);
}

/* Whatever byte is changed on the way, nothing wrong is ever read: it fails, or it waits for bytes
 * that do not come. (The outermost version number is the one thing that nobody looks at.) */
TLS_CASE(a_changed_byte_is_noticed) {
    for (uint64_t at = 0; at < 1200; at += 23) {
        sn_scope s;
        net_pair mid[2];
        way bad = {.flip = at, .piece = 1024}, good = {.flip = UINT64_MAX, .piece = 1024};
        int back = at / 23 % 2 != 0, a, b;
        char buf[4] = "";
        size_t n;
        sn_scope_enter(&s, SN_NEVER);
        tls_pair p = carried_pair(&s, back ? good : bad, back ? bad : good, mid);
        sn_set_read_deadline(p.a, sn_now() + 150 * SN_MILLISECOND);
        sn_set_read_deadline(p.b, sn_now() + 150 * SN_MILLISECOND);
        shake_both(p, &a, &b);
        if (a == 0 && b == 0 && sn_write(p.a, "ping", 4, &n) == 0 &&
            sn_read_full(p.b, buf, 4, &n) == 0) {
            CHECK(memcmp(buf, "ping", 4) == 0);
        }
        CHECK_INT(end_carried(&s, p, mid), 0);
    }
}

/* --- bytes --- */

/* Readers and writers of both sides start at once: the first of them does the handshake. */
TLS_CASE(big_transfers_both_ways_at_once) {
    const uint64_t size = 4 << 20;
    tls_pair p = plain_pair();
    int r[4] = {1, 1, 1, 1};
    sn_scope s;
    stream_job job[4] = {
        {p.a, size, 1, &r[0]}, {p.b, size, 1, &r[1]}, {p.b, size, 2, &r[2]}, {p.a, size, 2, &r[3]}};
    sn_scope_enter(&s, SN_NEVER);
    for (int k = 0; k < 4; k++) {
        go_foreign(&s, k % 2 ? receive_stream : send_stream, &job[k], sizeof job[k]);
    }
    CHECK_INT(sn_scope_leave(&s), 0);
    for (int k = 0; k < 4; k++) CHECK_INT(r[k], 0);
    free_tls_pair(p);
}

TLS_CASE(pieces_arrive_in_order) {
    tls_pair p = plain_pair();
    sn_iov iov[4] = {{"one ", 4}, {"", 0}, {"two ", 4}, {"three", 5}};
    char buf[13];
    size_t n;
    must_shake(p);
    CHECK_INT(sn_writev(p.a, iov, 4, &n), 0);
    CHECK_INT(n, 13);
    CHECK_INT(sn_read_full(p.b, buf, 13, &n), 0);
    CHECK(memcmp(buf, "one two three", 13) == 0);
    CHECK_INT(sn_write(p.a, "", 0, &n), 0);
    free_tls_pair(p);
}

static int shake_and_swap(void *arg) {
    sn_conn *c = *(sn_conn **)arg;
    char b = 'x';
    size_t n;
    CHECK_INT(sn_write(c, &b, 1, &n), 0);
    CHECK_INT(sn_read(c, &b, 1, &n), 0);
    CHECK_INT(n, 1);
    return 0;
}

TLS_CASE(many_at_once) {
    enum { MANY = 40 };
    tls_pair p[MANY];
    sn_scope s;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < MANY; i++) {
        p[i] = plain_pair();
        go_foreign(&s, shake_and_swap, &p[i].a, sizeof p[i].a);
        go_foreign(&s, shake_and_swap, &p[i].b, sizeof p[i].b);
    }
    CHECK_INT(sn_scope_leave(&s), 0);
    for (int i = 0; i < MANY; i++) free_tls_pair(p[i]);
}

int main(void) {
    expected_version = getenv("TLS_EXPECT") ? getenv("TLS_EXPECT") : "TLSv1.3";
    set_up_certs();
    CASE(a_bad_configuration_says_why);
    CASE(only_what_makes_sense_is_wrapped);
    CASE(shakes_hands);
    CASE(names_and_addresses_that_fit);
    CASE(a_client_shows_its_certificate);
    CASE(agrees_on_a_protocol);
    CASE(servers_that_are_not_who_they_say);
    CASE(clients_that_may_not_come_in);
    CASE(plain_text_is_no_handshake);
    CASE(only_13_takes_no_12);
    CASE(an_orderly_end_is_an_end);
    CASE(a_cut_stream_is_no_end);
    CASE(close_wakes_a_reader);
    CASE(close_wakes_a_handshake);
    CASE(a_handshake_that_was_interrupted_goes_on);
    CASE(a_read_that_timed_out_goes_on);
    CASE(a_write_that_timed_out_goes_on_where_it_was);
    CASE(bytes_may_come_one_by_one);
    CASE(a_changed_byte_is_noticed);
    CASE(big_transfers_both_ways_at_once);
    CASE(pieces_arrive_in_order);
    CASE(many_at_once);
    remove_certs();
    return check_done();
}
