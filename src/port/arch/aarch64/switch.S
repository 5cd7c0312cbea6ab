/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The switch of AArch64 (AAPCS64): x19 to x30, d8 to d15 and the stack pointer. FPCR is not saved.
 *
 * It leaves by `ret`: with branch target identification a jump may only go to a landing pad, which
 * the instruction after a call is none. The pads below are hints, so that they are nothing on
 * machines without it. */

        .text

/* void sn__ctx_switch(sn__ctx *from, sn__ctx *to) */
        .globl  sn__ctx_switch
        .hidden sn__ctx_switch
        .type   sn__ctx_switch, %function
        .p2align 4
sn__ctx_switch:
        .cfi_startproc
        hint    #34                     /* bti c */
        sub     sp, sp, #160
        .cfi_def_cfa_offset 160
        stp     x29, x30, [sp, #0]
        .cfi_rel_offset x29, 0
        .cfi_rel_offset x30, 8
        stp     x19, x20, [sp, #16]
        .cfi_rel_offset x19, 16
        .cfi_rel_offset x20, 24
        stp     x21, x22, [sp, #32]
        .cfi_rel_offset x21, 32
        .cfi_rel_offset x22, 40
        stp     x23, x24, [sp, #48]
        .cfi_rel_offset x23, 48
        .cfi_rel_offset x24, 56
        stp     x25, x26, [sp, #64]
        .cfi_rel_offset x25, 64
        .cfi_rel_offset x26, 72
        stp     x27, x28, [sp, #80]
        .cfi_rel_offset x27, 80
        .cfi_rel_offset x28, 88
        stp     d8, d9, [sp, #96]
        .cfi_rel_offset d8, 96
        .cfi_rel_offset d9, 104
        stp     d10, d11, [sp, #112]
        .cfi_rel_offset d10, 112
        .cfi_rel_offset d11, 120
        stp     d12, d13, [sp, #128]
        .cfi_rel_offset d12, 128
        .cfi_rel_offset d13, 136
        stp     d14, d15, [sp, #144]
        .cfi_rel_offset d14, 144
        .cfi_rel_offset d15, 152
        mov     x9, sp
        str     x9, [x0]
        ldr     x9, [x1]
        mov     sp, x9
        /* From here `from` may run elsewhere: its registers are there before busy says so. */
        add     x10, x0, #8
        stlr    wzr, [x10]
        ldp     d14, d15, [sp, #144]
        ldp     d12, d13, [sp, #128]
        ldp     d10, d11, [sp, #112]
        ldp     d8, d9, [sp, #96]
        ldp     x27, x28, [sp, #80]
        ldp     x25, x26, [sp, #64]
        ldp     x23, x24, [sp, #48]
        ldp     x21, x22, [sp, #32]
        ldp     x19, x20, [sp, #16]
        ldp     x29, x30, [sp, #0]
        add     sp, sp, #160
        .cfi_def_cfa_offset 0
        .cfi_restore x29
        .cfi_restore x30
        ret
        .cfi_endproc
        .size   sn__ctx_switch, .-sn__ctx_switch

/* void sn__ctx_leave(sn__ctx *from, sn__ctx *to): saves too, where nobody will look */
        .globl  sn__ctx_leave
        .hidden sn__ctx_leave
        .type   sn__ctx_leave, %function
        .set    sn__ctx_leave, sn__ctx_switch
        .size   sn__ctx_leave, .-sn__ctx_switch

/* First thing on a new stack: x19 is the entry, x20 its argument. Unwinders stop here. */
        .globl  sn__ctx_start
        .hidden sn__ctx_start
        .type   sn__ctx_start, %function
        .p2align 4
sn__ctx_start:
        .cfi_startproc
        .cfi_undefined x30
        hint    #34                     /* bti c */
        mov     x29, #0
        mov     x0, x20
        blr     x19
        brk     #1
        .cfi_endproc
        .size   sn__ctx_start, .-sn__ctx_start

/* void *sn__tls_get(void), void sn__tls_set(void *): in assembly, so that no compiler and no
 * link-time optimiser can keep the address of a thread's variable over a switch. */
        .globl  sn__tls_get
        .hidden sn__tls_get
        .type   sn__tls_get, %function
        .p2align 4
sn__tls_get:
        .cfi_startproc
        hint    #34                     /* bti c */
        mrs     x1, tpidr_el0
        adrp    x0, :gottprel:sn__tls_word
        ldr     x0, [x0, :gottprel_lo12:sn__tls_word]
        ldr     x0, [x1, x0]
        ret
        .cfi_endproc
        .size   sn__tls_get, .-sn__tls_get

        .globl  sn__tls_set
        .hidden sn__tls_set
        .type   sn__tls_set, %function
        .p2align 4
sn__tls_set:
        .cfi_startproc
        hint    #34                     /* bti c */
        mrs     x1, tpidr_el0
        adrp    x2, :gottprel:sn__tls_word
        ldr     x2, [x2, :gottprel_lo12:sn__tls_word]
        str     x0, [x1, x2]
        ret
        .cfi_endproc
        .size   sn__tls_set, .-sn__tls_set

        .section .tbss, "awT", %nobits
        .p2align 3
        .type   sn__tls_word, %object
        .size   sn__tls_word, 8
sn__tls_word:
        .zero   8

/* Every indirect branch into this file meets a landing pad (bit 0: BTI). Return addresses are not
 * signed here, and need not be: what is saved is never returned to through another stack. */
        .section .note.gnu.property, "a", %note
        .p2align 3
        .word   4, 16, 5
        .asciz  "GNU"
        .word   0xc0000000, 4, 1, 0

        .section .note.GNU-stack, "", %progbits
