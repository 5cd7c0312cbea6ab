/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The inline verbs of sched.h for one core where nothing preempts: what a firmware build of core
 * gets. Here it only has to compile; scripts/check/freestanding.py says why. */
#ifndef TESTS_FREESTANDING_SCHED_INLINE_H
#define TESTS_FREESTANDING_SCHED_INLINE_H

typedef uint32_t sn__lockw;

sn__g *sn__self(void);

static inline void sn__lock(sn__lockw *l) { *l = 1; }
static inline void sn__unlock(sn__lockw *l) { *l = 0; }
static inline sn__g *sn__enter(void) { return sn__self(); }
static inline sn__g *sn__enter_parks(void) { return sn__self(); }
static inline bool sn__spend(void) { return false; }
static inline void sn__leave(sn__g *g) { (void)g; }
static inline uintptr_t sn__order(const void *object) { return (uintptr_t)object; }
static inline void sn__point(void) {}

static inline bool sn__claim(sn__g *g, sn__ticket t, enum sn__cause cause) {
    sn__ticket seen = t;
    return atomic_compare_exchange_strong(&g->wait, &seen, (t & ~(sn__ticket)0xff) | cause);
}
static inline bool sn__disarm(sn__g *g, sn__ticket t, enum sn__cause cause) {
    return sn__claim(g, t, cause);
}
static inline sn__ticket sn__arm(sn__g *g, bool cancellable) {
    sn__ticket last = atomic_load_explicit(&g->wait, memory_order_relaxed);
    sn__ticket t = (((last >> 8) + 1) << 8) | (cancellable ? SN__ARMED : SN__ARMED_SHUT);
    atomic_store(&g->wait, t);
    return t;
}

#endif
