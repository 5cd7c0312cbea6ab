/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The life of a simulated run and of its coroutines. */
#include <stdlib.h>
#include <string.h>

#include "core/poller.h"
#include "sched/sim/state.h"

static uint64_t seed_next;
static bool seed_set;

void sn__sim_seed(uint64_t seed) {
    seed_next = seed;
    seed_set = true;
}
uint64_t sn__sim_hash(void) { return sn__sim.hash; }
uint64_t sn__sim_choices(void) { return sn__sim.choices; }

typedef struct first {
    sn_fn f;
    void *arg;
} first;

static _Noreturn void end(G *g, int rc) {
    sim *s = &sn__sim;
    if (g->core.scope != g->core.home) sn__fatal("coroutine returned with a scope open");
    sn__sim_event(EV_END, g->id, (uint64_t)(int64_t)rc);
    sn__scope_done(g->core.home, &g->core, rc);
    atomic_store(&g->status, G_DEAD);
    s->live--;
    g->next = s->free[g->klass];
    s->free[g->klass] = g;
    if (s->running) sn__sim_switch(true);
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
    s->quiet = true;
    g = sn__carve((unsigned)klass);
    s->quiet = false;
    return g;
}

int sn__spawn(sn__scope *home, const sn_attr *attr, sn_fn f, const void *arg, size_t n,
              uintptr_t site) {
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
    atomic_store(&g->name, attr ? attr->name : NULL);
    int rc = sn__scope_add(home, &g->core);
    if (rc) {
        g->next = s->free[klass];
        s->free[klass] = g;
        return rc;
    }
    s->live++;
    s->spawned++;
    sn__sim_event(EV_GO, g->id, 0);
    sn__ready(&g->core);
    return 0;
}

static int first_main(void *p) {
    sim *s = &sn__sim;
    first *u = p;
    sn__g *g = sn__enter();
    g->scope = &s->root;
    s->result = u->f(u->arg);
    if (g->scope != &s->root) sn__fatal("main coroutine returned with a scope open");
    sn__scope_cancel(&s->root, SN_ECANCELED);
    sn__scope_wait(&s->root, g);
    g->scope = g->home;
    /* the last ones have left their scope, but not yet their stack */
    while (s->ready_n) sn__yield(g);
    s->running = false;
    return 0;
}

static void reset(sim *s) {
    sim old = *s;
    *s = (sim){.ready = old.ready,
               .ready_room = old.ready_room,
               .timers = old.timers,
               .timers_room = old.timers_room,
               .now = SN_SECOND,
               .next_id = 1,
               .hash = 0xcbf29ce484222325u};
    memcpy(s->free, old.free, sizeof s->free);
    const char *env = getenv("SENNIT_SEED");
    s->random = seed_set ? seed_next : env ? strtoull(env, NULL, 0) : 1;
    seed_set = false;
    /* short runs want many switches, long waits want few: the seed decides that too */
    static const uint32_t eagerness[4] = {4, 16, 64, 160};
    s->eagerness = eagerness[sn__sim_random() % 4];
    sn__scope_init(&s->root);
    sn__scope_init(&s->own);
    sn__scope_init(&s->clock_scope);
    s->root.background = true;
}

static int spawn_clock(sim *s) {
    int rc = sn__spawn(&s->clock_scope, NULL, sn__sim_clock, s, 0, (uintptr_t)sn__sim_clock);
    if (rc) return rc;
    s->clock = s->ready[--s->ready_n]; /* the only one there is */
    s->clock_parked = true;
    s->live--;
    return 0;
}

/* The clock's coroutine never ends by itself: its slot is taken back. */
static void retire_clock(sim *s) {
    atomic_store(&s->clock->status, G_DEAD);
    s->clock->next = s->free[s->clock->klass];
    s->free[s->clock->klass] = s->clock;
}

int sn_run(sn_fn f, void *arg, const sn_attr *attr) {
    sim *s = &sn__sim;
    if (attr && attr->size != sizeof *attr) return SN_EINVAL;
    if (s->running || s->self) return SN_EBUSY;
    reset(s);
    sn_attr a = attr ? *attr : (sn_attr){.size = sizeof a};
    if (!a.stack) a.flags |= SN_FOREIGN;
    if (!a.name) a.name = "main";
    first user = {f, arg};
    int rc = spawn_clock(s);
    if (!rc) rc = sn__spawn(&s->own, &a, first_main, &user, 0, (uintptr_t)f);
    if (rc) return rc;
    s->running = true;
    sn__san_thread(&s->g0);
    G *g = s->self = s->ready[--s->ready_n];
    atomic_store(&g->status, G_RUNNING);
    atomic_store(&g->ctx.busy, 1);
    sn__switch(&s->g0, &g->ctx, false);
    s->self = NULL;
    retire_clock(s);
    return s->result;
}

sn__scope *sn__root(void) { return sn__sim.running ? &sn__sim.root : NULL; }

/* No descriptors here: the poller of io is never installed. */
void sn__poller_set(const sn__poller *p) { (void)p; }

int sn_blocking(sn_fn f, void *arg) {
    sn__sim_choice();
    int rc = f(arg);
    sn__sim_choice();
    return rc;
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
