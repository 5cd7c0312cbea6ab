/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* sn_offload in the simulated world: the helper is a coroutine of the process, which lets a drawn
 * time pass before it runs the function. So deadlines and cancels come before, during and after. */
#include <sennit/go.h>
#include <sennit/offload.h>
#include <stdlib.h>
#include <string.h>

#include "sched/sim/world.h"

#define LONGEST (20 * SN_MILLISECOND)

typedef struct job {
    sn__waiters wait;
    void (*f)(void *);
    void (*drop)(void *);
    bool done, left;
    _Alignas(16) unsigned char arg[];
} job;

static int helper(void *arg) {
    job *j = arg;
    sn__sim_delay(sn__sim_draw_time(LONGEST));
    j->f(j->arg);
    j->done = true;
    sn__sim_wake(&j->wait);
    if (!j->left) return 0; /* the caller's */
    if (j->drop) j->drop(j->arg);
    free(j);
    return 0;
}

static int refuse(int err, void *arg, void (*drop)(void *)) {
    if (drop) drop(arg);
    return err;
}

static int wait_for(job *j, sn_time until) {
    int err = 0;
    while (!j->done && !err) err = sn__sim_wait(&j->wait, until, SN__R_OFFLOAD);
    return j->done ? 0 : err;
}

int sn_offload(void (*f)(void *), void *arg, size_t n, void (*drop)(void *), sn_time until) {
    int err = n == 0 ? SN_EINVAL : n > SN_OFFLOAD_MAX ? SN_E2BIG : sn_canceled();
    job *j = err ? NULL : malloc(sizeof *j + n);
    if (!j) return refuse(err ? err : SN_ENOMEM, arg, drop);
    *j = (job){.f = f, .drop = drop};
    memcpy(j->arg, arg, n);
    err = sn_go_root(helper, j, 0);
    if (err) {
        free(j);
        return refuse(err, arg, drop);
    }
    err = wait_for(j, until);
    if (err) {
        j->left = true;
        return err;
    }
    memcpy(arg, j->arg, n);
    free(j);
    return 0;
}
