/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Values of scopes: each scope has a list of bindings, pushed by its owner and never changed, which
 * others read without a lock. Scopes outside a coroutine's own outlive it. */
#include <sennit/value.h>

#include "core/scope.h"

typedef struct binding {
    const struct binding *next;
    const sn_key *key;
    const void *value;
} binding;
_Static_assert(sizeof(binding) <= sizeof(sn_value), "sn_value has room for a binding");

void sn_scope_bind(sn_scope *pub, sn_value *storage, const sn_key *key, const void *value) {
    sn__scope *s = sn__scope_of(pub);
    binding *b = (binding *)storage;
    sn__g *g = sn__enter();
    if (g->scope != s || s->owner != g) sn__fatal("sn_scope_bind in a scope that is not its own");
    const void *first = atomic_load_explicit(&s->values, memory_order_relaxed);
    *b = (binding){first, key, value};
    sn__hb_release(b);
    atomic_store_explicit(&s->values, b, memory_order_release);
    sn__leave(g);
}

static const binding *find(const sn__scope *s, const sn_key *key) {
    const binding *b = NULL;
    for (; s && !b; s = s->parent) {
        b = atomic_load_explicit(&s->values, memory_order_acquire);
        while (b && b->key != key) b = b->next;
    }
    return b;
}

const void *sn_scope_value(const sn_key *key) {
    sn__g *g = sn__enter();
    const binding *b = find(g->scope, key);
    if (b) sn__hb_acquire(b);
    sn__leave(g);
    return b ? b->value : NULL;
}
