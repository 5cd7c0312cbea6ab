/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The simulated scheduler: one thread, one seed, a virtual clock. Every verb of core/sched.h is a
 * choice point, where the seed may let any other runnable coroutine go first; the seed also picks
 * who runs next, in what order due timers fire, and what sn__rand and sn_random say.
 *
 * What users see of it is sennit/sim.h; what the simulated world needs, world.h; what its own files
 * share, state.h.
 */
#ifndef SN_SIM_H
#define SN_SIM_H

#include <stdint.h>

/** Choice points met in the last run, or so far. */
uint64_t sn__sim_choices(void);

#endif
