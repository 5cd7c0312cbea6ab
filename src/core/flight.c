/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Flights: a table of the calls that are on, by key, under one lock. A call is a coroutine of the
 * root scope; who asks is a node in its queue.
 *
 *   in the table   whoever asks for its key joins
 *   abandoned      the last of its waiters has given up: out of the table, its scope cancelled
 *   over           out of the table, its waiters claimed
 *
 * A call is freed by its own coroutine, which takes all nodes out of the queue first: a waiter that
 * finds its node queued, under the lock, has a call that lives.
 *
 * Lock order: a flight's lock before a scope's, and before those of spawning.
 */
#include <sennit/group.h>

#include "core/mem.h"
#include "core/scope.h"
#include "core/wait.h"

typedef struct call {
    struct call *next; /* of its bucket */
    struct flight *flight;
    sn__link waiters;
    sn_scope *scope; /* while it may be cancelled */
    bool abandoned;
    uint32_t hash;
    size_t n;
    char *key; /* behind the result */
    _Alignas(16) char result[];
} call;

typedef struct flight {
    sn__lockw lock;
    uint32_t seed;
    call **buckets;
    size_t size, used; /* buckets, a power of two; calls in them */
    sn_flight_fn fn;
    void *ctx;
    size_t result;
    size_t on;       /* calls that are not over */
    sn__link enders; /* who waits for that */
} flight;
_Static_assert(sizeof(flight) <= sizeof(sn_flight), "sn_flight has room for a flight");

typedef struct asker {
    sn__node n;
    int rc;
} asker;

enum { SIZE_FIRST = 16 };

/* ---- the table */

/* FNV-1a, from a start of the flight's own, stirred so that the low bits depend on all. */
static uint32_t hash_of(const flight *f, const unsigned char *key, size_t n) {
    uint32_t h = 2166136261u ^ f->seed;
    for (size_t i = 0; i < n; i++) h = (h ^ key[i]) * 16777619u;
    h = (h ^ (h >> 15)) * 0x2c1b3c6du;
    return h ^ (h >> 12);
}

static bool same(const char *a, const char *b, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (a[i] != b[i]) return false;
    return true;
}

static call **bucket(const flight *f, uint32_t hash) { return &f->buckets[hash & (f->size - 1)]; }

static call *find(const flight *f, uint32_t hash, const void *key, size_t n) {
    call *c = *bucket(f, hash);
    while (c && !(c->hash == hash && c->n == n && same(c->key, key, n))) c = c->next;
    return c;
}

/* Twice the buckets; if there is no memory for them the old ones do, a little slower. */
static void grow(flight *f) {
    call **old = f->buckets, **more = sn__alloc(2 * f->size * sizeof(call *));
    size_t size = f->size;
    if (!more) return;
    memset(more, 0, 2 * size * sizeof(call *));
    f->buckets = more;
    f->size = 2 * size;
    for (size_t i = 0; i < size; i++) {
        for (call *c = old[i], *next; c; c = next) {
            next = c->next;
            c->next = *bucket(f, c->hash);
            *bucket(f, c->hash) = c;
        }
    }
    sn__free(old);
}

static void put(flight *f, call *c) {
    if (f->used >= f->size) grow(f);
    c->next = *bucket(f, c->hash);
    *bucket(f, c->hash) = c;
    f->used++;
}

static void take_out(flight *f, call *c) {
    call **at = bucket(f, c->hash);
    while (*at != c) at = &(*at)->next;
    *at = c->next;
    f->used--;
}

/* ---- the call */

static call *new_call(flight *f, uint32_t hash, const void *key, size_t n) {
    size_t result = (f->result + 15) & ~(size_t)15;
    call *c = sn__alloc(sizeof *c + result + n);
    if (!c) return NULL;
    memset(c, 0, sizeof *c + result);
    sn__list_init(&c->waiters);
    c->flight = f;
    c->hash = hash;
    c->n = n;
    c->key = c->result + result;
    memcpy(c->key, key, n);
    return c;
}

static void answer(const call *c, asker *a, int rc, size_t result) {
    a->rc = rc;
    if (rc >= 0 && a->n.value && result) sn__hb_copy(a->n.value, c->result, result);
    sn__hb_release(&a->n);
    sn__ready(a->n.g);
}

/* Tells all who wait, and ends the call. In a bracket. The flight may be gone after the unlock. */
static void finish(call *c, int rc) {
    flight *f = c->flight;
    sn__link won, *l;
    sn__node *n, *ender = NULL;
    sn__list_init(&won);
    sn__hb_release(f);
    sn__lock(&f->lock);
    size_t result = f->result;
    if (!c->abandoned) take_out(f, c);
    while ((n = sn__claim_first(&c->waiters, SN__WOKEN))) sn__list_push(&won, &n->link);
    if (!--f->on) ender = sn__claim_first(&f->enders, SN__WOKEN);
    sn__unlock(&f->lock);
    while ((l = sn__list_pop(&won)))
        answer(c, SN__OF(SN__OF(l, sn__node, link), asker, n), rc, result);
    if (ender) sn__ready(ender->g);
    sn__free(c);
}

/* From when on and until when an abandoned call is told so. False: it is abandoned already. */
static bool tell_scope(call *c, sn_scope *s) {
    sn__g *g = sn__enter();
    sn__lock(&c->flight->lock);
    c->scope = s;
    bool wanted = !c->abandoned;
    sn__unlock(&c->flight->lock);
    sn__leave(g);
    return wanted;
}

/* The outer scope is there to be cancelled as long as anything runs in the inner one. */
static int ask(call *c) {
    const flight *f = c->flight;
    sn_scope outer, inner;
    sn_scope_enter(&outer, SN_NEVER);
    int rc = SN_ECANCELED;
    if (tell_scope(c, &outer)) {
        sn_scope_enter(&inner, SN_NEVER);
        rc = f->fn(f->ctx, c->key, c->n, c->result);
        int left = sn_scope_leave(&inner);
        if (rc >= 0 && left < 0) rc = left;
    }
    (void)tell_scope(c, NULL);
    (void)!sn_scope_leave(&outer);
    return rc;
}

static int run(void *arg) {
    call *c = *(call **)arg;
    int rc = ask(c);
    sn__g *g = sn__enter();
    finish(c, rc);
    sn__leave(g);
    return 0;
}

/* ---- who asks */

/* a has not got its answer and goes. */
static void give_up(flight *f, call *c, asker *a) {
    sn__lock(&f->lock);
    bool alive = a->n.queued;
    sn__dequeue(&a->n);
    if (alive && sn__list_empty(&c->waiters)) {
        c->abandoned = true;
        take_out(f, c);
        if (c->scope) sn__scope_cancel(sn__scope_of(c->scope), SN_ECANCELED);
    }
    sn__unlock(&f->lock);
}

/* Under f->lock: the call `made` begins. */
static int begin(flight *f, call *made) {
    int rc = sn__spawn_root(run, &made, sizeof made, (uintptr_t)f->fn);
    if (rc) return rc;
    put(f, made);
    f->on++;
    return 0;
}

/* Queues a with the call for `key`, or, if there is none, with `made`. SN_ENOENT: `made` is NULL.
 * It is armed last, under the lock: nothing comes between that and its wait. */
static int join(flight *f, call **c, call *made, uint32_t hash, const void *key, size_t n,
                asker *a) {
    sn__g *g = a->n.g;
    sn__lock(&f->lock);
    *c = find(f, hash, key, n);
    int rc = *c ? 0 : made ? begin(f, made) : SN_ENOENT;
    if (!rc) {
        if (!*c) *c = made;
        sn__queue(&(*c)->waiters, &a->n, g, sn__arm(g, !g->shield), a->n.value);
    }
    sn__unlock(&f->lock);
    return rc;
}

/* A call is made while nobody waits for the lock; it may turn out not to be needed. */
static int join_or_begin(flight *f, call **c, const void *key, size_t n, asker *a) {
    uint32_t hash = hash_of(f, key, n);
    int rc = join(f, c, NULL, hash, key, n, a);
    if (rc != SN_ENOENT) return rc;
    call *made = new_call(f, hash, key, n);
    if (!made) return SN_ENOMEM;
    rc = join(f, c, made, hash, key, n, a);
    if (rc || *c != made) sn__free(made);
    return rc;
}

static int flight_do(sn__g *g, flight *f, const void *key, size_t n, void *result) {
    asker a = {.n = {.g = g, .value = result}};
    call *c = NULL;
    int rc = sn__interrupted(g);
    if (!rc) rc = join_or_begin(f, &c, key, n, &a);
    if (rc) return rc;
    enum sn__cause cause = sn__park(g, SN_NEVER, SN__R_FLIGHT, f);
    if (cause == SN__WOKEN) {
        sn__hb_acquire(&a.n);
        if (a.rc >= 0) sn__hb_writes(result, f->result);
        return a.rc;
    }
    give_up(f, c, &a);
    return sn__cause_code(g, cause);
}

int sn_flight_do(sn_flight *pub, const void *key, size_t n, void *result) {
    if (n > SN_FLIGHT_KEY_MAX) return SN_EINVAL;
    sn__g *g = sn__enter_parks();
    int rc = flight_do(g, (flight *)pub, key, n, result);
    sn__leave(g);
    return rc;
}

int sn_flight_init(sn_flight *pub, sn_flight_fn fn, void *ctx, size_t result) {
    flight *f = (flight *)pub;
    if (!fn || result > SN_FLIGHT_RESULT_MAX) return SN_EINVAL;
    memset(pub, 0, sizeof *pub);
    f->buckets = sn__alloc(SIZE_FIRST * sizeof(call *));
    if (!f->buckets) return SN_ENOMEM;
    memset(f->buckets, 0, SIZE_FIRST * sizeof(call *));
    f->size = SIZE_FIRST;
    f->fn = fn;
    f->ctx = ctx;
    f->result = result;
    sn__g *g = sn__enter();
    f->seed = sn__rand();
    sn__leave(g);
    return 0;
}

void sn_flight_end(sn_flight *pub) {
    flight *f = (flight *)pub;
    sn__node n;
    sn__g *g = sn__enter_parks();
    sn__lock(&f->lock);
    bool wait = f->on;
    if (wait) sn__queue(&f->enders, &n, g, sn__arm(g, false), NULL);
    sn__unlock(&f->lock);
    if (wait) (void)sn__park(g, SN_NEVER, SN__R_FLIGHT, f);
    sn__hb_acquire(f);
    sn__leave(g);
    sn__free(f->buckets);
}
