/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Stacks are slots carved from slabs of address space that are never given back, so that G memory
 * is type-stable. A slot, upwards: guard page, stack, argument, G. The G lies in the top page, so
 * a parked coroutine touches one page; its place in that page varies ("colour"), or all Gs would
 * meet in the same cache sets.
 */
#include <string.h>

#include "sched/g.h"

enum { SLAB = 16 << 20, SLABS_MAX = 1 << 16, COLOURS = 8, COLOUR = 128 };

typedef struct slab {
    char *lo;
    _Atomic uint32_t used; /* slots carved; written under slabs.lock, last */
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

int sn__klass_of(const sn_attr *a) {
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
    s->lo = lo;
    s->klass = (uint8_t)klass;
    slabs.open[klass] = s;
    atomic_store(&slabs.n, n + 1);
    return s;
}

static G *g_in(const slab *s, uint32_t i) {
    char *top = s->lo + (i + 1) * slot_size(s->klass);
    return (G *)(void *)(top - ((sizeof(G) + 127) & ~(size_t)127) - (i % COLOURS) * COLOUR);
}

G *sn__carve(unsigned klass) {
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

void sn__g_prepare(G *g, void (*begin)(void *), sn_fn f, const void *arg, size_t n) {
    char *top = (char *)g - ((n + 15) & ~(size_t)15);
    if (n) memcpy(top, arg, n);
    g->fn = f;
    g->arg = n ? top : (void *)(uintptr_t)arg;
    g->starts = 0;
    g->core.shield = 0;
    sn__ctx_init(&g->ctx, (void *)((uintptr_t)top & ~(uintptr_t)15), begin, g);
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

uint64_t sn__stack_bytes(void) { return (uint64_t)atomic_load(&slabs.n) * SLAB; }
