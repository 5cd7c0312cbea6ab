/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Connections over descriptors that are no sockets: pipes, serial ports. */
#ifndef SENNIT_IO_FDCONN_H
#define SENNIT_IO_FDCONN_H

#include "io/poll.h"

#include <sennit/net.h>

/* Makes a connection of a descriptor that read(2) and write(2) serve. It is called `name` (which
 * must live as long) where an address is asked for. Takes `fd`, which must not block, on success.
 * SN_ENOMEM, SN_EPERM. Writing to a pipe whose reader has gone raises SIGPIPE: so these are for
 * reading ends only. */
int sn__fdconn(sn_conn **c, int fd, const char *name);
/* The poller's handle of such a connection; NULL for others. */
sn__pd *sn__fdconn_pd(const sn_conn *c);

#endif
