/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Histograms of times: 32 steps for each power of two, so that a percentile is off by 3 % at most.
 */
#ifndef BENCH_HIST_H
#define BENCH_HIST_H

#include <sennit/base.h>
#include <stdatomic.h>

enum { HIST_STEPS = 32, HIST_BINS = 60 * HIST_STEPS };

typedef struct hist {
    atomic_llong bin[HIST_BINS];
    atomic_llong most;
} hist;

/** Adds one time; below 0 counts as 0. From several threads at once. */
void hist_add(hist *h, sn_time t);
/** The time that a share q (0 … 1) of all is not above. */
sn_time hist_at(const hist *h, double q);
long long hist_count(const hist *h);
/** Prints " NAME_p50_us=… NAME_p90_us=… NAME_p99_us=… NAME_max_us=…". */
void hist_print(const hist *h, const char *name);
void hist_clear(hist *h);

#endif
