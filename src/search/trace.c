/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The trace as text; see trace.h. */
#include "search/trace.h"

#include <stdio.h>

#include "port/port.h"
#include "sched/sim/sim.h"
#include "search/number.h"

enum { LINE = 512 };

static struct {
    int fd;
    size_t n;
    char at[64 * 1024];
} out;

void sn__trace_start(int fd) {
    out.fd = fd;
    out.n = 0;
}

void sn__trace_flush(void) {
    sn__os_write(out.fd, out.at, out.n);
    out.n = 0;
}

void sn__trace_event(void *arg, const sn_sim_event *e) {
    char at[TIME_TEXT], who[64];
    (void)arg;
    if (e->name)
        snprintf(who, sizeof who, "%llu %s", (unsigned long long)e->id, e->name);
    else
        snprintf(who, sizeof who, "%llu", (unsigned long long)e->id);
    if (sizeof out.at - out.n < LINE) sn__trace_flush();
    int n = snprintf(out.at + out.n, LINE, "%8llu %8llu %18s  %-10s %-14s %-12s %llu %llu\n",
                     (unsigned long long)e->number, (unsigned long long)sn__sim_choices(),
                     sn__show_time(e->at, at), e->host, who, e->what, (unsigned long long)e->a,
                     (unsigned long long)e->b);
    out.n += n < LINE ? (size_t)n : LINE - 1;
}
