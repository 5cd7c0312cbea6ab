/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef SN_LINUX_KERNEL_CALL_H
#define SN_LINUX_KERNEL_CALL_H

/** A system call, without a C library's detour by errno: its result, or the error's number with a
 *  minus sign. */
static inline long sn__kernel_call(long number, long a, long b, long c, long d, long e, long f) {
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

#endif
