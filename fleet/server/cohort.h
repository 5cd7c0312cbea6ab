/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Which devices are "the first 5 %": arithmetic on a stable hash, nothing stored. A device's
 * place in a roll-out is a number below a million; a stage that opens p ppm takes the places
 * below p. So stages nest, and the order differs from roll-out to roll-out. */
#ifndef FLEET_COHORT_H
#define FLEET_COHORT_H

#include <stddef.h>
#include <stdint.h>

#define COHORT_PLACES 1000000u

/** Stable 64-bit hash of a device within a tenant: FNV-1a and a finisher. Part of the data's
 *  format: never changes. */
uint64_t cohort_key(int64_t tenant, const char *cid, size_t n);
/** Place of a device in roll-out `rollout`, below COHORT_PLACES. */
uint32_t cohort_place(uint64_t key, int64_t rollout);
/** First stage that takes `place`, given the stages' shares in ppm, ascending; n if none. */
uint32_t cohort_stage(uint32_t place, const uint32_t *share_ppm, uint32_t n);

#endif
