/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef SN_ARCH_CPU_H
#define SN_ARCH_CPU_H
static inline void sn__cpu_relax(void) { __builtin_ia32_pause(); }
#endif
