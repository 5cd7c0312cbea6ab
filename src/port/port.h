/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a scheduler needs from the machine and the system below it. A port is one folder under
 * arch/ (the switch) and one under os/ (the rest), with a folder for what depends on both; the
 * build picks the files. docs/guide/ports.md tells how one is written.
 */
#ifndef SN_PORT_H
#define SN_PORT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sennit/base.h>

#include "cpu.h" /* arch */

/* arch: the context of something that is not running. */
typedef struct sn__ctx {
    void *sp; /**< everything else is saved below it */
    _Atomic uint32_t
        busy; /**< 1 from before it runs until its registers are saved again; SN__HELD */
    void *lo; /**< its stack, for sanitizers and for "is this address mine" */
    size_t size;
    void
        *fake; /**< AddressSanitizer's fake stack while away; ThreadSanitizer: it calls libraries */
    void *fiber; /**< ThreadSanitizer's fiber */
} sn__ctx;

/** Somebody works on the stack of a context that is away: to who would run it that is the same. */
enum { SN__HELD = 2 };
/** More than sn__ctx_init writes below `top`. */
enum { SN__FRAME_ROOM = 512 };

/** Saves the callee-saved registers in `from`, then sets from->busy to 0, then goes on as `to`.
 *  Floating-point control words are not saved. */
void sn__ctx_switch(sn__ctx *from, sn__ctx *to);
/** The same for a `from` that nobody will come back to: it need not be saved. */
void sn__ctx_leave(sn__ctx *from, sn__ctx *to);
/** Makes *c start `entry(arg)` on the stack that ends at `top` (16-byte aligned). It must not
 *  return. Unwinders see the end of the stack there. */
void sn__ctx_init(sn__ctx *c, void *top, void (*entry)(void *), void *arg);
/*
 * Walking a stack. From cpu.h of the architecture:
 *   sn__frame                   what is known of a function that runs: `pc`, and whatever it
 *                               takes to find its caller
 *   sn__frame sn__frame_here()  the caller's, or its caller's
 *   bool sn__frame_up(sn__frame *f, uintptr_t lo, uintptr_t hi)
 *                               its caller, pc inside of the call, if the stack it is on is
 *                               [lo, hi), of which nothing else is read; false: the end
 *   uintptr_t sn__code_address(uintptr_t)
 *                               of a code pointer: without marks for the processor
 *   void sn__cpu_relax()        holds the core back for a moment, in a loop that spins
 */
/** The frame of a context that is not running. */
void sn__ctx_frame(const sn__ctx *c, sn__frame *f);
/** Calls f(arg) on the stack that ends at `sp`, leaving alone what is there and just below it.
 * Where SN__ARCH_PACKS is 0, on the caller's. */
void sn__ctx_call(void *sp, void (*f)(void *), void *arg);
/** This thread's pointer. Never inlined, never cached over a switch. */
void *sn__tls_get(void);
void sn__tls_set(void *p);

/* os: what a kernel may not have; there is a way without each */
enum sn__os_feature {
    SN__GETRANDOM = 1,
    SN__FUTEX_TIME64 = 2, /**< 64-bit machines need none */
    SN__SLICE = 4         /**< sn__os_slice */
};
/** Uses none of these from now on, as if the kernel did not have them. For the rest of the process.
 *  Any thread. */
void sn__os_forgo(uint32_t features);

/* os: time and chance, the seams of the same name */
sn_time sn__os_now(void);
int64_t sn__os_utc_ms(void);
/** Fills n bytes from the kernel's generator; aborts with a message if it has none. */
void sn__os_entropy(void *buf, size_t n);

/* os: threads */
/** Sleeps while *word == value, until woken, or `until`. Returns false when the time is over. */
bool sn__os_wait(_Atomic uint32_t *word, uint32_t value, sn_time until);
void sn__os_wake(_Atomic uint32_t *word, int threads);
/** Starts a thread with all signals blocked but faults. *handle is for sn__os_join; `name` stays
 *  the caller's and must not change. 0, SN_EAGAIN. */
int sn__os_thread(uintptr_t *handle, void (*f)(void *), void *arg, const char *name);
void sn__os_join(uintptr_t handle);
/** Lets other threads of this CPU run. */
void sn__os_yield(void);
/** Calls `done(p)` when the calling thread ends, if p is not NULL then. One p a thread. */
void sn__os_at_exit(void (*done)(void *), void *p);
/** From now on calls `child()` in every forked child of this process, first thing. One function. */
void sn__os_at_fork(void (*child)(void));
/** Threads that the process has now, but for those of a sanitizer; 0: nobody can tell. */
unsigned sn__os_threads(void);
/** CPUs this process may use, at least 1. */
unsigned sn__os_cpus(void);
/** What the CPU time of the process is limited to now (a control group's quota), in thousandths of
 *  a CPU; 0: no limit, or nobody can tell. Reads some files. */
uint32_t sn__os_cpu_limit(void);
/** In front of the paths of system files that say so much of the machine: "", or a test's folder.
 */
extern const char *sn__os_root;

/* os: nodes of memory */
enum { SN__CPUS_MAX = 1024, SN__NODES_MAX = 64 };
typedef struct sn__cpus {
    uint64_t bits[SN__CPUS_MAX / 64];
} sn__cpus;
typedef struct sn__mem_node {
    sn__cpus cpus;              /**< those of it that the process may use */
    uint32_t count;             /**< how many those are */
    uint8_t far[SN__NODES_MAX]; /**< how far the memory of each of the nodes is; 10: its own */
} sn__mem_node;
/** The nodes that have CPUs which the process may use; how many, 0 if nobody can tell. */
uint32_t sn__os_nodes(sn__mem_node at[SN__NODES_MAX]);
/** Keeps the calling thread on these CPUs; false: it cannot be. And where it is kept now. */
bool sn__os_bind(const sn__cpus *cpus);
bool sn__os_bound(sn__cpus *cpus);
/** Every other thread of the process passes a full barrier before sn__os_heavy_barrier returns, or
 *  the program is stopped; false: the kernel has none, do not call it. */
bool sn__os_heavy_barrier_init(void);
void sn__os_heavy_barrier(void);

/* os: what others can learn of a thread, and do for it. */
typedef struct sn__os_ref {
    int clock; /* of its CPU time; -1: none */
    int tid;
} sn__os_ref;
/** Makes *r stand for the calling thread, as long as that lives. */
void sn__os_self(sn__os_ref *r);
/** CPU time that the thread has had; -1: nobody can tell. */
sn_time sn__os_cpu_time(const sn__os_ref *r);
/** Whether it runs or waits for a CPU; false too if nobody can tell. Opens a file. */
bool sn__os_runnable(const sn__os_ref *r);
/** Asks the kernel to let the thread run for so long at a time (0: as the kernel likes): who asks
 *  for less goes before who asks for more when it wakes. What it was; -1: the kernel does not do
 *  that. */
sn_time sn__os_slice(const sn__os_ref *r, sn_time slice);
/** The calling thread has the slice again that threads of this process had before sn__os_slice: for
 *  what inherits one, and is not to. System calls only: also between clone and exec. */
void sn__os_slice_usual(void);
/** The calling thread wakes as exactly as the kernel can, at some cost. */
void sn__os_precise(void);

/* os: stacks */
/** Reserves `bytes` of zeroed address space, committed on touch; NULL. Never given back. */
void *sn__os_reserve(size_t bytes);
/** Makes the first page of each of `count` slots, `stride` bytes apart from `lo` on, fault on
 *  access, by whatever the kernel has left. How many it did, from the first on; the rest have no
 *  guard and never will. */
unsigned sn__os_guard(char *lo, size_t stride, unsigned count);
/** Before the first guard: whether to do as a kernel without MADV_GUARD_INSTALL does, and how many
 *  guards there may be at most that split a mapping. */
void sn__os_guard_limits(bool no_install, unsigned most_splits);
/** Which pages of [lo, lo+n) are in memory: bit 0 of a byte each. Guards count as being there,
 * pages that were swapped out mostly not. false: the kernel does not say. */
bool sn__os_resident(const char *lo, size_t n, unsigned char *pages);
/** Gives the pages of [lo, lo+n) back. They read as zeroes afterwards; guards stay. false: they
 *  are locked in memory, and all is as it was. */
bool sn__os_discard(char *lo, size_t n);
size_t sn__os_page(void);
/** A stack at [lo, lo+n), for tools that watch the stack pointer. It stays one. */
void sn__os_stack_made(void *lo, size_t n);
bool sn__os_on_valgrind(void);

/* os: words for people */
/** Writes n bytes to a descriptor, all of them if it takes them. Signal-safe. */
void sn__os_write(int fd, const char *s, size_t n);
/** The function that `pc` lies in, from the program's symbol table or the dynamic ones; NULL.
 *  *offset: how far into it. The name is static. Not signal-safe in theory; used on the way down.
 */
const char *sn__os_symbol(uintptr_t pc, uintptr_t *offset);
/** Writes where the program and its libraries lie in memory, as pprof expects it in a profile. */
void sn__os_mappings(int fd);

/* os: faults */
/** Called in a signal handler on a stack of its own: a fault at `addr`, in this frame. */
typedef void (*sn__fault_fn)(int signo, uintptr_t addr, const sn__frame *f);
/** Called in a signal handler when the user asks for a dump (SIGQUIT). */
typedef void (*sn__quit_fn)(void);
void sn__os_faults_init(sn__fault_fn fault, sn__quit_fn quit);
void sn__os_faults_end(void);
/** Gives the calling thread a signal stack, and takes it away. */
void *sn__os_sigstack_new(void);
void sn__os_sigstack_free(void *s);

#endif
