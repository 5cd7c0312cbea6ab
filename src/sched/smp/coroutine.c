/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Coroutines and their stacks. Stacks are slots carved from slabs of address space that are never
 * given back, so that G memory is type-stable. A slot, upwards: guard page, stack, argument, G.
 * The G lies in the top page, so a parked coroutine touches one page; its place in that page
 * varies ("colour"), or all Gs would meet in the same cache sets.
 *
 * Free slots: a list per P (last in, first out: warm), spilling to the runtime's.
 */
#include <stdlib.h>
#include <string.h>

#include "sched/smp/smp.h"

enum { SLAB = 16 << 20, SLABS_MAX = 1 << 16, COLOURS = 8, COLOUR = 128 };

typedef struct slab {
    char *lo;
    uint32_t used; /* slots carved; under slabs.lock */
    uint8_t klass;
} slab;

static struct {
    sn__lockw lock;
    _Atomic uint32_t n;
    slab at[SLABS_MAX];
    slab *open[CLASSES]; /* has slots left */
} slabs;

static size_t slot_size(unsigned klass) {
    static const size_t kib[CLASSES] = {64, 256, 1024};
    return kib[klass] * 1024 * SN__STACK_SCALE;
}

static size_t slots_of(unsigned klass) { return SLAB / slot_size(klass); }

static int klass_of(const sn_attr *a) {
    size_t want = a ? a->stack : 0;
    if (a && a->flags & SN_FOREIGN && want < slot_size(1) / SN__STACK_SCALE)
        want = slot_size(1) / SN__STACK_SCALE;
    for (int k = 0; k < CLASSES; k++)
        if (want <= slot_size((unsigned)k) / SN__STACK_SCALE) return k;
    return SN_EINVAL;
}

static slab *slab_with_room(unsigned klass) {
    slab *s = slabs.open[klass];
    if (s && s->used < slots_of(klass)) return s;
    uint32_t n = atomic_load(&slabs.n);
    if (n == SLABS_MAX) return NULL;
    char *lo = sn__os_reserve(SLAB);
    if (!lo) return NULL;
    sn__san_slab(lo, SLAB);
    s = &slabs.at[n];
    *s = (slab){lo, 0, (uint8_t)klass};
    slabs.open[klass] = s;
    atomic_store(&slabs.n, n + 1);
    atomic_fetch_add(&sn__rt.stack_bytes, SLAB);
    return s;
}

static G *g_in(const slab *s, uint32_t i) {
    char *top = s->lo + (i + 1) * slot_size(s->klass);
    return (G *)(void *)(top - ((sizeof(G) + 127) & ~(size_t)127) - (i % COLOURS) * COLOUR);
}

static G *carve(unsigned klass) {
    sn__lock(&slabs.lock);
    slab *s = slab_with_room(klass);
    G *g = s ? g_in(s, s->used) : NULL;
    if (g) {
        g->klass = (uint8_t)klass;
        g->ctx.lo = s->lo + s->used * slot_size(klass);
        g->ctx.size = (size_t)((char *)g - (char *)g->ctx.lo);
        s->used++;
    }
    sn__unlock(&slabs.lock);
    if (!g) return NULL;
    g->guarded = sn__os_guard(g->ctx.lo, sn__os_page());
    sn__san_new(&g->ctx);
    return g;
}

static G *list_pop(G **list) {
    G *g = *list;
    if (g) *list = g->next;
    return g;
}

static G *global_free_pop(unsigned klass) {
    runtime *rt = &sn__rt;
    if (!atomic_load_explicit((G *_Atomic *)&rt->free[klass], memory_order_relaxed)) return NULL;
    sn__lock(&rt->lock);
    G *g = list_pop(&rt->free[klass]);
    sn__unlock(&rt->lock);
    return g;
}

static G *g_get(P *p, unsigned klass) {
    G *g = p ? list_pop(&p->free[klass]) : NULL;
    if (g)
        p->free_n[klass]--;
    else if (!(g = global_free_pop(klass)))
        return carve(klass);
    /* it may still be on its way off another M */
    while (atomic_load_explicit(&g->ctx.busy, memory_order_acquire)) sn__cpu_relax();
    sn__san_reuse(&g->ctx);
    return g;
}

static void spill_half(P *p, unsigned klass) {
    runtime *rt = &sn__rt;
    G *first = p->free[klass], *last = first;
    for (int i = 1; i < FREE_MAX / 2; i++) last = last->next;
    p->free[klass] = last->next;
    p->free_n[klass] -= FREE_MAX / 2;
    sn__lock(&rt->lock);
    last->next = rt->free[klass];
    atomic_store_explicit((G *_Atomic *)&rt->free[klass], first, memory_order_relaxed);
    sn__unlock(&rt->lock);
}

static void g_put(P *p, G *g) {
    runtime *rt = &sn__rt;
    unsigned k = g->klass;
    if (p) {
        g->next = p->free[k];
        p->free[k] = g;
        if (++p->free_n[k] > FREE_MAX) spill_half(p, k);
        return;
    }
    sn__lock(&rt->lock);
    g->next = rt->free[k];
    atomic_store_explicit((G *_Atomic *)&rt->free[k], g, memory_order_relaxed);
    sn__unlock(&rt->lock);
}

static void count(_Atomic uint64_t *own, P *p, _Atomic uint64_t *shared) {
    if (p)
        atomic_store_explicit(own, atomic_load_explicit(own, memory_order_relaxed) + 1,
                              memory_order_relaxed);
    else
        atomic_fetch_add_explicit(shared, 1, memory_order_relaxed);
}

uint64_t sn__live(void) {
    runtime *rt = &sn__rt;
    uint64_t n = atomic_load(&rt->spawned) - atomic_load(&rt->ended);
    for (uint32_t i = 0; i < rt->nprocs; i++)
        n += atomic_load(&rt->p[i]->spawned) - atomic_load(&rt->p[i]->ended);
    return n;
}

static uint64_t new_id(P *p) {
    if (!p) return atomic_fetch_add(&sn__rt.next_id, 1);
    if (p->id == p->id_end) {
        p->id = atomic_fetch_add(&sn__rt.next_id, IDS);
        p->id_end = p->id + IDS;
    }
    return p->id++;
}

/* On the coroutine's own stack, in the bracket: it has ended. */
static _Noreturn void end(G *g, int rc) {
    if (g->core.scope != g->core.home) sn__fatal("coroutine returned with a scope open");
    SN__EV_END(g, rc);
    sn__scope_done(g->core.home, &g->core, rc);
    M *m = m_of(&g->core);
    P *p = m->p;
    atomic_store_explicit(&g->status, G_DEAD, memory_order_relaxed);
    count(p ? &p->ended : NULL, p, &sn__rt.ended);
    g_put(p, g);
    sn__switch_away(g, true);
    abort(); /* nobody comes back to a dead coroutine */
}

static void start(void *arg) {
    G *g = arg;
    sn__san_arrive(&g->ctx);
    sn__leave(&g->core);
    int rc = g->fn(g->arg);
    (void)sn__enter();
    end(g, rc);
}

static void prepare(G *g, P *p, const sn_attr *attr, sn_fn f, const void *arg, size_t n,
                    uintptr_t site) {
    char *top = (char *)g - ((n + 15) & ~(size_t)15);
    if (n) memcpy(top, arg, n);
    g->fn = f;
    g->arg = n ? top : (void *)(uintptr_t)arg;
    g->site = site;
    g->id = new_id(p);
    g->starts = 0;
    g->core.shield = 0;
    g->core.thread = NULL;
    atomic_store_explicit(&g->name, attr ? attr->name : NULL, memory_order_relaxed);
    sn__ctx_init(&g->ctx, (void *)((uintptr_t)top & ~(uintptr_t)15), start, g);
}

int sn__spawn(sn__scope *s, const sn_attr *attr, sn_fn f, const void *arg, size_t n,
              uintptr_t site) {
    int klass = klass_of(attr);
    if (klass < 0 || (attr && attr->size != sizeof *attr)) return SN_EINVAL;
    if (n > SN_ARG_MAX) return SN_E2BIG;
    M *m = sn__tls_get();
    P *p = m ? m->p : NULL;
    G *g = g_get(p, (unsigned)klass);
    if (!g) return SN_ENOMEM;
    prepare(g, p, attr, f, arg, n, site);
    int rc = sn__scope_add(s, &g->core);
    if (rc) {
        g_put(p, g);
        return rc;
    }
    SN__EV_GO(g, site);
    count(p ? &p->spawned : NULL, p, &sn__rt.spawned);
    sn__ready(&g->core);
    return 0;
}

int sn_go(sn_fn f, const void *arg, size_t n) {
    uintptr_t site = (uintptr_t)__builtin_return_address(0);
    sn__g *g = sn__enter();
    int rc = g->foreign ? SN_EPERM : sn__spawn(g->scope, NULL, f, arg, n, site);
    sn__leave(g);
    return rc;
}

int sn_go_root(sn_fn f, const void *arg, size_t n) {
    uintptr_t site = (uintptr_t)__builtin_return_address(0);
    sn__g *g = sn__enter();
    int rc = atomic_load(&sn__rt.running) ? sn__spawn(&sn__rt.root, NULL, f, arg, n, site)
                                          : SN_EPERM;
    sn__leave(g);
    return rc;
}

int sn_scope_go(sn_scope *s, const sn_attr *attr, sn_fn f, const void *arg, size_t n) {
    uintptr_t site = (uintptr_t)__builtin_return_address(0);
    sn__g *g = sn__enter();
    int rc = g->foreign ? SN_EPERM : sn__spawn(sn__scope_of(s), attr, f, arg, n, site);
    sn__leave(g);
    return rc;
}

void sn_set_name(const char *name) {
    sn__g *g = sn__enter();
    atomic_store_explicit(&g_of(g)->name, name, memory_order_relaxed);
    sn__leave(g);
}

uint64_t sn_id(void) {
    sn__g *g = sn__enter();
    uint64_t id = g->foreign ? 0 : g_of(g)->id;
    sn__leave(g);
    return id;
}

void sn__each_g(void (*f)(void *arg, G *g), void *arg) {
    uint32_t n = atomic_load(&slabs.n);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < slabs.at[i].used; k++) f(arg, g_in(&slabs.at[i], k));
}

G *sn__g_at(uintptr_t addr, bool *in_guard) {
    uint32_t n = atomic_load(&slabs.n);
    for (uint32_t i = 0; i < n; i++) {
        uintptr_t lo = (uintptr_t)slabs.at[i].lo;
        if (addr < lo || addr >= lo + SLAB) continue;
        size_t slot = slot_size(slabs.at[i].klass);
        *in_guard = (addr - lo) % slot < sn__os_page();
        uint32_t k = (uint32_t)((addr - lo) / slot);
        return k < slabs.at[i].used ? g_in(&slabs.at[i], k) : NULL;
    }
    return NULL;
}

size_t sn__g_stack_size(const G *g) { return slot_size(g->klass); }
