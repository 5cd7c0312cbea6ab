/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Stack memory on Linux: address space reserved, committed on touch, guarded, given back.
 *
 * Guards come from MADV_GUARD_INSTALL (Linux 6.13: no mapping is split, a million of them cost
 * one mapping), many in a call by process_madvise; else from mprotect as long as the process's
 * mappings allow (each one splits a mapping and the usual limit is 65,530), else there is none. */
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "port/sanitize.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

enum {
    OURSELVES = -10001, /* PIDFD_SELF_THREAD_GROUP, Linux 6.14 */
    AT_ONCE = 64,
    SPLITS = 16000
};

static _Atomic bool no_install = SN__GUARD_BY_MPROTECT;
static _Atomic bool no_batch, proven;
static _Atomic unsigned splits, most_splits = SPLITS;

size_t sn__os_page(void) {
    static _Atomic size_t page;
    size_t n = atomic_load_explicit(&page, memory_order_relaxed);
    if (!n) {
        n = (size_t)sysconf(_SC_PAGESIZE);
        atomic_store_explicit(&page, n, memory_order_relaxed);
    }
    return n;
}

void *sn__os_reserve(size_t bytes) {
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (p == MAP_FAILED) return NULL;
    /* One touch must not commit a huge page of other coroutines' stacks. */
    madvise(p, bytes, MADV_NOHUGEPAGE);
    return p;
}

void sn__os_guard_limits(bool none_installed, unsigned most) {
    atomic_store(&no_install, none_installed || SN__GUARD_BY_MPROTECT);
    atomic_store(&most_splits, most);
}

/* A call for many: its result is in bytes, and the last of them may be fewer. */
static unsigned install_batch(char *lo, size_t stride, unsigned n) {
    struct iovec at[AT_ONCE];
    for (unsigned i = 0; i < n; i++) at[i] = (struct iovec){lo + i * stride, sn__os_page()};
    long done = syscall(SYS_process_madvise, OURSELVES, at, (size_t)n, MADV_GUARD_INSTALL, 0u);
    if (done < 0) {
        atomic_store_explicit(&no_batch, true, memory_order_relaxed);
        return 0;
    }
    return (unsigned)((size_t)done / sn__os_page());
}

/* An emulator may take an advice it does not know for done: can the kernel read there? */
static bool takes_effect(const char *guard) {
    if (!atomic_load_explicit(&proven, memory_order_relaxed))
        atomic_store(&proven, access(guard, F_OK) < 0 && errno == EFAULT);
    return atomic_load_explicit(&proven, memory_order_relaxed);
}

static unsigned install(char *lo, size_t stride, unsigned count) {
    unsigned n = 0, more = 1;
    while (n < count && more && !atomic_load_explicit(&no_batch, memory_order_relaxed)) {
        more = install_batch(lo + n * stride, stride, count - n < AT_ONCE ? count - n : AT_ONCE);
        n += more;
    }
    while (n < count && madvise(lo + n * stride, sn__os_page(), MADV_GUARD_INSTALL) == 0) n++;
    if (n && !takes_effect(lo)) n = 0;
    if (n < count) atomic_store_explicit(&no_install, true, memory_order_relaxed);
    return n;
}

static bool split(char *lo) {
    unsigned most = atomic_load_explicit(&most_splits, memory_order_relaxed);
    if (atomic_load_explicit(&splits, memory_order_relaxed) >= most) return false;
    if (atomic_fetch_add_explicit(&splits, 1, memory_order_relaxed) >= most) return false;
    return mprotect(lo, sn__os_page(), PROT_NONE) == 0;
}

unsigned sn__os_guard(char *lo, size_t stride, unsigned count) {
    unsigned n = 0;
    /* valgrind would not know of those, and fault there itself */
    if (!atomic_load_explicit(&no_install, memory_order_relaxed) && !sn__os_on_valgrind())
        n = install(lo, stride, count);
    while (n < count && split(lo + n * stride)) n++;
    return n;
}

bool sn__os_resident(const char *lo, size_t n, unsigned char *pages) {
    return mincore((void *)(uintptr_t)lo, n, pages) == 0;
}

bool sn__os_discard(char *lo, size_t n) { return madvise(lo, n, MADV_DONTNEED) == 0; }
