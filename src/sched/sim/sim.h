/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The simulated scheduler: one thread, one seed, a virtual clock. Every verb of core/sched.h is a
 * choice point, where the seed may let any other runnable coroutine go first; the seed also picks
 * who runs next, in what order due timers fire, and what sn__rand and sn_random say. Time stands
 * still while anybody can run, and then jumps to the next timer.
 *
 * The same seed and program give the same events, told by a hash over logical ids only.
 */
#ifndef SN_SIM_H
#define SN_SIM_H

#include <stdint.h>

/** Seed of the next sn_run. Without it: $SENNIT_SEED, else 1. */
void sn__sim_seed(uint64_t seed);
/** Hash of all events of the last run, or of the run so far. */
uint64_t sn__sim_hash(void);
/** Choice points met in the last run, or so far. */
uint64_t sn__sim_choices(void);

#endif
