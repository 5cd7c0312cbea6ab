/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The blast radius: how many hosts are hit at once, by a line and by all lines. The faults come in
 * the order of time, so it is enough to look at each one's beginning: nothing that begins later
 * counts yet, and what has ended counts no more.
 */
#include <stdlib.h>

#include "plan/plan_impl.h"

/** Until when each host is hit; 0: never was. */
typedef sn_time *until_table;

static size_t hit_at(const sn_time *until, size_t hosts, sn_time now) {
    size_t n = 0;
    for (size_t h = 0; h < hosts; h++) n += until[h] > now;
    return n;
}

static bool fits(const sn_time *until, size_t hosts, const plan_candidate *c, size_t limit) {
    return until[c->host] > c->f.at || hit_at(until, hosts, c->f.at) < limit;
}

static void hit(sn_time *until, const plan_candidate *c) {
    sn_time lasts = c->f.lasts > 0 ? c->f.lasts : 1, end; /* an instant counts while it is now */
    if (__builtin_add_overflow(c->f.at, lasts, &end)) end = SN_NEVER;
    if (until[c->host] < end) until[c->host] = end;
}

int plan_keep_radius(plan_candidate *c, size_t n, size_t rules, size_t hosts, const size_t *limits,
                     size_t radius) {
    until_table all = calloc(hosts + 1, sizeof *all);
    until_table of_rule = calloc(rules * hosts + 1, sizeof *of_rule);
    int rc = all && of_rule ? 0 : SN_ENOMEM;
    for (size_t i = 0; i < n && rc == 0; i++) {
        if (c[i].host == PLAN_NOBODY) continue;
        sn_time *own = of_rule + c[i].rule * hosts;
        c[i].drop = !fits(own, hosts, &c[i], limits[c[i].rule]) || !fits(all, hosts, &c[i], radius);
        if (c[i].drop) continue;
        hit(all, &c[i]);
        hit(own, &c[i]);
    }
    free(all);
    free(of_rule);
    return rc;
}
