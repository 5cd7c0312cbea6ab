/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* OpenSSL's view of a connection: it reads what lies in t->in, and what it writes is appended to
 * t->out. Called by OpenSSL from within the steps of engine.c, so under `engine`. */
#include "tls/tls.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Far more than a batch and the largest handshake: beyond it something is wrong. */
#define OUT_MAX (1u << 20)

static int take(BIO *b, char *to, size_t n, size_t *done) {
    tls *t = BIO_get_data(b);
    size_t have = t->in.len - t->in.pos;
    BIO_clear_retry_flags(b);
    if (have == 0) {
        BIO_set_retry_read(b);
        return 0;
    }
    *done = n < have ? n : have;
    memcpy(to, t->in.data + t->in.pos, *done);
    t->in.pos += *done;
    return 1;
}

static int reserve(tls_buf *b, size_t n) {
    if (n <= b->cap - b->len) return 1;
    if (n > OUT_MAX - b->len) return 0;
    size_t cap = b->cap ? b->cap : 1024;
    while (cap - b->len < n) cap *= 2;
    char *more = realloc(b->data, cap);
    if (!more) return 0;
    b->data = more;
    b->cap = cap;
    return 1;
}

static int append(BIO *b, const char *from, size_t n, size_t *done) {
    tls *t = BIO_get_data(b);
    BIO_clear_retry_flags(b);
    *done = n;
    if (t->ended) return 1;
    if (!reserve(&t->out, n)) return 0;
    memcpy(t->out.data + t->out.len, from, n);
    t->out.len += n;
    return 1;
}

static long control(BIO *b, int cmd, long num, void *ptr) {
    (void)b, (void)num, (void)ptr;
    return cmd == BIO_CTRL_FLUSH;
}

static int create(BIO *b) {
    BIO_set_init(b, 1);
    return 1;
}

static BIO_METHOD *method;

static void make_method(void) {
    BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sennit");
    if (!m) return;
    if (BIO_meth_set_read_ex(m, take) && BIO_meth_set_write_ex(m, append) &&
        BIO_meth_set_ctrl(m, control) && BIO_meth_set_create(m, create)) {
        method = m;
    } else {
        BIO_meth_free(m);
    }
}

BIO *sn__tls_bio_new(tls *t) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_method);
    BIO *b = method ? BIO_new(method) : NULL;
    if (b) BIO_set_data(b, t);
    return b;
}
