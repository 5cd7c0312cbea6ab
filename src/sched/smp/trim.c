/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Trimming: pages that a stack once needed go back to the system, while nobody uses them: below the
 * saved stack pointer of a coroutine that has been parked for long, below the control block of one
 * that ended long ago. The monitor does it, a little at each tick, slab after slab. The kernel says
 * in one call which pages of a slab are in memory, so that those who never went deep (most) are not
 * even looked at.
 *
 * Nobody may run on a stack meanwhile, and who resumes a coroutine shall not pay for that:
 *
 *   hold     context busy: 0 -> HELD, by compare-and-swap
 *   barrier  on all threads: one for all that are held, and at most one a tick
 *   look     status still what it was, and still HELD? discard : leave alone
 *   let go   busy: HELD -> 0
 *
 * Who resumes writes RUNNABLE into the status (or somebody did before), and then looks at busy, as
 * ever; HELD looks to it like "still leaving its thread", and it waits. If it read busy before the
 * barrier, its status is seen after it, and nothing is discarded; if it reads busy after the
 * barrier, it sees HELD. Its next store to busy overwrites HELD, so letting go swaps as well; and
 * one that read before may have run and wait again by now, with nothing to hold it: so the look is
 * at both, the status first.
 * (One that was dead is filled in between; that writes to the page of the control block and the
 * room for an argument below it, which are kept.)
 *
 * Where the kernel has no such barrier nothing is trimmed. All variables here are the monitor's.
 */
#include <string.h>

#include "sched/smp/settings.h"
#include "sched/smp/smp.h"
#include "sched/stack_use.h"

enum { HOLD_BUSY = 64, HOLD_IDLE = 512, LOOK_AGAIN = 16, SLABS_BUSY = 16, SLABS_IDLE = 64 };

typedef struct held {
    G *g;
    char *lo;       /* its lowest page in memory */
    uint8_t status; /* WAITING or DEAD */
    bool mine;
} held;

static struct {
    sn_time next;   /* the next step */
    sn_time began;  /* this sweep over all slabs, or the last */
    sn_time active; /* when somebody ran last */
    uint32_t age;   /* ticks that a coroutine must have been parked */
    uint32_t slab;  /* where this sweep is; past the last: it is over */
    uint32_t slot;  /* … in that slab */
    unsigned n;
    held held[HOLD_IDLE];
} trim;

/* What nobody else writes while it is held is read all the same while somebody may. */
__attribute__((no_sanitize("thread"), noinline)) static bool dead_since_last_sweep(G *g) {
    bool same = g->lean == (uint32_t)g->id;
    g->lean = (uint32_t)g->id;
    return same;
}

static bool old_enough(G *g, uint8_t status) {
    if (status == SN__DEAD) return dead_since_last_sweep(g);
    uint32_t since = atomic_load_explicit(&g->own.since, memory_order_relaxed);
    return status == SN__WAITING && atomic_load(&sn__rt.tick) - since >= trim.age;
}

static void hold(G *g, char *lowest) {
    uint8_t status = atomic_load(&g->core.status);
    uint32_t away = 0;
    if (!old_enough(g, status) || sn__ctx_busy(&g->ctx)) return;
    if (!atomic_compare_exchange_strong(&g->ctx.busy, &away, SN__HELD)) return;
    trim.held[trim.n++] = (held){g, lowest, status, true};
}

static void let_go(held *h) {
    uint32_t was = SN__HELD;
    if (h->mine) atomic_compare_exchange_strong(&h->g->ctx.busy, &was, 0);
    h->mine = false;
}

static bool undisturbed(const held *h) {
    return h->mine && atomic_load(&h->g->core.status) == h->status &&
           atomic_load(&h->g->ctx.busy) == SN__HELD;
}

/* Who has been readied meanwhile does not wait for the others. */
static void let_go_of_readied(unsigned from) {
    for (unsigned i = from; i < trim.n; i++)
        if (!undisturbed(&trim.held[i])) let_go(&trim.held[i]);
}

static void discard(held *h) {
    uintptr_t keep = h->status == SN__DEAD ? (uintptr_t)h->g - SN_ARG_MAX - SN__FRAME_ROOM
                                           : (uintptr_t)h->g->ctx.sp;
    char *end = (char *)(keep & ~(uintptr_t)(sn__os_page() - 1));
    if (h->lo >= end) return;
    sn__stack_measure_before(h->g);
    if (!sn__os_discard(h->lo, (size_t)(end - h->lo))) return;
    atomic_fetch_add_explicit(&sn__rt.trimmed, (uint64_t)(end - h->lo), memory_order_relaxed);
}

static void trim_held(void) {
    if (!trim.n) return;
    sn__os_heavy_barrier();
    for (unsigned i = 0; i < trim.n; i++) {
        if (i % LOOK_AGAIN == 0) let_go_of_readied(i);
        if (undisturbed(&trim.held[i])) discard(&trim.held[i]);
        let_go(&trim.held[i]);
    }
    trim.n = 0;
}

/* The lowest page in memory of a slot, but for its guard and the page of its control block. */
static char *lowest_page(const sn__slab *v, const unsigned char *pages, uint32_t k) {
    size_t page = sn__os_page(), per = v->slot / page;
    const unsigned char *at = pages + k * per;
    for (size_t i = 1; i + 1 < per; i++)
        if (at[i] & 1) return v->lo + (k * per + i) * page;
    return NULL;
}

/* From the slot where we are. false: no more may be held at once, and this slab is not done. */
static bool look_at_slab(const sn__slab *v, unsigned most) {
    static unsigned char pages[SN__SLAB / SN__PAGE_LEAST];
    if (!v->paged || !sn__os_resident(v->lo, v->slot * v->used, pages)) return true;
    for (; trim.slot < v->used; trim.slot++) {
        if (trim.n == most) return false;
        char *lowest = lowest_page(v, pages, trim.slot);
        if (lowest) hold(sn__slab_g(v, trim.slot), lowest);
    }
    return true;
}

static void step(bool busy) {
    unsigned slabs = busy ? SLABS_BUSY : SLABS_IDLE, most = busy ? HOLD_BUSY : HOLD_IDLE;
    sn__slab v;
    while (slabs-- && sn__slab_at(trim.slab, &v)) {
        if (!look_at_slab(&v, most)) break;
        trim.slot = 0;
        trim.slab++;
    }
    trim_held();
}

static bool sweeping(void) {
    sn__slab v;
    return sn__slab_at(trim.slab, &v);
}

void sn__trim_start(void) {
    memset(&trim, 0, sizeof trim);
    trim.slab = UINT32_MAX;
}

void sn__trim_step(bool busy, uint32_t age) {
    if (!sweeping()) trim.slab = trim.slot = 0;
    trim.age = age;
    step(busy);
}

/* When nobody has run for two sweeps there is nothing left: the first may come too early for those
 * that ended just before. */
sn_time sn__trim(sn_time now, bool busy) {
    const sn_time age = sn__set.trim_ms * SN_MILLISECOND, tick = 10 * SN_MILLISECOND;
    if (!age || sn__own_fence) return SN_NEVER;
    if (busy) trim.active = now;
    if (now < trim.next) return trim.next;
    if (!sweeping()) {
        if (now < trim.began + age) return trim.next = trim.began + age;
        if (trim.began > trim.active + age) return SN_NEVER;
        trim.began = now;
    }
    sn__trim_step(busy, (uint32_t)(age / tick));
    return trim.next = now + tick;
}
