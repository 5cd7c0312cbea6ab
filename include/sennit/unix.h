/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What Unix sockets can besides carrying bytes (see sn_dial, sn_listen with "unix"): passing open
 * descriptors, saying who is there, and datagrams. Names are paths, or "@name" for abstract ones.
 * For coroutines. SN_ENOSYS under simulation. */
#ifndef SENNIT_UNIX_H
#define SENNIT_UNIX_H

#include <sennit/net.h>

SN_BEGIN_C

/** Who is at the other end: as of its connect or listen. */
typedef struct sn_unix_cred {
    int32_t pid;
    uint32_t uid, gid;
} sn_unix_cred;
/** Fills in *who. 0; SN_EINVAL when `c` is no Unix socket; SN_ECLOSED. Never parks. */
SN_API SN_MUST int sn_unix_peer(const sn_conn *c, sn_unix_cred *who);

/** Most descriptors that go with one call. */
#define SN_UNIX_FDS_MAX 16u
/**
 * As sn_write, and passes `fds_n` descriptors along with the first of the n >= 1 bytes. They stay
 * open here; the receiver has its own. SN_EINVAL when `c` is no Unix socket, or n is 0; SN_E2BIG
 * above SN_UNIX_FDS_MAX; SN_EBADF for one that is not open; else as sn_write.
 */
SN_API SN_PARKS int sn_unix_send(sn_conn *c, const void *buf, size_t n, const int *fds,
                                 size_t fds_n, size_t *done);
/**
 * As sn_read, and receives descriptors that came with these bytes: fds has room for *fds_n of them
 * (at most SN_UNIX_FDS_MAX are ever given), and *fds_n says how many there are. They are
 * close-on-exec, and the caller's to close. SN_E2BIG when more came than fds has room for, or than
 * this process may have open: then all of these are closed, *fds_n is 0, and *done bytes are in
 * buf. (sn_read closes descriptors that come unasked for.) *fds_n is 0 on other errors.
 */
SN_API SN_PARKS int sn_unix_recv(sn_conn *c, void *buf, size_t n, size_t *done, int *fds,
                                 size_t *fds_n);

typedef struct sn_unix_dgram sn_unix_dgram;
/** Longest name of a socket, with its end. */
#define SN_UNIX_NAME_MAX 109u
/** Opens a datagram socket at `name`; NULL: at an abstract name that the kernel chooses. A file is
 *  removed at the close. Never parks. The caller owns *d: sn_unix_dgram_free. 0; SN_EINVAL,
 *  SN_EADDRINUSE, SN_EACCES, SN_ENOENT, SN_EMFILE, SN_ENOMEM. *d is NULL on error. */
SN_API SN_MUST int sn_unix_dgram_open(sn_unix_dgram **d, const char *name);
/** Sends n bytes and fds_n descriptors as one datagram. It arrives, and in order. Parks while the
 *  receiver's queue is full. SN_EINVAL for a name; SN_ENOENT, SN_ECONNREFUSED: nobody is there;
 *  SN_E2BIG: too long, or too many descriptors; SN_EBADF; SN_EACCES; SN_ECLOSED; SN_ECANCELED,
 *  SN_ETIMEDOUT from the scope; SN_ENOMEM. */
SN_API SN_PARKS int sn_unix_dgram_send(sn_unix_dgram *d, const char *to, const void *buf, size_t n,
                                       const int *fds, size_t fds_n);
/** Receives one datagram, as sn_dgram_recv, and its descriptors, as sn_unix_recv. `from` (NULL: not
 *  wanted) gets its sender's name, "" if it has none; fds and fds_n may be NULL: then descriptors
 * are closed. SN_E2BIG when bytes or descriptors did not fit; then there are no descriptors. */
SN_API SN_PARKS int sn_unix_dgram_recv(sn_unix_dgram *d, void *buf, size_t n, size_t *done,
                                       char from[SN_UNIX_NAME_MAX], int *fds, size_t *fds_n,
                                       sn_time until);
/** Its own name. n > 0 bytes at buf, always terminated. SN_ERANGE when cut; SN_ECLOSED. Never
 *  parks. */
SN_API int sn_unix_dgram_addr(const sn_unix_dgram *d, char *buf, size_t n);
/** Closes for use: wakes who sends and receives with SN_ECLOSED. Safe while others use it. Never
 *  parks. */
SN_API void sn_unix_dgram_close(sn_unix_dgram *d);
/** Frees it (closing it if need be). Nobody may use it any more. NULL is fine. Never parks. */
SN_API void sn_unix_dgram_free(sn_unix_dgram *d);

SN_END_C
#endif
