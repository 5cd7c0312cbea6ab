/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * How deep stacks get, by spawn site. Of the coroutines started at a site some are *measured*:
 * their stack is empty when they start, and when they end (or are trimmed, or somebody asks) the
 * kernel says which pages they have touched. So a figure is a multiple of the page size, never less
 * than what was used, and the top page counts from the first byte.
 *
 * The table is small and never shrinks; sites beyond its room are not told apart.
 */
#ifndef SN_SCHED_STACK_USE_H
#define SN_SCHED_STACK_USE_H

#include "sched/g.h"

/** Empties the stack of a g that is not started yet: it will be measured, unless it could not be
 *  emptied. */
void sn__stack_measure_begin(G *g);
/** What g, which is measured, has used so far. By itself, or while it cannot run. */
void sn__stack_measure(const G *g);
/** The same if it is measured: at its end, and before pages are taken from it. */
static inline void sn__stack_measure_before(const G *g) {
    if (atomic_load_explicit(&g->measured, memory_order_relaxed)) sn__stack_measure(g);
}
/** Is this one of the first of its site, so that it should be measured? */
bool sn__stack_unknown(uintptr_t site);
/** The class that what was measured at a site asks for, with room to spare; `klass` as long as too
 *  little was measured. Not below `least`. */
int sn__stack_learned(uintptr_t site, int klass, int least);
/** Writes the table, for a dump. */
void sn__stack_use_dump(int fd);

#endif
