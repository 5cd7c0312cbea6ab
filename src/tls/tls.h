/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Private to src/tls: the two objects and who does what.
 *
 *   conf.c   SSL_CTX from files              bio.c    OpenSSL's view of the buffers
 *   engine.c one call into OpenSSL each      conn.c   the connection: locks and raw I/O
 *
 * OpenSSL never touches the raw connection. It reads from `in` and appends to `out`, so that each
 * SSL_* call is over before anything parks: its error queue belongs to a thread, and a coroutine
 * that parks may come back on another.
 *
 * Locks, in the order in which they may be taken (all are coroutine locks):
 *   handshake  held through the whole handshake, raw I/O included. Before `done` is set only its
 *              holder reads or writes; afterwards it is never taken again.
 *   reading    one reader; held over raw reads. Owns in.data while `in` is empty.
 *   writing    one writer; held over raw writes. Owns `sending`.
 *   engine     around every SSL_* call, and `in`, `out`; never held over raw I/O.
 * A reader never waits for `writing`: a peer may be reading nothing until we have read, and who
 * holds `writing` may be waiting for that peer. What OpenSSL answers during a read (an alert, a key
 * update) is sent if that needs no waiting; otherwise it waits in `out` and goes before the next
 * write, which RFC 8446 4.6.3 allows.
 *
 * Closing must not park, so it does not wait for `engine` either: it leaves `writing`, locked, and
 * the closing record to whoever has `engine`, which is a reader in a step (`handed`).
 *
 * After our closing record nothing is sent, though OpenSSL goes on answering key updates: a peer
 * that has read that record closes, and if bytes lie there unread its kernel makes that a reset and
 * throws away whatever the peer wrote before and we have not yet taken. */
#ifndef SENNIT_TLS_TLS_H
#define SENNIT_TLS_TLS_H

#include <openssl/ssl.h>
#include <pthread.h>
#include <sennit/sync.h>
#include <sennit/tls.h>
#include <stdatomic.h>

#define ALPN_MAX 31

struct sn_tls_conf {
    atomic_uint refs;
    SSL_CTX *ctx;
    uint32_t flags;
    int has_cert;
    pthread_mutex_t lock;             /* of the next: nothing parks under it */
    int trusts;                       /* ctx has its authorities */
    unsigned char alpn[ALPN_MAX + 1]; /* wire form: length, then the name */
};

/* Bytes in pos … len of data; empty when pos == len. */
typedef struct tls_buf {
    char *data;
    size_t pos, len, cap;
} tls_buf;

typedef struct tls {
    sn_conn *raw;
    sn_tls_conf *conf;
    SSL *ssl;
    sn_mutex handshake, reading, writing, engine;
    tls_buf in, out; /* ciphertext, under `engine` */
    tls_buf sending; /* taken from `out`, on its way, under `writing` */
    size_t in_want;  /* how much to read at once, under `reading` */
    atomic_int done, closed;
    atomic_int handed; /* `writing` and the duty to close go to who leaves `engine` next */
    int write_shut;    /* under `writing` */
    int ended;         /* our closing record is in `out` or beyond, under `engine` */
    atomic_int error;  /* what ended TLS here, for good; 0: nothing */
    char why[200];     /* its text; written once, before `error` */
    _Atomic sn_time deadline[2];
    sn_tls_info info; /* before `done` is set */
} tls;

/* bio.c: a BIO over t->in and t->out. NULL: out of memory. */
BIO *sn__tls_bio_new(tls *t);

/* conf.c */
void sn__tls_conf_ref(sn_tls_conf *conf);
/* Before a client's use: reads the system's certificates if the conf names no others. Servers never
 * need them, and they are many. 0, or SN_EBADMSG. */
int sn__tls_conf_trust(sn_tls_conf *conf);

/* conn.c: unlocks `engine`. */
void sn__tls_engine_leave(tls *t);

/* engine.c. Each takes `engine` and makes one step: 0 done, SN_EAGAIN when more must come into
 * t->in first, or an error, which is kept in t->error. */
int sn__tls_step_handshake(tls *t);
/* *done 0 with result 0: the peer has closed its side. *answered: there is something in t->out. */
int sn__tls_step_read(tls *t, void *buf, size_t n, size_t *done, int *answered);
/* Encrypts from the front of *iov, moving it on, until `batch` bytes wait in t->out. */
int sn__tls_step_write(tls *t, sn_iov **iov, size_t *cnt, size_t batch, size_t *done);
/* Puts the closing record into t->out. */
int sn__tls_step_shutdown(tls *t);
/* The same, by one who has `engine`. */
int sn__tls_shut(tls *t);
/* The raw stream ended where TLS had not. Returns the error, kept in t->error. */
int sn__tls_truncated(tls *t);

#endif
