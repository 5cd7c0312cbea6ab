/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* sennit-hello ADDR: the hello server as a product of its own, linked statically: its size, its
 * time to the first response and its idle memory are measured by bench/run.py. */
#include "hello.h"

#include <sennit/sennit.h>
#include <stdio.h>

static int serve(void *addr) {
    int rc = hello_serve(addr);
    if (rc < 0) fprintf(stderr, "sennit-hello: %s: %s\n", (char *)addr, sn_strerror(rc));
    return rc;
}

int main(int argc, char **argv) {
    if (argc != 2) return fprintf(stderr, "usage: sennit-hello ADDR\n"), 2;
    return sn_run(serve, argv[1], NULL) < 0;
}
