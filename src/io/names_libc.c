/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Names by the C library, which knows no way but to block: on a helper thread. */
#include "io/names.h"

#include <netdb.h>
#include <sennit/offload.h>
#include <stdio.h>
#include <string.h>

typedef struct lookup {
    char host[SN__HOST_MAX];
    uint16_t port;
    int err;
    sn__addrs found;
} lookup;
_Static_assert(sizeof(lookup) <= SN_OFFLOAD_MAX, "a look-up can be offloaded");

static int error_of(int gai) {
    switch (gai) {
    case EAI_NONAME:
    case EAI_NODATA:
    case EAI_ADDRFAMILY:
        return SN_ENOENT;
    case EAI_AGAIN:
        return SN_EAGAIN;
    case EAI_MEMORY:
        return SN_ENOMEM;
    default:
        return SN_EIO;
    }
}

static void take(sn__addrs *out, const struct addrinfo *ai) {
    for (out->n = 0; ai && out->n < SN__ADDRS_MAX; ai = ai->ai_next) {
        if (ai->ai_family != AF_INET && ai->ai_family != AF_INET6) continue;
        sn__addr *a = &out->a[out->n++];
        memset(a, 0, sizeof *a);
        a->len = ai->ai_addrlen;
        memcpy(&a->u, ai->ai_addr, ai->ai_addrlen);
    }
}

static void look_up(void *arg) {
    lookup *l = arg;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *ai = NULL;
    char port[8];
    hints.ai_flags = AI_NUMERICSERV;
    snprintf(port, sizeof port, "%u", l->port);
    int gai = getaddrinfo(l->host, port, &hints, &ai);
    if (gai) {
        l->err = error_of(gai);
        return;
    }
    take(&l->found, ai);
    freeaddrinfo(ai);
    l->err = l->found.n > 0 ? 0 : SN_ENOENT;
}

int sn__names_libc(const char *host, uint16_t port, sn__addrs *out) {
    lookup l = {.port = port};
    snprintf(l.host, sizeof l.host, "%s", host);
    int err = sn_offload(look_up, &l, sizeof l, NULL, SN_NEVER);
    if (err) return err;
    *out = l.found;
    return l.err;
}
