/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Names of hosts to addresses.
 *
 *   names.c          which of the two is asked
 *   names_cares.c    c-ares on the poller: parks, costs no thread; names_none.c where it is missing
 *   names_libc.c     getaddrinfo on a helper thread: what the system's configuration says (LDAP,
 *                    mDNS, …), and left behind when its caller does not wait any more
 */
#ifndef SENNIT_IO_NAMES_H
#define SENNIT_IO_NAMES_H

#include "io/addr.h"

/* The addresses of a name. Parks; observes the scope. 0 and at least one; SN_ENOENT (no such name,
 * or none with an address), SN_EAGAIN (the servers do not answer, or cannot), SN_EINVAL (cannot be
 * a name), SN_EIO, SN_ENOMEM, SN_EMFILE; SN_ECANCELED, SN_ETIMEDOUT from the scope. */
int sn__names_lookup(const char *host, uint16_t port, sn__addrs *out);

/* The two ways. SN_ENOSYS of the first: c-ares was not there when this was built. */
int sn__names_cares(const char *host, uint16_t port, sn__addrs *out);
int sn__names_libc(const char *host, uint16_t port, sn__addrs *out);

#endif
