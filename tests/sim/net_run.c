/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The cases of tests/io on a host of the simulated world: over many seeds in both modes, each
 * twice, with the same hash. */
#include <sennit/sim.h>

#include "io/net_util.h"

#ifdef __SANITIZE_ADDRESS__
enum { SEEDS = 2 };
#else
enum { SEEDS = 10 };
#endif

static sn_fn the_case;

static int on_a_host(void *arg) {
    sn_host *h;
    int rc = SN_EINVAL;
    (void)arg;
    MUST(sn_host_new(&h, "solo", "10.0.0.1") == 0);
    MUST(sn_host_start(h, the_case, NULL, 0) == 0);
    MUST(sn_host_wait(h, &rc) == 0);
    return rc;
}

static uint64_t run_seed(uint64_t seed, int *rc) {
    sn_sim_config c = {
        .size = sizeof c, .seed = seed, .mode = seed % 2 ? SN_SIM_UNIFORM : SN_SIM_PCT};
    sn_sim_result r = {.size = sizeof r};
    MUST(sn_sim_run(&c, on_a_host, NULL, &r) == 0);
    *rc = r.rc;
    return r.hash;
}

int net_run(sn_fn f, const int *failed) {
    int rc = 0;
    the_case = f;
    for (uint64_t seed = 1; seed <= SEEDS && !rc && !*failed; seed++) {
        uint64_t hash = run_seed(seed, &rc);
        if (!rc && !*failed && run_seed(seed, &rc) != hash) rc = SN_EBADMSG;
        if (rc || *failed) fprintf(stderr, "seed %d: %s\n", (int)seed, sn_strerror(rc));
    }
    return rc;
}
