/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What happens before what, told to ThreadSanitizer, and only where the memory model says so
 * (include/sennit/base.h names it: Go's). Nothing in other builds.
 *
 * With ThreadSanitizer every coroutine is a thread of its own to the detector, and a switch orders
 * nothing; the library itself is not instrumented, so its locks and atomics order nothing either.
 * What is left are these lines: an object's address is a clock, to which one side releases and from
 * which the other acquires. So two coroutines that share a variable and no channel, lock or join
 * are reported even if they share a thread.
 */
#ifndef SN_CORE_HB_H
#define SN_CORE_HB_H

#include <stddef.h>

struct sn__g;

#ifdef SN__HB
#define SN__HB_ON 1

void __tsan_acquire(void *at);
void __tsan_release(void *at);
void __tsan_read_range(void *at, unsigned long n);
void __tsan_write_range(void *at, unsigned long n);

/** All that the caller has done happens before what follows an acquire of `at`. */
static inline void sn__hb_release(const void *at) { __tsan_release((void *)(size_t)at); }
static inline void sn__hb_acquire(const void *at) { __tsan_acquire((void *)(size_t)at); }
/** The caller reads, or writes, the n bytes at p, which are its own. */
static inline void sn__hb_reads(const void *p, size_t n) {
    if (p && n) __tsan_read_range((void *)(size_t)p, n);
}
static inline void sn__hb_writes(const void *p, size_t n) {
    if (p && n) __tsan_write_range((void *)(size_t)p, n);
}
/** Acquires and releases `at` in the name of g, whose ticket the caller has claimed and which waits
 *  with `node`. */
void sn__hb_as(struct sn__g *g, const void *node, const void *at);
/** The caller is about to wait with `node`; has been woken. */
static inline void sn__hb_waits(const void *node) { sn__hb_release(node); }
static inline void sn__hb_woken(const void *node) { sn__hb_acquire(node); }
void __tsan_func_entry(void *call);
void __tsan_func_exit(void);
void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);
void AnnotateIgnoreWritesBegin(const char *file, int line);
void AnnotateIgnoreWritesEnd(const char *file, int line);
/** Around calls of the C library for the scheduler's own memory, which it orders itself. */
static inline void sn__hb_blind(void) {
    AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
    AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
}
static inline void sn__hb_seeing(void) {
    AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
    AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
}
/** Around the body of a public function, so that reports name the line that called it. */
#define SN__HB_IN() __tsan_func_entry(__builtin_return_address(0))
#define SN__HB_OUT() __tsan_func_exit()
/** As memcpy, but not seen: on behalf of one who waits, or on a stack that is nobody's yet. */
static inline void *sn__hb_copy(void *to, const void *from, size_t n) {
    for (size_t i = 0; i < n; i++) {
        ((char *)to)[i] = ((const char *)from)[i];
        __asm__ volatile("" ::: "memory"); /* or the compiler calls memcpy, which is seen */
    }
    return to;
}

#else
#define SN__HB_ON 0

static inline void sn__hb_release(const void *at) { (void)at; }
static inline void sn__hb_acquire(const void *at) { (void)at; }
static inline void sn__hb_reads(const void *p, size_t n) { (void)p, (void)n; }
static inline void sn__hb_writes(const void *p, size_t n) { (void)p, (void)n; }
static inline void sn__hb_as(struct sn__g *g, const void *node, const void *at) {
    (void)g, (void)node, (void)at;
}
static inline void sn__hb_blind(void) {}
static inline void sn__hb_seeing(void) {}
#define SN__HB_IN() ((void)0)
#define SN__HB_OUT() ((void)0)
static inline void sn__hb_waits(const void *node) { (void)node; }
static inline void sn__hb_woken(const void *node) { (void)node; }
#define sn__hb_copy memcpy

#endif

/** One of a pair that takes turns at `at`: after the last, before the next. */
static inline void sn__hb_turn(const void *at) {
    sn__hb_acquire(at);
    sn__hb_release(at);
}

#endif
