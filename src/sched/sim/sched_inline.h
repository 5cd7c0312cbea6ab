/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The fast verbs under sim: none is fast here, every one is a choice point (sim.c). */
#ifndef SN_SCHED_INLINE_H
#define SN_SCHED_INLINE_H

/** Zero: free. Whoever finds it held lets others run until it is not. */
typedef struct sn__lockw {
    uint32_t held;
} sn__lockw;

void sn__lock(sn__lockw *l);
void sn__unlock(sn__lockw *l);
sn__g *sn__enter(void);
void sn__point(void);
sn__g *sn__enter_parks(void);
void sn__leave(sn__g *g);
sn__ticket sn__arm(sn__g *g, bool cancellable);
bool sn__claim(sn__g *g, sn__ticket t, enum sn__cause cause);

#endif
