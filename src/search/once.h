/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One seed in this process. */
#ifndef SN_SEARCH_ONCE_H
#define SN_SEARCH_ONCE_H

#include <stdio.h>

#include "search/spec.h"

typedef struct outcome {
    int rc; /* what the body returned */
    uint64_t hash, events, choices;
    sn_time time;
} outcome;

/** Who is told when the run fails, before the process aborts. May end the process instead. */
typedef void (*failed_fn)(void *arg, const char *why);

typedef struct watch {
    failed_fn failed; /* NULL: nobody */
    void *failed_arg;
    void (*trace)(void *arg, const sn_sim_event *e);
    void *trace_arg;
} watch;

/** Runs the scenario with this seed. 0, or the error of sn_sim_run. */
int sn__once(const spec *s, const sn_scenario *scenario, uint64_t seed, const watch *w, outcome *o);
/** Where the run is, for a report of its failure. Signal-safe. */
outcome sn__once_now(void);

/** In a run: prints what has led here: the faults of the plan that have begun so far, but for those
 *  left out, the last ones when they are many; and the exceptions of the order, if it was told. */
void sn__once_story(FILE *to, const spec *s);

/** Bits of the parameters of `s` that scenarios have asked for go there. */
void sn__params_use(const spec *s, _Atomic uint64_t *asked);
/** Called with a message when a value cannot be read: the default prints it and exits with 2. */
void sn__params_refuse(void (*refuse)(const char *message));

#endif
