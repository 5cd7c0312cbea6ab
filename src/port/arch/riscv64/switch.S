/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The switch of RISC-V 64: ra, s0 to s11, the stack pointer, and fs0 to fs11 where the ABI passes
 * them (lp64d). fcsr is not saved. */

        .text

#if defined(__riscv_float_abi_double)
#define FRAME 208
#elif defined(__riscv_float_abi_soft)
#define FRAME 112
#else
#error "lp64 and lp64d are the ABIs known here"
#endif

        .macro keep reg, at
        sd      \reg, \at(sp)
        .cfi_rel_offset \reg, \at
        .endm

/* void sn__ctx_switch(sn__ctx *from, sn__ctx *to) */
        .globl  sn__ctx_switch
        .hidden sn__ctx_switch
        .type   sn__ctx_switch, @function
        .p2align 4
sn__ctx_switch:
        .cfi_startproc
        addi    sp, sp, -FRAME
        .cfi_def_cfa_offset FRAME
        keep    ra, 0
        keep    s0, 8
        keep    s1, 16
        keep    s2, 24
        keep    s3, 32
        keep    s4, 40
        keep    s5, 48
        keep    s6, 56
        keep    s7, 64
        keep    s8, 72
        keep    s9, 80
        keep    s10, 88
        keep    s11, 96
#if defined(__riscv_float_abi_double)
        fsd     fs0, 104(sp)
        fsd     fs1, 112(sp)
        fsd     fs2, 120(sp)
        fsd     fs3, 128(sp)
        fsd     fs4, 136(sp)
        fsd     fs5, 144(sp)
        fsd     fs6, 152(sp)
        fsd     fs7, 160(sp)
        fsd     fs8, 168(sp)
        fsd     fs9, 176(sp)
        fsd     fs10, 184(sp)
        fsd     fs11, 192(sp)
#endif
        sd      sp, 0(a0)
        ld      sp, 0(a1)
        /* From here `from` may run elsewhere: its registers are there before busy says so. */
        fence   rw, w
        sw      zero, 8(a0)
#if defined(__riscv_float_abi_double)
        fld     fs11, 192(sp)
        fld     fs10, 184(sp)
        fld     fs9, 176(sp)
        fld     fs8, 168(sp)
        fld     fs7, 160(sp)
        fld     fs6, 152(sp)
        fld     fs5, 144(sp)
        fld     fs4, 136(sp)
        fld     fs3, 128(sp)
        fld     fs2, 120(sp)
        fld     fs1, 112(sp)
        fld     fs0, 104(sp)
#endif
        ld      s11, 96(sp)
        ld      s10, 88(sp)
        ld      s9, 80(sp)
        ld      s8, 72(sp)
        ld      s7, 64(sp)
        ld      s6, 56(sp)
        ld      s5, 48(sp)
        ld      s4, 40(sp)
        ld      s3, 32(sp)
        ld      s2, 24(sp)
        ld      s1, 16(sp)
        ld      s0, 8(sp)
        ld      ra, 0(sp)
        addi    sp, sp, FRAME
        .cfi_def_cfa_offset 0
        .cfi_restore ra
        .cfi_restore s0
        .cfi_restore s1
        .cfi_restore s2
        .cfi_restore s3
        .cfi_restore s4
        .cfi_restore s5
        .cfi_restore s6
        .cfi_restore s7
        .cfi_restore s8
        .cfi_restore s9
        .cfi_restore s10
        .cfi_restore s11
        ret
        .cfi_endproc
        .size   sn__ctx_switch, .-sn__ctx_switch

/* void sn__ctx_leave(sn__ctx *from, sn__ctx *to): saves too, where nobody will look */
        .globl  sn__ctx_leave
        .hidden sn__ctx_leave
        .type   sn__ctx_leave, @function
        .set    sn__ctx_leave, sn__ctx_switch
        .size   sn__ctx_leave, .-sn__ctx_switch

/* First thing on a new stack: s1 is the entry, s2 its argument. Unwinders stop here. */
        .globl  sn__ctx_start
        .hidden sn__ctx_start
        .type   sn__ctx_start, @function
        .p2align 4
sn__ctx_start:
        .cfi_startproc
        .cfi_undefined ra
        li      s0, 0
        mv      a0, s2
        jalr    s1
        unimp
        .cfi_endproc
        .size   sn__ctx_start, .-sn__ctx_start

/* void *sn__tls_get(void), void sn__tls_set(void *): in assembly, so that no compiler and no
 * link-time optimiser can keep the address of a thread's variable over a switch. */
        .globl  sn__tls_get
        .hidden sn__tls_get
        .type   sn__tls_get, @function
        .p2align 4
sn__tls_get:
        .cfi_startproc
        la.tls.ie a1, sn__tls_word
        add     a1, a1, tp
        ld      a0, 0(a1)
        ret
        .cfi_endproc
        .size   sn__tls_get, .-sn__tls_get

        .globl  sn__tls_set
        .hidden sn__tls_set
        .type   sn__tls_set, @function
        .p2align 4
sn__tls_set:
        .cfi_startproc
        la.tls.ie a1, sn__tls_word
        add     a1, a1, tp
        sd      a0, 0(a1)
        ret
        .cfi_endproc
        .size   sn__tls_set, .-sn__tls_set

        .section .tbss, "awT", @nobits
        .p2align 3
        .type   sn__tls_word, @object
        .size   sn__tls_word, 8
sn__tls_word:
        .zero   8

        .section .note.GNU-stack, "", @progbits
