/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Names by c-ares. Each look-up has a channel of c-ares of its own, driven by the coroutine that
 * asks: so nothing is shared, nothing runs for others, and leaving is ares_destroy.
 *
 * c-ares may have several sockets (more servers, TCP after a truncated answer). They are put into
 * an epoll set of the look-up's, and that set is what the coroutine waits for.
 *
 * `room` bounds how many look-ups go on at once: each has two descriptors at least.
 */
#include "io/names.h"

#include <ares.h>
#include <pthread.h>
#include <sennit/go.h>
#include <sennit/sync.h>
#include <sennit/time.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "io/poll.h"
#include "io/sys.h"

enum { AT_ONCE = 64, EVENTS = 8, ROUNDS = 64 };

typedef struct query {
    ares_channel ares;
    sn__pd *set;
    int set_fd;
    uint16_t port;
    sn__addrs *out;
    bool done;
    int err; /* of the set, or the answer when done */
} query;

static sn_sem room;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int library;

static void start_library(void) {
    library = ares_library_init(ARES_LIB_INIT_ALL);
    for (int i = 0; i < AT_ONCE; i++) sn_sem_post(&room);
}

static int error_of(int ares) {
    switch (ares) {
    case ARES_SUCCESS:
        return 0;
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
    case ARES_ENONAME:
        return SN_ENOENT;
    case ARES_ETIMEOUT:
    case ARES_ESERVFAIL:
    case ARES_EREFUSED:
    case ARES_ECONNREFUSED:
        return SN_EAGAIN;
    case ARES_EBADNAME:
        return SN_EINVAL;
    case ARES_ENOMEM:
        return SN_ENOMEM;
    default:
        return SN_EIO;
    }
}

/* Called by c-ares: it wants to hear of a socket, or no more. */
static void on_socket(void *arg, ares_socket_t fd, int in, int out) {
    query *q = arg;
    int err = sn__sys_set_watch(q->set_fd, fd, in, out);
    if (err && !q->err) q->err = err;
}

static void take(const query *q, const struct ares_addrinfo_node *n) {
    sn__addrs *out = q->out;
    for (out->n = 0; n && out->n < SN__ADDRS_MAX; n = n->ai_next) {
        if (n->ai_family != AF_INET && n->ai_family != AF_INET6) continue;
        sn__addr *a = &out->a[out->n++];
        memset(a, 0, sizeof *a);
        a->len = n->ai_addrlen;
        memcpy(&a->u, n->ai_addr, n->ai_addrlen);
        if (n->ai_family == AF_INET)
            a->u.in4.sin_port = htons(q->port);
        else
            a->u.in6.sin6_port = htons(q->port);
    }
}

/* Called by c-ares: the answer; or, by ares_destroy, that there will be none. */
static void on_answer(void *arg, int status, int timeouts, struct ares_addrinfo *found) {
    query *q = arg;
    (void)timeouts;
    q->done = true;
    q->err = error_of(status);
    if (status == ARES_SUCCESS) take(q, found->nodes);
    if (q->err == 0 && q->out->n == 0) q->err = SN_ENOENT;
    if (found) ares_freeaddrinfo(found);
}

static int open_set(query *q) {
    q->set_fd = sn__sys_set_new();
    if (q->set_fd < 0) return q->set_fd;
    int err = sn__pd_open(&q->set, q->set_fd);
    if (err) sn__sys_close(q->set_fd);
    return err;
}

static int open_channel(query *q) {
    struct ares_options o = {.sock_state_cb = on_socket, .sock_state_cb_data = q};
    const char *servers = secure_getenv("SENNIT_NAME_SERVERS");
    int rc = ares_init_options(&q->ares, &o, ARES_OPT_SOCK_STATE_CB);
    if (rc) return error_of(rc);
    if (!servers || !*servers) return 0;
    rc = ares_set_servers_ports_csv(q->ares, servers);
    if (rc) ares_destroy(q->ares);
    return rc == ARES_ENOMEM ? SN_ENOMEM : rc ? SN_EINVAL : 0;
}

/* What has happened at the sockets; at least what is overdue. c-ares takes a piece of what a socket
 * has and trusts to be asked again, while the set says only once that there is something: so until
 * there is nothing, or for so many rounds, after which the next wait does not wait. */
static void process(query *q) {
    sn__sys_event ev[EVENTS];
    int n = 1;
    for (int round = 0; n > 0 && !q->done; round++) {
        if (round == ROUNDS) {
            sn__pd_kick(q->set, SN__PD_READ);
            return;
        }
        n = sn__sys_set_ready(q->set_fd, ev, EVENTS);
        for (int i = 0; i < n && !q->done; i++)
            ares_process_fd(q->ares, ev[i].in ? ev[i].fd : ARES_SOCKET_BAD,
                            ev[i].out ? ev[i].fd : ARES_SOCKET_BAD);
    }
    if (!q->done) ares_process_fd(q->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

/* When c-ares wants to try again, or give up. */
static sn_time next_try(query *q) {
    struct timeval t, *left = ares_timeout(q->ares, NULL, &t);
    if (!left) return SN_NEVER;
    return sn_now() + left->tv_sec * SN_SECOND + (left->tv_usec + 1) * SN_MICROSECOND;
}

static int drive(query *q) {
    while (!q->done && !q->err) {
        int err = sn__pd_wait(q->set, SN__PD_READ, next_try(q));
        if (err == SN_ETIMEDOUT) err = sn_canceled();
        if (err) return err;
        process(q);
    }
    return q->err;
}

static int ask(query *q, const char *host) {
    const struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    int err = open_set(q);
    if (err) return err;
    err = open_channel(q);
    if (err == 0) {
        ares_getaddrinfo(q->ares, host, NULL, &hints, on_answer, q);
        err = drive(q);
        ares_destroy(q->ares);
    }
    sn__pd_free(q->set);
    return err;
}

int sn__names_cares(const char *host, uint16_t port, sn__addrs *out) {
    query q = {.port = port, .out = out};
    pthread_once(&once, start_library);
    if (library) return error_of(library);
    int err = sn_sem_wait(&room, SN_NEVER);
    if (err) return err;
    err = ask(&q, host);
    sn_sem_post(&room);
    return err;
}
