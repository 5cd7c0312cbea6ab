/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Stacks are slots carved from slabs of address space that are never given back, so that G memory
 * is type-stable. A slot, upwards: guard page, stack, argument, G, canary of the slot above. The G
 * lies in the top page, so a parked coroutine touches one page; its place in that page varies
 * ("colour"), or all Gs would meet in the same cache sets.
 *
 * Guards are made for many slots at once, ahead of their use. A slot that gets none (the kernel has
 * none left, or the class is packed) has a canary instead: 16 bytes that lie just below it, on a
 * page that its neighbour has touched anyway. Below the first slot of a slab lies nothing of ours:
 * without a guard that slot stays empty.
 */
#include <string.h>

#include "sched/g.h"

enum { SLAB = SN__SLAB, SLABS_MAX = 1 << 16, COLOURS = 8, COLOUR = 128, CANARY = 16, BATCH = 64 };
#define CANARY_WORD UINT64_C(0x5e9917ca9a9700ed)

typedef struct slab {
    char *lo;
    _Atomic uint32_t used; /* slots carved; written under slabs.lock, last */
    uint32_t ready;        /* slots whose guards were tried, and how many of them got one */
    _Atomic uint32_t guarded;
    uint8_t klass;
    bool first; /* of its class */
} slab;

static struct {
    sn__lockw lock;
    _Atomic uint32_t n;
    slab at[SLABS_MAX];
    slab *open[CLASSES]; /* has slots left */
} slabs;

static const size_t kib[CLASSES] = {1, 2, 16, 64, 256, 1024};

/* No slot of a page class is so small that a guard would leave little of it. */
static size_t slot_size(unsigned klass) {
    if (klass < K_PAGED) return kib[klass] * 1024;
    size_t size = kib[klass] * 1024 * SN__STACK_SCALE, least = 4 * sn__os_page();
    return size < least ? least : size;
}

static uint32_t slots_of(unsigned klass) { return (uint32_t)(SLAB / slot_size(klass)); }

int sn__klass_of(const sn_attr *a) {
    size_t want = a ? a->stack : 0;
    if (!want) want = kib[K_DEFAULT] * 1024;
    if (a && a->flags & SN_FOREIGN && want < kib[K_FOREIGN] * 1024) want = kib[K_FOREIGN] * 1024;
    return sn__klass_for(want);
}

int sn__klass_for(size_t bytes) {
    for (int k = K_PAGED; k < CLASSES; k++)
        if (bytes <= kib[k] * 1024) return k;
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
    s->first = !slabs.open[klass];
    slabs.open[klass] = s;
    atomic_store(&slabs.n, n + 1);
    return s;
}

/* Few at first, so that a small program makes few guards. Where one could not be had there will be
 * no more. */
static void make_ready(slab *s) {
    uint32_t left = slots_of(s->klass) - s->ready, n = s->first ? s->ready + 2 : BATCH;
    if (n > BATCH) n = BATCH;
    if (n > left) n = left;
    size_t slot = slot_size(s->klass);
    uint32_t guarded = atomic_load_explicit(&s->guarded, memory_order_relaxed);
    if (s->klass >= K_PAGED && guarded == s->ready)
        guarded += sn__os_guard(s->lo + s->ready * slot, slot, n);
    atomic_store_explicit(&s->guarded, guarded, memory_order_relaxed);
    s->ready += n;
}

static G *g_in(const slab *s, uint32_t i) {
    char *top = s->lo + (i + 1) * slot_size(s->klass) - CANARY - sizeof(G);
    if (s->klass < K_PAGED) return (G *)(void *)((uintptr_t)top & ~(uintptr_t)15);
    return (G *)(void *)((uintptr_t)(top - (i % COLOURS) * COLOUR) & ~(uintptr_t)63);
}

size_t sn__room_packed(unsigned klass) {
    return (slot_size(klass) - CANARY - sizeof(G)) & ~(size_t)15;
}

/* The next slot of a slab of that class; NULL. */
static slab *claim_slot(unsigned klass, uint32_t *i, bool *guarded) {
    sn__lock(&slabs.lock);
    slab *s = slab_with_room(klass);
    if (s) {
        *i = s->used;
        if (*i == s->ready) make_ready(s);
        *guarded = *i < atomic_load_explicit(&s->guarded, memory_order_relaxed);
        if (*i == 0 && !*guarded) *i = 1;
        atomic_store(&s->used, *i + 1);
    }
    sn__unlock(&slabs.lock);
    return s;
}

static uint64_t *canary_of(const G *g) { return (uint64_t *)(void *)((char *)g->ctx.lo - CANARY); }

static void put_canary(const G *g) {
    uint64_t *c = canary_of(g);
    c[0] = c[1] = CANARY_WORD ^ (uintptr_t)c;
}

bool sn__canary_whole(const G *g) {
    const uint64_t *c = canary_of(g);
    uint64_t want = CANARY_WORD ^ (uintptr_t)c;
    return c[0] == want && c[1] == want;
}

G *sn__carve(unsigned klass) {
    uint32_t i = 0;
    bool guarded = false;
    const slab *s = claim_slot(klass, &i, &guarded);
    if (!s) return NULL;
    G *g = g_in(s, i);
    char *lo = s->lo + i * slot_size(klass);
    g->klass = (uint8_t)klass;
    g->list = (uint8_t)(guarded ? klass : klass + CLASSES);
    g->core.odd = klass < K_PAGED ? SN__ODD_PACKED : 0;
    g->ctx.lo = lo;
    g->ctx.size = (size_t)((char *)g - lo);
    if (!guarded) put_canary(g);
    sn__san_new(&g->ctx);
    sn__os_stack_made(lo, slot_size(klass));
    return g;
}

void sn__g_prepare(G *g, void (*begin)(void *), sn_fn f, const void *arg, size_t n) {
    char *top = (char *)g - ((n + 15) & ~(size_t)15);
    sn__hb_reads(arg, n);
    if (n) sn__hb_copy(top, arg, n);
    g->fn = f;
    g->arg = n ? top : (void *)(uintptr_t)arg;
    g->starts = 0;
    g->core.shield = 0;
    g->past = 0;
    sn__ctx_init(&g->ctx, (void *)((uintptr_t)top & ~(uintptr_t)15), begin, g);
}

void sn__each_g(void (*f)(void *arg, G *g), void *arg) {
    uint32_t n = atomic_load(&slabs.n);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < slabs.at[i].used; k++) f(arg, g_in(&slabs.at[i], k));
}

bool sn__slab_at(uint32_t i, sn__slab *v) {
    if (i >= atomic_load(&slabs.n)) return false;
    const slab *s = &slabs.at[i];
    *v = (sn__slab){s->lo, slot_size(s->klass), atomic_load(&s->used), i, s->klass >= K_PAGED};
    return true;
}

G *sn__slab_g(const sn__slab *v, uint32_t k) { return g_in(&slabs.at[v->index], k); }

G *sn__g_at(uintptr_t addr, bool *in_guard) {
    uint32_t n = atomic_load(&slabs.n);
    for (uint32_t i = 0; i < n; i++) {
        const slab *s = &slabs.at[i];
        uintptr_t lo = (uintptr_t)s->lo;
        if (addr < lo || addr >= lo + SLAB) continue;
        size_t slot = slot_size(s->klass);
        uint32_t k = (uint32_t)((addr - lo) / slot);
        *in_guard = k < atomic_load(&s->guarded) && (addr - lo) % slot < sn__os_page();
        return k < s->used ? g_in(s, k) : NULL;
    }
    return NULL;
}

size_t sn__g_stack_size(const G *g) { return slot_size(g->klass); }

uint64_t sn__stack_bytes(void) { return (uint64_t)atomic_load(&slabs.n) * SLAB; }
