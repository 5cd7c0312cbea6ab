/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Child processes: their life from start to reaping.
 *
 * `ended` is a descriptor that becomes readable when the child has ended: its pidfd, or, on kernels
 * that have none, an eventfd that a thread of the child's own writes after it stood in waitid. That
 * thread has a duplicate of the eventfd and nothing else of ours, so nobody waits for it.
 *
 * `lock` orders reaping and killing: what is reaped gets no signal any more, since its number may
 * be another's by then. `turn` puts those that wait in a row, as one edge may wake but one of them.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sennit/go.h>
#include <sennit/sync.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "core/sched.h"
#include "io/fdconn.h"
#include "io/socket.h"
#include "io/sys.h"
#include "io/sys_child.h"
#include "port/port.h"
#include "sched/smp/settings.h"

#define ALL_FLAGS                                                                                  \
    (SN_CHILD_IN | SN_CHILD_OUT | SN_CHILD_ERR | SN_CHILD_ERR_OUT | SN_CHILD_GROUP |               \
     SN_CHILD_STDERR)

struct sn_child {
    int pid;
    bool group;
    sn__lockw lock; /* over `reaped`, `status` and the system calls that depend on them */
    int reaped;     /* 1, or SN_EIO: lost to somebody else */
    int status;
    sn_mutex turn;
    sn__pd *ended;
    sn_conn *stream[3];
};

/* The descriptors of a start: ours to keep, the child's to be closed here once it has begun. */
typedef struct ends {
    int own[3], null;
    int theirs[3];
} ends;

/* ---- Its end ---- */

typedef struct watch {
    int pid, fd;
} watch;

static void watcher(void *arg) {
    watch w = *(watch *)arg;
    free(arg);
    pthread_detach(pthread_self());
    sn__sys_child_await(w.pid);
    sn__sys_eventfd_put(w.fd);
    sn__sys_close(w.fd);
}

static int start_watcher(int pid, int event) {
    uintptr_t thread;
    watch *w = malloc(sizeof *w);
    if (!w) return SN_ENOMEM;
    *w = (watch){pid, sn__sys_dup(event)};
    int err = w->fd < 0 ? w->fd : sn__os_thread(&thread, watcher, w, "sennit-child");
    if (!err) return 0;
    if (w->fd >= 0) sn__sys_close(w->fd);
    free(w);
    return err;
}

/* Sees to it that c->ended tells of its end. `pidfd`: -1 if there is none; else taken. */
static int watch_end(sn_child *c, int pidfd) {
    int fd = pidfd >= 0 ? pidfd : sn__sys_eventfd();
    if (fd < 0) return fd;
    int err = pidfd >= 0 ? 0 : start_watcher(c->pid, fd);
    if (err == 0) err = sn__pd_open(&c->ended, fd);
    if (err) sn__sys_close(fd);
    return err;
}

/* 1 and the status if it has ended, 0 if it lives, SN_EIO when its status is lost. */
static int reap(sn_child *c, int *status) {
    sn__g *g = sn__enter();
    sn__lock(&c->lock);
    if (!c->reaped) c->reaped = sn__sys_child_reap(c->pid, &c->status);
    int r = c->reaped;
    *status = c->status;
    sn__unlock(&c->lock);
    sn__leave(g);
    return r;
}

/* With the turn. */
static int wait_here(sn_child *c, sn_time until, int *status) {
    int r, err = 0;
    while ((r = reap(c, status)) == 0 && err == 0) err = sn__pd_wait(c->ended, SN__PD_READ, until);
    return r < 0 ? r : r ? 0 : err;
}

int sn_child_wait(sn_child *c, sn_time until, int *status) {
    *status = 0;
    int err = sn_canceled();
    if (err == 0) err = sn_lock_until(&c->turn, until);
    if (err) return err;
    err = wait_here(c, until, status);
    sn_unlock(&c->turn);
    return err;
}

int sn_child_kill(sn_child *c, int signo) {
    if (signo < 0 || signo > 64) return SN_EINVAL;
    sn__g *g = sn__enter();
    sn__lock(&c->lock);
    int r = c->reaped ? SN_ENOENT : sn__sys_child_kill(c->pid, c->group, signo);
    sn__unlock(&c->lock);
    sn__leave(g);
    return r;
}

int sn_child_pid(const sn_child *c) { return c->pid; }

sn_conn *sn_child_stream(const sn_child *c, int fd) {
    return fd < 0 || fd > 2 ? NULL : c->stream[fd];
}

static void free_streams(sn_child *c) {
    for (int i = 0; i < 3; i++) sn_conn_free(c->stream[i]);
}

/* It may have left the group that it led. */
static void kill_it(sn_child *c) {
    if (sn_child_kill(c, SIGKILL) == 0 || !c->group) return;
    c->group = false;
    (void)!sn_child_kill(c, SIGKILL);
}

void sn_child_free(sn_child *c) {
    int status;
    if (!c) return;
    uint32_t was = sn_shield(1);
    kill_it(c);
    (void)!sn_child_wait(c, SN_NEVER, &status);
    sn_shield(was);
    free_streams(c);
    if (c->ended) sn__pd_free(c->ended);
    free(c);
}

/* ---- Its begin ---- */

static bool makes_sense(const sn_child_how *how) {
    unsigned f = how->flags;
    if (how->size != sizeof *how || !how->argv || !how->argv[0] || (f & ~(unsigned)ALL_FLAGS))
        return false;
    if (how->fds_n > SN_CHILD_FDS_MAX || (how->fds_n && !how->fds)) return false;
    for (size_t i = 0; i < how->fds_n; i++) {
        int there = how->fds[i].there;
        if (there < 0 || there > 1023) return false;
        for (size_t k = 0; k < i; k++)
            if (how->fds[k].there == there) return false;
    }
    unsigned err = f & (SN_CHILD_ERR | SN_CHILD_ERR_OUT | SN_CHILD_STDERR);
    return (err & (err - 1)) == 0; /* one of them at most */
}

/* Whether it shall have what is no descriptor. What is one, but not open, shows when it is begun.
 */
static bool lacks_one(const sn_child_how *how) {
    for (size_t i = 0; i < how->fds_n; i++)
        if (how->fds[i].here < 0) return true;
    return false;
}

/* A way between us and its descriptor `i`. What we write goes over a socket: writing to a pipe that
 * nobody reads raises a signal. */
static int make_way(ends *e, int i) {
    int end[2];
    int err = i == 0 ? sn__sys_socketpair(end) : sn__sys_pipe(end);
    if (err) return err;
    e->own[i] = end[0];
    e->theirs[i] = end[1];
    return sn__sys_nonblock(end[0]);
}

static int make_ends(ends *e, unsigned flags) {
    static const unsigned flag[3] = {SN_CHILD_IN, SN_CHILD_OUT, SN_CHILD_ERR};
    int err = 0;
    *e = (ends){{-1, -1, -1}, sn__sys_open("/dev/null", O_RDWR, 0), {-1, -1, -1}};
    if (e->null < 0) return e->null;
    for (int i = 0; i < 3 && err == 0; i++)
        if (flags & flag[i]) err = make_way(e, i);
    return err;
}

static void close_one(int *fd) {
    if (*fd >= 0) sn__sys_close(*fd);
    *fd = -1;
}

static void close_theirs(ends *e) {
    for (int i = 0; i < 3; i++) close_one(&e->theirs[i]);
    close_one(&e->null);
}

static int listed(const sn_child_how *how, int there) {
    for (size_t i = 0; i < how->fds_n; i++)
        if (how->fds[i].there == there) return how->fds[i].here;
    return -1;
}

static void plan_fds(sn__birth *b, const sn_child_how *how, const ends *e) {
    int std[3];
    for (int i = 0; i < 3; i++) {
        std[i] = e->theirs[i] >= 0 ? e->theirs[i] : listed(how, i);
        if (i == 2 && std[i] < 0 && (how->flags & SN_CHILD_ERR_OUT)) std[i] = std[1];
        if (i == 2 && std[i] < 0 && (how->flags & SN_CHILD_STDERR)) std[i] = 2;
        if (std[i] < 0) std[i] = e->null;
        b->fds[b->fds_n++] = (sn_child_fd){i, std[i]};
    }
    for (size_t i = 0; i < how->fds_n; i++)
        if (how->fds[i].there > 2) b->fds[b->fds_n++] = how->fds[i];
}

static int wrap_socket(sn_conn **c, int *fd) {
    const sn__addr none = {.u.sa.sa_family = AF_UNIX};
    sn__pd *pd;
    int err = sn__pd_open(&pd, *fd);
    if (err) return err;
    *fd = -1;
    err = sn__socket_conn(c, pd, &none);
    if (err) sn__pd_free(pd);
    return err;
}

static int wrap_streams(sn_child *c, ends *e) {
    int err = e->own[0] >= 0 ? wrap_socket(&c->stream[0], &e->own[0]) : 0;
    for (int i = 1; i < 3 && err == 0; i++) {
        if (e->own[i] < 0) continue;
        err = sn__fdconn(&c->stream[i], e->own[i], "pipe");
        if (err == 0) e->own[i] = -1;
    }
    return err;
}

static int give_birth(sn_child *c, const sn_child_how *how, ends *e) {
    int pidfd;
    sn__birth b = {
        .argv = how->argv, .env = how->env, .dir = how->dir, .group = how->flags & SN_CHILD_GROUP};
    plan_fds(&b, how, e);
    int pid = sn__sys_child_start(&b, sn__set.no_pidfd, &pidfd);
    if (pid < 0) return pid;
    c->pid = pid;
    c->group = b.group;
    return watch_end(c, pidfd);
}

/* It has begun, but we cannot wait for it as we should: so end it on the spot. */
static void end_now(sn_child *c) {
    (void)sn__sys_child_kill(c->pid, c->group, SIGKILL);
    (void)sn__sys_child_kill(c->pid, false, SIGKILL); /* if it has left that */
    sn__sys_child_await(c->pid);
    (void)sn__sys_child_reap(c->pid, &c->status);
}

int sn_child_start(sn_child **out, const sn_child_how *how) {
    ends e;
    *out = NULL;
    int err = !makes_sense(how) ? SN_EINVAL : lacks_one(how) ? SN_EBADF : sn_canceled();
    if (err) return err;
    sn_child *c = calloc(1, sizeof *c);
    if (!c) return SN_ENOMEM;
    err = make_ends(&e, how->flags);
    if (err == 0) err = wrap_streams(c, &e);
    if (err == 0) err = give_birth(c, how, &e);
    close_theirs(&e);
    if (err == 0) {
        *out = c;
        return 0;
    }
    if (c->pid) end_now(c);
    for (int i = 0; i < 3; i++) close_one(&e.own[i]);
    free_streams(c);
    if (c->ended) sn__pd_free(c->ended);
    free(c);
    return err;
}

/* ---- Its output ---- */

/* Reads to the end; *n bytes of at most max, and room for a 0. */
static int collect(sn_conn *from, size_t max, char **out, size_t *n) {
    size_t room = 0, done = 1;
    int err = 0;
    while (err == 0 && done > 0) {
        if (*n + 1 >= room) {
            room = room ? room * 2 : 512;
            if (room > max + 2) room = max + 2; /* a byte too many tells that there is more */
            char *more = realloc(*out, room);
            if (!more) return SN_ENOMEM;
            *out = more;
        }
        err = sn_read(from, *out + *n, room - *n - 1, &done);
        *n += done;
        if (*n > max) return SN_EFBIG;
    }
    (*out)[*n] = 0;
    return err;
}

int sn_child_output(const sn_child_how *how, size_t max, char **out, size_t *n, int *status) {
    sn_child *c;
    sn_child_how h = *how;
    *out = NULL;
    *n = 0;
    *status = 0;
    if (h.flags & (SN_CHILD_IN | SN_CHILD_ERR) || max > SIZE_MAX / 4) return SN_EINVAL;
    h.flags |= SN_CHILD_OUT;
    int err = sn_child_start(&c, &h);
    if (err) return err;
    err = collect(c->stream[1], max, out, n);
    if (err == 0) err = sn_child_wait(c, SN_NEVER, status);
    sn_child_free(c);
    if (err == 0) return 0;
    free(*out);
    *out = NULL;
    *n = 0;
    return err;
}
