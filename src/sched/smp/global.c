/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The global queue, under rt.lock: turns, first in first out. Most are a certain G's. But of those
 * that a ring spilled before they ever ran, any will do: their turn is ANY's, and who gets it is
 * drawn from `fresh`, the newest mostly. So coroutines that start others go down their tree before
 * they widen it, and few are alive at a time; every fourth draw is the oldest's, so that it waits
 * four times as long as in a row at most.
 *
 * Both are pointers in chunks. A list through the Gs would be shorter to write, but each of them
 * lies on a page of its own, which is cold by the time that its turn comes: to follow such a list
 * is to wait for memory at every step. Chunks are made along with Gs, enough for all of them, so
 * that queueing allocates nothing and cannot fail. They are never given back, as Gs are not.
 */
#include <stdlib.h>

#include "core/hb.h"
#include "sched/smp/queue.h"

enum { CHUNK = 126, OLDEST_ONE_IN = 4 };
enum { ANY = 0, APART = 1 }; /* a turn; a bit of one: it has no place in a ring */
typedef struct chunk {
    struct chunk *next, *prev;
    uintptr_t at[CHUNK];
} chunk;

typedef struct row {
    chunk *first, *last; /* NULL: it is empty */
    uint32_t begin, end; /* the first's first, behind the last's last */
} row;

/* Under rt.lock. Of the whole program, as Gs are; at the end of a run it is empty. */
static struct {
    row turns, fresh;
    uint32_t draws;
    chunk *spare;
    uint32_t gs, room; /* Gs that there are; pointers that there is room for */
} queue;

/* rt.lock held. A G takes a place in each row, and both ends of each may be nearly empty. */
static bool enough(void) { return 2 * queue.gs + 4 * CHUNK < queue.room; }

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
static void add_chunk(row *r) {
    chunk *c = queue.spare;
    queue.spare = c->next;
    c->next = NULL;
    c->prev = r->last;
    if (r->last) {
        r->last->next = c;
    } else {
        r->first = c;
        r->begin = 0;
    }
    r->last = c;
    r->end = 0;
}

/* rt.lock held. c, at one end of r, has nothing in it any more. */
static void drop_chunk(row *r, chunk *c) {
    if (c->prev) {
        c->prev->next = NULL;
        r->end = CHUNK;
    } else {
        r->first = c->next;
        r->begin = 0;
    }
    if (c->next)
        c->next->prev = NULL;
    else
        r->last = c->prev;
    c->next = queue.spare;
    queue.spare = c;
}

/* rt.lock held. */
static void push(row *r, uintptr_t x) {
    if (!r->last || r->end == CHUNK) add_chunk(r);
    r->last->at[r->end++] = x;
}

/* rt.lock held, as of all that follow. There is one. */
static uintptr_t pop_first(row *r) {
    chunk *c = r->first;
    uintptr_t x = c->at[r->begin++];
    if (r->begin == (c == r->last ? r->end : CHUNK)) drop_chunk(r, c);
    return x;
}

static uintptr_t pop_last(row *r) {
    chunk *c = r->last;
    uintptr_t x = c->at[--r->end];
    if (r->end == (c == r->first ? r->begin : 0)) drop_chunk(r, c);
    return x;
}

static G *g_at(uintptr_t x) { return (G *)(x & ~(uintptr_t)APART); }

static G *draw(void) {
    row *r = &queue.fresh;
    return g_at(queue.draws++ % OLDEST_ONE_IN ? pop_last(r) : pop_first(r));
}

static G *next(void) {
    uintptr_t turn = pop_first(&queue.turns);
    return turn == ANY ? draw() : g_at(turn);
}

static void push_spilled(G *g) {
    bool fresh = g->starts == 0;
    push(&queue.turns, fresh ? ANY : (uintptr_t)g);
    if (fresh) push(&queue.fresh, (uintptr_t)g);
}

static void count(runtime *rt, uint32_t n) {
    atomic_store_explicit(&rt->queued, atomic_load_explicit(&rt->queued, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

void sn__global_put(G *g) {
    runtime *rt = &sn__rt;
    uintptr_t x = (uintptr_t)g | (g->core.odd & SN__ODD_APART ? APART : 0);
    sn__lock(&rt->lock);
    push(&queue.turns, x);
    count(rt, 1);
    sn__unlock(&rt->lock);
}

void sn__global_put_all(G *const *at, uint32_t n) {
    runtime *rt = &sn__rt;
    sn__lock(&rt->lock);
    for (uint32_t i = 0; i < n; i++) push_spilled(at[i]);
    count(rt, n);
    sn__unlock(&rt->lock);
}

/* Up to n more into p's ring; how many. */
static uint32_t fill(P *p, uint32_t n) {
    uint32_t tail = atomic_load_explicit(&p->tail, memory_order_relaxed);
    uint32_t free = RING - (tail - atomic_load_explicit(&p->head, memory_order_acquire)), done = 0;
    const row *turns = &queue.turns;
    if (n > free) n = free;
    for (; done < n && !(turns->first->at[turns->begin] & APART); done++)
        atomic_store_explicit(&p->ring[(tail + done) % RING], next(), memory_order_relaxed);
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
    G *g = next();
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
        uintptr_t turn = pop_first(&queue.turns);
        uintptr_t x = turn == ANY ? pop_first(&queue.fresh) : turn;
        if (!keep(g_at(x))) {
            count(rt, (uint32_t)-1);
            continue;
        }
        push(&queue.turns, turn);
        if (turn == ANY) push(&queue.fresh, x);
    }
}
