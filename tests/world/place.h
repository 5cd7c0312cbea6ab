/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Where the two ends of a network test are. On threads both are coroutines of one process, over
 * loopback (place_smp.c); under sim each is a host of its own and the round's seed decides what
 * the link between them is like: latency, jitter, a narrow pipe (place_sim.c). Memory is shared in
 * both worlds. */
#ifndef TESTS_PLACE_H
#define TESTS_PLACE_H

#include "world.h"

/** What servers listen at, and what the addresses of their peers begin with. */
extern const char place_listen[], place_peer[];

/** Runs `client` at the client's place, between hosts that are new; its result. The body of a
 *  world_case. */
int place_run(sn_fn client);
/** Starts f(arg) at the server's place. One at a time. */
void place_start(sn_fn f, void *arg);
/** Waits for it; its result. */
int place_wait(void);

/** main of a network test: `client` is all its cases. How many rounds: see world_rounds. */
#define PLACE_MAIN(client, weight)                                                                 \
    static int place_body_(void *arg) {                                                            \
        int failed = check_failed_n_, rc = place_run(client);                                      \
        (void)arg;                                                                                 \
        if (check_failed_n_ > failed) check_failed_ = 1;                                           \
        return rc;                                                                                 \
    }                                                                                              \
    int main(void) {                                                                               \
        world_case(#client, place_body_, world_virtual ? (weight) : 0);                            \
        return check_done();                                                                       \
    }

#endif
