/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Each fault at its time, and its end. What cannot be done to live processes is refused before
 * anything begins, by name and with the reason.
 */
#include <stdlib.h>
#include <string.h>

#include "chaos.h"

/** A beginning or an end. */
typedef struct moment {
    sn_time at;
    bool begins;
    size_t fault;
} moment;

typedef struct conductor {
    chaos *c;
    bool *active;
    pressure *pressures;
    moment *moments;
    size_t n;
} conductor;

/* ---- What can be done ---- */

static bool links_have(const chaos *c, const sn_fault *f) {
    for (size_t i = 0; i < c->links_n; i++) {
        if (link_is_of(&c->links[i], f)) return true;
    }
    return false;
}

static const char *link_refused(const chaos *c, const sn_fault *f) {
    if (f->kind == SN_FAULT_DUPLICATE || f->kind == SN_FAULT_REORDER) {
        return "is for datagrams, and links here are streams: use simulation";
    }
    return links_have(c, f) ? NULL : "needs a --link between the two";
}

static const char *host_refused(chaos *c, const sn_fault *f) {
    const chaos_host *h = chaos_host_named(c, f->place);
    switch (f->kind) {
    case SN_FAULT_KILL:
        if (h->command || (h->pid && c->may_kill)) return NULL;
        return h->pid ? "nobody here would start the process again: give its command "
                        "(--host NAME=run:COMMAND), or --may-kill if somebody else does"
                      : "the host has no process here";
    case SN_FAULT_FREEZE:
        return h->command || h->pid ? NULL : "the host has no process here";
    case SN_FAULT_HOG:
        return NULL;
    case SN_FAULT_MEMORY:
        return pressure_refused(f);
    case SN_FAULT_DISK_FULL:
        return h->folder ? NULL : "needs --disk NAME=FOLDER:BYTES, and fills no other";
    case SN_FAULT_POWER:
        return "what was not synced stays there, whatever happens to a process: use simulation";
    case SN_FAULT_CLOCK_JUMP:
    case SN_FAULT_CLOCK_DRIFT:
        return "the clock is the whole machine's, and to give one process another needs its "
               "cooperation: use simulation";
    default:
        return "disks of live processes are the machine's: use simulation";
    }
}

bool chaos_possible(chaos *c) {
    uint32_t before = c->troubles;
    for (size_t i = 0; i < c->list.n; i++) {
        const sn_fault *f = &c->list.faults[i];
        const char *why = sn_fault_on_link(f->kind) ? link_refused(c, f) : host_refused(c, f);
        if (why && (i == 0 || f->line != c->list.faults[i - 1].line)) {
            chaos_trouble(c, "%s:%u: %s: %s", c->plan_file, f->line, sn_fault_name(f->kind), why);
        } else if (why) {
            c->troubles++;
        }
    }
    return c->troubles == before;
}

/* ---- Doing and undoing ---- */

static void renew_links(conductor *x, const sn_fault *f) {
    chaos *c = x->c;
    for (size_t i = 0; i < c->links_n; i++) {
        chaos_link *l = &c->links[i];
        if (!link_is_of(l, f)) continue;
        link_renew(l, c->list.faults, x->active, c->list.n);
        if (f->kind != SN_FAULT_RESET || f->lasts > 0) continue;
        chaos_say(c, "%u connections are reset", (unsigned)proxy_reset_all(l));
    }
}

static void begin(conductor *x, size_t i) {
    chaos *c = x->c;
    const sn_fault *f = &c->list.faults[i];
    chaos_host *h = chaos_host_named(c, f->place);
    char text[300];
    sn_fault_print(f, text, sizeof text);
    x->active[i] = f->lasts > 0;
    if (sn_fault_on_link(f->kind))
        renew_links(x, f);
    else if (f->kind == SN_FAULT_KILL)
        chaos_kill(c, h);
    else if (f->kind == SN_FAULT_FREEZE)
        chaos_freeze(c, h);
    else if (f->kind == SN_FAULT_HOG)
        pressure_hog(c, &x->pressures[i], f);
    else if (f->kind == SN_FAULT_MEMORY)
        pressure_memory(c, &x->pressures[i], f);
    else if (f->kind == SN_FAULT_DISK_FULL)
        pressure_disk(c, &x->pressures[i], h);
    chaos_say(c, "%s", text); /* once it is there, as its end is told while it still is */
}

/** `whole`: hosts are started again, too. */
static void end(conductor *x, size_t i, bool whole) {
    chaos *c = x->c;
    const sn_fault *f = &c->list.faults[i];
    chaos_host *h = chaos_host_named(c, f->place);
    if (!x->active[i]) return;
    x->active[i] = false;
    chaos_say(c, "#%u is over", f->number);
    if (sn_fault_on_link(f->kind))
        renew_links(x, f);
    else if (f->kind == SN_FAULT_KILL)
        chaos_unkill(c, h, whole);
    else if (f->kind == SN_FAULT_FREEZE)
        chaos_thaw(c, h);
    else
        pressure_end(&x->pressures[i]);
}

/* ---- In time ---- */

static int in_time(const void *a, const void *b) {
    const moment *l = a, *r = b;
    if (l->at != r->at) return l->at < r->at ? -1 : 1;
    if (l->begins != r->begins) return l->begins - r->begins;
    return l->fault < r->fault ? -1 : l->fault > r->fault;
}

static void fill(conductor *x) {
    const sn_fault_list *list = &x->c->list;
    for (size_t i = 0; i < list->n; i++) {
        const sn_fault *f = &list->faults[i];
        x->moments[x->n++] = (moment){f->at, true, i};
        if (f->lasts > 0) x->moments[x->n++] = (moment){f->at + f->lasts, false, i};
    }
    qsort(x->moments, x->n, sizeof *x->moments, in_time);
}

static int go_through(conductor *x) {
    sn_time until = x->c->limit == SN_NEVER ? SN_NEVER : x->c->start + x->c->limit;
    for (size_t i = 0; i < x->n; i++) {
        const moment *m = &x->moments[i];
        if (x->c->start + m->at > until) return sn_sleep_until(until);
        int rc = sn_sleep_until(x->c->start + m->at);
        if (rc) return rc;
        if (m->begins)
            begin(x, m->fault);
        else
            end(x, m->fault, true);
    }
    return until == SN_NEVER ? 0 : sn_sleep_until(until);
}

int chaos_conduct(chaos *c) {
    conductor x = {.c = c};
    size_t n = c->list.n;
    x.active = calloc(n + 1, sizeof *x.active);
    x.pressures = calloc(n + 1, sizeof *x.pressures);
    x.moments = calloc(2 * n + 1, sizeof *x.moments);
    int rc = x.active && x.pressures && x.moments ? 0 : SN_ENOMEM;
    if (rc == 0) {
        fill(&x);
        rc = go_through(&x);
        for (size_t i = 0; i < n; i++) end(&x, i, rc == 0);
    }
    free(x.active);
    free(x.pressures);
    free(x.moments);
    return rc;
}
