/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What this kernel does not have: as probes found out, or as the user wants it to be thought
 * (sn__os_forgo). */
#ifndef SN_LINUX_LACKS_H
#define SN_LINUX_LACKS_H

#include "port/port.h"

extern _Atomic uint32_t sn__lacking; /* of enum sn__os_feature */

static inline bool sn__lacks(uint32_t feature) {
    return atomic_load_explicit(&sn__lacking, memory_order_relaxed) & feature;
}

#endif
