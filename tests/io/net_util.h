/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the network tests share: cases that run in a runtime of their own, pairs of connections. */
#ifndef TESTS_NET_UTIL_H
#define TESTS_NET_UTIL_H

#include "check.h"

#include <sennit/sennit.h>

/* How a case is run: here on the machine's network. tests/sim runs the same text on a host of the
 * simulated one, over many seeds, and says so with this name; `failed` ends that early. */
#ifdef NET_RUN
int NET_RUN(sn_fn f, const int *failed);
#else
#define NET_RUN(f, failed) sn_run(f, NULL, NULL)
#endif

/* Defines case `name`, whose body is such a coroutine; the run must end by itself. */
#define NET_CASE(name)                                                                             \
    static void name##_body(void);                                                                 \
    static int name##_co(void *arg) {                                                              \
        (void)arg;                                                                                 \
        name##_body();                                                                             \
        return 0;                                                                                  \
    }                                                                                              \
    static void name(void) { CHECK_INT(NET_RUN(name##_co, &check_failed_), 0); }                   \
    static void name##_body(void)

/* A listener on a free port, or a free abstract name for "unix", and its address. */
static inline sn_listener *listen_any(const char *net, char *addr, size_t n) {
    sn_listener *l;
    char name[32] = "127.0.0.1:0";
    if (strcmp(net, "unix") == 0) {
        uint64_t r;
        sn_random(&r, sizeof r);
        snprintf(name, sizeof name, "@sennit-%016llx", (unsigned long long)r);
    }
    MUST(sn_listen(&l, net, name) == 0);
    MUST(sn_listener_addr(l, addr, n) == 0);
    return l;
}

typedef struct net_pair {
    sn_conn *a, *b; /* dialed, accepted */
} net_pair;

/* Two ends of a connection. A dial is completed without the acceptor's help. */
static inline net_pair pair_of(const char *net) {
    char addr[128];
    net_pair p;
    sn_listener *l = listen_any(net, addr, sizeof addr);
    MUST(sn_dial(&p.a, net, addr) == 0);
    MUST(sn_accept(l, &p.b) == 0);
    sn_listener_free(l);
    return p;
}

static inline void free_pair(net_pair p) {
    sn_conn_free(p.a);
    sn_conn_free(p.b);
}

/* One byte from a new dial to a new accept. */
static inline void exchange(sn_listener *l, const char *net, const char *addr) {
    sn_conn *a, *b;
    char c;
    size_t n;
    MUST(sn_dial(&a, net, addr) == 0);
    MUST(sn_accept(l, &b) == 0);
    CHECK_INT(sn_write(a, "x", 1, &n), 0);
    CHECK_INT(sn_read(b, &c, 1, &n), 0);
    CHECK_INT(c, 'x');
    sn_conn_free(a);
    sn_conn_free(b);
}

/* Byte i of the stream that starts with `seed`: any loss, doubling or swap shows. */
static inline unsigned char stream_byte(uint32_t seed, uint64_t i) {
    uint64_t x = (i / 8 + seed) * UINT64_C(0x9e3779b97f4a7c15);
    return (unsigned char)(x >> (8 * (i % 8)));
}

typedef struct stream_job {
    sn_conn *c;
    uint64_t n;
    uint32_t seed;
    int *result; /* 0 when all went well; -1 wrong bytes; else the error */
} stream_job;

/* Writes n bytes of a stream in pieces of all sizes, then ends the writing side. */
static inline int send_stream(void *arg) {
    stream_job *j = arg;
    enum { ROOM = 40000 };
    unsigned char *buf = malloc(ROOM);
    int err = buf ? 0 : SN_ENOMEM;
    for (uint64_t at = 0, k = 1; at < j->n && err == 0; k++) {
        size_t n = (size_t)(k * 7919 % ROOM) + 1, done;
        if (n > j->n - at) n = (size_t)(j->n - at);
        for (size_t i = 0; i < n; i++) buf[i] = stream_byte(j->seed, at + i);
        err = sn_write(j->c, buf, n, &done);
        at += done;
    }
    if (err == 0) err = sn_shutdown_write(j->c);
    free(buf);
    *j->result = err;
    return 0;
}

/* Reads to the end and compares. */
static inline int receive_stream(void *arg) {
    stream_job *j = arg;
    enum { ROOM = 30000 };
    unsigned char *buf = malloc(ROOM);
    int err = buf ? 0 : SN_ENOMEM;
    uint64_t at = 0;
    while (err == 0) {
        size_t done;
        err = sn_read(j->c, buf, ROOM, &done);
        if (err || done == 0) break;
        for (size_t i = 0; i < done && err == 0; i++) {
            if (buf[i] != stream_byte(j->seed, at + i)) err = -1;
        }
        at += done;
    }
    free(buf);
    *j->result = err ? err : at == j->n ? 0 : -1;
    return 0;
}

#endif
