/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A run whose order is told instead of drawn: coroutines run in turn, first come, first served, and
 * nobody is interrupted, but for a list of exceptions. Any run can be recorded as such a list, and
 * does the same again when it follows it; a list from which some are taken out is another run, with
 * fewer surprises in it.
 *
 * An exception has a moment: the number of a choice point, at which somebody is interrupted; or
 * that number and which of the waits after it, up to the next choice point, after which another
 * than the first in turn goes on. So one exception less does not give the others other numbers.
 */
#ifndef SN_SIM_SCRIPT_H
#define SN_SIM_SCRIPT_H

#include <stddef.h>
#include <stdint.h>

#define SN__MOMENT(choice, wait) ((choice) << 8 | (wait))

typedef struct sn__step {
    uint64_t moment; /**< SN__MOMENT; ascending in a list */
    uint64_t id;     /**< of the coroutine that goes first; nothing happens when it cannot run */
} sn__step;

/** The runs that come follow these n steps, which are the caller's, and no mode. NULL: they do
 *  not. */
void sn__sim_follow(const sn__step *steps, size_t n);
/** The runs that come write down their steps: *n is how many there were, of which the first `room`
 *  are in `steps`. NULL: they do not. */
void sn__sim_record(sn__step *steps, size_t room, size_t *n);

#endif
