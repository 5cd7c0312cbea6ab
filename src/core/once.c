/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Once: a flag before a mutex. `f` is the user's, so it runs outside the bracket. */
#include <sennit/sync.h>

#include "core/sched.h"

typedef struct once {
    sn_mutex mutex;
    _Atomic uintptr_t done;
} once;
_Static_assert(sizeof(once) <= sizeof(sn_once), "sn_once has room for a once");

void sn_once_do(sn_once *pub, void (*f)(void *), void *arg) {
    once *o = (once *)pub;
    if (SN__LIKELY(atomic_load_explicit(&o->done, memory_order_acquire))) {
        sn__hb_acquire(o);
        return;
    }
    sn_lock(&o->mutex);
    if (!atomic_load_explicit(&o->done, memory_order_relaxed)) {
        f(arg);
        sn__hb_release(o);
        atomic_store_explicit(&o->done, 1, memory_order_release);
    }
    sn_unlock(&o->mutex);
}
