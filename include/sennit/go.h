/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Running coroutines, and the scopes that hold them together. */
#ifndef SENNIT_GO_H
#define SENNIT_GO_H

#include <sennit/base.h>

#ifdef __cplusplus
#include <type_traits>
#endif

SN_BEGIN_C

/** A coroutine. What it returns is its result: below 0 is an error that cancels its scope. */
typedef int (*sn_fn)(void *arg);

/** What `sennit-stack-report --stamp` found out about a function: see SN_SMALL. */
typedef struct sn_small {
    sn_fn fn;
    volatile uint32_t depth; /**< bytes of stack that it needs at most; 0: not proven */
    volatile uint32_t stamp;
} sn_small;
#define SN_SMALL_STAMP 0x736d616cu
/** At file scope: asks the tool to prove the function `f` after linking, and makes NAME, which
 *  sn_attr.small may point at. */
#define SN_SMALL_PROOF(name, f)                                                                    \
    static sn_small name __attribute__((section("sennit_small"), used)) = {f, 0, 0}

/** Attributes of a run or a coroutine. Set `size` to sizeof(sn_attr); zero means default. */
typedef struct sn_attr {
    uint32_t size;         /**< sizeof(sn_attr): the ABI version */
    uint32_t stack;        /**< bytes of stack wanted; rounded up to a size class */
    const char *name;      /**< shown in dumps; must live as long as the coroutine */
    uint32_t flags;        /**< SN_FOREIGN, SN_LEARN, SN_PIN, SN_SMALL, or 0 */
    uint32_t procs;        /**< sn_run only: number of Ps, up to 1024; 0: as sn_set_procs(0) */
    const sn_small *small; /**< with SN_SMALL: the proof for its function */
} sn_attr;

/** The coroutine calls libraries that need much stack (TLS, SQL, DNS, regex): 256 KiB. */
#define SN_FOREIGN 1u
/** The coroutine begins pinned, as by sn_pin, to a thread of its own; of sn_run, to the calling
 * one. */
#define SN_PIN 8u

/** The stack is to be as large as those started at the same place were seen to need, with room to
 *  spare (twice the deepest, see sn_stack_sites), even if that is less than the default; the
 * default until enough were seen. With `stack` or SN_FOREIGN: not less than those say. The caller
 * must know that its coroutines are all alike: one that goes far deeper than any before it
 * overflows. */
#define SN_LEARN 2u

/** A stack of 1 or 2 KiB, packed with others, for coroutines of which there are very many: they
 * must need no more than that, whatever they call, as a proof says (`small`; docs/guide/stacks.md).
 * They may call little: no library but for a few functions, nothing through a pointer. Handlers of
 *  signals need SA_ONSTACK. Where nothing is packed (sanitizers, simulation, machines other than
 *  x86-64) it is ignored. Starting one fails with SN_EINVAL if `small` is not of the function that
 *  is started; SN_EPERM if it is not proven, which is also said on standard error, once; SN_E2BIG
 * if stack and argument are more than 2 KiB less the runtime's share of some 270 bytes. */
#define SN_SMALL 4u

/** Most bytes of an argument that sn_go copies. */
#define SN_ARG_MAX 1024u

/**
 * Starts the runtime, runs `f(arg)` as its first coroutine on the calling thread and the
 * runtime's own, and returns when that coroutine and all others have ended: when `f` returns,
 * the coroutines of the root scope are cancelled and waited for.
 *
 * `attr` may be NULL. Blocks the calling thread. Not from a coroutine, not from two threads at
 * once; one run after another is fine. Returns f's result; SN_EBUSY if a runtime runs already;
 * SN_ENOMEM, SN_EAGAIN when memory or threads cannot be had; SN_EINVAL for bad attributes.
 */
SN_API int sn_run(sn_fn f, void *arg, const sn_attr *attr);

/**
 * Starts `f` as a coroutine in the caller's current scope. With n > 0 the n bytes at `arg` are
 * copied onto the new stack (they must be trivially copyable, at most SN_ARG_MAX, aligned to
 * at most 16) and `f` gets the address of the copy; with n = 0 `f` gets `arg` itself.
 *
 * From a coroutine only. Lets others run first once the caller has spent its share of operations,
 * so that who starts a million does not have a million waiting: it counts as a call that parks,
 * though it waits for nothing. Returns 0; SN_ENOMEM; SN_E2BIG when n is too large; SN_ECANCELED or
 * SN_ETIMEDOUT when the scope is cancelled (nothing was started); SN_EPERM outside of coroutines.
 */
SN_API SN_PARKS int sn_go(sn_fn f, const void *arg, size_t n);
/** As sn_go, but in the root scope: outlives the caller, as Go's `go` does. */
SN_API SN_PARKS int sn_go_root(sn_fn f, const void *arg, size_t n);

#define SN_SCOPE_WORDS 24
/** A scope: a set of coroutines that end before it does. Storage is the caller's; opaque. */
typedef struct sn_scope {
    uintptr_t w_[SN_SCOPE_WORDS];
} sn_scope;

/** As sn_go, into the given scope (which must be entered and not left) with attributes. */
SN_API SN_PARKS int sn_scope_go(sn_scope *s, const sn_attr *attr, sn_fn f, const void *arg,
                                size_t n);
/**
 * Makes `s` the caller's current scope, inside the one that was. Until sn_scope_leave every
 * parking call of the caller and of the scope's coroutines observes its cancellation and its
 * deadline `until` (SN_NEVER: none; one that has passed is observed at once). From a coroutine
 * only. Never parks.
 */
SN_API void sn_scope_enter(sn_scope *s, sn_time until);
/**
 * Waits for all coroutines of `s` (parks; cannot be cancelled), makes the scope outside it
 * current again and returns the first error: a coroutine's negative result, the reason given
 * to sn_scope_cancel, or SN_ETIMEDOUT from its deadline; 0 if there was none. `s` must be the
 * caller's current scope: leaving another is a programmer's error and stops the program.
 */
SN_API SN_MUST int sn_scope_leave(sn_scope *s);
/**
 * Cancels `s` and every scope inside it: their coroutines' parking calls return SN_ETIMEDOUT
 * if `why` is SN_ETIMEDOUT, else SN_ECANCELED. The first reason stays. `why` must be negative.
 * From coroutines and foreign threads while the scope is entered; not from a signal handler.
 * Never parks.
 */
SN_API void sn_scope_cancel(sn_scope *s, int why);

/** 0, or the SN_ECANCELED/SN_ETIMEDOUT that the caller's next parking call would return. */
SN_API int sn_canceled(void);
/**
 * Shields the caller from cancellation (on = 1) or not (0): for clean-up. Returns what it was.
 * From a coroutine; never parks.
 */
SN_API uint32_t sn_shield(uint32_t on);
/** Lets others run. Returns 0, SN_ECANCELED or SN_ETIMEDOUT (it has yielded all the same). */
SN_API SN_PARKS int sn_yield(void);
/**
 * Runs `f(arg)` on the caller's stack and thread with the P given away at once, for calls known
 * to block long. Returns f's result. At most SENNIT_MAX_BLOCKED (256) are on at a time: parks
 * before the call until there is a place, first come first served, and after it until a P is free.
 * Neither is cancellable, so f is called in any case. A call that waits for one without a place
 * waits for ever. On a foreign thread it is a mere call.
 */
SN_API SN_PARKS int sn_blocking(sn_fn f, void *arg);

/**
 * Sets the number of Ps, which is how many coroutines run at the same time, while everything runs:
 * 1 to 1024; 0 for the default, which is $SENNIT_PROCS, else the CPUs that the process may use
 * and its control group's quota, which are followed then. More are there at once; of fewer a
 * coroutine that runs notices when it parks, or after some hundred operations at the latest, and
 * what waited where it ran goes to the others.
 *
 * From coroutines and foreign threads; never parks. Returns 0; SN_EINVAL for more than 1024;
 * SN_ENOMEM (nothing has changed); SN_EPERM when no runtime is up. One P is no mutual exclusion: a
 * call that blocks or computes long goes on beside the others. Under simulation nothing changes.
 */
SN_API SN_MUST int sn_set_procs(uint32_t n);

/**
 * From here to the matching sn_unpin (they nest) the calling coroutine stays on its thread and no
 * other coroutine runs there, whether it parks or not: for libraries that keep something of theirs
 * in the thread from one call to the next, for locks that a thread owns, for the thread that a
 * graphics library insists on. Go's LockOSThread.
 *
 * It costs a thread, which sleeps while the coroutine is parked, and two switches of threads each
 * time it parks: some ten microseconds. From a coroutine, else without effect; never parks. Under
 * simulation there is one thread. Unpinning what is not pinned stops the program.
 */
SN_API void sn_pin(void);
/** Ends the last sn_pin. A coroutine that returns is unpinned. */
SN_API void sn_unpin(void);

/**
 * From here to the matching sn_nopark_end (they nest) the calling coroutine must make no call that
 * may park: doing so is a programmer's error and stops the program with the place of this call,
 * also if it would not have had to wait. (What of a lock or a channel can be had without the
 * scheduler may pass unnoticed.) For callbacks of libraries that are not to be entered again
 * meanwhile. From a coroutine, else without effect; never parks.
 */
SN_API void sn_nopark_begin(void);
/** Ends the last sn_nopark_begin. Returning from the coroutine before it stops the program. */
SN_API void sn_nopark_end(void);

/** Name of the calling coroutine in dumps. The string must outlive it. Never parks. */
SN_API void sn_set_name(const char *name);
/** Number of the calling coroutine, unique in a run; 0 on a foreign thread. From anywhere; never
 *  parks. */
SN_API uint64_t sn_id(void);
/** Number of the process that the caller runs in, for libraries that keep something by process: 1.
 *  Under simulation many share one address space: each boot of each host has a number of its own,
 *  what runs outside of hosts has 0. From anywhere; never parks. */
SN_API uint64_t sn_process(void);

/** Figures of the running runtime. Set `size` before the call. */
typedef struct sn_stats {
    uint32_t size;          /**< sizeof(sn_stats) */
    uint32_t procs;         /**< Ps */
    uint32_t threads;       /**< Ms, idle ones included */
    uint32_t idle_procs;    /**< Ps with nothing to run */
    uint64_t live;          /**< coroutines alive */
    uint64_t spawned;       /**< coroutines ever started */
    uint64_t steals;        /**< successful steals */
    uint64_t handovers;     /**< Ps taken from coroutines that computed or blocked */
    uint64_t stack_bytes;   /**< address space reserved for stacks */
    uint64_t hogs;          /**< of `handovers`: from coroutines that computed */
    uint64_t trimmed;       /**< bytes of stacks given back so far because nobody used them */
    uint64_t remote_steals; /**< of `steals`: from a P of another node of the machine */
} sn_stats;
/** Coroutines started at one place that computed, without a call of the library, for so long that
 *  others were given their P. */
typedef struct sn_hog {
    uintptr_t site;  /**< the return address of the call that started them; 0: places beyond 256 */
    uint64_t count;  /**< how often one of them lost a P */
    sn_time total;   /**< how long they had held them, in all */
    sn_time longest; /**< … at most */
} sn_hog;
/**
 * Copies what is known of hogs, those that held a P for longest in all first, into `room` places
 * at `at`. Returns how many there are, which may be more. Nothing under simulation, where
 * computing takes no time. From anywhere but signal handlers and interrupts; never parks.
 */
SN_API size_t sn_hogs(sn_hog *at, size_t room);
/**
 * Writes the same to file descriptor `fd` as text that `go tool pprof PROGRAM FILE` reads (a
 * profile of contention: what held up others, in nanoseconds). From a coroutine or foreign thread;
 * blocks on the descriptor.
 */
SN_API void sn_hog_profile(int fd);

/** Fills in *st. Not from signal handlers; never parks. The figures are not one instant's. */
SN_API void sn_get_stats(sn_stats *st);

/**
 * Writes a dump of every coroutine (state, what it waits for, since when, where it was started,
 * and its stack) to file descriptor `fd`. From a coroutine or foreign thread; blocks on the
 * descriptor. SIGQUIT does the same to standard error and exits with status 2.
 */
SN_API void sn_dump(int fd);

/** How deep the stacks of the coroutines started at one place got. */
typedef struct sn_stack_site {
    const void *site;  /**< return address of the call that started them */
    sn_fn fn;          /**< what the last one measured ran */
    uint64_t measured; /**< how many were measured: about one in 64 */
    uint32_t deepest;  /**< bytes used by the deepest of them, at most; a page is the unit */
    uint32_t stack;    /**< bytes that the last one had */
} sn_stack_site;
/**
 * Calls f for each place where coroutines were started that have been measured. A coroutine counts
 * when it has ended, or has been trimmed. From anywhere but interrupts and signal handlers; never
 * parks, nor may f. Up to 1,024 places are kept apart. sn_dump writes the same.
 */
SN_API void sn_stack_sites(void (*f)(void *arg, const sn_stack_site *s), void *arg);

SN_END_C

/** `int main` that runs `app` (an sn_fn, given the int argc/char **argv as sn_main_args). */
typedef struct sn_main_args {
    int argc;
    char **argv;
} sn_main_args;
#define SN_MAIN(app)                                                                               \
    int main(int argc, char **argv) {                                                              \
        sn_main_args args_ = {argc, argv};                                                         \
        int rc_ = sn_run(app, &args_, NULL);                                                       \
        return rc_ < 0 ? 1 : rc_;                                                                  \
    }

#ifdef __cplusplus
template <class T, class... A> int sn_go_as(sn_fn f, A... a) {
    static_assert(std::is_trivially_copyable<T>::value && alignof(T) <= 16, "copied with memcpy");
    T t{a...};
    return sn_go(f, &t, sizeof t);
}
/** SN_GO(f, T, ...): sn_go with a T built in place from the values that follow. */
#define SN_GO(f, T, ...) sn_go_as<T>(f, __VA_ARGS__)
#else
#define SN_GO(f, T, ...)                                                                           \
    sn_go(f, &(T){__VA_ARGS__}, sizeof(T) + 0 * sizeof(char[_Alignof(T) <= 16 ? 1 : -1]))
#endif
#endif
