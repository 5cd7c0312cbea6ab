/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Stack memory on Linux: address space reserved, committed on touch, guarded.
 *
 * Guards come from MADV_GUARD_INSTALL (Linux 6.13: no mapping is split, a million of them cost
 * one mapping), else from mprotect as long as the process's mappings allow (each one splits a
 * mapping and the usual limit is 65,530), else there is none. */
#include <sys/mman.h>
#include <unistd.h>

#include "port/sanitize.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

enum { MPROTECT_BUDGET = 16000 };

static _Atomic int no_guard_install = SN__GUARD_BY_MPROTECT;
static _Atomic int mprotects;

size_t sn__os_page(void) { return (size_t)sysconf(_SC_PAGESIZE); }

void *sn__os_reserve(size_t bytes) {
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (p == MAP_FAILED) return NULL;
    /* One touch must not commit a huge page of other coroutines' stacks. */
    madvise(p, bytes, MADV_NOHUGEPAGE);
    return p;
}

bool sn__os_guard(void *lo, size_t n) {
    if (!atomic_load_explicit(&no_guard_install, memory_order_relaxed)) {
        if (madvise(lo, n, MADV_GUARD_INSTALL) == 0) return true;
        atomic_store_explicit(&no_guard_install, 1, memory_order_relaxed);
    }
    if (atomic_fetch_add_explicit(&mprotects, 1, memory_order_relaxed) >= MPROTECT_BUDGET)
        return false;
    return mprotect(lo, n, PROT_NONE) == 0;
}
