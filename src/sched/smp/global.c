/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The global queue: pointers in chunks, first in first out, under rt.lock. A list through the Gs
 * would be shorter to write, but each of them lies on a page of its own, which is cold by the time
 * that its turn comes: to follow such a list is to wait for memory at every step.
 *
 * Chunks are made along with Gs, enough for all of them, so that queueing allocates nothing and
 * cannot fail. They are never given back, as Gs are not.
 */
#include <stdlib.h>

#include "core/hb.h"
#include "sched/smp/queue.h"

enum { CHUNK = 127, APART = 1 };
typedef struct chunk {
    struct chunk *next;
    uintptr_t at[CHUNK]; /* Gs; with APART: it has no place in a ring */
} chunk;

/* Under rt.lock. Of the whole program, as Gs are; at the end of a run it is empty. */
static struct {
    chunk *first, *last; /* NULL: it is empty */
    chunk *spare;
    uint32_t begin, end; /* the first's first, behind the last's last */
    uint32_t gs, room;   /* Gs that there are; that there is room for */
} queue;

/* rt.lock held. */
static chunk *chunk_new(void) {
    chunk *c = queue.spare;
    queue.spare = c->next;
    c->next = NULL;
    return c;
}

/* rt.lock held. The first and the last chunk may be nearly empty. */
static bool enough(void) { return queue.gs + 2 * CHUNK < queue.room; }

/* rt.lock held. False: out of memory. */
static bool chunk_make(void) {
    sn__hb_blind();
    chunk *c = malloc(sizeof *c);
    sn__hb_seeing();
    if (!c) return false;
    c->next = queue.spare;
    queue.spare = c;
    queue.room += CHUNK;
    return true;
}

bool sn__global_reserve(void) {
    runtime *rt = &sn__rt;
    sn__lock(&rt->lock);
    while (!enough() && chunk_make()) continue;
    bool done = enough();
    if (done) queue.gs++;
    sn__unlock(&rt->lock);
    return done;
}

/* rt.lock held. */
static void push(uintptr_t x) {
    if (queue.last && queue.end < CHUNK) {
        queue.last->at[queue.end++] = x;
        return;
    }
    chunk *c = chunk_new();
    if (queue.last) {
        queue.last->next = c;
    } else {
        queue.first = c;
        queue.begin = 0;
    }
    queue.last = c;
    c->at[0] = x;
    queue.end = 1;
}

/* rt.lock held. There is one. */
static uintptr_t pop(void) {
    chunk *c = queue.first;
    uintptr_t x = c->at[queue.begin++];
    bool emptied = c == queue.last && queue.begin == queue.end;
    if (emptied || queue.begin == CHUNK) {
        queue.first = c->next;
        queue.begin = 0;
        c->next = queue.spare;
        queue.spare = c;
    }
    if (emptied) queue.last = NULL;
    return x;
}

static G *g_at(uintptr_t x) { return (G *)(x & ~(uintptr_t)APART); }

/* rt.lock held. */
static void count(runtime *rt, uint32_t n) {
    atomic_store_explicit(&rt->queued, atomic_load_explicit(&rt->queued, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

void sn__global_put(G *g) {
    runtime *rt = &sn__rt;
    uintptr_t x = (uintptr_t)g | (g->core.odd & SN__ODD_APART ? APART : 0);
    sn__lock(&rt->lock);
    push(x);
    count(rt, 1);
    sn__unlock(&rt->lock);
}

void sn__global_put_all(G *const *at, uint32_t n) {
    runtime *rt = &sn__rt;
    sn__lock(&rt->lock);
    for (uint32_t i = 0; i < n; i++) push((uintptr_t)at[i]);
    count(rt, n);
    sn__unlock(&rt->lock);
}

/* rt.lock held. Up to n more into p's ring; how many. */
static uint32_t fill(P *p, uint32_t n) {
    uint32_t tail = atomic_load_explicit(&p->tail, memory_order_relaxed);
    uint32_t free = RING - (tail - atomic_load_explicit(&p->head, memory_order_acquire)), done = 0;
    if (n > free) n = free;
    for (; done < n && !(queue.first->at[queue.begin] & APART); done++)
        atomic_store_explicit(&p->ring[(tail + done) % RING], g_at(pop()), memory_order_relaxed);
    atomic_store_explicit(&p->tail, tail + done, memory_order_release);
    return done;
}

G *sn__global_get_locked(P *p, uint32_t max) {
    runtime *rt = &sn__rt;
    uint32_t n = atomic_load_explicit(&rt->queued, memory_order_relaxed);
    if (!n) return NULL;
    uint32_t take = n / atomic_load_explicit(&rt->nprocs, memory_order_relaxed) + 1;
    if (take > n) take = n;
    if (take > max) take = max;
    if (take > RING / 2) take = RING / 2;
    G *g = g_at(pop());
    count(rt, -(1 + fill(p, take - 1)));
    return g;
}

G *sn__global_get(P *p, uint32_t max) {
    runtime *rt = &sn__rt;
    if (!atomic_load_explicit(&rt->queued, memory_order_relaxed)) return NULL;
    sn__lock(&rt->lock);
    G *g = sn__global_get_locked(p, max);
    sn__unlock(&rt->lock);
    return g;
}

void sn__global_sift(bool (*keep)(G *g)) {
    runtime *rt = &sn__rt;
    uint32_t n = atomic_load_explicit(&rt->queued, memory_order_relaxed);
    for (uint32_t i = 0; i < n; i++) {
        uintptr_t x = pop();
        if (keep(g_at(x)))
            push(x);
        else
            count(rt, (uint32_t)-1);
    }
}
