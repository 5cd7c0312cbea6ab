/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * From a plan to concrete faults: each line is repeated as often as it says, each repetition draws
 * its time, its parameters and the hosts that it hits; what would go beyond a blast radius is left
 * out; the rest is put in the order of time and numbered.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/kind.h"
#include "plan/random.h"

typedef struct expansion {
    const sn_plan *plan;
    const sn_plan_host *hosts;
    size_t hosts_n;
    uint64_t seed;
    sn_plan_error *error;
    plan_candidate *all;
    size_t n, room;
    uint32_t *picks, *targets; /* room for an index of each host */
    size_t limits[PLAN_RULES_MAX], radius;
} expansion;

bool plan_matches(const char *place, const char *host) {
    size_t n = strlen(place);
    if (n > 0 && place[n - 1] == '*') return strncmp(place, host, n - 1) == 0;
    return strcmp(place, host) == 0;
}

size_t plan_share_of(plan_amount a, size_t n) {
    if (a.n) return a.n < n ? a.n : n;
    return a.share ? (size_t)((uint64_t)n * a.share / 1000000) : n;
}

static bool is_spared(const sn_plan *p, const char *host) {
    for (size_t i = 0; i < p->spared_n; i++) {
        if (plan_matches(p->spared[i], host)) return true;
    }
    return false;
}

/** The hosts that a place means, without those to be spared when it is they who are hit. */
static size_t matching(const expansion *x, const char *place, bool hit, uint32_t *out) {
    size_t n = 0;
    for (uint32_t h = 0; h < x->hosts_n; h++) {
        const char *name = x->hosts[h].name;
        if (plan_matches(place, name) && !(hit && is_spared(x->plan, name))) out[n++] = h;
    }
    return n;
}

static int no_host(const expansion *x, const plan_rule *r, const char *place, uint32_t column) {
    for (size_t h = 0; h < x->hosts_n; h++) {
        if (!plan_matches(place, x->hosts[h].name)) continue;
        return plan_error(x->error, r->line, column, "'%s' is spared", place);
    }
    return plan_error(x->error, r->line, column, "there is no host '%s'", place);
}

static sn_time drawn(uint64_t *random, plan_range r) {
    uint64_t width = (uint64_t)r.hi - (uint64_t)r.lo; /* below 2^64 - 1: times are below 292 y */
    return width ? (sn_time)((uint64_t)r.lo + plan_below(random, width + 1)) : r.lo;
}

/** Moves `wanted` of n picks, drawn, to the front. */
static void draw_picks(uint64_t *random, uint32_t *picks, size_t n, size_t wanted) {
    for (size_t i = 0; i < wanted && i + 1 < n; i++) {
        size_t j = i + (size_t)plan_below(random, n - i);
        uint32_t t = picks[i];
        picks[i] = picks[j];
        picks[j] = t;
    }
}

static plan_candidate *one_more(expansion *x) {
    if (x->n == SN_FAULTS_MAX) {
        plan_error(x->error, 0, 0, "the plan has more than %u faults", SN_FAULTS_MAX);
        return NULL;
    }
    if (x->n == x->room) {
        size_t room = x->room ? x->room * 2 : 64;
        plan_candidate *more = realloc(x->all, room * sizeof *more);
        if (!more) {
            x->error->text[0] = 0;
            return NULL;
        }
        x->all = more;
        x->room = room;
    }
    return &x->all[x->n];
}

static int add(expansion *x, const sn_fault *f, uint32_t rule, uint32_t host) {
    plan_candidate *c = one_more(x);
    if (!c) return x->error->text[0] ? SN_EINVAL : SN_ENOMEM;
    *c = (plan_candidate){.f = *f, .rule = rule, .host = host, .order = (uint32_t)x->n};
    x->n++;
    return 0;
}

/** The largest block of a crowd's addresses that is no more than what the amount allows; at a
 *  drawn place. */
static void draw_block(uint64_t *random, const sn_plan_host *h, plan_amount a,
                       char out[SN_PLACE_MAX]) {
    uint64_t all = (uint64_t)h->last - h->first + 1, some = plan_share_of(a, (size_t)all);
    unsigned bits = 0;
    while (bits < 32 && (2ull << bits) <= some && h->first % (2ull << bits) == 0) bits++;
    uint32_t base = h->first + (uint32_t)(plan_below(random, all >> bits) << bits);
    snprintf(out, SN_PLACE_MAX, "%u.%u.%u.%u/%u", base >> 24, base >> 16 & 255, base >> 8 & 255,
             base & 255, 32 - bits);
}

/** The fault at one place, to each place that it is about. */
static int add_targets(expansion *x, const plan_rule *r, sn_fault *f, uint32_t rule, uint32_t host,
                       size_t targets) {
    int rc = 0;
    if (!plan_kinds[r->kind].link || targets == 0) {
        memcpy(f->to, r->to, sizeof f->to);
        return add(x, f, rule, host);
    }
    for (size_t i = 0; i < targets && rc == 0; i++) {
        if (x->targets[i] == host) continue; /* a host reaches itself */
        snprintf(f->to, sizeof f->to, "%s", x->hosts[x->targets[i]].name);
        rc = add(x, f, rule, host);
    }
    return rc;
}

/** What a repetition draws besides its place. */
static sn_fault draw_fault(const plan_rule *r, uint64_t *random, sn_time base) {
    sn_fault f = {.line = r->line, .kind = r->kind, .both = r->both};
    f.at = base + drawn(random, r->at);
    f.lasts = drawn(random, r->lasts);
    f.by = drawn(random, r->by);
    f.jitter = drawn(random, r->jitter);
    f.sync = drawn(random, r->sync);
    f.share = r->share;
    f.fail_read = r->fail_read;
    f.fail_write = r->fail_write;
    f.fail_sync = r->fail_sync;
    f.drift = r->drift;
    f.bytes = r->bytes;
    f.cpus = r->cpus;
    return f;
}

/** A line's places, looked up once. */
typedef struct places {
    size_t picks, targets; /* how many are in x->picks and x->targets */
    size_t wanted;         /* of the picks, at once */
    bool block;            /* the one pick is a crowd, and a part of it is hit */
} places;

static int repeat(expansion *x, uint32_t rule, const places *p, uint32_t repetition) {
    const plan_rule *r = &x->plan->rules[rule];
    uint64_t random = plan_stream(x->seed, rule, repetition);
    sn_fault f = draw_fault(r, &random, (sn_time)repetition * r->every);
    int rc = 0;
    if (r->until && f.at >= r->until) return 0;
    if (p->picks == 0) {
        memcpy(f.place, r->place, sizeof f.place);
        return add_targets(x, r, &f, rule, PLAN_NOBODY, p->targets);
    }
    draw_picks(&random, x->picks, p->picks, p->wanted);
    for (size_t i = 0; i < p->wanted && rc == 0; i++) {
        const sn_plan_host *h = &x->hosts[x->picks[i]];
        snprintf(f.place, sizeof f.place, "%s", h->name);
        if (p->block) draw_block(&random, h, r->spread, f.place);
        rc = add_targets(x, r, &f, rule, x->picks[i], p->targets);
    }
    return rc;
}

static int find_picks(expansion *x, const plan_rule *r, places *p) {
    if (plan_is_address(r->place)) return 0;
    p->picks = matching(x, r->place, true, x->picks);
    if (p->picks == 0) return no_host(x, r, r->place, r->column);
    const sn_plan_host *only = &x->hosts[x->picks[0]];
    bool said = r->spread.n || r->spread.share;
    p->block = said && p->picks == 1 && only->last > only->first && plan_kinds[r->kind].link;
    p->wanted = 1; /* a blast radius that nobody has set is one host */
    if (said && !p->block) p->wanted = plan_share_of(r->spread, p->picks);
    size_t of = p->block ? (size_t)(only->last - only->first) + 1 : p->picks;
    if (p->wanted == 0 || (p->block && plan_share_of(r->spread, of) == 0)) {
        return plan_error(x->error, r->line, r->column,
                          "spread: that share of %zu is less than one", of);
    }
    return 0;
}

static int find_targets(expansion *x, const plan_rule *r, places *p) {
    bool any = strcmp(r->to, "*") == 0;
    if (!plan_kinds[r->kind].link || any || plan_is_address(r->to)) return 0;
    p->targets = matching(x, r->to, false, x->targets);
    return p->targets ? 0 : no_host(x, r, r->to, r->to_column);
}

static int expand_rule(expansion *x, uint32_t rule) {
    const plan_rule *r = &x->plan->rules[rule];
    places p = {0};
    int rc = find_picks(x, r, &p);
    if (rc == 0) rc = find_targets(x, r, &p);
    x->limits[rule] = p.wanted;
    uint32_t most = r->times ? r->times : r->until ? SN_FAULTS_MAX + 1 : 1;
    for (uint32_t i = 0; i < most && rc == 0; i++) {
        sn_time base;
        if (__builtin_mul_overflow((sn_time)i, r->every, &base) ||
            __builtin_add_overflow(base, r->at.hi, &base)) {
            return plan_error(x->error, r->line, 0, "the last of its times are beyond 292 years");
        }
        if (r->until && r->at.lo + (sn_time)i * r->every >= r->until) break;
        rc = repeat(x, rule, &p, i);
    }
    return rc;
}

static int by_time(const void *a, const void *b) {
    const plan_candidate *l = a, *r = b;
    if (l->f.at != r->f.at) return l->f.at < r->f.at ? -1 : 1;
    return l->order < r->order ? -1 : l->order > r->order;
}

static int set_radius(expansion *x) {
    const sn_plan *p = x->plan;
    size_t hosts = 0;
    for (size_t h = 0; h < x->hosts_n; h++) hosts += !is_spared(p, x->hosts[h].name);
    bool said = p->radius.n || p->radius.share;
    x->radius = said ? plan_share_of(p->radius, hosts) : hosts;
    if (said && x->radius == 0 && hosts > 0) {
        return plan_error(x->error, p->radius_line, 0,
                          "radius: that share of %zu hosts is less than one", hosts);
    }
    return 0;
}

static int collect(expansion *x, sn_fault_list *list) {
    int rc = plan_keep_radius(x->all, x->n, x->plan->n, x->hosts_n, x->limits, x->radius);
    if (rc) return rc;
    list->faults = malloc((x->n + 1) * sizeof *list->faults);
    if (!list->faults) return SN_ENOMEM;
    for (size_t i = 0; i < x->n; i++) {
        if (x->all[i].drop) continue;
        list->faults[list->n] = x->all[i].f;
        list->faults[list->n].number = (uint32_t)list->n + 1;
        list->n++;
    }
    list->dropped = x->n - list->n;
    return 0;
}

static int expand(expansion *x, sn_fault_list *list) {
    int rc = set_radius(x);
    for (uint32_t r = 0; r < x->plan->n && rc == 0; r++) rc = expand_rule(x, r);
    if (rc) return rc;
    if (x->n) qsort(x->all, x->n, sizeof *x->all, by_time);
    return collect(x, list);
}

int sn_plan_expand(const sn_plan *plan, uint64_t seed, const sn_plan_host *hosts, size_t n,
                   sn_fault_list *list, sn_plan_error *error) {
    *list = (sn_fault_list){0};
    if (n > PLAN_HOSTS_MAX) {
        return plan_error(error, 0, 0, "a plan is for at most %u hosts", PLAN_HOSTS_MAX);
    }
    expansion *x = calloc(1, sizeof *x);
    if (!x) return SN_ENOMEM;
    *x = (expansion){.plan = plan, .hosts = hosts, .hosts_n = n, .seed = seed, .error = error};
    x->picks = malloc((n + 1) * sizeof *x->picks);
    x->targets = malloc((n + 1) * sizeof *x->targets);
    int rc = x->picks && x->targets ? expand(x, list) : SN_ENOMEM;
    free(x->picks);
    free(x->targets);
    free(x->all);
    free(x);
    return rc;
}

void sn_fault_list_free(sn_fault_list *list) {
    free(list->faults);
    *list = (sn_fault_list){0};
}
