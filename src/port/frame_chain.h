/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Walking a stack by frame pointers: a pair {caller's frame pointer, return address} lies
 * SN__FRAME_BELOW words below where the frame pointer points. For the cpu.h of an architecture
 * whose compilers keep such a chain (-fno-omit-frame-pointer). */
#ifndef SN_PORT_FRAME_CHAIN_H
#define SN_PORT_FRAME_CHAIN_H

#include <stdbool.h>
#include <stdint.h>

typedef struct sn__frame {
    uintptr_t pc, fp;
} sn__frame;

static inline uintptr_t sn__code_address(uintptr_t pc);

static inline __attribute__((always_inline)) sn__frame sn__frame_here(void) {
    return (sn__frame){(uintptr_t)__builtin_return_address(0),
                       *((uintptr_t *)__builtin_frame_address(0) - SN__FRAME_BELOW)};
}

/* Of a stack whose owner may end meanwhile: no sanitizer is to judge that. */
__attribute__((no_sanitize("address", "thread"))) static inline bool
sn__frame_up(sn__frame *f, uintptr_t lo, uintptr_t hi) {
    const uintptr_t below = SN__FRAME_BELOW * sizeof(uintptr_t), size = 2 * sizeof(uintptr_t);
    if (f->fp % sizeof(uintptr_t) || f->fp < lo + below || f->fp > hi - size + below) return false;
    const uintptr_t *at = (const uintptr_t *)(f->fp - below);
    uintptr_t up = at[0], ret = at[1];
    if (!ret) return false;
    f->pc = sn__code_address(ret) - 1;
    f->fp = up > f->fp ? up : 0;
    return true;
}

#endif
