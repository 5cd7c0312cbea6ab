/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the simulated world does not have: each call says so by its result, and by its name in the
 * trace of the run. */
#include <sennit/child.h>

#include "sched/sim/world.h"

static int refuse(const char *call) {
    sn__sim_told(call, 0, 0);
    return SN_ENOSYS;
}

/* ---- Processes: a host's program is a coroutine, and starts no others ---- */

int sn_child_start(sn_child **c, const sn_child_how *how) {
    (void)how;
    *c = NULL;
    return refuse("refused.sn_child_start");
}

int sn_child_output(const sn_child_how *how, size_t max, char **out, size_t *n, int *status) {
    (void)how, (void)max;
    *out = NULL;
    *n = 0;
    *status = 0;
    return refuse("refused.sn_child_output");
}

/* No child exists that these could be called for. */

int sn_child_wait(sn_child *c, sn_time until, int *status) {
    (void)c, (void)until;
    *status = 0;
    return SN_ENOSYS;
}

int sn_child_kill(sn_child *c, int signo) {
    (void)c, (void)signo;
    return SN_ENOSYS;
}

int sn_child_pid(const sn_child *c) {
    (void)c;
    return 0;
}

sn_conn *sn_child_stream(const sn_child *c, int fd) {
    (void)c, (void)fd;
    return NULL;
}

void sn_child_free(sn_child *c) { (void)c; }
