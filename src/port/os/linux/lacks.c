/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Bits are only ever set, and nothing but the choice of a call depends on them: no order needed. */
#include "lacks.h"

_Atomic uint32_t sn__lacking;

void sn__os_forgo(uint32_t features) {
    atomic_fetch_or_explicit(&sn__lacking, features, memory_order_relaxed);
}
