/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Which coroutine will block. To see that a call blocks takes the monitor two looks, during which
 * its P does nothing, and a good part of a CPU if such calls are many. But who calls what blocks
 * mostly does it again: a worker that takes a job and writes it to a file. So a coroutine that was
 * found to block, twice, in the first thing it did after it was resumed, is marked
 * (SN__ODD_BLOCKS), and from then on gives its P away by itself whenever it is resumed: as if its
 * next call were by sn_blocking, whose places such calls share, but without waiting for one.
 *
 * When it comes back, its thread's clocks tell whether the guess was good: the time was long, and
 * the CPU hardly used. One that was not takes the mark away.
 *
 * That the P is given away within the call in which the coroutine waited, before it returns to user
 * code, is as if the monitor had taken it: whatever follows in that call can do without. If the
 * coroutine waits once more in it, the guess is dropped, neither good nor bad. (To wait while
 * marked goes the odd way, and there it is seen.) Only its own M touches an M's guess.
 */
#include "sched/smp/smp.h"

#define SHORT (20 * SN_MICROSECOND) /* what is as long costs more than the hand-over */

void sn__guess_learn(M *m) {
    G *g = g_of(m->b.self);
    if (m->b.budget != BUDGET) return; /* it made calls of ours in between */
    if (g->core.odd & (SN__ODD_APART | SN__ODD_PACKED)) return;
    if (g->past & SN__PAST_BLOCKED) {
        g->core.odd |= SN__ODD_BLOCKS;
        g->leaves = true; /* the mark ends with it */
    }
    g->past |= SN__PAST_BLOCKED;
}

void sn__guess(G *g) {
    M *m = m_of(&g->core);
    if (g->core.odd & (SN__ODD_APART | SN__ODD_PACKED) || !m->p || !sn__place_try()) return;
    m->guessed = true;
    m->gave = sn__os_now();
    m->had = sn__os_cpu_time(&m->self);
    sn__release_p(m);
    m->b.budget = 0; /* the next call that may park gets a P first */
}

void sn__guess_judge(M *m) {
    G *g = g_of(m->b.self);
    sn_time took = sn__os_now() - m->gave, ran = sn__os_cpu_time(&m->self) - m->had;
    m->guessed = false;
    sn__place_back();
    if (took >= SHORT && ran * 4 < took) return;
    g->core.odd &= (uint8_t)~SN__ODD_BLOCKS;
    g->past &= (uint8_t)~SN__PAST_BLOCKED;
}

void sn__guess_drop(const G *g) {
    M *m = g->core.thread;
    if (!m->guessed) return;
    m->guessed = false;
    sn__place_back();
}
