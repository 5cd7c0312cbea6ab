/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The life of a coroutine: taken from a free list, started, ended, put back. Free Gs: a list for
 * each P (last in, first out: warm), spilling to the runtime's. */
#include <stdlib.h>

#include "sched/smp/settings.h"
#include "sched/smp/smp.h"
#include "sched/stack_use.h"

static G *list_pop(G **list) {
    G *g = *list;
    if (g) *list = g->next;
    return g;
}

static G *global_free_pop(unsigned list) {
    runtime *rt = &sn__rt;
    if (!atomic_load_explicit(&rt->free[list], memory_order_relaxed)) return NULL;
    sn__lock(&rt->lock);
    G *g = rt->free[list];
    if (g) rt->free[list] = g->next;
    sn__unlock(&rt->lock);
    return g;
}

/* A chain of free Gs, from first to last. */
static void global_free_push(G *first, G *last, unsigned list) {
    runtime *rt = &sn__rt;
    sn__lock(&rt->lock);
    last->next = rt->free[list];
    rt->free[list] = first;
    sn__unlock(&rt->lock);
}

typedef struct carving {
    unsigned klass;
    G *g;
} carving;

static void carve(void *arg) {
    carving *c = arg;
    c->g = sn__global_reserve() ? sn__carve(c->klass) : NULL;
}

static SN__COLD G *g_new(unsigned klass) {
    carving c = {klass, NULL};
    sn__far(carve, &c);
    return c.g;
}

static G *g_get(P *p, unsigned klass) {
    G *g = p ? list_pop(&p->free[klass]) : NULL;
    if (g)
        p->free_n[klass]--;
    else if (!(g = global_free_pop(klass)) && !(g = global_free_pop(klass + CLASSES)))
        return g_new(klass);
    /* it may still be on its way off another M */
    while (sn__ctx_busy(&g->ctx)) sn__cpu_relax();
    sn__san_reuse(&g->ctx);
    return g;
}

static void spill_half(P *p, unsigned list) {
    G *first = p->free[list], *last = first;
    for (int i = 1; i < FREE_MAX / 2; i++) last = last->next;
    p->free[list] = last->next;
    p->free_n[list] -= FREE_MAX / 2;
    global_free_push(first, last, list);
}

/* Without a P; or more than one keeps: of those without a guard, packed ones too, that is any, so
 * that each is looked at. */
static SN__COLD void put_aside(P *p, G *g) {
    unsigned list = g->list;
    if (p && list < CLASSES) {
        spill_half(p, list);
        return;
    }
    if (p) {
        p->free[list] = g->next;
        p->free_n[list]--;
    }
    sn__stack_check(g);
    global_free_push(g, g, list);
}

static void g_put(P *p, G *g) {
    if (!(g = sn__san_delay(g))) return;
    unsigned list = g->list;
    if (SN__LIKELY(p)) {
        g->next = p->free[list];
        p->free[list] = g;
        if (SN__LIKELY(++p->free_n[list] <= FREE_MAX)) return;
    }
    put_aside(p, g);
}

static inline __attribute__((always_inline)) void count(_Atomic uint64_t *own, P *p,
                                                        _Atomic uint64_t *shared) {
    if (p)
        atomic_store_explicit(own, atomic_load_explicit(own, memory_order_relaxed) + 1,
                              memory_order_relaxed);
    else
        atomic_fetch_add_explicit(shared, 1, memory_order_relaxed);
}

/* Those that have ended first: each was started before, perhaps on another P, and with the ends
 * counted last there might be fewer than none. */
uint64_t sn__live(void) {
    runtime *rt = &sn__rt;
    uint64_t n = -atomic_load(&rt->ended);
    for (uint32_t i = 0; i < rt->made; i++) n -= atomic_load(&rt->p[i]->ended);
    n += atomic_load(&rt->spawned);
    for (uint32_t i = 0; i < rt->made; i++) n += atomic_load(&rt->p[i]->spawned);
    return n;
}

static SN__COLD void start_measured(void *arg);

static void measure(void *g) { sn__stack_measure_begin(g); }

/* Now and then p needs new numbers for coroutines: the occasion to have one measured. Not quite in
 * step, or of two sites that take turns one would never be. */
static SN__COLD void renew_ids(P *p, G *g, bool has_copy) {
    enum { ONE_IN = 16 };
    p->id = atomic_fetch_add(&sn__rt.next_id, IDS);
    p->id_end = p->id + IDS - (p->renewals * 0x9e3779b1u >> 28);
    if (g->klass < K_PAGED || (p->renewals++ % ONE_IN && !sn__stack_unknown(g->site))) return;
    uintptr_t top = has_copy ? (uintptr_t)g->arg : (uintptr_t)g;
    sn__far(measure, g);
    sn__ctx_init(&g->ctx, (void *)(top & ~(uintptr_t)15), start_measured, g);
}

static uint64_t new_id(P *p, G *g, bool has_copy) {
    if (SN__UNLIKELY(!p)) return atomic_fetch_add(&sn__rt.next_id, 1);
    if (SN__UNLIKELY(p->id == p->id_end)) renew_ids(p, g, has_copy);
    return p->id++;
}

/* On the coroutine's own stack, in the bracket: it has ended. */
static inline __attribute__((always_inline)) _Noreturn void end(G *g, int rc) {
    if (g->core.scope != g->core.home) sn__fatal("coroutine returned with a scope open");
    if (SN__UNLIKELY(g->leaves)) sn__g_ends(g);
    SN__EV_END(g, rc);
    sn__scope_done(g->core.home, &g->core, rc);
    M *m = m_of(&g->core);
    P *p = m->p;
    atomic_store_explicit(&g->core.status, SN__DEAD, memory_order_relaxed);
    count(p ? &p->ended : NULL, p, &sn__rt.ended);
    g_put(p, g);
    sn__switch_away(g, true);
    abort(); /* nobody comes back to a dead coroutine */
}

void sn__g_start(void *arg) {
    G *g = arg;
    sn__san_arrive(&g->ctx);
    sn__san_first(&g->ctx);
    sn__leave(&g->core);
    int rc = g->fn(g->arg);
    (void)sn__enter();
    end(g, rc);
}

static SN__COLD void start_measured(void *arg) {
    G *g = arg;
    sn__san_arrive(&g->ctx);
    sn__san_first(&g->ctx);
    sn__leave(&g->core);
    int rc = g->fn(g->arg);
    sn__stack_measure_before(g);
    atomic_store_explicit(&g->measured, 0, memory_order_relaxed);
    (void)sn__enter();
    end(g, rc);
}

/* With attributes, or in a run that learns. */
static SN__COLD int klass_asked(const sn_attr *attr, sn_fn f, size_t n, uintptr_t site) {
    if (attr && attr->size != sizeof *attr) return SN_EINVAL;
    if (attr && attr->flags & SN_SMALL && sn__packs()) return sn__klass_packed(attr, f, n);
    bool down = attr && attr->flags & SN_LEARN;
    int klass = sn__klass_of(attr);
    if (klass < 0 || (!down && !sn__set.learn_stacks)) return klass;
    const M *m = sn__tls_get();
    if (m && m->p && sn__stack_unknown(site)) m->p->id_end = m->p->id; /* measure this one */
    bool least = !down || attr->stack || attr->flags & SN_FOREIGN;
    return sn__stack_learned(site, klass, least ? klass : K_PAGED);
}

int sn__spawn(sn__scope *s, const sn_attr *attr, sn_fn f, const void *arg, size_t n,
              uintptr_t site) {
    int klass = SN__LIKELY(!attr) ? sn__rt.unasked : -1;
    if (n > SN_ARG_MAX) return SN_E2BIG;
    if (SN__UNLIKELY(klass < 0) && (klass = klass_asked(attr, f, n, site)) < 0) return klass;
    M *m = sn__tls_get();
    P *p = m ? m->p : NULL;
    G *g = g_get(p, (unsigned)klass);
    if (!g) return SN_ENOMEM;
    sn__san_foreign(&g->ctx, attr && attr->flags & SN_FOREIGN);
    sn__g_prepare(g, sn__g_start, f, arg, n);
    g->site = site;
    g->core.thread = NULL;
    atomic_store_explicit(&g->name, attr ? attr->name : NULL, memory_order_relaxed);
    int rc = sn__scope_add(s, &g->core);
    if (rc) {
        g_put(p, g);
        return rc;
    }
    g->id = new_id(p, g, n != 0);
    if (attr && attr->flags & SN_PIN) sn__pin_start(g, sn__rt.caller);
    SN__EV_GO(g, site);
    count(p ? &p->spawned : NULL, p, &sn__rt.spawned);
    sn__ready(&g->core);
    return 0;
}

int sn__spawn_root(sn_fn f, const void *arg, size_t n, uintptr_t site) {
    bool guest = !sn__tls_get();
    if (guest && !sn__guest_in()) return SN_EPERM;
    int rc = sn__spawn(&sn__rt.root, NULL, f, arg, n, site);
    if (guest) sn__guest_out();
    return rc;
}

sn__g *sn__current(void) {
    M *m = sn__tls_get();
    return m ? m->b.self : NULL;
}

uint32_t sn__minutes_parked(const G *g) {
    enum { TICKS_A_MINUTE = 6000 };
    return (atomic_load(&sn__rt.tick) - atomic_load(&g->own.since)) / TICKS_A_MINUTE;
}

bool sn__packs(void) { return SN__PACKS && SN__ARCH_PACKS; }

void sn__last_words(const char *message) { (void)message; }

const char *sn__place_of(const G *g) {
    (void)g;
    return NULL;
}

unsigned sn__dump_most(void) { return UINT32_MAX; }
