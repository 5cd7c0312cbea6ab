/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "sched/stack_use.h"

#include "core/print.h"

enum { SITES = 1024, PROBES = 16, ENOUGH = 16 };

typedef struct site {
    _Atomic uintptr_t at; /* 0: free */
    _Atomic(sn_fn) fn;
    _Atomic uint64_t measured;
    _Atomic uint32_t deepest; /* bytes */
    _Atomic uint32_t stack;   /* bytes that the last one had */
} site;

static site sites[SITES];

/* By open addressing. NULL: not there, or (make) no room. */
static site *site_of(uintptr_t at, bool make) {
    size_t i = (size_t)((at * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
    for (int k = 0; k < PROBES; k++, i++) {
        site *s = &sites[i % SITES];
        uintptr_t was = atomic_load_explicit(&s->at, memory_order_acquire);
        if (was == at) return s;
        if (was) continue;
        if (!make) return NULL;
        if (atomic_compare_exchange_strong(&s->at, &was, at) || was == at) return s;
    }
    return NULL;
}

static void *top_page(const G *g) {
    return (void *)((uintptr_t)g & ~(uintptr_t)(sn__os_page() - 1));
}

/* The lowest page of [lo, hi) that is in memory, or hi. */
static char *lowest_touched(char *lo, char *hi) {
    unsigned char pages[64];
    size_t page = sn__os_page();
    while (lo < hi) {
        size_t n = (size_t)(hi - lo) / page;
        if (n > sizeof pages) n = sizeof pages;
        if (!sn__os_resident(lo, n * page, pages)) return hi;
        for (size_t i = 0; i < n; i++)
            if (pages[i] & 1) return lo + i * page;
        lo += n * page;
    }
    return hi;
}

void sn__stack_measure_begin(G *g) {
    char *lo = (char *)g->ctx.lo + sn__os_page();
    uintptr_t keep = ((uintptr_t)g - SN_ARG_MAX - SN__FRAME_ROOM) & ~(uintptr_t)(sn__os_page() - 1);
    bool empty = sn__os_discard(lo, keep - (uintptr_t)lo);
    atomic_store_explicit(&g->measured, empty, memory_order_relaxed);
}

void sn__stack_measure(const G *g) {
    site *s = site_of(g->site, true);
    if (!s) return;
    char *touched = lowest_touched((char *)g->ctx.lo + sn__os_page(), top_page(g));
    uint32_t used = (uint32_t)((uintptr_t)g - (uintptr_t)touched);
    uint32_t deepest = atomic_load_explicit(&s->deepest, memory_order_relaxed);
    while (used > deepest &&
           !atomic_compare_exchange_weak_explicit(&s->deepest, &deepest, used, memory_order_relaxed,
                                                  memory_order_relaxed)) {
    }
    atomic_store_explicit(&s->fn, g->fn, memory_order_relaxed);
    atomic_store_explicit(&s->stack, (uint32_t)g->ctx.size, memory_order_relaxed);
    atomic_fetch_add_explicit(&s->measured, 1, memory_order_release);
}

bool sn__stack_unknown(uintptr_t at) {
    const site *s = site_of(at, false);
    return !s || atomic_load_explicit(&s->measured, memory_order_relaxed) < ENOUGH;
}

int sn__stack_learned(uintptr_t at, int klass, int least) {
    const site *s = site_of(at, false);
    if (!s || atomic_load_explicit(&s->measured, memory_order_acquire) < ENOUGH) return klass;
    /* as much again, and the guard and what is ours */
    size_t want = 2 * (size_t)atomic_load_explicit(&s->deepest, memory_order_relaxed);
    int learned = sn__klass_for((want + 2 * sn__os_page()) / SN__STACK_SCALE);
    if (learned < 0) learned = K_1M;
    return learned < least ? least : learned;
}

static bool view(const site *s, sn_stack_site *v) {
    v->site = (const void *)atomic_load_explicit(&s->at, memory_order_acquire);
    v->measured = atomic_load_explicit(&s->measured, memory_order_acquire);
    v->fn = atomic_load_explicit(&s->fn, memory_order_relaxed);
    v->deepest = atomic_load_explicit(&s->deepest, memory_order_relaxed);
    v->stack = atomic_load_explicit(&s->stack, memory_order_relaxed);
    return v->site && v->measured;
}

void sn_stack_sites(void (*f)(void *arg, const sn_stack_site *s), void *arg) {
    sn_stack_site v;
    for (int i = 0; i < SITES; i++)
        if (view(&sites[i], &v)) f(arg, &v);
}

static void put_code(sn__text *t, uintptr_t pc) {
    uintptr_t offset = 0;
    const char *name = sn__os_symbol(pc, &offset);
    sn__put(t, name ? name : "0x");
    sn__put(t, name ? "+0x" : "");
    sn__put_u(t, name ? offset : pc, 16);
}

static void dump_one(void *arg, const sn_stack_site *s) {
    sn__text t = {.n = 0};
    sn__put(&t, "\t");
    sn__put_u(&t, s->deepest / 1024, 10);
    sn__put(&t, " KiB of ");
    sn__put_u(&t, s->stack / 1024, 10);
    sn__put(&t, " KiB (");
    sn__put_u(&t, s->measured, 10);
    sn__put(&t, " measured) ");
    put_code(&t, (uintptr_t)s->fn);
    sn__put(&t, " started by ");
    put_code(&t, (uintptr_t)s->site - 1);
    sn__put(&t, "\n");
    sn__os_write(*(int *)arg, t.at, t.n);
}

void sn__stack_use_dump(int fd) {
    static const char head[] = "\nstacks, the deepest seen by spawn site:\n";
    sn_stack_site v;
    bool any = false;
    for (int i = 0; i < SITES && !any; i++) any = view(&sites[i], &v);
    if (!any) return;
    sn__os_write(fd, head, sizeof head - 1);
    sn_stack_sites(dump_one, &fd);
}
