/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Object pools: a shelf of idle objects for each place (sn__place), under a lock of its own that
 * only thieves contend for. Who finds its shelf empty takes half of another's along. Bounded: what
 * does not fit on the shelf of who puts it is ended. (Go's sync.Pool, whose garbage collector we
 * have not, is where "one shelf a P, and look at the others" is from.)
 *
 * `make` and `end` are the user's: they run outside of bracket and locks.
 *
 * Lock order: of two shelves, the one with the lower number first.
 */
#include <sennit/pool.h>

#include "core/sched.h"

enum { LINE = 64 };

typedef struct shelf {
    sn__lockw lock;
    _Atomic uint32_t n; /* under lock; thieves look at it without */
    void **at;
    char apart[LINE - sizeof(void **) - 2 * sizeof(uint32_t)];
} shelf;

typedef struct pool {
    shelf *shelves;
    uint32_t places, keep;
    void *(*make)(void *ctx);
    void (*end)(void *ctx, void *object);
    void *ctx;
} pool;
_Static_assert(sizeof(pool) <= sizeof(sn_pool), "sn_pool has room for a pool");

static pool *pool_of(sn_pool *p) { return (pool *)p; }

int sn_pool_init(sn_pool *pub, size_t keep, void *(*make)(void *ctx),
                 void (*end)(void *ctx, void *object), void *ctx) {
    pool *p = pool_of(pub);
    if (!keep || keep > SN_POOL_KEEP_MAX || !make || !end) return SN_EINVAL;
    uint32_t places = sn__places();
    shelf *all = sn__alloc(places * (sizeof(shelf) + keep * sizeof(void *)));
    if (!all) return SN_ENOMEM;
    void **slots = (void **)(void *)(all + places);
    for (uint32_t i = 0; i < places; i++) all[i] = (shelf){.at = slots + i * keep};
    *pub = (sn_pool){{0}};
    *p = (pool){all, places, (uint32_t)keep, make, end, ctx};
    return 0;
}

static uint32_t count(const shelf *s) { return atomic_load_explicit(&s->n, memory_order_relaxed); }
static void set_count(shelf *s, uint32_t n) {
    atomic_store_explicit(&s->n, n, memory_order_relaxed);
}

/* Under s->lock. */
static void *pop(shelf *s) {
    uint32_t n = count(s);
    if (!n) return NULL;
    set_count(s, n - 1);
    return s->at[n - 1];
}
static bool push(shelf *s, uint32_t keep, void *object) {
    uint32_t n = count(s);
    if (n == keep) return false;
    s->at[n] = object;
    set_count(s, n + 1);
    return true;
}

static void *pop_own(shelf *s) {
    sn__lock(&s->lock);
    void *object = pop(s);
    sn__unlock(&s->lock);
    return object;
}

/* Half of what is on `from`, at least one: the first of them is returned, the others go to `to`. */
static void *pop_half(shelf *from, shelf *to, uint32_t keep) {
    shelf *first = from < to ? from : to, *second = from < to ? to : from;
    sn__lock(&first->lock);
    sn__lock(&second->lock);
    uint32_t left = count(from) / 2;
    void *object = pop(from);
    while (object && count(from) > left && push(to, keep, from->at[count(from) - 1]))
        (void)pop(from);
    sn__unlock(&second->lock);
    sn__unlock(&first->lock);
    return object;
}

static void *take_idle(pool *p, uint32_t place) {
    void *object = pop_own(&p->shelves[place]);
    for (uint32_t i = 1; !object && i < p->places; i++) {
        shelf *other = &p->shelves[(place + i) % p->places];
        if (count(other)) object = pop_half(other, &p->shelves[place], p->keep);
    }
    return object;
}

void *sn_pool_get(sn_pool *pub) {
    pool *p = pool_of(pub);
    sn__g *g = sn__enter();
    void *object = take_idle(p, sn__place(g) % p->places);
    sn__leave(g);
    if (!object) return p->make(p->ctx);
    sn__hb_acquire(object);
    return object;
}

void sn_pool_put(sn_pool *pub, void *object) {
    pool *p = pool_of(pub);
    if (!object) return;
    sn__hb_release(object);
    sn__g *g = sn__enter();
    shelf *s = &p->shelves[sn__place(g) % p->places];
    sn__lock(&s->lock);
    bool kept = push(s, p->keep, object);
    sn__unlock(&s->lock);
    sn__leave(g);
    if (!kept) p->end(p->ctx, object);
}

void sn_pool_end(sn_pool *pub) {
    pool *p = pool_of(pub);
    for (uint32_t i = 0; i < p->places; i++)
        for (void *object; (object = pop(&p->shelves[i]));) {
            sn__hb_acquire(object);
            p->end(p->ctx, object);
        }
    sn__free(p->shelves);
}
