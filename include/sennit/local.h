/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Coroutine-local storage: what a thread-local variable is to a thread. */
#ifndef SENNIT_LOCAL_H
#define SENNIT_LOCAL_H

#include <sennit/base.h>

SN_BEGIN_C

/** Most keys of a program. */
#define SN_LOCALS_MAX 128

/** A key: of static storage, `static sn_local request = SN_LOCAL(free);`, and for good. Opaque. */
typedef struct sn_local {
    void (*drop_)(void *value);
    uintptr_t w_[1];
} sn_local;
/** The start of a key. `drop` (or NULL) is called with what a coroutine still has when it ends. */
#define SN_LOCAL(drop)                                                                             \
    {                                                                                              \
        (drop), { 0 }                                                                              \
    }

/**
 * The calling coroutine's value of a key; NULL if it has set none: it inherits nothing from whoever
 * started it. O(1). From coroutines and foreign threads, which have values of their own; never
 * parks.
 */
SN_API void *sn_local_get(const sn_local *key);
/**
 * Sets it; what was there is the caller's to free. Returns 0; SN_ENOMEM; SN_E2BIG when there are
 * SN_LOCALS_MAX other keys. Setting NULL never fails where nothing was set.
 *
 * When the coroutine returns, `drop` is called with each value that is not NULL, the last key's
 * first, on the coroutine, which is still in its scope: it may park, and set values, which are
 * dropped again (some rounds; what is set after them is lost). Those of a foreign
 * thread are dropped as the thread ends. A coroutine that sets none pays nothing; one that does has
 * one allocation of a pointer for each key of the program.
 */
SN_API SN_MUST int sn_local_set(sn_local *key, void *value);

SN_END_C
#endif
