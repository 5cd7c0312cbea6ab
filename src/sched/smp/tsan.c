/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* ThreadSanitizer's side of core/hb.h: what a waker says in the name of a coroutine that waits, and
 * the delay before a stack is used again. Compiled in builds with that sanitizer only. */
#include "core/hb.h"

#include "sched/smp/smp.h"

/* By way of the caller: for a foreign thread, whose state cannot be borrowed, and for one that has
 * not left its thread yet. (It may be waiting for a lock that the caller holds, so it is not waited
 * for.) The caller then knows more than it should, and a race may be missed; none is made up. */
static void by_way_of_caller(const void *node, const void *at) {
    sn__hb_acquire(node);
    sn__hb_turn(at);
    sn__hb_release(node);
}

void sn__hb_as(sn__g *g, const void *node, const void *at) {
    G *other = g_of(g);
    if (g->foreign || sn__ctx_busy(&other->ctx)) {
        by_way_of_caller(node, at);
        return;
    }
    void *own = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(other->ctx.fiber, SN__TSAN_NO_SYNC);
    sn__hb_turn(at);
    __tsan_switch_to_fiber(own, SN__TSAN_NO_SYNC);
}

/* Those that died last, the oldest to be taken next. */
static struct {
    sn__lockw lock;
    uint32_t at;
    G *g[128];
} dead;

G *sn__san_delay(G *g) {
    enum { ROOM = sizeof dead.g / sizeof *dead.g };
    sn__lock(&dead.lock);
    G *oldest = dead.g[dead.at % ROOM];
    dead.g[dead.at++ % ROOM] = g;
    sn__unlock(&dead.lock);
    if (!oldest) return NULL;
    while (sn__ctx_busy(&oldest->ctx)) sn__cpu_relax();
    __tsan_destroy_fiber(oldest->ctx.fiber);
    oldest->ctx.fiber = NULL;
    return oldest;
}
