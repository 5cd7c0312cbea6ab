/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Chance of a plan: a stream for each repetition of each line, so that no line's draws shift
 * another's. The generator is Vigna's splitmix64. */
#ifndef SN_PLAN_RANDOM_H
#define SN_PLAN_RANDOM_H

#include <stdint.h>

static inline uint64_t plan_random(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/** A number below n (> 0). */
static inline uint64_t plan_below(uint64_t *state, uint64_t n) {
    uint64_t fair = UINT64_MAX - UINT64_MAX % n, got;
    do got = plan_random(state);
    while (got >= fair);
    return got % n;
}

static inline uint64_t plan_stream(uint64_t seed, uint64_t line, uint64_t repetition) {
    uint64_t state = seed;
    state = plan_random(&state) ^ line;
    state = plan_random(&state) ^ repetition;
    return plan_random(&state);
}

#endif
