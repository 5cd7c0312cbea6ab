/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef SN_ARCH_CPU_H
#define SN_ARCH_CPU_H

enum { SN__FRAME_BELOW = 0, SN__ARCH_PACKS = 1 };
#include "port/frame_chain.h"

static inline void sn__cpu_relax(void) { __builtin_ia32_pause(); }
static inline uintptr_t sn__code_address(uintptr_t pc) { return pc; }
#endif
