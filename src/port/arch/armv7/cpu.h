/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* ARMv7 has no chain of frame pointers: in Thumb state compilers put the frame pointer anywhere in
 * a frame, and leaf functions keep none. Stacks are walked by the unwind tables (unwind.c), for
 * which all registers that a function may have saved are carried along. */
#ifndef SN_ARCH_CPU_H
#define SN_ARCH_CPU_H

#include <stdbool.h>
#include <stdint.h>

enum { SN__FRAME_SP = 13, SN__FRAME_LR = 14 };

typedef struct sn__frame {
    uintptr_t pc;
    uintptr_t r[15]; /* r0 to lr */
} sn__frame;

bool sn__frame_up(sn__frame *f, uintptr_t lo, uintptr_t hi);

enum { SN__ARCH_PACKS = 0 }; /* tools/stack-report does not read its code */
static inline void sn__cpu_relax(void) { __asm__ volatile("yield" ::: "memory"); }
/* Bit 0 of a code pointer says "Thumb". */
static inline uintptr_t sn__code_address(uintptr_t pc) { return pc & ~(uintptr_t)1; }

static inline __attribute__((always_inline)) sn__frame sn__frame_here(void) {
    sn__frame f;
    uintptr_t word;
    __asm__ volatile("stmia  %[r4], {r4-r11}\n\t"
                     "str    lr, [%[r4], #40]\n\t"
                     "mov    %[word], sp\n\t"
                     "str    %[word], [%[r4], #36]\n\t"
                     "mov    %[word], pc\n\t"
                     : [word] "=&r"(word), "=m"(f)
                     : [r4] "r"(&f.r[4]));
    f.pc = word;
    return f;
}

#endif
