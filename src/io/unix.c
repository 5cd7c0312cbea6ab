/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Descriptors and credentials over Unix stream sockets; datagrams between Unix sockets. What
 * arrives and cannot be given to the caller is closed here: a peer cannot fill our table of
 * descriptors. */
#include <sennit/go.h>
#include <sennit/sync.h>
#include <sennit/time.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "io/socket.h"
#include "io/sys.h"
#include "io/sys_unix.h"

struct sn_unix_dgram {
    sn__pd *pd;
    sn_mutex turn;        /* of those that receive, as in dgram.c */
    _Atomic(char *) file; /* that we bound: removed at the close, once */
};

/* Gives the caller what came, or closes it. */
static int hand_out(const sn__sys_got *got, int *fds, size_t *fds_n, size_t room) {
    int fits = !got->too_many && got->fds_n <= room;
    for (size_t i = 0; i < got->fds_n; i++) {
        if (fits)
            fds[i] = got->fds[i];
        else
            sn__sys_close(got->fds[i]);
    }
    if (fds_n) *fds_n = fits ? got->fds_n : 0;
    return fits ? 0 : SN_E2BIG;
}

/* ---- Streams ---- */

int sn_unix_peer(const sn_conn *c, sn_unix_cred *who) {
    sn__sock *s = sn__socket_unix(c);
    *who = (sn_unix_cred){0};
    if (!s) return SN_EINVAL;
    int err = sn__pd_ref(sn__socket_pd(s));
    if (err) return err;
    err = sn__sys_peer_cred(sn__pd_fd(sn__socket_pd(s)), who);
    sn__pd_unref(sn__socket_pd(s));
    return err;
}

/* The first piece, which the descriptors go with. */
static ssize_t send_first(sn__sock *s, const void *buf, size_t n, const int *fds, size_t fds_n) {
    for (;;) {
        ssize_t r = sn__sys_send_fds(sn__pd_fd(sn__socket_pd(s)), buf, n, fds, fds_n, NULL, 0);
        if (r != SN_EAGAIN) return r;
        int err = sn__socket_wait(s, SN__PD_WRITE);
        if (err) return err;
    }
}

int sn_unix_send(sn_conn *c, const void *buf, size_t n, const int *fds, size_t fds_n,
                 size_t *done) {
    sn__sock *s = sn__socket_unix(c);
    *done = 0;
    if (!s || n == 0) return SN_EINVAL;
    if (fds_n > SN_UNIX_FDS_MAX) return SN_E2BIG;
    int err = sn__socket_begin(s);
    if (err) return err;
    ssize_t r = send_first(s, buf, n, fds, fds_n);
    sn__pd_unref(sn__socket_pd(s));
    if (r < 0) return (int)r;
    size_t more = 0;
    if ((size_t)r < n) err = sn_write(c, (const char *)buf + r, n - (size_t)r, &more);
    *done = (size_t)r + more;
    return err;
}

int sn_unix_recv(sn_conn *c, void *buf, size_t n, size_t *done, int *fds, size_t *fds_n) {
    sn__sock *s = sn__socket_unix(c);
    sn__sys_got got;
    size_t room = *fds_n;
    *done = *fds_n = 0;
    if (!s || n == 0) return SN_EINVAL;
    int err = sn__socket_begin(s);
    if (err) return err;
    ssize_t r = sn__sys_recv_fds(sn__pd_fd(sn__socket_pd(s)), buf, n, NULL, 0, &got);
    while (r == SN_EAGAIN && (err = sn__socket_wait(s, SN__PD_READ)) == 0)
        r = sn__sys_recv_fds(sn__pd_fd(sn__socket_pd(s)), buf, n, NULL, 0, &got);
    sn__pd_unref(sn__socket_pd(s));
    if (r < 0) return err ? err : (int)r;
    *done = (size_t)r;
    return hand_out(&got, fds, fds_n, room);
}

/* ---- Datagrams ---- */

static int bind_to(int fd, const char *name) {
    const struct sockaddr_un any = {.sun_family = AF_UNIX};
    sn__addr a;
    if (!name) return sn__sys_bind(fd, (const struct sockaddr *)&any, sizeof any.sun_family);
    int err = sn__addr_unix(name, &a);
    return err ? err : sn__sys_bind(fd, &a.u.sa, a.len);
}

int sn_unix_dgram_open(sn_unix_dgram **d, const char *name) {
    char *file = NULL;
    *d = NULL;
    if (name && name[0] != '@' && !(file = strdup(name))) return SN_ENOMEM;
    sn_unix_dgram *x = calloc(1, sizeof *x);
    int fd = x ? sn__sys_dgram_socket(AF_UNIX) : SN_ENOMEM;
    int err = fd < 0 ? fd : bind_to(fd, name);
    if (err == 0 && (err = sn__pd_open(&x->pd, fd)) != 0 && file) (void)sn__sys_remove(file);
    if (err == 0) {
        atomic_init(&x->file, file);
        *d = x;
        return 0;
    }
    if (fd >= 0) sn__sys_close(fd);
    free(x);
    free(file);
    return err;
}

static int begin(sn_unix_dgram *d) {
    int err = sn_canceled();
    return err ? err : sn__pd_ref(d->pd);
}

/* A receiver whose queue is full makes no event at its senders: come again, less and less often. */
int sn_unix_dgram_send(sn_unix_dgram *d, const char *to, const void *buf, size_t n, const int *fds,
                       size_t fds_n) {
    sn__addr a;
    sn_time pause = SN_MILLISECOND / 4;
    if (fds_n > SN_UNIX_FDS_MAX) return SN_E2BIG;
    int err = sn__addr_unix(to, &a);
    while (err == 0 && (err = begin(d)) == 0) {
        ssize_t r = sn__sys_send_fds(sn__pd_fd(d->pd), buf, n, fds, fds_n, &a.u.sa, a.len);
        sn__pd_unref(d->pd);
        if (r != SN_EAGAIN) return r < 0 ? (int)r : 0;
        err = sn_sleep(pause);
        if (pause < 20 * SN_MILLISECOND) pause *= 2;
    }
    return err;
}

/* With the turn and a reference. */
static ssize_t next(sn_unix_dgram *d, void *buf, size_t n, sn__addr *from, sn__sys_got *got,
                    sn_time until) {
    for (;;) {
        ssize_t r = sn__sys_recv_fds(sn__pd_fd(d->pd), buf, n, &from->u.sa, sizeof from->u, got);
        from->len = got->len;
        if (r != SN_EAGAIN) return r;
        int err = sn__pd_wait(d->pd, SN__PD_READ, until);
        if (err) return err;
    }
}

static ssize_t next_in_turn(sn_unix_dgram *d, void *buf, size_t n, sn__addr *from, sn__sys_got *got,
                            sn_time until) {
    int err = sn_canceled();
    if (err) return err;
    if (!sn_trylock(&d->turn) && (err = sn_lock_until(&d->turn, until)) != 0) return err;
    ssize_t r = sn__pd_ref(d->pd);
    if (r == 0) {
        r = next(d, buf, n, from, got, until);
        sn__pd_unref(d->pd);
    }
    sn_unlock(&d->turn);
    return r;
}

int sn_unix_dgram_recv(sn_unix_dgram *d, void *buf, size_t n, size_t *done,
                       char from[SN_UNIX_NAME_MAX], int *fds, size_t *fds_n, sn_time until) {
    sn__addr a;
    sn__sys_got got;
    size_t room = fds_n ? *fds_n : SN_UNIX_FDS_MAX;
    *done = 0;
    if (fds_n) *fds_n = 0;
    if (from) from[0] = 0;
    memset(&a, 0, sizeof a);
    ssize_t r = next_in_turn(d, buf, n, &a, &got, until);
    if (r < 0) return (int)r;
    int cut = (size_t)r > n, unasked = !fds || !fds_n;
    *done = cut ? n : (size_t)r;
    if (from && a.len > sizeof a.u.sa.sa_family) (void)sn__addr_format(&a, from, SN_UNIX_NAME_MAX);
    int err = hand_out(&got, fds, fds_n, cut || unasked ? 0 : room);
    return cut ? SN_E2BIG : unasked ? 0 : err;
}

int sn_unix_dgram_addr(const sn_unix_dgram *d, char *buf, size_t n) {
    sn__addr a;
    buf[0] = 0;
    int err = sn__pd_ref(d->pd);
    if (err) return err;
    err = sn__socket_name(sn__pd_fd(d->pd), &a);
    sn__pd_unref(d->pd);
    return err ? err : sn__addr_format(&a, buf, n);
}

void sn_unix_dgram_close(sn_unix_dgram *d) {
    char *file = atomic_exchange(&d->file, NULL);
    if (file) (void)sn__sys_remove(file);
    free(file);
    sn__pd_close(d->pd);
}

void sn_unix_dgram_free(sn_unix_dgram *d) {
    if (!d) return;
    sn_unix_dgram_close(d);
    sn__pd_free(d->pd);
    free(d);
}
