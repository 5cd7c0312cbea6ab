/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Faults in the simulated world. Several at one place add up: a host is up again when the last
 * that holds it down is over, a link is as bad as the worst of them.
 *
 * A hog is a coroutine of the host that runs through choice points and never waits, in short
 * bursts over its time: virtual time does not pass while anybody runs.
 */
#include <string.h>

#include <sennit/time.h>

#include "sched/sim/state.h"
#include "search/faults.h"

enum { BURSTS = 100, BURST_POINTS = 100 };

const char *sn__fault_refused(const sn_fault *f) {
    if (f->kind != SN_FAULT_MEMORY) return NULL;
    return "memory: simulated hosts have no memory of their own to run out of";
}

/* ---- links ---- */

static sn_link link_of(const sn_fault *f) {
    sn_link l = {.size = sizeof l};
    switch (f->kind) {
    case SN_FAULT_PARTITION:
        l.down = 1;
        break;
    case SN_FAULT_DELAY:
        l.latency = f->by;
        l.jitter = f->jitter;
        break;
    case SN_FAULT_LOSS:
        l.loss = f->share;
        break;
    case SN_FAULT_THROTTLE:
        l.bandwidth = f->bytes;
        break;
    case SN_FAULT_DUPLICATE:
        l.duplicate = f->share;
        break;
    case SN_FAULT_REORDER:
        l.reorder = f->share;
        break;
    case SN_FAULT_RESET:
        l.reset = f->share;
        break;
    case SN_FAULT_HALF_OPEN:
        l.half_open = f->share;
        break;
    case SN_FAULT_REFUSE:
        l.refuse = f->share;
        break;
    default:
        break;
    }
    return l;
}

static int do_link(fault_state *s) {
    const sn_fault *f = s->f;
    if (f->kind == SN_FAULT_RESET && f->lasts == 0) {
        (void)sn_sim_reset(f->place, f->to);
        return 0;
    }
    sn_link l = link_of(f);
    int rc = sn__link_worsen(&s->there, f->place, f->to, &l);
    if (rc || !f->both) return rc;
    rc = sn__link_worsen(&s->back, f->to, f->place, &l);
    if (rc) sn__link_heal(&s->there);
    return rc;
}

static void undo_link(fault_state *s) {
    sn__link_heal(&s->there);
    sn__link_heal(&s->back);
}

/* ---- disks ---- */

static int do_disk(fault_state *s) {
    const sn_fault *f = s->f;
    sn_disk d = {.size = sizeof d,
                 .fail_read = f->fail_read,
                 .fail_write = f->fail_write,
                 .fail_sync = f->fail_sync};
    if (f->kind == SN_FAULT_DISK_FULL) d.capacity = 1;
    if (f->kind == SN_FAULT_DISK_LIE) d.lie = f->share;
    if (f->kind == SN_FAULT_BIT_ROT) d.flip = f->share;
    if (f->kind == SN_FAULT_DISK_SLOW) {
        d.latency = f->by;
        d.sync = f->sync;
    }
    return sn__disk_worsen(&s->disk, s->on->h, &d);
}

/* ---- processes ---- */

static int do_stop(fault_state *s) {
    s->on->down++;
    if (!sn_host_up(s->on->h)) return 0;
    s->on->stopped = true;
    sn_host_stop(s->on->h, s->f->kind == SN_FAULT_POWER ? SN_STOP_POWER : SN_STOP_PROCESS);
    return 0;
}

static int undo_stop(fault_host *on, bool restart) {
    if (--on->down > 0 || !on->stopped || !restart) return 0;
    on->stopped = false;
    return sn_host_up(on->h) ? 0 : sn_host_restart(on->h);
}

static int do_pause(fault_state *s) {
    s->on->paused++;
    sn_host_pause(s->on->h);
    return 0;
}

static int hog(void *arg) {
    sn_time rest = *(sn_time *)arg;
    for (int i = 0; i < BURSTS; i++) {
        for (int k = 0; k < BURST_POINTS; k++) sn__sim_choice();
        int rc = sn_sleep(rest);
        if (rc) return 0; /* its process goes */
    }
    return 0;
}

static int do_hog(fault_state *s) {
    sn_host *h = s->on->h;
    sn_attr a = {.size = sizeof a, .name = "hog"};
    sn_time rest = s->f->lasts / BURSTS;
    int rc = 0;
    for (uint32_t i = 0; i < s->f->cpus && rc == 0 && sn_host_up(h); i++)
        rc = sn__sim_spawn(h, &h->root, &a, hog, &rest, sizeof rest, (uintptr_t)hog);
    return rc == SN_ECANCELED || rc == SN_ETIMEDOUT ? 0 : rc; /* it is coming to its end */
}

/* ---- clocks ---- */

/** Of those that are active, the strongest drift; what it was when there is none. */
static int set_drift(const fault_host *on, const fault_state *all, size_t n) {
    int32_t worst = 0;
    for (size_t i = 0; i < n; i++) {
        const sn_fault *f = all[i].f;
        if (!all[i].active || all[i].on != on || f->kind != SN_FAULT_CLOCK_DRIFT) continue;
        int32_t is = worst < 0 ? -worst : worst, size = f->drift < 0 ? -f->drift : f->drift;
        if (size > is) worst = f->drift;
    }
    return sn_host_drift(on->h, worst ? worst : on->base);
}

static int do_drift(fault_state *s) {
    fault_host *on = s->on;
    if (on->drifting++ == 0) on->base = on->h->ppm;
    int32_t now = on->h->ppm, is = now < 0 ? -now : now;
    int32_t size = s->f->drift < 0 ? -s->f->drift : s->f->drift;
    return on->drifting > 1 && is >= size ? 0 : sn_host_drift(on->h, s->f->drift);
}

/* ---- all of them ---- */

static int do_it(fault_state *s) {
    const sn_fault *f = s->f;
    if (!s->on) return do_link(s);
    switch (f->kind) {
    case SN_FAULT_KILL:
    case SN_FAULT_POWER:
        return do_stop(s);
    case SN_FAULT_FREEZE:
        return do_pause(s);
    case SN_FAULT_HOG:
        return do_hog(s);
    case SN_FAULT_CLOCK_JUMP:
        sn_host_jump(s->on->h, f->by);
        return 0;
    case SN_FAULT_CLOCK_DRIFT:
        return do_drift(s);
    default:
        return do_disk(s);
    }
}

int sn__fault_do(fault_state *s) {
    sn_sim_note(sn_fault_name(s->f->kind), s->f->number, (uint64_t)s->f->lasts);
    int rc = do_it(s);
    s->active = rc == 0;
    return rc;
}

int sn__fault_undo(fault_state *s, const fault_state *all, size_t n, bool restart) {
    const sn_fault *f = s->f;
    if (!s->active) return 0;
    s->active = false;
    if (f->lasts == 0) return 0;
    sn_sim_note("fault.over", f->number, 0);
    if (!s->on) {
        undo_link(s);
        return 0;
    }
    switch (f->kind) {
    case SN_FAULT_KILL:
    case SN_FAULT_POWER:
        return undo_stop(s->on, restart);
    case SN_FAULT_FREEZE:
        if (--s->on->paused == 0) sn_host_resume(s->on->h);
        return 0;
    case SN_FAULT_HOG:
        return 0;
    case SN_FAULT_CLOCK_JUMP:
        sn_host_jump(s->on->h, -f->by);
        return 0;
    case SN_FAULT_CLOCK_DRIFT:
        s->on->drifting--;
        return set_drift(s->on, all, n);
    default:
        sn__disk_heal(&s->disk);
        return 0;
    }
}
