/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One call into OpenSSL each, and what came of it. Nothing parks between ERR_clear_error and the
 * last look at the error queue. */
#include "tls/tls.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

/* A record holds at most so much. */
#define RECORD_MAX 16384

/* With `engine`. */
static int fail(tls *t, int err, const char *what, const char *detail) {
    snprintf(t->why, sizeof t->why, "%s%s%s", what, *detail ? ": " : "", detail);
    atomic_store(&t->error, err);
    return err;
}

static int is_refusal(unsigned long e) {
    int reason = ERR_GET_REASON(e);
    return ERR_GET_LIB(e) == ERR_LIB_SSL && (reason == SSL_R_CERTIFICATE_VERIFY_FAILED ||
                                             reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE);
}

/* The oldest error is the cause; those after it are its consequences further up. */
static int fail_with_queue(tls *t) {
    unsigned long e = ERR_peek_error();
    const char *reason = e ? ERR_reason_error_string(e) : NULL;
    const char *detail = "";
    long verify = SSL_get_verify_result(t->ssl);
    if (e && ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE) {
        return fail(t, SN_ENOMEM, "out of memory", "");
    }
    if (is_refusal(e) && verify != X509_V_OK) detail = X509_verify_cert_error_string(verify);
    return fail(t, is_refusal(e) ? SN_EACCES : SN_EPROTO, reason ? reason : "protocol error",
                detail);
}

/* What the SSL_* call that just returned `r` (<= 0) means. */
static int outcome(tls *t, int r) {
    switch (SSL_get_error(t->ssl, r)) {
    case SSL_ERROR_WANT_READ:
        return SN_EAGAIN;
    case SSL_ERROR_SYSCALL:
        return fail(t, SN_ENOMEM, "no memory for a record", "");
    default:
        return fail_with_queue(t);
    }
}

/* The subject's last common name, whole and without a 0 inside. 0 when there is none either. */
static int copy_common_name(X509 *x, char *to, size_t room) {
    const X509_NAME *subject = X509_get_subject_name(x);
    int at = -1, next;
    while ((next = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0) at = next;
    if (at < 0) return 0;
    unsigned char *utf8 = NULL;
    int n = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    int ok = n >= 0 && (size_t)n < room && !memchr(utf8, 0, (size_t)n);
    if (ok) memcpy(to, utf8, (size_t)n);
    OPENSSL_free(utf8);
    return ok ? 0 : -1;
}

static int note_peer(tls *t) {
    X509 *x = SSL_get0_peer_certificate(t->ssl);
    unsigned n = 0;
    if (!x) return 0;
    t->info.has_cert = 1;
    if (!X509_digest(x, EVP_sha256(), t->info.sha256, &n)) return fail_with_queue(t);
    if (copy_common_name(x, t->info.common_name, sizeof t->info.common_name)) {
        return fail(t, SN_EACCES, "certificate refused", "its common name is too long or broken");
    }
    return 0;
}

static int note_session(tls *t) {
    const unsigned char *alpn;
    unsigned n;
    sn_tls_info *i = &t->info;
    snprintf(i->version, sizeof i->version, "%s", SSL_get_version(t->ssl));
    snprintf(i->cipher, sizeof i->cipher, "%s", SSL_get_cipher_name(t->ssl));
    SSL_get0_alpn_selected(t->ssl, &alpn, &n);
    snprintf(i->alpn, sizeof i->alpn, "%.*s", (int)n, n ? (const char *)alpn : "");
    return note_peer(t);
}

int sn__tls_step_handshake(tls *t) {
    sn_lock(&t->engine);
    int err = atomic_load(&t->error);
    if (err == 0) {
        ERR_clear_error();
        int r = SSL_do_handshake(t->ssl);
        err = r == 1 ? note_session(t) : outcome(t, r);
    }
    sn__tls_engine_leave(t);
    return err;
}

static int read_once(tls *t, void *buf, size_t n, size_t *done) {
    ERR_clear_error();
    int r = SSL_read_ex(t->ssl, buf, n, done);
    if (r == 1) return 0;
    *done = 0;
    if (SSL_get_error(t->ssl, r) == SSL_ERROR_ZERO_RETURN) return 0;
    return outcome(t, r);
}

int sn__tls_step_read(tls *t, void *buf, size_t n, size_t *done, int *answered) {
    sn_lock(&t->engine);
    int err = atomic_load(&t->error);
    if (err == 0) {
        err = read_once(t, buf, n, done);
        *answered = t->out.len > 0;
    }
    sn__tls_engine_leave(t);
    return err;
}

/* Encrypts one record from the front of the pieces. */
static int write_once(tls *t, sn_iov **iov, size_t *cnt, size_t *done) {
    sn_iov *v = *iov;
    size_t went = 0;
    if (v->len > 0) {
        ERR_clear_error();
        int r = SSL_write_ex(t->ssl, v->base, v->len < RECORD_MAX ? v->len : RECORD_MAX, &went);
        if (r != 1) return outcome(t, r);
    }
    v->base = (const char *)v->base + went;
    v->len -= went;
    *done += went;
    if (v->len == 0) {
        (*iov)++;
        (*cnt)--;
    }
    return 0;
}

int sn__tls_step_write(tls *t, sn_iov **iov, size_t *cnt, size_t batch, size_t *done) {
    sn_lock(&t->engine);
    int err = atomic_load(&t->error);
    while (err == 0 && *cnt > 0 && t->out.len < batch) err = write_once(t, iov, cnt, done);
    sn__tls_engine_leave(t);
    return err;
}

int sn__tls_shut(tls *t) {
    int err = atomic_load(&t->error);
    if (err) return err;
    ERR_clear_error();
    int r = SSL_shutdown(t->ssl);
    if (r < 0) return outcome(t, r);
    t->ended = 1;
    return 0;
}

int sn__tls_step_shutdown(tls *t) {
    sn_lock(&t->engine);
    int err = sn__tls_shut(t);
    sn__tls_engine_leave(t);
    return err;
}

int sn__tls_truncated(tls *t) {
    sn_lock(&t->engine);
    int err = fail(t, SN_EPROTO,
                   atomic_load(&t->done) ? "the stream ended without a closing record"
                                         : "the stream ended during the handshake",
                   "");
    sn__tls_engine_leave(t);
    return err;
}
