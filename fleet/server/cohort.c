/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Stable hashes: what is written here is part of the data's format. */
#include "cohort.h"

/* Spreads every input bit over the output (the finisher of splitmix64). */
static uint64_t mix(uint64_t x) {
    x ^= x >> 30;
    x *= UINT64_C(0xbf58476d1ce4e5b9);
    x ^= x >> 27;
    x *= UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

uint64_t cohort_key(int64_t tenant, const char *cid, size_t n) {
    uint64_t h = UINT64_C(0xcbf29ce484222325) ^ mix((uint64_t)tenant);
    for (size_t i = 0; i < n; i++) h = (h ^ (unsigned char)cid[i]) * UINT64_C(0x100000001b3);
    return mix(h);
}

uint32_t cohort_place(uint64_t key, int64_t rollout) {
    uint64_t h = mix(key + (uint64_t)rollout * UINT64_C(0x9e3779b97f4a7c15));
    return (uint32_t)(((h >> 32) * COHORT_PLACES) >> 32);
}

uint32_t cohort_stage(uint32_t place, const uint32_t *share_ppm, uint32_t n) {
    uint32_t i = 0;
    while (i < n && place >= share_ppm[i]) i++;
    return i;
}
