/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The question whether an M gives up its P, as the monitor puts it and the owner answers it: the
 * steps of the protocol that sched_inline.h describes, one function each, so that the stress test
 * (tests/stress/stress_take.c) runs these very lines and the model (models/handover.py) has one
 * step for each. Between sn__take_ask and sn__take_decide the monitor puts a barrier on all
 * threads.
 */
#ifndef SN_SMP_TAKE_H
#define SN_SMP_TAKE_H

#include "core/sched.h"

/** The monitor asks. False: there is nothing to ask for, the P is lost or let go of already. What
 *  the owner wrote before sn__take_owns is seen after this. */
static inline bool sn__take_ask(sn__bracket *b) {
    uint32_t none = SN__TAKE_NONE;
    return atomic_compare_exchange_strong(&b->take, &none, SN__TAKE_ASK);
}

/** … and decides. True: the owner is in user code, and its P is the monitor's now. False: it keeps
 *  the P, and the question is taken back. */
static inline bool sn__take_decide(sn__bracket *b) {
    uint32_t asked = SN__TAKE_ASK;
    if (atomic_load_explicit(&b->state, memory_order_acquire) == SN__USER &&
        atomic_compare_exchange_strong(&b->take, &asked, SN__TAKE_TAKEN))
        return true;
    asked = SN__TAKE_ASK;
    atomic_compare_exchange_strong(&b->take, &asked, SN__TAKE_NONE);
    return false;
}

/** The owner, in the bracket, has seen a word that is not NONE. NONE: it keeps its P; what it saw
 *  was a question, answered here or taken back meanwhile. TAKEN or LOST: the P is gone. */
static inline uint32_t sn__take_answer(sn__bracket *b) {
    uint32_t take = SN__TAKE_ASK;
    return atomic_compare_exchange_strong(&b->take, &take, SN__TAKE_NONE) ? SN__TAKE_NONE : take;
}

/** The owner has a P from here on, of which it has told (m->p) before: it may be asked for it. */
static inline void sn__take_owns(sn__bracket *b) {
    atomic_store_explicit(&b->take, SN__TAKE_NONE, memory_order_release);
}

/** The owner, in the bracket, has given its P away itself, or knows that it lost it. */
static inline void sn__take_lost(sn__bracket *b) {
    atomic_store_explicit(&b->take, SN__TAKE_LOST, memory_order_relaxed);
}

#endif
