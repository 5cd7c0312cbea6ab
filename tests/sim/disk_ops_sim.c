/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* PROGRAM SEED N: the same on a simulated host's disk. */
#include "disk_ops.h"

#include <sennit/sim.h>
#include <stdlib.h>

static char **args;

static int on_host(void *arg) {
    (void)arg;
    disk_ops(strtoull(args[1], NULL, 0), atoi(args[2]), stdout);
    return 0;
}

static int test(void *arg) {
    (void)arg;
    sn_host *h;
    int rc = sn_host_new(&h, "machine", "10.0.0.1");
    if (rc == 0) rc = sn_host_start(h, on_host, NULL, 0);
    return rc ? rc : sn_host_wait(h, NULL);
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    args = argv;
    sn_sim_config config = {.size = sizeof config, .seed = 1};
    sn_sim_result result = {.size = sizeof result};
    int rc = sn_sim_run(&config, test, NULL, &result);
    return rc || result.rc;
}
