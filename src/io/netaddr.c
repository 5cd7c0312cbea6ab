/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* sn_addr: an address as a value. Its words hold the kernel's form, IPv4 or IPv6, zero at the end,
 * an IPv4 address in IPv6 clothes as IPv4: so that equal means equal words. */
#include "io/addr.h"

#include <sennit/net.h>
#include <string.h>

_Static_assert(sizeof(struct sockaddr_in6) <= sizeof(sn_addr), "sn_addr has room for IPv6");

void sn__addr_pack(sn_addr *to, const sn__addr *a) {
    const struct sockaddr_in6 *v6 = &a->u.in6;
    memset(to, 0, sizeof *to);
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    if (a->u.sa.sa_family == AF_INET) {
        v4.sin_port = a->u.in4.sin_port;
        v4.sin_addr = a->u.in4.sin_addr;
    } else if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
        v4.sin_port = v6->sin6_port;
        memcpy(&v4.sin_addr, &v6->sin6_addr.s6_addr[12], sizeof v4.sin_addr);
    } else {
        struct sockaddr_in6 own = {.sin6_family = AF_INET6,
                                   .sin6_port = v6->sin6_port,
                                   .sin6_addr = v6->sin6_addr,
                                   .sin6_scope_id = v6->sin6_scope_id};
        memcpy(to, &own, sizeof own);
        return;
    }
    memcpy(to, &v4, sizeof v4);
}

void sn__addr_unpack(const sn_addr *from, sn__addr *a) {
    memset(a, 0, sizeof *a);
    memcpy(&a->u, from, sizeof a->u.in6);
    a->len = a->u.sa.sa_family == AF_INET ? sizeof a->u.in4 : sizeof a->u.in6;
}

int sn_addr_parse(sn_addr *a, const char *text) {
    char host[SN__HOST_MAX];
    uint16_t port;
    sn__addrs all;
    memset(a, 0, sizeof *a);
    if (sn__addr_split(text, host, &port) || sn__addr_numeric(host, port, &all)) return SN_EINVAL;
    sn__addr_pack(a, &all.a[0]);
    return 0;
}

int sn_addr_text(const sn_addr *a, char *buf, size_t n) {
    sn__addr k;
    sn__addr_unpack(a, &k);
    return sn__addr_format(&k, buf, n);
}

int sn_addr_equal(const sn_addr *a, const sn_addr *b) { return memcmp(a, b, sizeof *a) == 0; }
