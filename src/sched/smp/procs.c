/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * How many Ps there are, and its changes while everything runs.
 *
 * A P, once made, is never freed before the run ends: rt.p[0 .. made) are all that ever were, and
 * who looks for work, timers or figures looks at all of them. Those from index nprocs on are
 * surplus. A surplus P is
 *
 *   owned     by an M that has not noticed yet: it does on its way through the scheduler's stack,
 *             at the latest after FAIR schedules or BUDGET operations, and sheds it;
 *   in hand   of whoever sheds it: what is in its ring and its heap of timers, and its free stacks,
 *             go to the others;
 *   retired   empty, in no list; taken out of retirement when the number grows again.
 *
 * P 0 is never surplus. Locks: procs_lock, which keeps nprocs still while timers move, comes before
 * heap locks, those before rt.lock. So a P is shed only where no lock is held: an idle one that
 * turns out to be surplus elsewhere stays in the idle list, and the next M to have it sheds it.
 */
#include <stdlib.h>
#include <string.h>

#include "core/hb.h"
#include "sched/smp/queue.h"
#include "sched/smp/settings.h"

static P *p_new(runtime *rt, uint32_t index) {
    uint32_t node = rt->nodes > 1 ? sn__numa_node(index) : 0;
    sn__hb_blind(); /* made by whoever asks for more, freed by who ends the run */
    P *p = rt->nodes > 1 ? sn__numa_p_new(node) : sn__apart(sizeof *p);
    sn__hb_seeing();
    if (!p) return NULL;
    p->node = node;
    p->index = index;
    sn__heap_init(&p->timers);
    for (int k = CLASSES; k < LISTS; k++) p->free_n[k] = FREE_MAX;
    p->retired = true;
    rt->p[index] = p;
    atomic_store(&rt->made, index + 1);
    return p;
}

static bool make_up_to(runtime *rt, uint32_t n) {
    for (uint32_t i = rt->made; i < n; i++)
        if (!p_new(rt, i)) return false;
    return true;
}

/* Under rt->lock: the lowest first in the idle list. */
static void employ(runtime *rt, uint32_t n) {
    for (uint32_t i = n; i-- > 0;)
        if (rt->p[i]->retired) {
            rt->p[i]->retired = false;
            sn__push_idle_p(rt->p[i]);
        }
}

/* Rounded up, so that all of the quota can be used; a part of a CPU is one P, since others go on
 * when it is held up: see docs/adr/0010. */
uint32_t sn__procs_for(uint32_t cpus, uint32_t limit) {
    uint32_t most = limit / 1000 + (limit % 1000 != 0);
    uint32_t n = limit && most < cpus ? most : cpus;
    return n > PROCS_MAX ? PROCS_MAX : n;
}

static uint32_t default_procs(void) {
    if (sn__set.procs) return sn__set.procs;
    uint32_t cpus = sn__rt.nodes > 1 ? sn__numa_cpus() : sn__os_cpus();
    return sn__procs_for(cpus, sn__os_cpu_limit());
}

bool sn__procs_start(const sn_attr *attr) {
    runtime *rt = &sn__rt;
    sn__numa_start();
    uint32_t asked = attr ? attr->procs : 0, n = asked ? asked : default_procs();
    rt->follow = !asked && !sn__set.procs;
    rt->p = calloc(PROCS_MAX, sizeof *rt->p);
    if (!rt->p || !make_up_to(rt, n)) return false;
    rt->nprocs = n;
    rt->p[0]->retired = false; /* the calling thread's */
    employ(rt, n);
    return true;
}

/* p's free stacks to the runtime's: slots outlive the run. Under rt->lock. */
static void give_stacks(runtime *rt, P *p) {
    for (int k = 0; k < LISTS; k++)
        for (G *g; (g = p->free[k]);) {
            p->free[k] = g->next;
            g->next = rt->free[k];
            rt->free[k] = g;
        }
    memset(p->free_n, 0, CLASSES * sizeof *p->free_n);
}

void sn__procs_end(void) {
    runtime *rt = &sn__rt;
    sn__hb_blind();
    for (uint32_t i = 0; rt->p && i < rt->made; i++) {
        give_stacks(rt, rt->p[i]);
        sn__heap_free(&rt->p[i]->timers);
        free(rt->p[i]);
    }
    sn__hb_seeing();
    sn__numa_end();
    free(rt->p);
    rt->p = NULL;
    rt->made = rt->nprocs = 0;
}

/* All that can run, in order, to the global queue; true: there was some. */
static bool give_queue(P *p) {
    enum { AT_ONCE = 32 };
    G *some[AT_ONCE], *g = atomic_exchange(&p->run_next, NULL);
    if (!g) g = sn__ring_get(p);
    bool any = g != NULL;
    while (g) {
        uint32_t n = 0;
        for (; g && n < AT_ONCE; g = sn__ring_get(p)) some[n++] = g;
        sn__global_put_all(some, n);
    }
    return any;
}

/* Under procs_lock. p may be wanted again meanwhile: then it idles. */
static void shed(runtime *rt, P *p) {
    bool some = give_queue(p), surplus = sn__p_surplus(p);
    if (surplus) sn__timers_move(&rt->p[p->index % rt->nprocs]->timers, &p->timers);
    sn__lock(&rt->lock);
    if (surplus) {
        give_stacks(rt, p);
        p->retired = true;
    } else {
        sn__push_idle_p(p);
    }
    sn__unlock(&rt->lock);
    if (some) sn__wake_one();
}

static void shed_locked(void *p) {
    runtime *rt = &sn__rt;
    sn__lock(&rt->procs_lock);
    shed(rt, p);
    sn__unlock(&rt->procs_lock);
}

void sn__p_shed(P *p) { sn__far(shed_locked, p); }

/* Under rt->lock: the idle Ps that are surplus now, out of the idle list. */
static P *take_surplus(runtime *rt) {
    P *taken = NULL;
    for (P **at = &rt->idle_p; *at;) {
        P *p = *at;
        if (p->index < rt->nprocs) {
            at = &p->next;
            continue;
        }
        *at = p->next;
        p->idle = false;
        atomic_fetch_sub(&rt->idle_ps, 1);
        p->next = taken;
        taken = p;
    }
    return taken;
}

/* Under procs_lock. While timers are between two heaps no deadlock may be seen. */
static int change(runtime *rt, uint32_t n) {
    if (!make_up_to(rt, n)) return SN_ENOMEM;
    sn__lock(&rt->lock);
    rt->changing++;
    atomic_store(&rt->nprocs, n);
    employ(rt, n);
    P *surplus = take_surplus(rt);
    sn__unlock(&rt->lock);
    for (P *next; surplus; surplus = next) {
        next = surplus->next;
        shed(rt, surplus);
    }
    sn__lock(&rt->lock);
    rt->changing--;
    sn__check_dead(SN__NO_M);
    sn__unlock(&rt->lock);
    sn__wake_one();
    return 0;
}

void sn__procs_look(sn_time now) {
    static const sn_time EVERY = SN_SECOND;
    runtime *rt = &sn__rt;
    if (!atomic_load(&rt->follow) || now - rt->procs_seen < EVERY) return;
    rt->procs_seen = now;
    uint32_t n = default_procs();
    sn__lock(&rt->procs_lock);
    if (atomic_load(&rt->follow) && n != rt->nprocs) (void)change(rt, n); /* else in a second */
    sn__unlock(&rt->procs_lock);
}

int sn_set_procs(uint32_t n) {
    runtime *rt = &sn__rt;
    if (n > PROCS_MAX) return SN_EINVAL;
    sn__g *g = sn__enter();
    int rc = SN_EPERM;
    if (sn__guest_in()) {
        sn__lock(&rt->procs_lock);
        rc = change(rt, n ? n : default_procs());
        if (!rc) atomic_store(&rt->follow, !n && !sn__set.procs);
        sn__unlock(&rt->procs_lock);
        sn__guest_out();
    }
    sn__leave(g);
    return rc;
}
