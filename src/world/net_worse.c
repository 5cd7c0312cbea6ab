/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Faults on links. What a rule and the faults over it come to is made when it is asked for, and
 * kept until the rules change: pipes may hold it as long (see net_link.c).
 */
#include <stdlib.h>
#include <string.h>

#include "world/net.h"
#include "world/worse.h"

typedef struct made {
    struct made *next;
    net_rule rule;
} made;

static struct {
    sn__link_worse *all;
    made *made; /* all of generation `rules` */
    uint32_t rules;
} worse;

static bool covers(const sn__link_worse *w, uint32_t from, uint32_t to) {
    return from >= w->from[0] && from <= w->from[1] && to >= w->to[0] && to <= w->to[1];
}

static uint32_t more(uint32_t a, uint32_t b) { return a > b ? a : b; }
static sn_time longer(sn_time a, sn_time b) { return a > b ? a : b; }
/** Of two bounds of which 0 is none. */
static uint64_t tighter(uint64_t a, uint64_t b) { return a && (!b || a < b) ? a : b; }

static void add(sn_link *sum, const sn_link *l) {
    sum->down |= l->down;
    sum->latency = longer(sum->latency, l->latency);
    sum->jitter = longer(sum->jitter, l->jitter);
    sum->bandwidth = tighter(sum->bandwidth, l->bandwidth);
    sum->loss = more(sum->loss, l->loss);
    sum->duplicate = more(sum->duplicate, l->duplicate);
    sum->reorder = more(sum->reorder, l->reorder);
    sum->reset = more(sum->reset, l->reset);
    sum->half_open = more(sum->half_open, l->half_open);
    sum->refuse = more(sum->refuse, l->refuse);
}

static void free_made(void) {
    for (made *m = worse.made, *next; m; m = next) {
        next = m->next;
        free(m);
    }
    worse.made = NULL;
}

/** The same link, made for another pair of addresses, or a new one. */
static const net_rule *keep(const sn_link *l) {
    if (worse.rules != sn__net.rules) free_made();
    worse.rules = sn__net.rules;
    for (made *m = worse.made; m; m = m->next)
        if (memcmp(&m->rule.link, l, sizeof *l) == 0) return &m->rule;
    made *m = calloc(1, sizeof *m);
    if (!m) sn_sim_fail("out of memory for the links of faults");
    m->rule.link = *l;
    m->next = worse.made;
    worse.made = m;
    return &m->rule;
}

const net_rule *sn__net_worse(const net_rule *base, uint32_t from, uint32_t to) {
    sn_link faults, sum;
    bool any = false;
    memset(&faults, 0, sizeof faults); /* compared as bytes */
    for (const sn__link_worse *w = worse.all; w; w = w->next) {
        if (!covers(w, from, to)) continue;
        add(&faults, &w->link);
        any = true;
    }
    if (!any) return base;
    sn_time latency = faults.latency, jitter = faults.jitter;
    sum = faults;
    if (base) {
        add(&sum, &base->link);
        sum.latency = base->link.latency + latency;
        sum.jitter = base->link.jitter + jitter;
    }
    return keep(&sum);
}

bool sn__net_is_worse(void) { return worse.all != NULL; }

int sn__link_worsen(sn__link_worse *w, const char *from, const char *to, const sn_link *link) {
    *w = (sn__link_worse){.link = *link};
    int rc = sn__net_place(from, w->from);
    if (rc == 0) rc = sn__net_place(to, w->to);
    if (rc) return rc;
    w->next = worse.all;
    worse.all = w;
    sn__net.rules++;
    return 0;
}

void sn__link_heal(sn__link_worse *w) {
    for (sn__link_worse **at = &worse.all; *at; at = &(*at)->next) {
        if (*at != w) continue;
        *at = w->next;
        sn__net.rules++;
        return;
    }
}

void sn__net_worse_end(void) {
    free_made();
    worse.all = NULL;
    worse.rules = 0;
}
