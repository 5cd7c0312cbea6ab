/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The network as a part of the world: what a host's life means for its links. */
#include <stdlib.h>

#include "world/parts.h"

typedef struct net_host {
    uint32_t dark; /* the boot that ended with a power cut; 0: none did */
} net_host;

static int host_new(sn_host *h) {
    h->net = calloc(1, sizeof(net_host));
    return h->net ? 0 : SN_ENOMEM;
}

static void host_stop(sn_host *h, enum sn_stop how) {
    net_host *n = h->net;
    if (how == SN_STOP_POWER) n->dark = h->boot;
}

static void host_free(sn_host *h) { free(h->net); }

const sn__part sn__net_part = {
    .host_new = host_new,
    .host_stop = host_stop,
    .host_free = host_free,
};
