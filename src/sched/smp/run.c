/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The life of a runtime: sn_run builds it around one first coroutine and takes it down after. */
#include <stdlib.h>
#include <string.h>

#include "sched/smp/settings.h"
#include "sched/smp/smp.h"

runtime sn__rt;

/* What the first coroutine is to do. */
typedef struct first {
    sn_fn f;
    void *arg;
    uintptr_t site; /* who called sn_run */
} first;

/* An M that is not joined yet, and its thread: 0 while another one is still starting it. */
static M *not_joined(runtime *rt, M *self, uintptr_t *thread) {
    sn__lock(&rt->lock);
    M *m = rt->all_m;
    while (m && (m == self || m->joined)) m = m->all;
    *thread = m ? m->thread : 0;
    sn__unlock(&rt->lock);
    return m;
}

/* Who has woken somebody from outside may not have seen yet that there is nobody left to wake. The
 * last to run may have woken one more M, who then joins the list: until there is none. */
static void join_threads(runtime *rt, M *self) {
    uintptr_t thread;
    while (atomic_load(&rt->guests)) sn__os_yield();
    sn__monitor_stop();
    for (M *m; (m = not_joined(rt, self, &thread));) {
        if (!thread) {
            sn__os_yield(); /* it is being started, or given up and dropped */
            continue;
        }
        sn__os_join(thread);
        m->joined = true;
    }
    /* only now: whoever stopped them all may have been among them */
    for (M *m = rt->all_m, *next; m; m = next) {
        next = m->all;
        if (m != self) free(m);
    }
}

/* Wakes every M for good: idle ones by their word, the one in the poller by an interrupt. */
static void stop_all(runtime *rt) {
    atomic_store(&rt->stopping, 1);
    sn__lock(&rt->lock);
    for (M *m = rt->idle_m; m; m = m->next) {
        atomic_store_explicit(&m->wake, 1, memory_order_release);
        sn__os_wake(&m->wake, 1);
    }
    rt->idle_m = NULL;
    sn__unlock(&rt->lock);
    sn__interrupt_poller();
}

/* Either it sees that the run is not up any more, or whoever ends that sees it. */
bool sn__guest_in(void) {
    atomic_fetch_add(&sn__rt.guests, 1);
    if (atomic_load(&sn__rt.up)) return true;
    sn__guest_out();
    return false;
}

void sn__guest_out(void) { atomic_fetch_sub(&sn__rt.guests, 1); }

/* The first coroutine. It is no member of the root scope, which it waits for at the end, but its
 * current scope is the root: what it starts with sn_go lives there. */
static int first_main(void *p) {
    runtime *rt = &sn__rt;
    first *u = p;
    sn__g *g = sn__enter();
    g->scope = &rt->root;
    g_of(g)->fn = u->f; /* what dumps should name */
    atomic_store(&rt->up, 1);
    sn__leave(g);
    rt->result = u->f(u->arg);
    sn__hb_release(rt);
    g = sn__enter_parks();
    if (g->scope != &rt->root) sn__fatal("main coroutine returned with a scope open");
    sn__scope_cancel(&rt->root, SN_ECANCELED);
    sn__scope_wait(&rt->root, g);
    g->scope = g->home;
    atomic_store(&rt->up, 0);
    stop_all(rt);
    sn__leave(g);
    return 0;
}

static void reset(runtime *rt) {
    G *keep[LISTS];
    memcpy(keep, rt->free, sizeof keep);
    memset(rt, 0, offsetof(runtime, running)); /* where nobody else looks before it is up */
    memcpy(rt->free, keep, sizeof keep);
    rt->next_id = 1;
    sn__places_init();
    sn__hogs_reset();
    sn__scope_init(&rt->root);
    rt->root.background = true;
}

static int run_in(runtime *rt, M *m, first *user, const sn_attr *attr) {
    sn_attr a = attr ? *attr : (sn_attr){.size = sizeof a};
    if (!a.stack) a.flags |= SN_FOREIGN; /* "main" does a bit of everything */
    if (!a.name) a.name = "main";
    int rc = sn__monitor_start();
    if (rc) return rc;
    sn__faults_start();
    m->next_p = rt->p[0];
    rt->ms = 1;
    sn__m_enter(m);
    sn__scope own;
    sn__scope_init(&own);
    rt->caller = m;
    rc = sn__spawn(&own, &a, first_main, user, 0, user->site);
    rt->caller = NULL;
    if (rc)
        atomic_store(&rt->stopping, 1);
    else
        sn__schedule(m);
    sn__m_exit(m);
    join_threads(rt, m);
    sn__hb_acquire(rt);
    sn__hb_acquire(&rt->root.live);
    const sn__poller *po = atomic_load(&rt->poller);
    if (po) po->end();
    sn__os_faults_end();
    return rc ? rc : rt->result;
}

/* What the user wants the kernel not to have. */
static void forgo(const sn__settings *set) {
    sn__os_forgo((set->no_getrandom ? SN__GETRANDOM : 0u) |
                 (set->no_futex_time64 ? SN__FUTEX_TIME64 : 0u) |
                 (set->no_sched_attr ? SN__SLICE : 0u));
    sn__own_fence = set->no_membarrier || !sn__os_heavy_barrier_init();
    sn__os_guard_limits(set->no_guard_install, set->guard_splits);
}

int sn_run(sn_fn f, void *arg, const sn_attr *attr) {
    runtime *rt = &sn__rt;
    uint32_t down = 0;
    if (attr && (attr->size != sizeof *attr || attr->procs > PROCS_MAX)) return SN_EINVAL;
    sn__forked_check();
    sn__watch_forks();
    if (sn__tls_get() || !atomic_compare_exchange_strong(&rt->running, &down, 1)) return SN_EBUSY;
    reset(rt);
    sn__settings_read();
    forgo(&sn__set);
    rt->unasked = sn__set.learn_stacks ? -1 : K_DEFAULT;
    first user = {f, arg, (uintptr_t)__builtin_return_address(0)};
    int rc = SN_ENOMEM;
    M *m = sn__procs_start(attr) ? sn__m_new() : NULL;
    if (m) rc = run_in(rt, m, &user, attr);
    free(m);
    sn__procs_end();
    atomic_store(&rt->running, 0);
    return rc;
}

void sn_get_stats(sn_stats *st) {
    runtime *rt = &sn__rt;
    uint32_t size = st->size;
    sn_stats s = {.size = size};
    sn__g *g = sn__enter();
    if (sn__guest_in()) {
        s.procs = rt->nprocs;
        sn__lock(&rt->lock);
        s.threads = rt->ms;
        sn__unlock(&rt->lock);
        s.idle_procs = atomic_load(&rt->idle_ps);
        s.live = sn__live();
        s.spawned = atomic_load(&rt->spawned);
        for (uint32_t i = 0; i < rt->made; i++) {
            s.spawned += atomic_load(&rt->p[i]->spawned);
            s.steals += atomic_load(&rt->p[i]->steals);
            s.remote_steals += atomic_load(&rt->p[i]->remote);
        }
        s.handovers = atomic_load(&rt->handovers);
        s.hogs = atomic_load(&rt->hog_takes);
        s.trimmed = atomic_load(&rt->trimmed);
        sn__guest_out();
    }
    s.stack_bytes = sn__stack_bytes();
    sn__leave(g);
    memcpy(st, &s, size < sizeof s ? size : sizeof s);
}
