/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Values of scopes: what belongs to a request or a job (who asks, on whose behalf, under which
 * trace) and is read far down by whoever runs in its scope, without being handed through every
 * call. */
#ifndef SENNIT_VALUE_H
#define SENNIT_VALUE_H

#include <sennit/go.h>

SN_BEGIN_C

/** What a value is found by: the address of one of these. The name is for people. */
typedef struct sn_key {
    const char *name;
} sn_key;

/** Storage of a binding, of the one who makes it; opaque. Must live until the scope is left. */
typedef struct sn_value {
    uintptr_t w_[3];
} sn_value;

/** Binds `value` to `key` in `s`, which must be the caller's current scope: seen by the caller, and
 *  by all that is started in `s` or in scopes inside it, until `s` is left. It cannot be changed; a
 *  scope inside may bind the key again, for what is inside that one. What it points at is not
 *  copied. Binding in another scope stops the program. From a coroutine; never parks. */
SN_API void sn_scope_bind(sn_scope *s, sn_value *storage, const sn_key *key, const void *value);
/** What the nearest scope that the caller is in has bound to the key; NULL. Takes as long as there
 *  are scopes and bindings on the way out. NULL on a foreign thread. Never parks. */
SN_API const void *sn_scope_value(const sn_key *key);

SN_END_C

/** A key that knows its type: SN_KEY_DECLARE(tenant, struct tenant) in a header gives tenant_bind
 * and tenant_value; SN_KEY_DEFINE(tenant) in one file is the key. */
#define SN_KEY_DECLARE(N, T)                                                                       \
    extern const sn_key N##_key;                                                                   \
    SN_INLINE void N##_bind(sn_scope *s, sn_value *storage, const T *v) {                          \
        sn_scope_bind(s, storage, &N##_key, v);                                                    \
    }                                                                                              \
    SN_INLINE const T *N##_value(void) { return (const T *)sn_scope_value(&N##_key); }
#define SN_KEY_DEFINE(N) const sn_key N##_key = {#N}

#endif
