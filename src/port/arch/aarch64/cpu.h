/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef SN_ARCH_CPU_H
#define SN_ARCH_CPU_H

enum { SN__FRAME_BELOW = 0 };
#include "port/frame_chain.h"

/* `yield` does nothing on most cores; a barrier of this kind holds one back for a moment. */
enum { SN__ARCH_PACKS = 0 }; /* tools/stack-report does not read its code */
static inline void sn__cpu_relax(void) { __asm__ volatile("isb" ::: "memory"); }
/* Without the signature that compilers may put into return addresses (xpaclri, a hint). */
static inline uintptr_t sn__code_address(uintptr_t pc) {
    register uintptr_t x30 __asm__("x30") = pc;
    __asm__("hint #7" : "+r"(x30));
    return x30;
}
#endif
