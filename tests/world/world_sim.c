/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The world of world.h under the seeded scheduler. */
#include "world.h"

#include <sennit/sim.h>

const char world_name[] = "sim";
const int world_virtual = 1;
static uint64_t now_running, hash;

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

/* Not by parity: programs take that of the round for decisions of their own. */
static uint32_t mode_of(uint64_t seed) { return draw(&seed) & 1 ? SN_SIM_PCT : SN_SIM_UNIFORM; }

static sn_sim_result run_once(uint64_t seed, sn_fn f, void *arg) {
    sn_sim_config c = {.size = sizeof c, .seed = seed, .mode = mode_of(seed), .steps = 500};
    sn_sim_result r = {.size = sizeof r};
    MUST(sn_sim_run(&c, f, arg, &r) == 0);
    return r;
}

int world_run(uint64_t round, sn_fn f, void *arg) {
    now_running = round;
    sn_sim_result first = run_once(round, f, arg), second = run_once(round, f, arg);
    CHECK_INT(first.rc, second.rc);
    if (first.hash != second.hash) {
        fprintf(stderr, "seed %llu: %llu events, then %llu, and not the same\n",
                (unsigned long long)round, (unsigned long long)first.events,
                (unsigned long long)second.events);
        check_failed_ = 1;
    }
    hash = second.hash;
    return second.rc;
}

uint64_t world_round(void) { return now_running; }

uint64_t world_hash(void) { return hash; }

void world_tell(const char *what, uint64_t rounds, uint64_t all) {
    if (getenv("SENNIT_HASHES"))
        printf("%s: seeds=%llu hash=%016llx\n", what, (unsigned long long)rounds,
               (unsigned long long)all);
}
