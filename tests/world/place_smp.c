/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The places of place.h in one process. */
#include "place.h"

const char place_listen[] = "127.0.0.1:0", place_peer[] = "127.0.0.1:";

static sn_scope server;

int place_run(sn_fn client) { return client(NULL); }

void place_start(sn_fn f, void *arg) {
    sn_scope_enter(&server, SN_NEVER);
    GO(f, arg);
}

int place_wait(void) { return sn_scope_leave(&server); }
