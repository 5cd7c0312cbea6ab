/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef SN_LINUX_KERNEL_CALL_H
#define SN_LINUX_KERNEL_CALL_H

/** A system call, without a C library's detour by errno: its result, or the error's number with a
 *  minus sign. */
static inline long sn__kernel_call(long number, long a, long b, long c, long d, long e, long f) {
    register long a7 __asm__("a7") = number;
    register long a0 __asm__("a0") = a;
    register long a1 __asm__("a1") = b;
    register long a2 __asm__("a2") = c;
    register long a3 __asm__("a3") = d;
    register long a4 __asm__("a4") = e;
    register long a5 __asm__("a5") = f;
    __asm__ volatile("ecall"
                     : "+r"(a0)
                     : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5)
                     : "memory");
    return a0;
}

#endif
