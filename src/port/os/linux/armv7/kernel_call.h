/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef SN_LINUX_KERNEL_CALL_H
#define SN_LINUX_KERNEL_CALL_H

/** A system call, without a C library's detour by errno: its result, or the error's number with a
 *  minus sign. */
static inline long sn__kernel_call(long number, long a, long b, long c, long d, long e, long f) {
    /* r7 may be the frame pointer: it is put aside by hand */
    register long r0 __asm__("r0") = a;
    register long r1 __asm__("r1") = b;
    register long r2 __asm__("r2") = c;
    register long r3 __asm__("r3") = d;
    register long r4 __asm__("r4") = e;
    register long r5 __asm__("r5") = f;
    register long r6 __asm__("r6") = number;
    __asm__ volatile("mov ip, r7\n\tmov r7, %1\n\tsvc #0\n\tmov r7, ip"
                     : "+r"(r0)
                     : "r"(r6), "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r5)
                     : "ip", "memory");
    return r0;
}

#endif
