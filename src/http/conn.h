/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One server connection, inside. It belongs to its coroutine; other coroutines touch only what is
 * atomic, and `net` and `scope` under the server's lock while the connection is linked.
 *
 * States: IDLE (waits for a request's first byte) ⇄ BUSY; IDLE → CLOSING by whoever wants the
 * place or the drain. Who moves it away from IDLE, by compare-and-swap, decides what comes next.
 *
 * Memory: an idle connection is this structure, on its coroutine's stack. With the first byte
 * come buffers (sn__work); they are given back when no further request follows soon. */
#ifndef HTTP_CONN_H
#define HTTP_CONN_H

#include <stdatomic.h>

#include <sennit/go.h>
#include <sennit/http.h>
#include <sennit/net.h>
#include <sennit/sync.h>

#include "http/arena.h"
#include "http/chunked.h"
#include "http/head.h"
#include "http/pattern.h"

#define SN__IN_MIN 2048u      /* input buffer at first; it grows to hold a head */
#define SN__BODY_ROOM 2048u   /* least room behind a head for its body */
#define SN__OUT_SIZE 8192u    /* output buffer: heads and small bodies, of several answers */
#define SN__STAGE_SIZE 4096u  /* body kept back until its length is known */
#define SN__PIECE 65536u      /* of a body, written at once */
#define SN__HEADERS_MAX 6144u /* bytes of a response's own headers */
#define SN__ARENA_FIRST 2048u
#define SN__FIRST_READ 1024u       /* read on the stack by a connection without buffers */
#define SN__LINGER (1 * SN_SECOND) /* buffers are kept this long after an answer, or twice that */

enum { SN__CONN_IDLE, SN__CONN_BUSY, SN__CONN_CLOSING };

typedef struct sn__conn sn__conn;
typedef struct sn__work sn__work;

/* Counted by one writer, summed up by others. */
typedef struct sn__counters {
    _Atomic uint64_t requests, status[6], malformed, timeouts, bytes_in, bytes_out;
} sn__counters;
static inline void sn__count(_Atomic uint64_t *c, uint64_t n) {
    uint64_t v = atomic_load_explicit(c, memory_order_relaxed);
    atomic_store_explicit(c, v + n, memory_order_relaxed);
}

struct sn_http_request {
    sn__conn *conn;
    sn__work *work;
    const char *base; /* where the head's offsets start */
    const char *path; /* decoded */
    const char *host; /* where the head's own is not a string */
    const char *pattern;
    char *const *names; /* of the route's parameters */
    const char **values;
    size_t nvalues;
    void *user;
    sn_time started;
    /* the body */
    uint64_t limit, got; /* decoded bytes allowed, and read so far */
    uint64_t left;       /* of a Content-Length */
    sn_time waited;      /* for its sender */
    sn__chunked chunked;
    uint8_t ended;        /* it was read to its end */
    uint8_t may_continue; /* the client waits for "100 Continue" */
    int error;            /* of the body, for good */
    sn__head head;        /* last: it is cleared by itself */
};

typedef struct sn__header {
    struct sn__header *next;
    const char *name, *value;
    uint32_t name_len, value_len;
} sn__header;

struct sn_http_writer {
    sn__conn *conn;
    sn__work *work;
    sn_http_request *req; /* NULL: there was no request to speak of */
    sn__header *headers;
    uint32_t headers_size;
    int status, error;
    int64_t length; /* Content-Length, or -1 while unknown */
    uint64_t body;  /* bytes written so far */
    char *stage;
    uint32_t staged;
    uint8_t no_body; /* HEAD, 204, 304: bytes are counted only */
    uint8_t sent, chunked, close, ended;
    uint8_t watching; /* the client's end ends the handler's scope */
    sn_scope *scope;  /* the handler's */
};

/* One block of memory: this, then fields, the arena's first part, the input buffer at first and
 * the output buffer, so that a small request touches few pages. */
struct sn__work {
    _Alignas(16) sn__arena arena;
    sn_http_request req;
    sn_http_writer wr;
    sn__field *fields;
    char *in, *in_first;       /* the same until a head was too long for it */
    uint32_t in_size, in_base; /* room; where the bytes behind the head begin */
    uint32_t in_at, in_end;    /* unread bytes */
    char *out;
    uint32_t out_len;
    int64_t date_s; /* what `date` says */
    char date[30];
};

struct sn__conn {
    struct sn_http_server *server;
    sn_conn *net;
    sn__conn *next, *prev; /* of the server's list, newest first */
    sn__work *work;        /* NULL while idle for long */
    _Atomic int state;
    uint32_t requests;
    int broken;                      /* the connection's own error, for good */
    sn_time read_until, write_until; /* as set on the connection */
    sn__counters count;
    sn_scope scope;
    char peer[64]; /* "" until asked for */
};

/* conn.c: runs a connection to its end; frees `net`. */
void sn__conn_run(struct sn_http_server *s, sn_conn *net);
/* The peer's address; asked for once. */
const char *sn__conn_peer(sn__conn *c);

/* conn_io.c */
/* Sends what waits in the output buffer and then the n pieces (n <= 4). */
int sn__conn_send(sn__conn *c, const sn_iov *iov, size_t n);
static inline int sn__conn_flush(sn__conn *c) { return sn__conn_send(c, NULL, 0); }
/* Room for n bytes (<= SN__OUT_SIZE) at the end of the output buffer; NULL when it cannot be
 * emptied. */
char *sn__conn_room(sn__conn *c, size_t n);
/* Reads at `buf`, after sending what waits. Bytes, 0 at the end of the stream, or an error: not
 * before `until`, and at `until` + `slack` at the latest, SN_ETIMEDOUT. */
long sn__conn_read(sn__conn *c, void *buf, size_t n, sn_time until, sn_time slack);
/* Takes in more behind in_end; as sn__conn_read. There must be room. */
long sn__conn_fill(sn__conn *c, sn_time until, sn_time slack);
/* Makes room for at least n more bytes behind in_end (before strings point into the buffer). */
int sn__conn_grow(sn__work *w, uint32_t n);
sn__work *sn__work_new(const struct sn_http_server *s);
void sn__work_free(sn__work *w);

/* request.c */
void sn__request_init(sn__conn *c, sn_time now);
/* Fills in what comes from the finished head; 0, or the status of a refusal and *why. */
int sn__request_ready(sn_http_request *r, const char **why);
/* body.c: reads and drops what the handler left; 1 when the next request can follow. */
int sn__body_skip(sn_http_request *r);
/* Would sn__body_skip have little to do? */
int sn__body_short(const sn_http_request *r);

/* writer.c */
void sn__writer_init(sn__conn *c, sn_http_request *r);
/* Completes the answer in the output buffer; 0, or an error: the connection must be closed. */
int sn__writer_finish(sn_http_writer *w);
/* Keeps the first error; returns it. */
int sn__writer_fail(sn_http_writer *w, int error);
/* Forgets an answer of which nothing was sent. */
void sn__writer_reset(sn_http_writer *w);
/* response_head.c: puts the head into the output buffer and settles how the body is framed. */
int sn__writer_head(sn_http_writer *w);

#endif
