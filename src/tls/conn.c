/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A TLS connection: moves ciphertext between the raw connection and OpenSSL's buffers. The locks
 * and who holds which over raw I/O are told in tls.h. */
#include "tls/tls.h"

#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include <sennit/go.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 65536   /* ciphertext that is made before it is written */
#define IN_FIRST 4096 /* read at once; more when the peer fills it */
#define IN_MOST 65536
#define SERVER_NAME_MAX 253

static const sn_conn_ops tls_ops;

static sn_time deadline(tls *t, int write) { return atomic_load(&t->deadline[write]); }

static void drop(tls_buf *b) {
    free(b->data);
    *b = (tls_buf){0};
}

/* Makes what is in `out` the next to be sent. With `engine`. */
static void take_out(tls *t) {
    drop(&t->sending);
    t->sending = t->out;
    t->out = (tls_buf){0};
}

/* What did not go out stays: a record must not be left in the middle. */
static int push(tls *t) {
    tls_buf *s = &t->sending;
    int err = 0;
    while (err == 0 && s->pos < s->len) {
        size_t went;
        err = sn_write(t->raw, s->data + s->pos, s->len - s->pos, &went);
        s->pos += went;
    }
    return err;
}

/* Writes all ciphertext there is. With `writing`, or with `handshake` before `done`. */
static int flush(tls *t) {
    for (;;) {
        int err = push(t);
        if (err) return err;
        sn_lock(&t->engine);
        take_out(t);
        sn__tls_engine_leave(t);
        if (t->sending.len == 0) return 0;
    }
}

/* Only what goes out without waiting: for alerts and closing records. With the same locks. Also
 * when the scope is cancelled. */
static void now(tls *t, int (*write)(tls *t)) {
    uint32_t shield = sn_shield(1);
    sn_set_write_deadline(t->raw, 0);
    int err = write(t);
    (void)err; /* the connection is coming to its end, with or without this */
    sn_set_write_deadline(t->raw, deadline(t, 1));
    sn_shield(shield);
}

static int room_in(tls *t) {
    tls_buf *b = &t->in;
    b->pos = b->len = 0;
    if (b->cap == t->in_want) return 0;
    drop(b);
    b->data = malloc(t->in_want);
    if (!b->data) return SN_ENOMEM;
    b->cap = t->in_want;
    return 0;
}

/* Reads more ciphertext. OpenSSL has taken all there was. With `reading`, or with `handshake`
 * before `done`. While `in` is empty OpenSSL does not look at its data, so that the raw read may
 * write there without `engine`. */
static int fill(tls *t) {
    sn_lock(&t->engine);
    int err = room_in(t);
    sn__tls_engine_leave(t);
    if (err) return err;
    size_t got;
    err = sn_read(t->raw, t->in.data, t->in.cap, &got);
    if (err) return err;
    if (got == 0) return sn__tls_truncated(t);
    if (got == t->in.cap)
        t->in_want = IN_MOST;
    else if (got <= IN_FIRST)
        t->in_want = IN_FIRST;
    sn_lock(&t->engine);
    t->in.len = got;
    sn__tls_engine_leave(t);
    return 0;
}

/* With `handshake`. */
static int do_handshake(tls *t) {
    for (;;) {
        int step = sn__tls_step_handshake(t);
        if (step && step != SN_EAGAIN) {
            now(t, flush); /* the alert */
            return step;
        }
        int err = flush(t);
        if (err == 0 && step == SN_EAGAIN) err = fill(t);
        if (err || step == 0) return err;
    }
}

/* The handshake, if it has not been done. Reader and writer may both come here. */
static int ensure_handshake(tls *t) {
    if (atomic_load(&t->done)) return 0;
    int err = sn_lock_until(&t->handshake, SN_NEVER);
    if (err) return err;
    if (!atomic_load(&t->done)) {
        err = atomic_load(&t->closed) ? SN_ECLOSED : do_handshake(t);
        if (err == 0) atomic_store(&t->done, 1);
    }
    sn_unlock(&t->handshake);
    return err;
}

static int begin(tls *t) {
    if (atomic_load(&t->closed)) return SN_ECLOSED;
    int err = sn_canceled();
    return err ? err : ensure_handshake(t);
}

/* Sends what OpenSSL answered during a read, if that needs no waiting and no writer is at work: one
 * who is takes it along. */
static void answer(tls *t) {
    if (!sn_trylock(&t->writing)) return;
    now(t, flush);
    sn_unlock(&t->writing);
}

/* With `reading`. */
static int read_plain(tls *t, void *buf, size_t n, size_t *done) {
    for (;;) {
        int answered = 0;
        int err = sn__tls_step_read(t, buf, n, done, &answered);
        if (answered) answer(t);
        if (err != SN_EAGAIN) return err;
        err = fill(t);
        if (err) return err;
    }
}

static int tls_read(void *self, void *buf, size_t n, size_t *done) {
    tls *t = self;
    int err = begin(t);
    if (err == 0) err = sn_lock_until(&t->reading, deadline(t, 0));
    if (err) return err;
    err = read_plain(t, buf, n, done);
    sn_unlock(&t->reading);
    return err;
}

/* With `writing`. */
static int write_plain(tls *t, sn_iov *iov, size_t cnt, size_t *done) {
    if (t->write_shut) return SN_ECLOSED;
    int err = flush(t);
    while (err == 0 && cnt > 0) {
        err = sn__tls_step_write(t, &iov, &cnt, BATCH, done);
        if (err == 0) err = flush(t);
    }
    return err == SN_EAGAIN ? SN_EPROTO : err; /* a write never needs to read after the handshake */
}

static int tls_writev(void *self, const sn_iov *iov, size_t cnt, size_t *done) {
    tls *t = self;
    sn_iov copy[SN_IOV_MAX];
    memcpy(copy, iov, cnt * sizeof *copy);
    int err = begin(t);
    if (err == 0) err = sn_lock_until(&t->writing, deadline(t, 1));
    if (err) return err;
    err = write_plain(t, copy, cnt, done);
    sn_unlock(&t->writing);
    return err;
}

static void tls_set_deadline(void *self, int write, sn_time until) {
    tls *t = self;
    atomic_store(&t->deadline[!!write], until);
    if (write)
        sn_set_write_deadline(t->raw, until);
    else
        sn_set_read_deadline(t->raw, until);
}

/* With `writing`. */
static int write_closing_record(tls *t) {
    int err = flush(t);
    if (err == 0 && !t->write_shut) err = sn__tls_step_shutdown(t);
    if (err == 0) {
        t->write_shut = 1;
        err = flush(t);
    }
    return err;
}

static int tls_shutdown_write(void *self) {
    tls *t = self;
    int err = begin(t);
    if (err == 0) err = sn_lock_until(&t->writing, deadline(t, 1));
    if (err) return err;
    err = write_closing_record(t);
    sn_unlock(&t->writing);
    return err ? err : sn_shutdown_write(t->raw);
}

/* With `writing` and `engine`, which it gives back; nothing is in `sending`. Never parks. */
static void close_orderly(tls *t) {
    if (!t->write_shut && sn__tls_shut(t) == 0) t->write_shut = 1;
    take_out(t);
    sn_unlock(&t->engine);
    now(t, push);
    sn_unlock(&t->writing);
    sn_close(t->raw);
}

void sn__tls_engine_leave(tls *t) {
    sn_unlock(&t->engine);
    atomic_thread_fence(memory_order_seq_cst); /* or: unlocked, seen unlocked by no closer */
    if (!atomic_load(&t->handed) || !atomic_exchange(&t->handed, 0)) return;
    sn_lock(&t->engine);
    close_orderly(t);
}

/* Never parks. A writer that is at work keeps `writing`: then there is no orderly end, it is cut
 * off. A reader that is at work keeps `engine`, for a moment: it gets `writing`, and the rest to
 * do. */
static void tls_close(void *self) {
    tls *t = self;
    if (atomic_exchange(&t->closed, 1)) return;
    if (!atomic_load(&t->done) || !sn_trylock(&t->writing)) {
        sn_close(t->raw);
        return;
    }
    now(t, push);
    if (t->sending.pos < t->sending.len) { /* nobody takes it there */
        sn_unlock(&t->writing);
        sn_close(t->raw);
        return;
    }
    atomic_store(&t->handed, 1);
    if (!sn_trylock(&t->engine)) return;
    if (atomic_exchange(&t->handed, 0))
        close_orderly(t);
    else
        sn_unlock(&t->engine);
}

static void tls_reset(void *self) {
    tls *t = self;
    if (!atomic_exchange(&t->closed, 1)) sn_reset(t->raw);
}

static void release(tls *t) {
    SSL_free(t->ssl);
    sn_tls_conf_free(t->conf);
    drop(&t->in);
    drop(&t->out);
    drop(&t->sending);
    free(t);
}

static void tls_free(void *self) {
    tls *t = self;
    tls_close(t);
    sn_conn_free(t->raw);
    release(t);
}

static int tls_addr(const void *self, int peer, char *buf, size_t n) {
    const tls *t = self;
    return peer ? sn_peer_addr(t->raw, buf, n) : sn_local_addr(t->raw, buf, n);
}

static const sn_conn_ops tls_ops = {
    .size = sizeof(sn_conn_ops),
    .read = tls_read,
    .writev = tls_writev,
    .set_deadline = tls_set_deadline,
    .shutdown_write = tls_shutdown_write,
    .close = tls_close,
    .free = tls_free,
    .addr = tls_addr,
    .reset = tls_reset,
};

static tls *make(sn_conn *raw, sn_tls_conf *conf) {
    tls *t = calloc(1, sizeof *t);
    if (!t) return NULL;
    t->ssl = SSL_new(conf->ctx);
    BIO *bio = t->ssl ? sn__tls_bio_new(t) : NULL;
    if (!bio) {
        SSL_free(t->ssl);
        free(t);
        return NULL;
    }
    SSL_set_bio(t->ssl, bio, bio);
    sn__tls_conf_ref(conf);
    t->conf = conf;
    t->raw = raw;
    t->in_want = IN_FIRST;
    atomic_init(&t->deadline[0], SN_NEVER);
    atomic_init(&t->deadline[1], SN_NEVER);
    return t;
}

static int finish(sn_conn **c, tls *t) {
    int err = sn_conn_new(c, &tls_ops, t);
    if (err) release(t);
    return err;
}

int sn_tls_server(sn_conn **c, sn_conn *raw, sn_tls_conf *conf) {
    *c = NULL;
    if (!conf->has_cert) return SN_EINVAL;
    tls *t = make(raw, conf);
    if (!t) return SN_ENOMEM;
    int ask = conf->flags & SN_TLS_CLIENT_CERT;
    SSL_set_accept_state(t->ssl);
    SSL_set_verify(t->ssl,
                   ask ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_NONE, NULL);
    return finish(c, t);
}

/* The peer's certificate must be for this name or address. 1: set. */
static int expect(SSL *ssl, const char *server) {
    X509_VERIFY_PARAM *p = SSL_get0_param(ssl);
    struct in6_addr ip;
    X509_VERIFY_PARAM_set_hostflags(p, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (inet_pton(AF_INET, server, &ip) == 1 || inet_pton(AF_INET6, server, &ip) == 1) {
        return X509_VERIFY_PARAM_set1_ip_asc(p, server);
    }
    return X509_VERIFY_PARAM_set1_host(p, server, 0) && SSL_set_tlsext_host_name(ssl, server);
}

int sn_tls_client(sn_conn **c, sn_conn *raw, sn_tls_conf *conf, const char *server) {
    *c = NULL;
    size_t n = strlen(server);
    if (n == 0 || n > SERVER_NAME_MAX) return SN_EINVAL;
    int err = sn__tls_conf_trust(conf);
    if (err) return err;
    tls *t = make(raw, conf);
    if (!t) return SN_ENOMEM;
    SSL_set_connect_state(t->ssl);
    SSL_set_verify(t->ssl, SSL_VERIFY_PEER, NULL);
    if (expect(t->ssl, server)) return finish(c, t);
    release(t);
    return SN_ENOMEM;
}

int sn_tls_handshake(sn_conn *c) {
    tls *t = sn_conn_self(c, &tls_ops);
    return t ? begin(t) : SN_EINVAL;
}

const char *sn_tls_error(const sn_conn *c) {
    tls *t = sn_conn_self(c, &tls_ops);
    return t && atomic_load(&t->error) ? t->why : "";
}

int sn_tls_get_info(const sn_conn *c, sn_tls_info *out) {
    tls *t = sn_conn_self(c, &tls_ops);
    if (!t || out->size != sizeof *out) return SN_EINVAL;
    if (!atomic_load(&t->done)) return SN_EAGAIN;
    *out = t->info;
    out->size = sizeof *out;
    return 0;
}
