/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Slow paths of the runtime need more stack than a packed coroutine has: they run on the thread's
 * own, below where the scheduler left it. So they may not park: another coroutine would be resumed
 * from there. tools/stack-report knows this function by name and looks no further. */
#include "sched/smp/smp.h"

void sn__far(void (*f)(void *), void *arg) {
    const M *m = sn__tls_get();
    const G *g = m ? (const G *)m->b.self : NULL;
    /* in the scheduler g is who ran last, and may run elsewhere by now */
    if (g && sn__on_stack_of(g) && g->core.odd & SN__ODD_PACKED)
        sn__ctx_call(m->g0.sp, f, arg);
    else
        f(arg);
}
