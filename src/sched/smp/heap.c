/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* See heap.h. The d-ary heap is Johnson's (1975). Of eight children the earliest is found in seven
 * comparisons without a branch, and the depth of 10,000 timers is four. */
#include "sched/smp/heap.h"

#include <stdlib.h>

#include "core/hb.h"
#include "sched/smp/smp.h"

enum { ARITY = 8, LINE = ARITY * sizeof(sn_time), BEFORE = ARITY - 1, LEAST = 64 };

static void set(heap *h, uint32_t i, sn_time when, uint32_t number) {
    h->when[i] = when;
    h->number[i] = number;
    h->place[number] = i;
}

static void up(heap *h, uint32_t i, sn_time when, uint32_t number) {
    while (i > 0) {
        uint32_t parent = (i - 1) / ARITY;
        if (h->when[parent] <= when) break;
        set(h, i, h->when[parent], h->number[parent]);
        i = parent;
    }
    set(h, i, when, number);
}

/* In pairs, then pairs of pairs: no branch that could be guessed wrong. */
static uint32_t earliest(const heap *h, uint32_t child) {
    const sn_time *k = h->when + child;
    uint32_t a = k[1] < k[0], b = 2 + (k[3] < k[2]), c = 4 + (k[5] < k[4]), d = 6 + (k[7] < k[6]);
    a = k[b] < k[a] ? b : a;
    c = k[d] < k[c] ? d : c;
    return child + (k[c] < k[a] ? c : a);
}

/* The children of eight siblings lie side by side: all are fetched while the siblings are compared,
 * since which of them are next is not known before. */
static void fetch_below(const heap *h, uint32_t child) {
    uint32_t below = child * ARITY + 1;
    __builtin_prefetch(h->number + child, 1);
    if (below >= h->n) return;
    for (uint32_t k = 0; k < ARITY; k++) __builtin_prefetch(h->when + below + k * ARITY, 1);
}

static void down(heap *h, uint32_t i, sn_time when, uint32_t number) {
    for (uint32_t child; (child = i * ARITY + 1) < h->n;) {
        fetch_below(h, child);
        uint32_t best = earliest(h, child);
        if (h->when[best] >= when) break;
        set(h, i, h->when[best], h->number[best]);
        i = best;
    }
    set(h, i, when, number);
}

static void *enough(void *p) {
    if (!p) sn__fatal("out of memory for timers");
    return p;
}

/* Of the times each set of children is to fill a line: the root stands just before one. */
static sn_time *more_times(sn_time *when, uint32_t n, uint32_t room) {
    sn_time *base = enough(aligned_alloc(LINE, (ARITY + room + ARITY) * sizeof *when));
    for (uint32_t i = 0; i <= room + ARITY; i++) base[BEFORE + i] = i < n ? when[i] : SN_NEVER;
    if (when) free(when - BEFORE);
    return base + BEFORE;
}

/* Number 0 is nobody's. */
static void grow(void *of) {
    heap *h = of;
    uint32_t was = h->room, room = was ? was * 2 : LEAST;
    sn__hb_blind();
    h->when = more_times(h->when, h->n, room);
    h->number = enough(realloc(h->number, room * sizeof *h->number));
    h->place = enough(realloc(h->place, room * sizeof *h->place));
    h->timer = enough(realloc(h->timer, room * sizeof(sn__timer *)));
    sn__hb_seeing();
    for (uint32_t k = room; k-- > (was ? was : 1);) {
        h->place[k] = h->free;
        h->free = k;
    }
    h->room = room;
}

void sn__heap_init(heap *h) { atomic_store(&h->first, SN_NEVER); }

void sn__heap_free(heap *h) {
    if (h->when) free(h->when - BEFORE);
    free(h->number);
    free(h->place);
    free(h->timer);
}

void sn__heap_put(heap *h, sn__timer *t) {
    if (!h->free) sn__far(grow, h);
    uint32_t number = h->free;
    h->free = h->place[number];
    h->timer[number] = t;
    t->index = number;
    up(h, h->n++, t->when, number);
}

sn__timer *sn__heap_take(heap *h, uint32_t i) {
    uint32_t number = h->number[i], last = --h->n;
    sn_time when = h->when[last];
    h->when[last] = SN_NEVER;
    h->place[number] = h->free;
    h->free = number;
    if (i < last) {
        if (i > 0 && h->when[(i - 1) / ARITY] > when)
            up(h, i, when, h->number[last]);
        else
            down(h, i, when, h->number[last]);
    }
    return h->timer[number];
}

void sn__heap_tell(heap *h) { atomic_store(&h->first, h->n ? h->when[0] : SN_NEVER); }

/* The part of the heap below place i, that included. */
static uint32_t due(const heap *h, uint32_t i, sn_time by, uint32_t most) {
    if (i >= h->n || h->when[i] > by) return 0;
    uint32_t n = 1;
    for (uint32_t c = i * ARITY + 1, last = c + ARITY; c < last && n < most; c++)
        n += due(h, c, by, most - n);
    return n;
}

uint32_t sn__heap_due(const heap *h, sn_time by, uint32_t most) { return due(h, 0, by, most); }
