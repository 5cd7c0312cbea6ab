/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the TLS tests share: cases on stacks that OpenSSL fits on, certificates of every kind,
 * configurations, pairs of connections. */
#ifndef TESTS_TLS_UTIL_H
#define TESTS_TLS_UTIL_H

#include "certs.h"
#include "io/net_util.h"

#include <sennit/tls.h>

#define TLS_CASE(name)                                                                             \
    static void name##_body(void);                                                                 \
    static int name##_co(void *arg) {                                                              \
        (void)arg;                                                                                 \
        name##_body();                                                                             \
        return 0;                                                                                  \
    }                                                                                              \
    static void name(void) {                                                                       \
        const sn_attr a = {.size = sizeof a, .flags = SN_FOREIGN};                                 \
        CHECK_INT(sn_run(name##_co, NULL, &a), 0);                                                 \
    }                                                                                              \
    static void name##_body(void)

static inline void go_foreign(sn_scope *s, sn_fn f, const void *arg, size_t n) {
    const sn_attr a = {.size = sizeof a, .flags = SN_FOREIGN};
    MUST(sn_scope_go(s, &a, f, arg, n) == 0);
}

static unsigned char server_print[32], client_print[32];

static inline void make_certs(void) {
    unsigned n;
    test_cert ca = make_cert((cert_spec){"Test root", NULL, NULL, -1, 30, 1});
    test_cert other = make_cert((cert_spec){"Other root", NULL, NULL, -1, 30, 1});
    test_cert mid = make_cert((cert_spec){"Test middle", NULL, &ca, -1, 30, 1});
    const char *san = "DNS:gate.test,DNS:*.wild.test,IP:127.0.0.1,IP:::1";
    test_cert server = make_cert((cert_spec){"gate.test", san, &mid, -1, 30, 0});
    test_cert expired = make_cert((cert_spec){"gate.test", san, &ca, -30, -1, 0});
    test_cert early = make_cert((cert_spec){"gate.test", san, &ca, 5, 30, 0});
    test_cert self = make_cert((cert_spec){"gate.test", san, NULL, -1, 30, 0});
    test_cert device = make_cert((cert_spec){"device-\xc3\xa9-7", NULL, &ca, -1, 30, 0});
    test_cert nameless = make_cert((cert_spec){NULL, NULL, &ca, -1, 30, 0});
    test_cert stranger = make_cert((cert_spec){"device-8", NULL, &other, -1, 30, 0});
    X509_digest(server.x, EVP_sha256(), server_print, &n);
    X509_digest(device.x, EVP_sha256(), client_print, &n);
    save_cert(&ca, NULL, "ca");
    save_cert(&other, NULL, "other");
    save_cert(&server, &mid, "server");
    save_cert(&expired, NULL, "expired");
    save_cert(&early, NULL, "early");
    save_cert(&self, NULL, "self");
    save_cert(&device, NULL, "device");
    save_cert(&nameless, NULL, "nameless");
    save_cert(&stranger, NULL, "stranger");
    FILE *f = open_in_certs("locked.key");
    MUST(PEM_write_PrivateKey(f, server.key, EVP_aes_128_cbc(), (const unsigned char *)"word", 4,
                              NULL, NULL));
    fclose(f);
    f = open_in_certs("text.pem");
    fputs("no certificate\n", f);
    fclose(f);
    f = open_in_certs("broken.pem");
    PEM_write_X509(f, ca.x);
    fputs("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", f);
    fclose(f);
    test_cert all[] = {ca, other, mid, server, expired, early, self, device, nameless, stranger};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free_cert(all[i]);
}

/* A configuration with certificate `name` (NULL: none) that trusts `ca` (NULL: the system). */
static inline sn_tls_conf *conf_of(const char *name, const char *ca, uint32_t flags,
                                   const char *alpn) {
    char cert_file[32], key_file[32], why[200];
    sn_tls_options o = {.size = sizeof o, .flags = flags, .alpn = alpn};
    if (name) {
        snprintf(cert_file, sizeof cert_file, "%s.pem", name);
        snprintf(key_file, sizeof key_file, "%s.key", name);
        o.cert_file = in_certs(cert_file);
        o.key_file = in_certs(key_file);
    }
    if (ca) o.ca_file = in_certs(ca);
    sn_tls_conf *c;
    int err = sn_tls_conf_new(&c, &o, why, sizeof why);
    if (err) fprintf(stderr, "%s\n", why);
    MUST(err == 0);
    return c;
}

/* Two ends of a TLS connection, a client and b server; no handshake yet. Takes the
 * configurations. `raw` are the connections beneath, owned by the ends. */
typedef struct tls_pair {
    sn_conn *a, *b;
    net_pair raw;
} tls_pair;

static inline tls_pair tls_pair_on(const char *net, sn_tls_conf *client, sn_tls_conf *server,
                                   const char *name) {
    tls_pair p = {.raw = pair_of(net)};
    MUST(sn_tls_client(&p.a, p.raw.a, client, name) == 0);
    MUST(sn_tls_server(&p.b, p.raw.b, server) == 0);
    sn_tls_conf_free(client); /* the connections keep theirs */
    sn_tls_conf_free(server);
    return p;
}

static inline tls_pair tls_pair_of(sn_tls_conf *client, sn_tls_conf *server, const char *name) {
    return tls_pair_on("tcp", client, server, name);
}

static inline void free_tls_pair(tls_pair p) {
    sn_conn_free(p.a);
    sn_conn_free(p.b);
}

static inline tls_pair plain_pair(void) {
    return tls_pair_of(conf_of(NULL, "ca.pem", 0, NULL), conf_of("server", NULL, 0, NULL),
                       "gate.test");
}

static int remove_cert(void *arg, const char *name) {
    (void)arg;
    return sn_path_remove(in_certs(name));
}

static inline void set_up_certs(void) {
    snprintf(certs_dir, sizeof certs_dir, "/tmp/sennit-tls-XXXXXX");
    MUST(mkdtemp(certs_dir));
    make_certs();
}

static inline void remove_certs(void) {
    MUST(sn_path_list(certs_dir, remove_cert, NULL) == 0);
    MUST(rmdir(certs_dir) == 0);
}

#endif
