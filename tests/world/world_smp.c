/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The world of world.h on threads. Fewer rounds: a round here costs threads and has no seed that
 * could reach another order. */
#include "world.h"

const char world_name[] = "smp";
const int world_virtual = 0;
static uint64_t now_running;

int world_rounds(int weight) {
    const char *n = getenv("SENNIT_ROUNDS");
    int rounds = weight / 50;
    if (rounds < 3) rounds = weight ? 3 : 1;
    return n ? atoi(n) : rounds;
}

uint64_t world_replay(void) {
    const char *s = getenv("SENNIT_SEED");
    return s ? strtoull(s, NULL, 0) : 0;
}

int world_run(uint64_t round, sn_fn f, void *arg) {
    now_running = round;
    return sn_run(f, arg, NULL);
}

uint64_t world_round(void) { return now_running; }

uint64_t world_hash(void) { return 0; }

void world_tell(const char *what, uint64_t rounds, uint64_t all) {
    (void)what;
    (void)rounds;
    (void)all;
}
