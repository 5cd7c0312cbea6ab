/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef SN_ARCH_CPU_H
#define SN_ARCH_CPU_H

enum { SN__FRAME_BELOW = 2 };
#include "port/frame_chain.h"

/* `pause` of Zihintpause: a fence that orders nothing where it is not known. */
enum { SN__ARCH_PACKS = 0 }; /* tools/stack-report does not read its code */
static inline void sn__cpu_relax(void) { __asm__ volatile(".insn i 0x0f, 0, x0, x0, 0x010"); }
static inline uintptr_t sn__code_address(uintptr_t pc) { return pc; }
#endif
