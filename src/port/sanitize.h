/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the sanitizers must be told about switches and stacks; nothing in other builds. */
#ifndef SN_PORT_SANITIZE_H
#define SN_PORT_SANITIZE_H

#include "port/port.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SN__ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define SN__TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define SN__ASAN 1
#endif
#if defined(__SANITIZE_THREAD__) || defined(SN__HB)
#define SN__TSAN 1
#endif

#if defined(SN__TSAN)
enum { SN__SAN_THREADS = 1 }; /* its background thread */
#else
enum { SN__SAN_THREADS = 0 };
#endif

#if defined(SN__ASAN)
#include <pthread.h>
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#define SN__SWITCH_ATTR __attribute__((noinline, unused))
/* LeakSanitizer reads all of a root region that is mapped; only PROT_NONE tells it not to. */
enum { SN__STACK_SCALE = 4, SN__PACKS = 0, SN__GUARD_BY_MPROTECT = 1 };
/* What lay on the stack of one that has ended is nobody's until the stack is used again. Nothing
 * that is instrumented runs there after this. (LeakSanitizer does not follow what it finds in it.)
 */
static inline void sn__san_leave(sn__ctx *from, sn__ctx *to, bool dying) {
    if (dying) ASAN_POISON_MEMORY_REGION(from->lo, from->size);
    __sanitizer_start_switch_fiber(dying ? NULL : &from->fake, to->lo, to->size);
}
static inline void sn__san_arrive(sn__ctx *self) {
    __sanitizer_finish_switch_fiber(self->fake, NULL, NULL);
}
/** The stack of a thread that the system made: its bounds. */
static inline void sn__san_thread(sn__ctx *self) {
    pthread_attr_t a;
    if (pthread_getattr_np(pthread_self(), &a)) return;
    pthread_attr_getstack(&a, &self->lo, &self->size);
    pthread_attr_destroy(&a);
}
static inline void sn__san_new(sn__ctx *c) { (void)c; }
static inline void sn__san_first(sn__ctx *self) { (void)self; }
static inline void sn__san_thread_end(void) {}
static inline void sn__san_reuse(sn__ctx *c) {
    c->fake = NULL;
    ASAN_UNPOISON_MEMORY_REGION(c->lo, c->size);
}
static inline void sn__san_foreign(sn__ctx *c, bool on) { (void)c, (void)on; }
static inline void sn__san_settled(sn__ctx *c) { (void)c; }
static inline void sn__san_slab(void *lo, size_t n) { __lsan_register_root_region(lo, n); }
#elif defined(SN__TSAN)
#include <errno.h>
void *__tsan_get_current_fiber(void);
void *__tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void *fiber);
void __tsan_switch_to_fiber(void *fiber, unsigned flags);
void __tsan_acquire(void *at);
void __tsan_release(void *at);
void AnnotateBenignRaceSized(const char *file, int line, const volatile void *p, size_t n,
                             const char *why);
#define SN__SWITCH_ATTR __attribute__((no_sanitize("thread"), noinline, unused))
/* Two ways. With SN__HB (core/hb.h) coroutines are threads to the detector, and a switch orders
 * nothing. Without, the library is instrumented itself, to find its own races: then a switch orders
 * what was before it and what comes after, or all it has for each thread would be reported. */
#ifdef SN__HB
enum { SN__TSAN_NO_SYNC = 1 };
#else
enum { SN__TSAN_NO_SYNC = 0 };
#endif
enum { SN__STACK_SCALE = 4, SN__PACKS = 0, SN__GUARD_BY_MPROTECT = 0 };
static inline __attribute__((always_inline)) void sn__san_leave(sn__ctx *from, sn__ctx *to,
                                                                bool dying) {
    if (!SN__TSAN_NO_SYNC || dying) __tsan_release(from); /* what stores to `busy` is not seen */
    if (from->fake) __tsan_release(sn__tls_get());
    __tsan_switch_to_fiber(to->fiber, SN__TSAN_NO_SYNC);
}
/* One that calls libraries shares what they keep for each thread with the others of its kind that
 * run there. */
static inline void sn__san_arrive(sn__ctx *self) {
    if (self->fake) __tsan_acquire(sn__tls_get());
}
static inline void sn__san_thread(sn__ctx *self) {
    self->fiber = __tsan_get_current_fiber();
    if (SN__TSAN_NO_SYNC) { /* errno is whoever's runs there */
        AnnotateBenignRaceSized(__FILE__, __LINE__, &errno, sizeof errno, "errno");
        __tsan_release(sn__tls_get()); /* the making of what the thread keeps: see arrive */
    }
}
/** At its end: what its keepers free then. */
static inline void sn__san_thread_end(void) {
    if (SN__TSAN_NO_SYNC) __tsan_acquire(sn__tls_get());
}
/** A stack that another may have had before. */
static inline void sn__san_first(sn__ctx *self) {
    if (SN__TSAN_NO_SYNC) __tsan_acquire(self);
}
static inline void sn__san_new(sn__ctx *c) { c->fiber = __tsan_create_fiber(0); }
static inline void sn__san_reuse(sn__ctx *c) {
    if (c->fiber) __tsan_destroy_fiber(c->fiber);
    c->fiber = __tsan_create_fiber(0);
}
static inline void sn__san_foreign(sn__ctx *c, bool on) {
    c->fake = on && SN__TSAN_NO_SYNC ? c : NULL;
}
static inline void sn__san_settled(sn__ctx *c) {
    if (!SN__TSAN_NO_SYNC) __tsan_acquire(c);
}
static inline void sn__san_slab(void *lo, size_t n) {
    (void)lo;
    (void)n;
}
#else
#define SN__SWITCH_ATTR __attribute__((always_inline)) inline
/* … page classes are larger there, and nothing is packed. */
enum { SN__STACK_SCALE = 1, SN__PACKS = 1, SN__GUARD_BY_MPROTECT = 0 };
static inline void sn__san_leave(sn__ctx *from, sn__ctx *to, bool dying) {
    (void)from;
    (void)to;
    (void)dying;
}
static inline void sn__san_arrive(sn__ctx *self) { (void)self; }
static inline void sn__san_thread(sn__ctx *self) { (void)self; }
static inline void sn__san_new(sn__ctx *c) { (void)c; }
static inline void sn__san_first(sn__ctx *self) { (void)self; }
static inline void sn__san_thread_end(void) {}
static inline void sn__san_reuse(sn__ctx *c) { (void)c; }
static inline void sn__san_foreign(sn__ctx *c, bool on) { (void)c, (void)on; }
static inline void sn__san_settled(sn__ctx *c) { (void)c; }
static inline void sn__san_slab(void *lo, size_t n) {
    (void)lo;
    (void)n;
}
#endif

/** Still on its way off a thread? When not, all it did there is seen here. */
static inline bool sn__ctx_busy(sn__ctx *c) {
    if (atomic_load_explicit(&c->busy, memory_order_acquire)) return true;
    sn__san_settled(c);
    return false;
}

/** Goes from one context to another and returns when somebody comes back to `from`. The exit
 *  hook of an instrumented function would pop the wrong shadow stack: hence the attributes. */
SN__SWITCH_ATTR static void sn__switch(sn__ctx *from, sn__ctx *to, bool dying) {
    sn__san_leave(from, to, dying);
    if (dying)
        sn__ctx_leave(from, to);
    else
        sn__ctx_switch(from, to);
    sn__san_arrive(from);
}

/** ThreadSanitizer takes every clone that goes by its name for a fork. */
#if defined(SN__TSAN)
int __clone(int (*f)(void *), void *stack, int flags, void *arg, ...);
#define SN__CLONE __clone
#else
#define SN__CLONE clone
#endif

#endif
