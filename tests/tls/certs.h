/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Makes certificates for the tests, in a folder of their own. */
#ifndef TESTS_CERTS_H
#define TESTS_CERTS_H

#include "check.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

typedef struct test_cert {
    X509 *x;
    EVP_PKEY *key;
} test_cert;

/* What a certificate says. `from` and `to` are days from now; no issuer: signed by itself. */
typedef struct cert_spec {
    const char *cn, *san;
    const test_cert *issuer;
    int from, to, is_ca;
} cert_spec;

static char certs_dir[64];

static inline const char *in_certs(const char *name) {
    static char path[8][160];
    static unsigned turn;
    char *p = path[turn++ % 8];
    snprintf(p, sizeof path[0], "%s/%s", certs_dir, name);
    return p;
}

static inline void add_extension(X509 *x, int nid, const char *value) {
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    MUST(e && X509_add_ext(x, e, -1));
    X509_EXTENSION_free(e);
}

static inline void add_name(X509_NAME *n, const char *cn) {
    MUST(X509_NAME_add_entry_by_txt(n, "O", MBSTRING_UTF8, (const unsigned char *)"Sennit tests",
                                    -1, -1, 0));
    if (!cn) return;
    MUST(X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0));
}

static inline test_cert make_cert(cert_spec s) {
    static long serial = 1;
    test_cert c = {X509_new(), EVP_EC_gen("P-256")};
    const test_cert *by = s.issuer ? s.issuer : &c;
    MUST(c.x && c.key && X509_set_version(c.x, 2));
    ASN1_INTEGER_set(X509_get_serialNumber(c.x), serial++);
    add_name(X509_get_subject_name(c.x), s.cn);
    X509_set_issuer_name(c.x, X509_get_subject_name(by->x));
    X509_gmtime_adj(X509_getm_notBefore(c.x), s.from * 86400L);
    X509_gmtime_adj(X509_getm_notAfter(c.x), s.to * 86400L);
    X509_set_pubkey(c.x, c.key);
    add_extension(c.x, NID_basic_constraints, s.is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (s.san) add_extension(c.x, NID_subject_alt_name, s.san);
    MUST(X509_sign(c.x, by->key, EVP_sha256()));
    return c;
}

static inline FILE *open_in_certs(const char *name) {
    FILE *f = fopen(in_certs(name), "w");
    MUST(f);
    return f;
}

/* Writes "<name>.pem" (with the chain) and "<name>.key". */
static inline void save_cert(const test_cert *c, const test_cert *chain, const char *name) {
    char file[64];
    snprintf(file, sizeof file, "%s.pem", name);
    FILE *f = open_in_certs(file);
    MUST(PEM_write_X509(f, c->x) && (!chain || PEM_write_X509(f, chain->x)));
    fclose(f);
    snprintf(file, sizeof file, "%s.key", name);
    f = open_in_certs(file);
    MUST(PEM_write_PrivateKey(f, c->key, NULL, NULL, 0, NULL, NULL));
    fclose(f);
}

static inline void free_cert(test_cert c) {
    X509_free(c.x);
    EVP_PKEY_free(c.key);
}

#endif
