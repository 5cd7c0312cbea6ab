/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Latency buckets and the summary. */
#include "drive_impl.h"

#include <stdio.h>

/* Bucket of microseconds v: 8 to each power of two. */
static unsigned bucket_of(uint64_t v) {
    if (v < 8) return (unsigned)v;
    unsigned log = 63 - (unsigned)__builtin_clzll(v);
    unsigned b = (log - 2) * 8 + (unsigned)((v >> (log - 3)) & 7);
    return b < DRIVE_BUCKETS ? b : DRIVE_BUCKETS - 1;
}

static uint64_t bucket_end(unsigned b) {
    if (b < 8) return b;
    unsigned log = b / 8 + 2;
    return ((8 + (uint64_t)(b & 7) + 1) << (log - 3)) - 1;
}

void drive_histogram_add(struct drive_histogram *h, sn_time took) {
    uint64_t us = took < 0 ? 0 : (uint64_t)(took / SN_MICROSECOND);
    atomic_fetch_add_explicit(&h->bucket[bucket_of(us)], 1, memory_order_relaxed);
}

sn_time drive_histogram_at(const struct drive_histogram *h, double q) {
    uint64_t total = 0, seen = 0;
    for (unsigned i = 0; i < DRIVE_BUCKETS; i++) total += h->bucket[i];
    if (!total) return 0;
    for (unsigned i = 0; i < DRIVE_BUCKETS; i++) {
        seen += h->bucket[i];
        if ((double)seen >= q * (double)total) return (sn_time)bucket_end(i) * SN_MICROSECOND;
    }
    return (sn_time)bucket_end(DRIVE_BUCKETS - 1) * SN_MICROSECOND;
}

static unsigned long long count(const _Atomic uint64_t *v) { return *v; }

void drive_print(const struct drive_stats *s, sn_time took) {
    double seconds = (double)took / (double)SN_SECOND;
    printf("seconds=%.1f polls=%llu polls_per_s=%.0f poll_p50_ms=%.3f poll_p99_ms=%.3f "
           "downloads=%llu bytes=%llu successes=%llu failures=%llu cancels=%llu "
           "closed_before=%llu retries=%llu refused=%llu corrupt=%llu\n",
           seconds, count(&s->polls), seconds > 0 ? (double)s->polls / seconds : 0,
           (double)drive_histogram_at(&s->poll_time, 0.5) / 1e6,
           (double)drive_histogram_at(&s->poll_time, 0.99) / 1e6, count(&s->downloads),
           count(&s->bytes), count(&s->successes), count(&s->failures), count(&s->cancels),
           count(&s->closed_before), count(&s->retries), count(&s->refused), count(&s->corrupt));
    fflush(stdout);
}
