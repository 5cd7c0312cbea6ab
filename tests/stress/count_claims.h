/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Included before all else into copies of those files of ours that claim tickets: who tries for one
 * and loses is counted, by what it would have been and by what it lost to. */
#ifndef TESTS_COUNT_CLAIMS_H
#define TESTS_COUNT_CLAIMS_H

#include "core/sched.h"

/** [the loser's cause][the winner's]; SN__IDLE: the waiter has waited anew since. */
extern _Atomic long claims_lost[SN__CANCELED + 1][SN__CANCELED + 1];

/** Between the look at a ticket and the try for it, now and then: where others may come in. */
static inline void dawdle(sn__ticket t) {
    for (volatile int i = t >> 8 & 3 ? 300 : 0; i < 300; i++) continue;
}

static inline bool claim_counted(sn__g *g, sn__ticket t, enum sn__cause cause) {
    dawdle(t);
    if (sn__claim(g, t, cause)) return true;
    sn__ticket now = atomic_load(&g->wait);
    unsigned won = now >> 8 == t >> 8 ? (unsigned)(now & 0xff) : SN__IDLE;
    atomic_fetch_add_explicit(&claims_lost[cause][won], 1, memory_order_relaxed);
    return false;
}
#define sn__claim claim_counted

#endif
