/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The fault plan of a simulated run. sn_faults_start makes the plan concrete for the hosts that
 * there are, and starts one coroutine that does each fault at its time and undoes it at its end.
 * What ends at an instant is undone before what begins then.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sennit/scenario.h>
#include <sennit/time.h>

#include "sched/sim/world.h"
#include "search/faults.h"
#include "search/plan.h"

/** What the runs that come are to use, and what the last of them made of it. */
static struct {
    const sn_plan *plan;
    const char *file;
    uint64_t seed;
    const uint32_t *without;
    size_t without_n;
    bool busy; /**< a run's faults are on their way */
    sn_fault_list list;
} used;

void sn__faults_use(const sn_plan *plan, const char *file, uint64_t seed, const uint32_t *without,
                    size_t n) {
    sn_fault_list_free(&used.list);
    used.busy = false;
    used.plan = plan;
    used.file = file;
    used.seed = seed;
    used.without = without;
    used.without_n = n;
}

const sn_fault *sn__faults_list(size_t *n) {
    *n = used.list.n;
    return used.list.faults;
}

/* ---- A run's faults ---- */

/** A beginning or an end. */
typedef struct moment {
    sn_time at;
    bool begins;
    uint32_t fault; /**< index */
} moment;

typedef struct conductor {
    fault_state *states;
    fault_host *hosts;
    moment *moments;
    size_t faults_n, hosts_n, moments_n;
    sn_time start;
} conductor;

static void conductor_free(conductor *c) {
    free(c->states);
    free(c->hosts);
    free(c->moments);
    free(c);
}

static int in_time(const void *a, const void *b) {
    const moment *l = a, *r = b;
    if (l->at != r->at) return l->at < r->at ? -1 : 1;
    if (l->begins != r->begins) return l->begins - r->begins;
    return l->fault < r->fault ? -1 : l->fault > r->fault;
}

/** Undoes what is not over, since the scope was cancelled. */
static void undo_all(conductor *c) {
    for (size_t i = 0; i < c->faults_n; i++)
        (void)sn__fault_undo(&c->states[i], c->states, c->faults_n, false);
}

static int do_moment(conductor *c, const moment *m) {
    fault_state *s = &c->states[m->fault];
    int rc = m->begins ? sn__fault_do(s) : sn__fault_undo(s, c->states, c->faults_n, true);
    if (rc == 0) return 0;
    fprintf(stderr, "%s:%u: fault #%u, a %s: %s\n", used.file, s->f->line, s->f->number,
            sn_fault_name(s->f->kind), sn_strerror(rc));
    return rc;
}

static int conduct(void *arg) {
    conductor *c = *(conductor **)arg;
    int rc = 0;
    for (size_t i = 0; i < c->moments_n && rc == 0; i++) {
        sn_time at;
        if (__builtin_add_overflow(c->start, c->moments[i].at, &at)) at = SN_NEVER - 1;
        rc = sn_sleep_until(at);
        if (rc == 0) rc = do_moment(c, &c->moments[i]);
    }
    undo_all(c);
    conductor_free(c);
    used.busy = false;
    return rc == SN_ECANCELED || rc == SN_ETIMEDOUT ? 0 : rc;
}

/* ---- Starting ---- */

static size_t count_hosts(void) {
    size_t n = 0;
    for (const sn_host *h = sn__sim_hosts(); h; h = h->next) n++;
    return n;
}

static int expand(size_t hosts_n) {
    sn_plan_error e = {0};
    sn_plan_host *hosts = calloc(hosts_n + 1, sizeof *hosts);
    if (!hosts) return SN_ENOMEM;
    size_t n = 0;
    for (const sn_host *h = sn__sim_hosts(); h; h = h->next)
        hosts[n++] = (sn_plan_host){h->name, h->addr, h->last};
    int rc = sn_plan_expand(used.plan, used.seed, hosts, n, &used.list, &e);
    free(hosts);
    if (rc != SN_EINVAL) return rc;
    fprintf(stderr, "%s:%u:%u: %s\n", used.file, e.line, e.column, e.text);
    return SN_ENOENT;
}

static bool is_without(uint32_t number) {
    for (size_t i = 0; i < used.without_n; i++)
        if (used.without[i] == number) return true;
    return false;
}

static fault_host *host_of(const conductor *c, const sn_fault *f) {
    for (size_t i = 0; i < c->hosts_n; i++)
        if (strcmp(sn_host_name(c->hosts[i].h), f->place) == 0) return &c->hosts[i];
    return NULL;
}

static int add_fault(conductor *c, const sn_fault *f) {
    const char *refused = sn__fault_refused(f);
    uint32_t index = (uint32_t)c->faults_n;
    if (refused) {
        fprintf(stderr, "%s:%u: %s\n", used.file, f->line, refused);
        return SN_ENOSYS;
    }
    fault_state *s = &c->states[c->faults_n++];
    *s = (fault_state){.f = f, .on = sn_fault_on_link(f->kind) ? NULL : host_of(c, f)};
    c->moments[c->moments_n++] = (moment){f->at, true, index};
    sn_time end;
    if (f->lasts == 0 || __builtin_add_overflow(f->at, f->lasts, &end)) return 0;
    c->moments[c->moments_n++] = (moment){end, false, index};
    return 0;
}

static int fill(conductor *c) {
    int rc = 0;
    for (sn_host *h = sn__sim_hosts(); h; h = h->next) c->hosts[c->hosts_n++].h = h;
    for (size_t i = 0; i < used.list.n && rc == 0; i++)
        if (!is_without(used.list.faults[i].number)) rc = add_fault(c, &used.list.faults[i]);
    qsort(c->moments, c->moments_n, sizeof *c->moments, in_time);
    return rc;
}

static int start(conductor *c, size_t hosts_n) {
    size_t n = used.list.n;
    c->states = calloc(n + 1, sizeof *c->states);
    c->hosts = calloc(hosts_n + 1, sizeof *c->hosts);
    c->moments = calloc(2 * n + 1, sizeof *c->moments);
    if (!c->states || !c->hosts || !c->moments) return SN_ENOMEM;
    int rc = fill(c);
    if (rc) return rc;
    c->start = sn_now();
    return sn_go(conduct, &c, sizeof c);
}

int sn_faults_start(void) {
    if (!used.plan || sn_plan_size(used.plan) == 0) return 0;
    if (sn_host_self()) return SN_EINVAL;
    if (used.busy) return SN_EBUSY;
    sn_fault_list_free(&used.list);
    size_t hosts_n = count_hosts();
    int rc = expand(hosts_n);
    if (rc) return rc;
    conductor *c = calloc(1, sizeof *c);
    if (!c) return SN_ENOMEM;
    rc = start(c, hosts_n);
    used.busy = rc == 0;
    if (rc) conductor_free(c);
    return rc;
}
