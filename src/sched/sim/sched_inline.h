/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The fast verbs under sim: none is fast here, every one is a choice point (sim.c). */
#ifndef SN_SCHED_INLINE_H
#define SN_SCHED_INLINE_H

/** Zero: free. Whoever finds it held waits until it is not. */
typedef struct sn__lockw {
    uint32_t held;
} sn__lockw;

struct sn_host;

/** A G's part of this scheduler's own. */
typedef struct sn__own {
    struct sn_host *host;   /**< the host it belongs to; NULL: the test */
    int64_t rank;           /**< PCT: the highest of those that can run does */
    uint64_t turn;          /**< when it was made runnable, by the number of those made so */
    const sn__lockw *wants; /**< the lock it waits for; NULL */
    sn__link blocked;       /**< among all that wait for locks */
} sn__own;

void sn__lock(sn__lockw *l);
void sn__unlock(sn__lockw *l);
sn__g *sn__enter(void);
uintptr_t sn__order(const void *object);
void sn__point(void);
sn__g *sn__enter_parks(void);
void sn__leave(sn__g *g);
static inline bool sn__spend(void) { return false; }
sn__ticket sn__arm(sn__g *g, bool cancellable);
bool sn__claim(sn__g *g, sn__ticket t, enum sn__cause cause);
static inline bool sn__disarm(sn__g *g, sn__ticket t, enum sn__cause cause) {
    return sn__claim(g, t, cause);
}

#endif
