/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The life of a simulated run and of its coroutines. */
#include <stdlib.h>
#include <string.h>

#include "sched/sim/sim.h"
#include "sched/sim/state.h"

uint64_t sn__sim_choices(void) { return sn__sim.choices; }

static void put_back(sim *s, G *g) {
    g->next = s->free[g->klass];
    s->free[g->klass] = g;
}

static _Noreturn void end(G *g, int rc) {
    sim *s = &sn__sim;
    sn_host *h = g->own.host;
    if (g->core.scope != g->core.home) sn__fatal("coroutine returned with a scope open");
    if (g->leaves) sn__g_ends(g);
    sn__sim_event(EV_END, g->id, (uint64_t)(int64_t)rc);
    sn__scope_done(g->core.home, &g->core, rc);
    if (h) sn__sim_host_lost_one(h);
    atomic_store_explicit(&g->core.status, SN__DEAD, memory_order_relaxed);
    s->live--;
    put_back(s, g);
    if (s->running) {
        sn__sim_switch(true);
        sn__fatal("a coroutine that had ended was woken");
    }
    sn__switch(&g->ctx, &s->g0, true);
    abort();
}

static void start(void *arg) {
    G *g = arg;
    sn__san_arrive(&g->ctx);
    int rc = g->fn(g->arg);
    end(g, rc);
}

/* A used slot or a new one: the first run of a seed must make the choices of the second. */
static G *get(sim *s, int klass) {
    G *g = s->free[klass];
    if (g) {
        s->free[klass] = g->next;
        sn__san_reuse(&g->ctx);
        return g;
    }
    bool was = s->quiet;
    s->quiet = true;
    g = sn__carve((unsigned)klass);
    s->quiet = was;
    return g;
}

int sn__sim_spawn(sn_host *h, sn__scope *home, const sn_attr *attr, sn_fn f, const void *arg,
                  size_t n, uintptr_t site) {
    sim *s = &sn__sim;
    int klass = sn__klass_of(attr);
    if (klass < 0 || (attr && attr->size != sizeof *attr)) return SN_EINVAL;
    if (n > SN_ARG_MAX) return SN_E2BIG;
    sn__sim_choice();
    G *g = get(s, klass);
    if (!g) return SN_ENOMEM;
    sn__g_prepare(g, start, f, arg, n);
    g->id = s->next_id++;
    g->site = site;
    g->own = (sn__own){.host = h, .rank = sn__sim_rank()};
    atomic_store(&g->name, attr ? attr->name : NULL);
    int rc = sn__scope_add(home, &g->core);
    if (rc) {
        put_back(s, g);
        return rc;
    }
    s->live++;
    s->spawned++;
    if (h) h->live++;
    sn__sim_event(EV_GO, g->id, 0);
    sn__ready(&g->core);
    return 0;
}

int sn__spawn(sn__scope *home, const sn_attr *attr, sn_fn f, const void *arg, size_t n,
              uintptr_t site) {
    return sn__sim_spawn(sn__sim_host(), home, attr, f, arg, n, site);
}

typedef struct first {
    sn_fn f;
    void *arg;
} first;

static int first_main(void *p) {
    sim *s = &sn__sim;
    first *u = p;
    sn__g *g = sn__enter();
    g->scope = &s->root;
    s->result = u->f(u->arg);
    if (g->scope != &s->root) sn__fatal("main coroutine returned with a scope open");
    sn__sim_hosts_stop();
    sn__scope_cancel(&s->root, SN_ECANCELED);
    sn__scope_wait(&s->root, g);
    g->scope = g->home;
    /* the last ones have left their scope, but not yet their stack */
    while (s->ready_n) sn__yield(g);
    s->running = false;
    return 0;
}

static void reset(sim *s, const sn_sim_config *config) {
    sim old = *s;
    *s = (sim){.config = *config,
               .ready = old.ready,
               .ready_room = old.ready_room,
               .timers = old.timers,
               .timers_room = old.timers_room,
               .now = SN_SECOND,
               .budget = BUDGET,
               .next_id = 1,
               .hash = 0xcbf29ce484222325u};
    memcpy(s->free, old.free, sizeof s->free);
    sn__list_init(&s->blocked);
    sn__sim_chance_from(config->seed);
    sn__sim_modes();
    sn__scope_init(&s->root);
    sn__scope_init(&s->own);
    sn__scope_init(&s->clock_scope);
    s->root.background = true;
}

/* Takes the only runnable one off the queue, to be run by hand. */
static G *take_only(sim *s) { return s->ready[--s->ready_n]; }

static int spawn_clock(sim *s) {
    const sn_attr a = {.size = sizeof a, .name = "clock"};
    int rc =
        sn__sim_spawn(NULL, &s->clock_scope, &a, sn__sim_clock, s, 0, (uintptr_t)sn__sim_clock);
    if (rc) return rc;
    s->clock = take_only(s);
    s->clock_parked = true;
    s->live--;
    return 0;
}

/* The clock's coroutine never ends by itself: its slot is taken back. */
static void retire_clock(sim *s) {
    atomic_store(&s->clock->core.status, SN__DEAD);
    put_back(s, s->clock);
}

static int run(const sn_sim_config *config, sn_fn f, void *arg, const sn_attr *attr) {
    sim *s = &sn__sim;
    if (s->running || s->self) return SN_EBUSY;
    reset(s, config);
    sn_attr a = attr ? *attr : (sn_attr){.size = sizeof a};
    if (!a.stack) a.flags |= SN_FOREIGN;
    if (!a.name) a.name = "main";
    first user = {f, arg};
    int rc = spawn_clock(s);
    if (!rc) rc = sn__sim_spawn(NULL, &s->own, &a, first_main, &user, 0, (uintptr_t)f);
    if (rc) return rc;
    s->running = true;
    sn__san_thread(&s->g0);
    G *g = s->self = take_only(s);
    atomic_store(&g->core.status, SN__RUNNING);
    atomic_store(&g->ctx.busy, 1);
    sn__switch(&s->g0, &g->ctx, false);
    s->self = NULL;
    retire_clock(s);
    sn__sim_hosts_free();
    return 0;
}

int sn_run(sn_fn f, void *arg, const sn_attr *attr) {
    if (attr && attr->size != sizeof *attr) return SN_EINVAL;
    const char *env = getenv("SENNIT_SEED");
    sn_sim_config config = {.size = sizeof config, .seed = env ? strtoull(env, NULL, 0) : 1};
    int rc = run(&config, f, arg, attr);
    return rc ? rc : sn__sim.result;
}

int sn_sim_run(const sn_sim_config *config, sn_fn f, void *arg, sn_sim_result *result) {
    const sim *s = &sn__sim;
    if (config->size != sizeof *config || config->mode > SN_SIM_PCT || config->depth > DEPTH_MAX)
        return SN_EINVAL;
    if (result && result->size != sizeof *result) return SN_EINVAL;
    int rc = run(config, f, arg, NULL);
    if (!rc && result)
        *result = (sn_sim_result){.size = sizeof *result,
                                  .rc = s->result,
                                  .hash = s->hash,
                                  .events = s->events,
                                  .choices = s->choices,
                                  .switches = s->switches,
                                  .time = s->now - SN_SECOND};
    return rc;
}

int sn__spawn_root(sn_fn f, const void *arg, size_t n, uintptr_t site) {
    sn_host *h = sn__sim_host();
    sn__scope *root = h ? &h->root : sn__sim.running ? &sn__sim.root : NULL;
    return root ? sn__spawn(root, NULL, f, arg, n, site) : SN_EPERM;
}

int sn_set_procs(uint32_t n) {
    enum { PROCS_MAX = 1024 };
    return n > PROCS_MAX ? SN_EINVAL : sn__sim.running ? 0 : SN_EPERM;
}

void sn_get_stats(sn_stats *st) {
    uint32_t size = st->size;
    sn_stats v = {.size = size,
                  .procs = 1,
                  .threads = 1,
                  .live = sn__sim.live,
                  .spawned = sn__sim.spawned,
                  .stack_bytes = sn__stack_bytes()};
    memcpy(st, &v, size < sizeof v ? size : sizeof v);
}
