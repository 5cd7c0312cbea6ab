/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "io/linux_calls.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel_call.h"
#include "port/sanitize.h"

int sn__epoll_pwait2(int ep, struct epoll_event *ev, int n, const int64_t t[2]) {
    enum { SET_BYTES = 8 };
    return (int)syscall(SYS_epoll_pwait2, ep, ev, n, t, NULL, SET_BYTES);
}

/* The position goes in two halves, of which machines of 64 bits take the first whole. */
ssize_t sn__preadv2(int fd, const struct iovec *v, int n, uint64_t at, int flags) {
    return syscall(SYS_preadv2, fd, v, n, (long)at, (long)(at >> 32), flags);
}

#if defined(SN__ASAN) || defined(SN__TSAN)
static ssize_t told(ssize_t r) { return r < 0 ? -errno : r; }
ssize_t sn__recv(int fd, void *buf, size_t n) { return told(recv(fd, buf, n, 0)); }
ssize_t sn__send(int fd, const void *buf, size_t n) { return told(send(fd, buf, n, MSG_NOSIGNAL)); }
#else
ssize_t sn__recv(int fd, void *buf, size_t n) {
    return sn__kernel_call(SYS_recvfrom, fd, (long)buf, (long)n, 0, 0, 0);
}

ssize_t sn__send(int fd, const void *buf, size_t n) {
    return sn__kernel_call(SYS_sendto, fd, (long)buf, (long)n, MSG_NOSIGNAL, 0, 0);
}
#endif
