/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The two functions of string.h that core needs: a freestanding build has no string.h, but every
 * C compiler wants these two from its platform. */
#ifndef SN_CORE_MEM_H
#define SN_CORE_MEM_H

#include <stddef.h>

#include "core/hb.h"

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memset(void *to, int byte, size_t n);

/** Copies a channel's element; the sizes most channels have cost one move. */
static inline void sn__copy(void *to, const void *from, size_t n) {
    if (n == sizeof(void *))
        __builtin_memcpy(to, from, sizeof(void *));
    else if (n)
        sn__hb_copy(to, from, n);
}

#endif
