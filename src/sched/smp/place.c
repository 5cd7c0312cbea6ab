/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Places on threads are Ps. Foreign threads, which have none, share the first. */
#include "sched/smp/smp.h"

uint32_t sn__place(const sn__g *g) {
    const M *m = g->thread;
    const P *p = m ? m->p : NULL;
    return p ? p->index : 0;
}

uint32_t sn__places(void) { return sn__rt.nprocs ? sn__rt.nprocs : 1; }
