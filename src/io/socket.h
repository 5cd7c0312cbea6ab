/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Connections that are sockets. */
#ifndef SENNIT_IO_SOCKET_H
#define SENNIT_IO_SOCKET_H

#include "io/addr.h"
#include "io/poll.h"

#include <sennit/net.h>

/* Makes a connection of a connected socket. Takes `pd` on success. SN_ENOMEM. */
int sn__socket_conn(sn_conn **c, sn__pd *pd, const sn__addr *peer);
/* For calls that the connection interface does not have. The socket behind a connection that is a
 * Unix socket, else NULL. */
typedef struct sn__sock sn__sock;
sn__sock *sn__socket_unix(const sn_conn *c);
sn__pd *sn__socket_pd(const sn__sock *s);
/* On entry: the scope, then a reference to the descriptor, to be given back by sn__pd_unref. */
int sn__socket_begin(sn__sock *s);
/* Parks until it may be tried again, or the deadline of that side. */
int sn__socket_wait(sn__sock *s, int mode);
/* The own address of a socket. */
int sn__socket_name(int fd, sn__addr *out);
/* What every TCP socket of ours has set: no waiting for more to send (TCP_NODELAY). */
int sn__socket_tcp_options(int fd);

#endif
