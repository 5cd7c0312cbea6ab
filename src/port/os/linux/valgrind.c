/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Valgrind, told of stacks. Outside of it these are a handful of instructions that do nothing. */
#include <valgrind/valgrind.h>

#include "port/port.h"

bool sn__os_on_valgrind(void) {
    static _Atomic int known; /* 1: no, 2: yes */
    if (!atomic_load_explicit(&known, memory_order_relaxed))
        atomic_store_explicit(&known, RUNNING_ON_VALGRIND ? 2 : 1, memory_order_relaxed);
    return atomic_load_explicit(&known, memory_order_relaxed) == 2;
}

void sn__os_stack_made(void *lo, size_t n) {
    if (sn__os_on_valgrind()) (void)VALGRIND_STACK_REGISTER(lo, (char *)lo + n);
}
