/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The switch of ARMv7-A, hard float (AAPCS-VFP): r4 to r11, lr, d8 to d15 and the stack pointer.
 * FPSCR is not saved. In ARM state, whatever its callers are in: `bl` and `bx` change over.
 *
 * r12 is saved only to keep the stack on eight bytes. */

        .syntax unified
        .arch   armv7-a
        .fpu    vfpv3-d16
        .cfi_sections .debug_frame
        .text
        .arm

/* void sn__ctx_switch(sn__ctx *from, sn__ctx *to) */
        .globl  sn__ctx_switch
        .hidden sn__ctx_switch
        .type   sn__ctx_switch, %function
        .p2align 4
sn__ctx_switch:
        .fnstart
        .cfi_startproc
        push    {r4-r12, lr}
        .save   {r4-r12, lr}
        .cfi_def_cfa_offset 40
        .cfi_rel_offset r4, 0
        .cfi_rel_offset r5, 4
        .cfi_rel_offset r6, 8
        .cfi_rel_offset r7, 12
        .cfi_rel_offset r8, 16
        .cfi_rel_offset r9, 20
        .cfi_rel_offset r10, 24
        .cfi_rel_offset r11, 28
        .cfi_rel_offset lr, 36
        vpush   {d8-d15}
        .vsave  {d8-d15}
        .cfi_adjust_cfa_offset 64
        str     sp, [r0]
        ldr     sp, [r1]
        /* From here `from` may run elsewhere: its registers are there before busy says so. */
        mov     r2, #0
        dmb     ish
        str     r2, [r0, #4]
        vpop    {d8-d15}
        .cfi_adjust_cfa_offset -64
        pop     {r4-r12, lr}
        .cfi_def_cfa_offset 0
        .cfi_restore r4
        .cfi_restore r5
        .cfi_restore r6
        .cfi_restore r7
        .cfi_restore r8
        .cfi_restore r9
        .cfi_restore r10
        .cfi_restore r11
        .cfi_restore lr
        bx      lr
        .cfi_endproc
        .fnend
        .size   sn__ctx_switch, .-sn__ctx_switch

/* void sn__ctx_leave(sn__ctx *from, sn__ctx *to): saves too, where nobody will look */
        .globl  sn__ctx_leave
        .hidden sn__ctx_leave
        .type   sn__ctx_leave, %function
        .set    sn__ctx_leave, sn__ctx_switch
        .size   sn__ctx_leave, .-sn__ctx_switch

/* First thing on a new stack: r4 is the entry, r5 its argument. Unwinders stop here. */
        .globl  sn__ctx_start
        .hidden sn__ctx_start
        .type   sn__ctx_start, %function
        .p2align 4
sn__ctx_start:
        .fnstart
        .cantunwind
        .cfi_startproc
        .cfi_undefined lr
        mov     r11, #0
        mov     r0, r5
        blx     r4
        udf     #0
        .cfi_endproc
        .fnend
        .size   sn__ctx_start, .-sn__ctx_start

/* void *sn__tls_get(void), void sn__tls_set(void *): in assembly, so that no compiler and no
 * link-time optimiser can keep the address of a thread's variable over a switch. */
        .globl  sn__tls_get
        .hidden sn__tls_get
        .type   sn__tls_get, %function
        .p2align 4
sn__tls_get:
        .fnstart
        .cantunwind
        .cfi_startproc
        ldr     r1, 2f
1:      ldr     r1, [pc, r1]
        mrc     p15, 0, r0, c13, c0, 3
        ldr     r0, [r0, r1]
        bx      lr
        .p2align 2
2:      .word   sn__tls_word(GOTTPOFF) + (. - 1b - 8)
        .cfi_endproc
        .fnend
        .size   sn__tls_get, .-sn__tls_get

        .globl  sn__tls_set
        .hidden sn__tls_set
        .type   sn__tls_set, %function
        .p2align 4
sn__tls_set:
        .fnstart
        .cantunwind
        .cfi_startproc
        ldr     r2, 2f
1:      ldr     r2, [pc, r2]
        mrc     p15, 0, r1, c13, c0, 3
        str     r0, [r1, r2]
        bx      lr
        .p2align 2
2:      .word   sn__tls_word(GOTTPOFF) + (. - 1b - 8)
        .cfi_endproc
        .fnend
        .size   sn__tls_set, .-sn__tls_set

        .section .tbss, "awT", %nobits
        .p2align 2
        .type   sn__tls_word, %object
        .size   sn__tls_word, 4
sn__tls_word:
        .zero   4

        .section .note.GNU-stack, "", %progbits
