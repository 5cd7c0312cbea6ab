/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The world of world.h under the seeded scheduler. */
#include "world.h"

#include "sched/sim/sim.h"

const char world_name[] = "sim";
const int world_virtual = 1;
static uint64_t now_running;

#ifdef __SANITIZE_ADDRESS__
enum { SEEDS_EACH = 2 };
#else
enum { SEEDS_EACH = 10 };
#endif

int world_rounds(int weight) {
    const char *n = getenv("SENNIT_SEEDS");
    return n ? atoi(n) : weight * SEEDS_EACH;
}

uint64_t world_replay(void) {
    const char *s = getenv("SENNIT_SEED");
    return s ? strtoull(s, NULL, 0) : 0;
}

void world_begin(uint64_t round) {
    now_running = round;
    sn__sim_seed(round);
}

uint64_t world_round(void) { return now_running; }

uint64_t world_hash(void) { return sn__sim_hash(); }
