/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Any run, of either mode, can be written down as an order with exceptions, and a run that follows
 * it does the same; one that follows another order does not. */
#include <sennit/scenario.h>

#include "check.h"
#include "sched/sim/script.h"

int relay_scenario(void *arg);

enum { STEPS = 100000, SEEDS = 100 };

static sn__step steps[STEPS];
static size_t steps_n;

static uint64_t run(uint32_t mode, uint64_t seed) {
    sn_sim_config c = {.size = sizeof c, .mode = mode, .seed = seed};
    sn_sim_result r = {.size = sizeof r};
    CHECK_INT(sn_sim_run(&c, relay_scenario, NULL, &r), 0);
    CHECK_INT(r.rc, 0);
    return r.hash;
}

static uint64_t follow(uint32_t mode, uint64_t seed, size_t n) {
    sn__sim_follow(steps, n);
    uint64_t hash = run(mode, seed);
    sn__sim_follow(NULL, 0);
    return hash;
}

static void written_down_and_followed(uint32_t mode) {
    uint64_t exceptions = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        sn__sim_record(steps, STEPS, &steps_n);
        uint64_t drawn = run(mode, seed);
        sn__sim_record(NULL, 0, NULL);
        MUST(steps_n < STEPS);
        for (size_t i = 1; i < steps_n; i++) CHECK(steps[i - 1].moment < steps[i].moment);
        CHECK(follow(mode, seed, steps_n) == drawn);
        exceptions += steps_n;
    }
    CHECK(exceptions > SEEDS);
}

static void uniform(void) { written_down_and_followed(SN_SIM_UNIFORM); }
static void pct(void) { written_down_and_followed(SN_SIM_PCT); }

static void fewer_exceptions_are_another_run(void) {
    sn__sim_record(steps, STEPS, &steps_n);
    uint64_t drawn = run(SN_SIM_UNIFORM, 7);
    sn__sim_record(NULL, 0, NULL);
    MUST(steps_n > 1);
    CHECK(follow(SN_SIM_UNIFORM, 7, steps_n / 2) != drawn);
    CHECK(follow(SN_SIM_UNIFORM, 7, 0) == follow(SN_SIM_PCT, 7, 0));
    CHECK(run(SN_SIM_UNIFORM, 7) == drawn);
}

int main(void) {
    CASE(uniform);
    CASE(pct);
    CASE(fewer_exceptions_are_another_run);
    return check_done();
}
