/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Coroutine-local storage. A key gets a number when a value is first set for it, for good; a
 * coroutine that sets one gets an array by these numbers. Who sets none has a null pointer.
 *
 * A key's number is written once. Of two that number one at the same time the loser's number is
 * lost. No lock: under simulation that would be an event of the first run alone.
 */
#include <sennit/local.h>
#include <string.h>

#include "sched/g.h"

enum { ROUNDS = 4 }; /* of `drop`s that set values again */

typedef struct key {
    void (*drop)(void *value);
    _Atomic uintptr_t number; /* from 1; 0: none yet */
} key;
_Static_assert(sizeof(key) <= sizeof(sn_local), "sn_local has room for a key");

struct sn__locals {
    uint32_t n;
    void *at[];
};

static struct {
    _Atomic uint32_t n;
    key *_Atomic at[SN_LOCALS_MAX];
} keys;

static key *key_of(sn_local *l) { return (key *)l; }

/* The key's number; 0: there are too many. */
static uintptr_t number_of(key *k) {
    uintptr_t number = atomic_load_explicit(&k->number, memory_order_acquire);
    if (SN__LIKELY(number)) return number;
    uint32_t n = atomic_load(&keys.n);
    do
        if (n == SN_LOCALS_MAX) return 0;
    while (!atomic_compare_exchange_weak(&keys.n, &n, n + 1));
    atomic_store(&keys.at[n], k);
    return atomic_compare_exchange_strong(&k->number, &number, n + 1) ? n + 1 : number;
}

/* Room for so many values; false: out of memory. */
static bool make_room(G *g, uintptr_t n) {
    uint32_t old = g->locals ? g->locals->n : 0;
    if (n <= old) return true;
    if (g->core.odd & SN__ODD_PACKED) sn__fatal("a packed coroutine sets a value of its own");
    uint32_t room = atomic_load(&keys.n);
    sn__locals *l = sn__alloc(sizeof *l + room * sizeof *l->at);
    if (!l) return false;
    if (old) memcpy(l->at, g->locals->at, old * sizeof *l->at);
    memset(l->at + old, 0, (room - old) * sizeof *l->at);
    l->n = room;
    sn__free(g->locals);
    g->locals = l;
    g->leaves = true;
    return true;
}

void *sn_local_get(const sn_local *l) {
    const key *k = (const key *)l;
    sn__g *g = sn__enter();
    const sn__locals *all = g_of(g)->locals;
    uintptr_t number = atomic_load_explicit(&k->number, memory_order_relaxed);
    void *value = all && number && number <= all->n ? all->at[number - 1] : NULL;
    sn__leave(g);
    return value;
}

static int set(G *g, key *k, void *value) {
    uintptr_t number = number_of(k);
    if (!number) return SN_E2BIG;
    if (!make_room(g, number)) return SN_ENOMEM;
    g->locals->at[number - 1] = value;
    return 0;
}

int sn_local_set(sn_local *l, void *value) {
    sn__g *g = sn__enter();
    bool nothing = !value && !g_of(g)->locals;
    int rc = nothing ? 0 : set(g_of(g), key_of(l), value);
    sn__leave(g);
    return rc;
}

/* One value less; false: there is none. The drop is user code: out of the bracket, on the
 * coroutine's own stack. The array may be another afterwards. */
static bool drop_one(G *g) {
    for (uint32_t i = g->locals->n; i-- > 0;) {
        void *value = g->locals->at[i];
        if (!value) continue;
        g->locals->at[i] = NULL;
        void (*drop)(void *) = atomic_load(&keys.at[i])->drop;
        if (!drop) continue;
        sn__leave(&g->core);
        drop(value);
        (void)sn__enter();
        return true;
    }
    return false;
}

void sn__locals_end(G *g) {
    if (!g->locals) return;
    for (unsigned left = ROUNDS * SN_LOCALS_MAX; left-- && drop_one(g);) {
    }
    sn__free(g->locals);
    g->locals = NULL;
}
