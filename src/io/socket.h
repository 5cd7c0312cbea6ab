/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Connections that are sockets. */
#ifndef SENNIT_IO_SOCKET_H
#define SENNIT_IO_SOCKET_H

#include "io/addr.h"
#include "io/poll.h"

#include <sennit/net.h>

/* Makes a connection of a connected socket. Takes `pd` on success. SN_ENOMEM. */
int sn__socket_conn(sn_conn **c, sn__pd *pd, const sn__addr *peer);
/* The own address of a socket. */
int sn__socket_name(int fd, sn__addr *out);
/* What every TCP socket of ours has set: no waiting for more to send (TCP_NODELAY). */
int sn__socket_tcp_options(int fd);

#endif
