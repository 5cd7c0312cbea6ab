/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The system calls of Unix sockets: see sys.h for their rules. */
#ifndef SENNIT_IO_SYS_UNIX_H
#define SENNIT_IO_SYS_UNIX_H

#include <sennit/unix.h>
#include <sys/socket.h>
#include <sys/types.h>

/* Sends with these descriptors, to `to` or, with to NULL, to the peer. */
ssize_t sn__sys_send_fds(int fd, const void *buf, size_t n, const int *fds, size_t fds_n,
                         const struct sockaddr *to, socklen_t len);
/* What came besides the bytes. */
typedef struct sn__sys_got {
    int fds[SN_UNIX_FDS_MAX]; /* close-on-exec */
    size_t fds_n;
    int too_many; /* there were more, which are closed */
    socklen_t len;
} sn__sys_got;
/* The bytes; of a datagram, the size it had. The sender's address into *from, if not NULL. */
ssize_t sn__sys_recv_fds(int fd, void *buf, size_t n, struct sockaddr *from, socklen_t room,
                         sn__sys_got *got);
int sn__sys_peer_cred(int fd, sn_unix_cred *who);

#endif
