/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* System calls with errno taken at once: see sys.h for why none may be inlined. */
#include "io/sys.h"

#include "io/errmap.h"
#include "io/linux_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/sched.h"

#define OUTLINED __attribute__((noinline))

/* Runs `call` until no signal interrupts it and leaves its result, or the error, in `r`. */
#define REPEAT(r, call)                                                                            \
    do {                                                                                           \
        (r) = (call);                                                                              \
    } while ((r) < 0 && errno == EINTR);                                                           \
    if ((r) < 0) (r) = sn__errmap(errno)

OUTLINED int sn__sys_socket(int family) {
    int r;
    REPEAT(r, socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    return r;
}

OUTLINED int sn__sys_dgram_socket(int family) {
    int r;
    REPEAT(r, socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    return r;
}

OUTLINED int sn__sys_connect(int fd, const struct sockaddr *sa, socklen_t len) {
    if (connect(fd, sa, len) == 0) return 0;
    /* An interrupted connect goes on by itself. */
    if (errno == EINPROGRESS || errno == EINTR) return 1;
    /* TCP has no local port left, and says what a Unix socket says when the queue is full. */
    if (errno == EAGAIN && sa->sa_family != AF_UNIX) return SN_EADDRNOTAVAIL;
    return sn__errmap(errno);
}

OUTLINED int sn__sys_connected(int fd) {
    int eno = 0;
    socklen_t len = sizeof eno;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &eno, &len) < 0) return sn__errmap(errno);
    if (eno) return sn__errmap(eno);
    /* No error is not yet a connection: the wake-up may have been for nothing. */
    struct sockaddr_storage peer;
    len = sizeof peer;
    if (getpeername(fd, (struct sockaddr *)&peer, &len) == 0) return 0;
    return errno == ENOTCONN ? SN_EAGAIN : sn__errmap(errno);
}

OUTLINED int sn__sys_bind(int fd, const struct sockaddr *sa, socklen_t len) {
    int r;
    REPEAT(r, bind(fd, sa, len));
    return r;
}

OUTLINED int sn__sys_bind_listen(int fd, const struct sockaddr *sa, socklen_t len, int backlog) {
    int r = sn__sys_bind(fd, sa, len);
    if (r < 0) return r;
    REPEAT(r, listen(fd, backlog));
    return r;
}

/* The connection at the head of the queue is no more; the next may be fine. Linux hands over what
 * its network had noted on it. */
static int is_of_one_connection(int eno) {
    return eno == ECONNABORTED || eno == EPROTO || eno == ENOPROTOOPT || eno == ENONET ||
           eno == ENETDOWN || eno == ENETUNREACH || eno == EHOSTDOWN || eno == EHOSTUNREACH;
}

OUTLINED int sn__sys_accept(int fd, struct sockaddr *sa, socklen_t *len) {
    socklen_t room = *len;
    int r;
    do {
        *len = room;
        r = accept4(fd, sa, len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    } while (r < 0 && (errno == EINTR || is_of_one_connection(errno)));
    return r < 0 ? sn__errmap(errno) : r;
}

OUTLINED int sn__sys_setopt(int fd, int level, int name, int value) {
    int r;
    REPEAT(r, setsockopt(fd, level, name, &value, sizeof value));
    return r;
}

OUTLINED int sn__sys_no_linger(int fd) {
    const struct linger none = {.l_onoff = 1};
    int r;
    REPEAT(r, setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none));
    return r;
}

OUTLINED int sn__sys_getopt(int fd, int level, int name, int *value) {
    int r;
    socklen_t len = sizeof *value;
    REPEAT(r, getsockopt(fd, level, name, value, &len));
    return r;
}

OUTLINED int sn__sys_nonblock(int fd) {
    int r;
    REPEAT(r, fcntl(fd, F_SETFD, FD_CLOEXEC));
    if (r < 0) return r;
    REPEAT(r, fcntl(fd, F_GETFL));
    if (r < 0) return r;
    int flags = r | O_NONBLOCK;
    REPEAT(r, fcntl(fd, F_SETFL, flags));
    return r;
}

OUTLINED int sn__sys_shutdown_write(int fd) {
    int r;
    REPEAT(r, shutdown(fd, SHUT_WR));
    return r;
}

OUTLINED int sn__sys_sockname(int fd, struct sockaddr *sa, socklen_t *len) {
    int r;
    REPEAT(r, getsockname(fd, sa, len));
    return r;
}

OUTLINED ssize_t sn__sys_sendmsg(int fd, const struct msghdr *m) {
    ssize_t r;
    REPEAT(r, sendmsg(fd, m, MSG_NOSIGNAL));
    return r;
}

OUTLINED ssize_t sn__sys_sendto(int fd, const void *buf, size_t n, const struct sockaddr *sa,
                                socklen_t len) {
    ssize_t r;
    REPEAT(r, sendto(fd, buf, n, MSG_NOSIGNAL, sa, len));
    return r;
}

OUTLINED ssize_t sn__sys_recvfrom(int fd, void *buf, size_t n, struct sockaddr *sa,
                                  socklen_t *len) {
    ssize_t r;
    REPEAT(r, recvfrom(fd, buf, n, MSG_TRUNC, sa, len));
    return r;
}

OUTLINED int sn__sys_eventfd(void) {
    int r;
    REPEAT(r, eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    return r;
}

OUTLINED void sn__sys_eventfd_put(int fd) {
    const uint64_t one = 1;
    ssize_t r;
    REPEAT(r, write(fd, &one, sizeof one));
}

OUTLINED int sn__sys_eventfd_take(int fd) {
    uint64_t count;
    ssize_t r;
    REPEAT(r, read(fd, &count, sizeof count));
    return r < 0 ? (int)r : 0;
}

OUTLINED int sn__sys_set_new(void) {
    int r;
    REPEAT(r, epoll_create1(EPOLL_CLOEXEC));
    return r;
}

OUTLINED int sn__sys_set_watch(int set, int fd, int in, int out) {
    struct epoll_event e = {.events = (in ? EPOLLIN : 0u) | (out ? EPOLLOUT : 0u), .data.fd = fd};
    if (!e.events) {
        (void)epoll_ctl(set, EPOLL_CTL_DEL, fd, &e); /* it may have been closed, or never been in */
        return 0;
    }
    int r = epoll_ctl(set, EPOLL_CTL_MOD, fd, &e);
    if (r < 0 && errno == ENOENT) r = epoll_ctl(set, EPOLL_CTL_ADD, fd, &e);
    return r < 0 ? sn__errmap(errno) : 0;
}

OUTLINED int sn__sys_set_ready(int set, sn__sys_event *ev, int n) {
    enum { MOST = 16 };
    struct epoll_event e[MOST];
    int r;
    REPEAT(r, epoll_wait(set, e, n < MOST ? n : MOST, 0));
    for (int i = 0; i < r; i++) {
        uint32_t what = e[i].events, broken = what & (EPOLLERR | EPOLLHUP);
        ev[i] = (sn__sys_event){e[i].data.fd, what & EPOLLIN || broken, what & EPOLLOUT || broken};
    }
    return r;
}

OUTLINED int sn__sys_open(const char *path, int flags, unsigned mode) {
    int r;
    REPEAT(r, open(path, flags | O_CLOEXEC, mode));
    return r;
}

OUTLINED void sn__sys_close(int fd) { (void)close(fd); }

OUTLINED int sn__sys_dup(int fd) {
    int r;
    REPEAT(r, fcntl(fd, F_DUPFD_CLOEXEC, 0));
    return r;
}

OUTLINED ssize_t sn__sys_read(int fd, void *buf, size_t n) {
    ssize_t r;
    REPEAT(r, read(fd, buf, n));
    return r;
}

OUTLINED ssize_t sn__sys_write(int fd, const void *buf, size_t n) {
    ssize_t r;
    REPEAT(r, write(fd, buf, n));
    return r;
}

OUTLINED ssize_t sn__sys_pread(int fd, void *buf, size_t n, uint64_t at) {
    ssize_t r;
    REPEAT(r, pread(fd, buf, n, (off_t)at));
    return r;
}

OUTLINED ssize_t sn__sys_pread_cached(int fd, void *buf, size_t n, uint64_t at) {
    struct iovec v = {buf, n};
    ssize_t r;
    do {
        r = sn__preadv2(fd, &v, 1, at, SN__RWF_NOWAIT);
    } while (r < 0 && errno == EINTR);
    if (r >= 0) return r;
    return errno == EOPNOTSUPP || errno == ENOSYS ? SN_ENOSYS : sn__errmap(errno);
}

void sn__sys_will_block(void) { sn__give_away(); }

OUTLINED ssize_t sn__sys_pwrite(int fd, const void *buf, size_t n, uint64_t at) {
    ssize_t r;
    REPEAT(r, pwrite(fd, buf, n, (off_t)at));
    return r;
}

OUTLINED int sn__sys_fdatasync(int fd) {
    int r;
    REPEAT(r, fdatasync(fd));
    return r;
}

OUTLINED int sn__sys_fsync(int fd) {
    int r;
    REPEAT(r, fsync(fd));
    return r;
}

OUTLINED int sn__sys_ftruncate(int fd, uint64_t size) {
    int r;
    REPEAT(r, ftruncate(fd, (off_t)size));
    return r;
}

OUTLINED int sn__sys_fchmod(int fd, unsigned mode) {
    int r;
    REPEAT(r, fchmod(fd, mode));
    return r;
}

OUTLINED int sn__sys_fstat(int fd, struct stat *st) {
    int r;
    REPEAT(r, fstat(fd, st));
    return r;
}

OUTLINED int sn__sys_stat(const char *path, struct stat *st) {
    int r;
    REPEAT(r, stat(path, st));
    return r;
}

OUTLINED int sn__sys_rename(const char *from, const char *to) {
    int r;
    REPEAT(r, rename(from, to));
    return r;
}

OUTLINED int sn__sys_remove(const char *path) {
    int r;
    REPEAT(r, remove(path));
    return r;
}

OUTLINED int sn__sys_mkdir(const char *path, unsigned mode) {
    int r;
    REPEAT(r, mkdir(path, mode));
    return r;
}

OUTLINED int sn__sys_opendir(const char *path, DIR **d) {
    *d = opendir(path);
    return *d ? 0 : sn__errmap(errno);
}

OUTLINED int sn__sys_readdir(DIR *d, const char **name) {
    errno = 0;
    struct dirent *e = readdir(d);
    *name = e ? e->d_name : NULL;
    return e || errno == 0 ? 0 : sn__errmap(errno);
}

OUTLINED void sn__sys_closedir(DIR *d) { (void)closedir(d); }

OUTLINED int sn__sys_lock(int fd, int exclusive) {
    struct flock l = {.l_type = exclusive ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET};
    int r;
    REPEAT(r, fcntl(fd, F_OFD_SETLK, &l));
    return r == SN_EACCES || r == SN_EAGAIN ? SN_EBUSY : r;
}
