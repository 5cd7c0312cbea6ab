/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Configurations: an SSL_CTX made from files once, shared and counted afterwards. The files come
 * through the file seam; OpenSSL sees their bytes only. Each step returns 0 or an error and has
 * written why. */
#include "tls/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <sennit/file.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PEM_FILE_MAX (4u << 20) /* a system's bundle of authorities is about 250 KB */

typedef struct loading {
    sn_tls_conf *conf;
    const sn_tls_options *o;
    char *why;
    size_t n;
} loading;

__attribute__((format(printf, 3, 4))) static int fail(loading *l, int err, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    if (l->n) vsnprintf(l->why, l->n, fmt, ap);
    va_end(ap);
    ERR_clear_error();
    return err;
}

static int fail_file(loading *l, const char *path, const char *what) {
    unsigned long e = ERR_peek_error();
    const char *reason = e ? ERR_reason_error_string(e) : NULL;
    return fail(l, SN_EBADMSG, "%s: %s%s%s", path, what, reason ? ": " : "", reason ? reason : "");
}

/* Keys with a pass phrase are refused: nobody is there to type it. */
static int no_pass_phrase(char *buf, int size, int writing, void *arg) {
    (void)buf, (void)size, (void)writing, (void)arg;
    return -1;
}

/* Was that the end of the file rather than something broken? */
static int at_pem_end(void) {
    unsigned long e = ERR_peek_last_error();
    int end = ERR_GET_LIB(e) == ERR_LIB_PEM && ERR_GET_REASON(e) == PEM_R_NO_START_LINE;
    if (end) ERR_clear_error();
    return end;
}

static int use_chain(loading *l, const char *path, BIO *b) {
    SSL_CTX *ctx = l->conf->ctx;
    X509 *x = PEM_read_bio_X509(b, NULL, no_pass_phrase, NULL);
    if (!x) return fail_file(l, path, "no certificate in it");
    int ok = SSL_CTX_use_certificate(ctx, x);
    X509_free(x);
    while (ok == 1 && (x = PEM_read_bio_X509(b, NULL, no_pass_phrase, NULL))) {
        ok = SSL_CTX_add0_chain_cert(ctx, x);
        if (ok != 1) X509_free(x);
    }
    return ok == 1 && at_pem_end() ? 0 : fail_file(l, path, "a certificate is broken");
}

static int use_key(loading *l, const char *path, BIO *b) {
    EVP_PKEY *key = PEM_read_bio_PrivateKey(b, NULL, no_pass_phrase, NULL);
    if (!key) return fail_file(l, path, "no usable private key in it");
    int ok = SSL_CTX_use_PrivateKey(l->conf->ctx, key);
    EVP_PKEY_free(key);
    if (ok == 1 && SSL_CTX_check_private_key(l->conf->ctx) == 1) return 0;
    return fail_file(l, path, "the key is not that of the certificate");
}

static int trust(loading *l, const char *path, BIO *b) {
    X509_STORE *store = SSL_CTX_get_cert_store(l->conf->ctx);
    int count = 0, ok = 1;
    X509 *x;
    while (ok == 1 && (x = PEM_read_bio_X509(b, NULL, no_pass_phrase, NULL))) {
        ok = X509_STORE_add_cert(store, x) && SSL_CTX_add_client_CA(l->conf->ctx, x);
        X509_free(x);
        count++;
    }
    if (count == 0) return fail_file(l, path, "no certificate in it");
    return ok == 1 && at_pem_end() ? 0 : fail_file(l, path, "a certificate is broken");
}

/* Reads a file and gives its bytes to `use`. */
static int with_file(loading *l, const char *path, int (*use)(loading *, const char *, BIO *)) {
    char *buf = NULL;
    size_t n = 0;
    int err = sn_path_read(path, PEM_FILE_MAX, &buf, &n);
    if (err) return fail(l, err, "%s: %s", path, sn_strerror(err));
    BIO *b = BIO_new_mem_buf(buf, (int)n);
    err = b ? use(l, path, b) : fail(l, SN_ENOMEM, "%s", sn_strerror(SN_ENOMEM));
    BIO_free(b);
    free(buf);
    return err;
}

/* The server's choice: ours when the client offers it, else no connection. */
static int select_alpn(SSL *ssl, const unsigned char **out, unsigned char *n,
                       const unsigned char *in, unsigned in_n, void *arg) {
    const sn_tls_conf *conf = arg;
    unsigned char *chosen;
    (void)ssl;
    if (SSL_select_next_proto(&chosen, n, conf->alpn, conf->alpn[0] + 1u, in, in_n) !=
        OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static int set_alpn(loading *l) {
    sn_tls_conf *conf = l->conf;
    if (!l->o->alpn) return 0;
    size_t n = strlen(l->o->alpn);
    if (n == 0 || n > ALPN_MAX) return fail(l, SN_EINVAL, "alpn: 1 to %d characters", ALPN_MAX);
    conf->alpn[0] = (unsigned char)n;
    memcpy(conf->alpn + 1, l->o->alpn, n);
    SSL_CTX_set_alpn_select_cb(conf->ctx, select_alpn, conf);
    if (SSL_CTX_set_alpn_protos(conf->ctx, conf->alpn, (unsigned)n + 1) == 0) return 0;
    return fail(l, SN_ENOMEM, "%s", sn_strerror(SN_ENOMEM));
}

static int make_ctx(loading *l) {
    SSL_CTX *ctx = l->conf->ctx = SSL_CTX_new(TLS_method());
    if (!ctx) return fail(l, SN_ENOMEM, "%s", sn_strerror(SN_ENOMEM));
    int only13 = l->o->flags & SN_TLS_ONLY_13;
    SSL_CTX_set_min_proto_version(ctx, only13 ? TLS1_3_VERSION : TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    if (l->o->flags & SN_TLS_CLIENT_CERT) {
        /* A resumed session would not look at the client's certificate again. */
        SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
        SSL_CTX_set_num_tickets(ctx, 0);
    }
    return 0;
}

static int check_options(loading *l) {
    const sn_tls_options *o = l->o;
    const uint32_t known = SN_TLS_CLIENT_CERT | SN_TLS_ONLY_13;
    if (o->size != sizeof *o) return fail(l, SN_EINVAL, "options: wrong size");
    if (o->flags & ~known) return fail(l, SN_EINVAL, "options: unknown flag");
    if (!o->cert_file != !o->key_file) {
        return fail(l, SN_EINVAL, "options: a certificate and its key go together");
    }
    if ((o->flags & SN_TLS_CLIENT_CERT) && !(o->cert_file && o->ca_file)) {
        return fail(l, SN_EINVAL,
                    "options: to ask for client certificates takes a certificate and "
                    "a file of authorities");
    }
    return 0;
}

static int load(loading *l) {
    const sn_tls_options *o = l->o;
    ERR_clear_error();
    int err = make_ctx(l);
    if (err == 0 && o->cert_file) err = with_file(l, o->cert_file, use_chain);
    if (err == 0 && o->key_file) err = with_file(l, o->key_file, use_key);
    if (err == 0 && o->ca_file) err = with_file(l, o->ca_file, trust);
    if (err == 0) err = set_alpn(l);
    return err;
}

int sn_tls_conf_new(sn_tls_conf **conf, const sn_tls_options *o, char *why, size_t n) {
    loading l = {NULL, o, why, n};
    *conf = NULL;
    if (n) why[0] = 0;
    int err = check_options(&l);
    if (err) return err;
    l.conf = calloc(1, sizeof *l.conf);
    if (!l.conf) return fail(&l, SN_ENOMEM, "%s", sn_strerror(SN_ENOMEM));
    atomic_init(&l.conf->refs, 1);
    pthread_mutex_init(&l.conf->lock, NULL);
    l.conf->trusts = o->ca_file != NULL;
    l.conf->flags = o->flags;
    l.conf->has_cert = o->cert_file != NULL;
    err = load(&l);
    if (err) {
        sn_tls_conf_free(l.conf);
        return err;
    }
    *conf = l.conf;
    return 0;
}

int sn__tls_conf_trust(sn_tls_conf *conf) {
    pthread_mutex_lock(&conf->lock);
    if (!conf->trusts) conf->trusts = SSL_CTX_set_default_verify_paths(conf->ctx) == 1;
    int err = conf->trusts ? 0 : SN_EBADMSG;
    pthread_mutex_unlock(&conf->lock);
    return err;
}

void sn__tls_conf_ref(sn_tls_conf *conf) {
    atomic_fetch_add_explicit(&conf->refs, 1, memory_order_relaxed);
}

void sn_tls_conf_free(sn_tls_conf *conf) {
    if (!conf || atomic_fetch_sub_explicit(&conf->refs, 1, memory_order_acq_rel) > 1) return;
    SSL_CTX_free(conf->ctx);
    pthread_mutex_destroy(&conf->lock);
    free(conf);
}
