/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The switch of x86-64 (System V): six registers and the stack pointer. mxcsr and the x87 control
 * word are not saved.
 *
 * Who waits does so at one and the same place in sn__park, so that the processor's stack of return
 * addresses, which knows nothing of ours, is right about most of them: the switch leaves by `ret`.
 * What begins was not called by anybody, and who ends called from elsewhere: these two jump.
 *
 * Marked for indirect branch tracking, since whatever may be jumped to begins with endbr64; not for
 * shadow stacks, of which each coroutine would need its own: a loader that sees this leaves them
 * off. */

        .text

/* void sn__ctx_switch(sn__ctx *from, sn__ctx *to) */
        .globl  sn__ctx_switch
        .hidden sn__ctx_switch
        .type   sn__ctx_switch, @function
        .p2align 4
sn__ctx_switch:
        .cfi_startproc
        endbr64
        pushq   %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset rbp, 0
        pushq   %rbx
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset rbx, 0
        pushq   %r12
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset r12, 0
        pushq   %r13
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset r13, 0
        pushq   %r14
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset r14, 0
        pushq   %r15
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset r15, 0
        movq    %rsp, 0(%rdi)
        movq    0(%rsi), %rsp
        /* From here `from` may run elsewhere: stores are ordered on x86, so its registers are
         * there before busy says so. */
        movl    $0, 8(%rdi)
        popq    %r15
        .cfi_adjust_cfa_offset -8
        .cfi_restore r15
        popq    %r14
        .cfi_adjust_cfa_offset -8
        .cfi_restore r14
        popq    %r13
        .cfi_adjust_cfa_offset -8
        .cfi_restore r13
        popq    %r12
        .cfi_adjust_cfa_offset -8
        .cfi_restore r12
        popq    %rbx
        .cfi_adjust_cfa_offset -8
        .cfi_restore rbx
        popq    %rbp
        .cfi_adjust_cfa_offset -8
        .cfi_restore rbp
        leaq    sn__ctx_start(%rip), %rcx
        cmpq    %rcx, (%rsp)
        je      1f
        ret
1:      addq    $8, %rsp
        .cfi_adjust_cfa_offset -8
        .cfi_undefined rip
        jmp     sn__ctx_start
        .cfi_endproc
        .size   sn__ctx_switch, .-sn__ctx_switch

/* void sn__ctx_leave(sn__ctx *from, sn__ctx *to) */
        .globl  sn__ctx_leave
        .hidden sn__ctx_leave
        .type   sn__ctx_leave, @function
        .p2align 4
sn__ctx_leave:
        .cfi_startproc
        .cfi_undefined rip
        endbr64
        movq    0(%rsi), %rsp
        movl    $0, 8(%rdi)
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbx
        popq    %rbp
        popq    %rcx
        notrack jmpq *%rcx              /* what follows a call is no landing pad */
        .cfi_endproc
        .size   sn__ctx_leave, .-sn__ctx_leave

/* void sn__ctx_call(void *sp, void (*f)(void *), void *arg) */
        .globl  sn__ctx_call
        .hidden sn__ctx_call
        .type   sn__ctx_call, @function
        .p2align 4
sn__ctx_call:
        .cfi_startproc
        endbr64
        pushq   %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset rbp, 0
        movq    %rsp, %rbp
        .cfi_def_cfa_register rbp
        leaq    -128(%rdi), %rsp
        andq    $-16, %rsp
        movq    %rdx, %rdi
        callq   *%rsi
        leave
        .cfi_def_cfa rsp, 8
        .cfi_restore rbp
        ret
        .cfi_endproc
        .size   sn__ctx_call, .-sn__ctx_call

/* First thing on a new stack: rbx is the entry, r12 its argument. Unwinders stop here. */
        .globl  sn__ctx_start
        .hidden sn__ctx_start
        .type   sn__ctx_start, @function
        .p2align 4
sn__ctx_start:
        .cfi_startproc
        .cfi_undefined rip
        endbr64
        xorl    %ebp, %ebp
        movq    %r12, %rdi
        callq   *%rbx
        ud2
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
        endbr64
        movq    sn__tls_word@gottpoff(%rip), %rax
        movq    %fs:(%rax), %rax
        ret
        .cfi_endproc
        .size   sn__tls_get, .-sn__tls_get

        .globl  sn__tls_set
        .hidden sn__tls_set
        .type   sn__tls_set, @function
        .p2align 4
sn__tls_set:
        .cfi_startproc
        endbr64
        movq    sn__tls_word@gottpoff(%rip), %rax
        movq    %rdi, %fs:(%rax)
        ret
        .cfi_endproc
        .size   sn__tls_set, .-sn__tls_set

        .section .tbss, "awT", @nobits
        .p2align 3
        .type   sn__tls_word, @object
        .size   sn__tls_word, 8
sn__tls_word:
        .zero   8

        .section .note.gnu.property, "a"
        .p2align 3
        .long   4, 16, 5
        .asciz  "GNU"
        .long   0xc0000002, 4, 1, 0     /* GNU_PROPERTY_X86_FEATURE_1_AND: IBT */

        .section .note.GNU-stack, "", @progbits
