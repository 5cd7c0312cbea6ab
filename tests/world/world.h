/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One test source, two schedulers. A program that includes this is linked once with the seeded
 * single-thread scheduler (world_sim.c: a round is a seed, run twice, and the events of both must
 * be the same; half of the seeds choose uniformly, half by priorities) and once with the one on
 * threads (world_smp.c: a round is one more try). A failing round names itself; SENNIT_SEED=n in
 * the environment replays round n alone, SENNIT_FIRST_SEED=n begins there, and SENNIT_HASHES=1
 * prints a hash over the events of all seeds of each case. */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H

#include "check.h"

#include <sennit/sennit.h>

/** "sim" or "smp". */
extern const char world_name[];
/** The clock is virtual: it moves only when nothing can run, and then exactly to a deadline. */
extern const int world_virtual;
/** Rounds of a case of a weight: ten seeds for each unit of it under sim (two with a sanitizer), a
 *  fiftieth of it on threads, at least three (of weight 0: one). SENNIT_SEEDS and SENNIT_ROUNDS in
 * the environment set the number. */
int world_rounds(int weight);
/** Runs f(arg) as the first coroutine of a run; what it returned. Under sim the round, 1 and up, is
 *  the seed, and it is run a second time: another hash fails the case. */
int world_run(uint64_t round, sn_fn f, void *arg);
/** The round that $SENNIT_SEED asks to replay, or 0. */
uint64_t world_replay(void);
/** 1 where it proves nothing that a rare case was not met: rounds are fewer than the case's own. */
static inline int world_few(void) { return world_replay() || getenv("SENNIT_SEEDS"); }
/** Round (seed) that is being run: programs draw their own random numbers from it. */
uint64_t world_round(void);
/** Hash of all events of the last run under sim; 0 under smp, where there is none. */
uint64_t world_hash(void);
/** Tells the hash of a case's rounds, when $SENNIT_HASHES asks for it. */
void world_tell(const char *what, uint64_t rounds, uint64_t hash);

/** Starts f(p) in the current scope; p must outlive it. */
#define GO(f, p) MUST(sn_go(f, p, 0) == 0)

/** Starts f on a copy of n bytes, in a scope that may be over already: 1 if it was started. */
static inline int go_if_open(sn_fn f, const void *p, size_t n) {
    int rc = sn_go(f, p, n);
    MUST(rc == 0 || rc == SN_ECANCELED || rc == SN_ETIMEDOUT);
    return rc == 0;
}

/** A random number of the test's own, from any 64-bit state (splitmix). */
static inline uint64_t draw(uint64_t *state) {
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}
/** One of 0 … n-1. */
static inline unsigned pick(uint64_t *state, unsigned n) { return (unsigned)(draw(state) % n); }

/** Number of the first round: 1, or $SENNIT_FIRST_SEED. */
static inline uint64_t world_first(void) {
    const char *s = getenv("SENNIT_FIRST_SEED");
    return s ? strtoull(s, NULL, 0) : 1;
}

/** Runs `body` as the first coroutine of a run, once a round, until one round fails. */
static inline void world_case(const char *what, sn_fn body, int weight) {
    uint64_t first = world_replay() ? world_replay() : world_first();
    uint64_t n = world_replay() ? 1 : (uint64_t)world_rounds(weight), all = 0;
    check_failed_ = 0;
    for (uint64_t r = first; r < first + n && !check_failed_; r++) {
        CHECK_INT(world_run(r, body, NULL), 0);
        all = (all ^ world_hash()) * 0x100000001B3u;
        if (check_failed_) {
            fprintf(stderr, "FAIL %s\n     (%s, SENNIT_SEED=%llu)\n", what, world_name,
                    (unsigned long long)r);
        }
    }
    world_tell(what, n, all);
    if (check_failed_) {
        check_failed_n_++;
    } else {
        check_passed_n_++;
    }
}

#endif
