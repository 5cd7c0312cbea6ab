/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A coroutine as every scheduler here has it, its stack, and what of it does not depend on who
 * runs next. Compiled once for each scheduler, since it locks.
 */
#ifndef SN_SCHED_G_H
#define SN_SCHED_G_H

#include <sennit/go.h>

#include "core/scope.h"
#include "port/port.h"
#include "port/sanitize.h"

/* Size classes. Those from K_PAGED on have pages of their own and a guard; below, slots share a
 * page and have a canary. */
enum {
    K_1K,
    K_2K,
    K_16K,
    K_64K,
    K_256K,
    K_1M,
    CLASSES,
    K_PAGED = K_16K,
    K_DEFAULT = K_64K,
    K_FOREIGN = K_256K
};
/* Lists of free Gs: one for each class, and one for those of it that have no guard. */
enum { LISTS = 2 * CLASSES };
enum { SN__SLAB = 16 << 20, SN__PAGE_LEAST = 4096 };

/* It computed (smp/aside.c); a call of it blocked (smp/guess.c). */
enum { SN__PAST_HOG = 1, SN__PAST_BLOCKED = 2 };

/* What a wake-up touches comes first, in three cache lines. */
typedef struct G {
    sn__g core;
    sn__ctx ctx;
    sn__timer timer; /* the deadline of its wait */
    sn__ticket timer_ticket;
    sn__own own;     /* the scheduler's, from its sched_inline.h */
    uint32_t starts; /* times it was run: the trace's sequence */
    struct G *next;  /* in a free list or a queue */
    sn_fn fn;
    void *arg;
    uint64_t id;
    uintptr_t site; /* return address of who started it */
    const char *_Atomic name;
    uint8_t klass;             /* stack size class */
    uint8_t list;              /* which free list: class, + CLASSES without a guard */
    uint8_t past;              /* SN__PAST_...: how it lost its P */
    _Atomic uint8_t measured;  /* its stack was empty when it started: stack_use.h */
    uint32_t lean;             /* the trimmer's: who had ended here when it came by */
    bool leaves;               /* something is to be done when it ends: see sn__g_ends */
    uint16_t pins, noparks;    /* how deep it is in sn_pin, in sn_nopark_begin */
    uintptr_t nopark_site;     /* who called the outermost */
    struct M *pin;             /* the thread it stays on */
    struct sn__locals *locals; /* coroutine-local values; NULL */
} G;

typedef struct sn__locals sn__locals;

static inline G *g_of(sn__g *g) { return (G *)g; }

#ifdef SN__HB
/** Takes g, which is about to die or has never begun, and gives back the one that did so long ago
 *  (its fiber destroyed) or NULL: stacks are used again late, since that orders their users. */
G *sn__san_delay(G *g);
#else
static inline G *sn__san_delay(G *g) { return g; }
#endif

/* stack.c */
/** The class for these attributes (NULL: the default's), or SN_EINVAL. */
int sn__klass_of(const sn_attr *a);
/** The smallest page class of so many bytes, or SN_EINVAL. */
int sn__klass_for(size_t bytes);
/** Bytes of stack and argument that a packed class has. */
size_t sn__room_packed(unsigned klass);
/** A G never used before, with its stack; NULL when memory is out. */
G *sn__carve(unsigned klass);
/** Makes g start f on its stack, with a copy of the n bytes at arg (0: arg itself). `begin` is the
 *  first function there. */
void sn__g_prepare(G *g, void (*begin)(void *), sn_fn f, const void *arg, size_t n);
/** Calls f for every G slot ever made. From anywhere: slots are never freed. */
void sn__each_g(void (*f)(void *arg, G *g), void *arg);
/** Whose slot an address is in; NULL. */
G *sn__g_at(uintptr_t addr, bool *in_guard);
size_t sn__g_stack_size(const G *g);
/** Whether what lies below the stack of a g without a guard is as it was. */
bool sn__canary_whole(const G *g);

/** A slab, for who walks over memory rather than over coroutines. */
typedef struct sn__slab {
    char *lo;
    size_t slot;
    uint32_t used; /* slots carved so far */
    uint32_t index;
    bool paged;
} sn__slab;
/** The i-th slab; false: there are not so many. */
bool sn__slab_at(uint32_t i, sn__slab *v);
G *sn__slab_g(const sn__slab *v, uint32_t k);
uint64_t sn__stack_bytes(void);

/* hogs.c */
/** A coroutine started at `site` has held a P for so long that it was taken. One writer. */
void sn__hogs_note(uintptr_t site, sn_time held);
void sn__hogs_reset(void);
/** A line for each such site, as the end of a dump. */
void sn__hogs_dump(int fd);

/* pin.c, local.c */
/** What g, the caller, still has at its end: values, its thread. On its own stack, in a bracket. */
SN__COLD void sn__g_ends(G *g);
/** Drops its values. */
void sn__locals_end(G *g);
/** g does what it must not between sn_nopark_begin and _end: stops the program. */
SN__COLD _Noreturn void sn__nopark_broken(const G *g, const char *what);

/** Calls f(arg), on a stack with room for anything. It must not park. */
void sn__far(void (*f)(void *), void *arg);
static inline bool sn__on_stack_of(const G *g) {
    return (uintptr_t)__builtin_frame_address(0) - (uintptr_t)g->ctx.lo < g->ctx.size;
}

/** smp: the first function of every coroutine. tools/stack-report knows its name. */
void sn__g_start(void *g);

/* small.c */
/** Under this scheduler and in this build: are there packed stacks? */
bool sn__packs(void);
/** The packed class for these attributes and n bytes of argument, or the error. */
int sn__klass_packed(const sn_attr *a, sn_fn f, size_t n);

/* dump.c */
void sn__faults_start(void);
/** The stack of g, the caller or just ended, has overflowed: says so and stops the program. */
SN__COLD _Noreturn void sn__stack_broken(G *g);
/** Is a stack that no guard protects still its own? */
static inline void sn__stack_check(G *g) {
    if (SN__UNLIKELY(g->list >= CLASSES) && !sn__canary_whole(g)) sn__stack_broken(g);
}

/* The scheduler's, for pin.c and dump.c */
/** From now on g, the caller, runs on its thread alone, and no other there; not any more. */
void sn__pin(G *g);
void sn__unpin(G *g);
/** g's next call that may park is to be noticed. */
void sn__nopark(G *g);

/** What the caller runs as; NULL on a thread that is not ours. Signal-safe. */
sn__g *sn__current(void);
/** The program is being stopped for this reason: anything to add, before the dump? */
void sn__last_words(const char *message);
/** Where g lives, if there is more than one place: the name of its host under sim; else NULL. */
const char *sn__place_of(const G *g);
/** How many coroutines the dump of a program that is being stopped tells of. */
unsigned sn__dump_most(void);
/** Whole minutes since g parked. */
uint32_t sn__minutes_parked(const G *g);

#endif
