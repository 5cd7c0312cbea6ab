/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Addresses as text and as the kernel has them. Pure: no system calls. */
#ifndef SENNIT_IO_ADDR_H
#define SENNIT_IO_ADDR_H

#include <netinet/in.h>
#include <sennit/base.h>
#include <sys/socket.h>
#include <sys/un.h>

#define SN__HOST_MAX 254 /* 253 characters of a DNS name and the end */
#define SN__ADDRS_MAX 8  /* most addresses of a name that are tried */

typedef struct sn__addr {
    socklen_t len;
    union {
        struct sockaddr sa;
        struct sockaddr_in in4;
        struct sockaddr_in6 in6;
        struct sockaddr_un un;
    } u;
} sn__addr;

typedef struct sn__addrs {
    size_t n;
    sn__addr a[SN__ADDRS_MAX];
} sn__addrs;

/* Splits "host:port" or "[v6]:port". 0, or SN_EINVAL: nothing else is accepted, no empty host, no
 * sign or space in the port. Brackets are taken off, and only IPv6 may stand in them. */
int sn__addr_split(const char *text, char host[SN__HOST_MAX], uint16_t *port);
/* The addresses of a numeric host, or of "localhost" (127.0.0.1, then ::1). SN_ENOENT for a name
 * that has to be looked up; SN_EINVAL for what cannot be one. */
int sn__addr_numeric(const char *host, uint16_t port, sn__addrs *out);
/* A path, or "@name" (abstract). SN_EINVAL when empty or longer than the kernel's 107 bytes. */
int sn__addr_unix(const char *path, sn__addr *out);
/* As text: see sn_peer_addr; a Unix address is its path or "@name". SN_ERANGE when cut. */
int sn__addr_format(const sn__addr *a, char *buf, size_t n);
/* The public form of an IP address, and back. */
struct sn_addr;
void sn__addr_pack(struct sn_addr *to, const sn__addr *a);
void sn__addr_unpack(const struct sn_addr *from, sn__addr *a);

#endif
