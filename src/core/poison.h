/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Memory that nobody may touch, for AddressSanitizer; nothing in other builds. Its functions are
 * declared here: core has no header of a C library. */
#ifndef SN_CORE_POISON_H
#define SN_CORE_POISON_H

#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SN__POISONS 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define SN__POISONS 1
#endif

#ifdef SN__POISONS
void __asan_poison_memory_region(const volatile void *at, size_t n);
void __asan_unpoison_memory_region(const volatile void *at, size_t n);
static inline void sn__poison(void *at, size_t n) { __asan_poison_memory_region(at, n); }
static inline void sn__unpoison(void *at, size_t n) { __asan_unpoison_memory_region(at, n); }
#else
static inline void sn__poison(void *at, size_t n) {
    (void)at;
    (void)n;
}
static inline void sn__unpoison(void *at, size_t n) {
    (void)at;
    (void)n;
}
#endif

#endif
