/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Messages with descriptors in them. */
#include "io/sys_unix.h"

#include <errno.h>
#include <string.h>
#include <sys/un.h>

#include "io/errmap.h"

#define OUTLINED __attribute__((noinline))

typedef union room {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(SN_UNIX_FDS_MAX * sizeof(int))];
} room;

OUTLINED ssize_t sn__sys_send_fds(int fd, const void *buf, size_t n, const int *fds, size_t fds_n,
                                  const struct sockaddr *to, socklen_t len) {
    struct iovec v = {(void *)(uintptr_t)buf, n};
    room r;
    struct msghdr m = {.msg_name = (void *)(uintptr_t)to,
                       .msg_namelen = to ? len : 0,
                       .msg_iov = &v,
                       .msg_iovlen = 1};
    memset(&r, 0, sizeof r);
    if (fds_n > 0) {
        m.msg_control = r.bytes;
        m.msg_controllen = CMSG_SPACE(fds_n * sizeof *fds);
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(fds_n * sizeof *fds);
        memcpy(CMSG_DATA(c), fds, fds_n * sizeof *fds);
    }
    ssize_t done;
    do {
        done = sendmsg(fd, &m, MSG_NOSIGNAL);
    } while (done < 0 && errno == EINTR);
    return done < 0 ? sn__errmap(errno) : done;
}

static void collect(struct msghdr *m, sn__sys_got *got) {
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
        size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(got->fds + got->fds_n, CMSG_DATA(c), n * sizeof(int));
        got->fds_n += n; /* all together they had no more room than ours */
    }
    got->too_many = (m->msg_flags & MSG_CTRUNC) != 0;
}

OUTLINED ssize_t sn__sys_recv_fds(int fd, void *buf, size_t n, struct sockaddr *from,
                                  socklen_t from_room, sn__sys_got *got) {
    struct iovec v = {buf, n};
    room r;
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
    ssize_t done;
    do {
        m.msg_name = from;
        m.msg_namelen = from ? from_room : 0;
        m.msg_control = r.bytes;
        m.msg_controllen = sizeof r.bytes;
        done = recvmsg(fd, &m, MSG_CMSG_CLOEXEC | MSG_TRUNC);
    } while (done < 0 && errno == EINTR);
    *got = (sn__sys_got){.fds_n = 0};
    if (done < 0) return sn__errmap(errno);
    got->len = m.msg_namelen;
    collect(&m, got);
    return done;
}

OUTLINED int sn__sys_peer_cred(int fd, sn_unix_cred *who) {
    struct ucred u;
    socklen_t len = sizeof u;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &u, &len) < 0) return sn__errmap(errno);
    *who = (sn_unix_cred){u.pid, u.uid, u.gid};
    return 0;
}
