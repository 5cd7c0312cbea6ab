/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "hist.h"

#include <stdio.h>
#include <string.h>

static int bin_of(uint64_t t) {
    if (t < HIST_STEPS) return (int)t;
    int power = 63 - __builtin_clzll(t) - 5; /* of the step: 2^5 of them a power of two */
    return (power + 1) * HIST_STEPS + (int)(t >> power & (HIST_STEPS - 1));
}

/* The middle of a bin. */
static sn_time time_of(int bin) {
    if (bin < HIST_STEPS) return bin;
    int power = bin / HIST_STEPS - 1;
    return ((sn_time)(HIST_STEPS + bin % HIST_STEPS) << power) + ((sn_time)1 << power) / 2;
}

void hist_add(hist *h, sn_time t) {
    if (t < 0) t = 0;
    atomic_fetch_add_explicit(&h->bin[bin_of((uint64_t)t)], 1, memory_order_relaxed);
    long long most = atomic_load_explicit(&h->most, memory_order_relaxed);
    while (t > most && !atomic_compare_exchange_weak(&h->most, &most, t)) continue;
}

long long hist_count(const hist *h) {
    long long n = 0;
    for (int i = 0; i < HIST_BINS; i++) n += atomic_load(&h->bin[i]);
    return n;
}

sn_time hist_at(const hist *h, double q) {
    double upto = q * (double)hist_count(h);
    long long seen = 0;
    for (int i = 0; i < HIST_BINS; i++) {
        seen += atomic_load(&h->bin[i]);
        if ((double)seen >= upto && seen) return time_of(i);
    }
    return 0;
}

void hist_print(const hist *h, const char *name) {
    printf(" %s_p50_us=%.2f %s_p90_us=%.2f %s_p99_us=%.2f %s_max_us=%.2f", name,
           (double)hist_at(h, .5) / 1e3, name, (double)hist_at(h, .9) / 1e3, name,
           (double)hist_at(h, .99) / 1e3, name, (double)atomic_load(&h->most) / 1e3);
}

void hist_clear(hist *h) { memset(h, 0, sizeof *h); }
