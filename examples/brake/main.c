/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The brake as a program: brake [--record FILE] [--record-first FILE]. */
#include <stdio.h>
#include <string.h>

#include <sennit/go.h>

#include "brake.h"

static int app(void *arg) {
    const sn_main_args *a = arg;
    brake_conf conf = {0};
    sn_listener *l;
    char addr[64];
    if (a->argc == 3) {
        conf.record = a->argv[2];
        conf.record_first = !strcmp(a->argv[1], "--record-first");
    }
    int rc = sn_listen(&l, "tcp", "127.0.0.1:0");
    if (rc) {
        fprintf(stderr, "brake: %s\n", sn_strerror(rc));
        return 1;
    }
    (void)sn_listener_addr(l, addr, sizeof addr);
    printf("listening on %s\n", addr);
    fflush(stdout);
    return brake_serve(l, &conf);
}

SN_MAIN(app)
