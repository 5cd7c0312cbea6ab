/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Many functions at once: no more than so many of them (sn_group), one for all who ask for the same
 * (sn_flight). */
#ifndef SENNIT_GROUP_H
#define SENNIT_GROUP_H

#include <sennit/go.h>
#include <sennit/sync.h>

SN_BEGIN_C

/** A scope in which no more than `limit` functions run at once. Storage is the caller's. `scope` is
 *  a scope like any other, for sn_scope_cancel and values; the rest is opaque. */
typedef struct sn_group {
    sn_scope scope;
    sn_sem room;
    uintptr_t limited;
} sn_group;

/** Most bytes of an argument that sn_group_go copies. */
#define SN_GROUP_ARG_MAX 960u

/** As sn_scope_enter, with room for `limit` functions at once (0: any number; below 0 stops the
 *  program). */
SN_API void sn_group_enter(sn_group *g, long limit, sn_time until);
/**
 * As sn_go, in the group; parks until there is room. So a producer that is quicker than the
 * functions it starts is held back, first come first served. The first function to fail cancels the
 * group, before there is room for another. From a coroutine of the group's scope. (A function of
 * the group that starts more of them, while all room is taken by such as itself, waits for ever:
 * let it use sn_group_try_go, and do the work itself when that is refused.) Returns 0; SN_E2BIG
 * when n is above SN_GROUP_ARG_MAX; SN_ENOMEM; SN_ECANCELED or SN_ETIMEDOUT from the caller's scope
 * or the group (nothing was started).
 */
SN_API SN_PARKS int sn_group_go(sn_group *g, sn_fn f, const void *arg, size_t n);
/** As sn_group_go, but does not wait for room: SN_EAGAIN. */
SN_API SN_PARKS int sn_group_try_go(sn_group *g, sn_fn f, const void *arg, size_t n);
/** As sn_scope_leave: waits for all of them and returns the first error. */
SN_API SN_MUST int sn_group_leave(sn_group *g);

/**
 * What a flight finds out: the result for the n bytes at `key`, into *result (as many bytes as
 * sn_flight_init was told; zero before). Runs as a coroutine, in a scope of its own. What it
 * returns is what all who asked get; *result reaches them unless that is below 0.
 */
typedef int (*sn_flight_fn)(void *ctx, const void *key, size_t n, void *result);

#define SN_FLIGHT_WORDS 16
/** One call for each key, however many ask. Storage is the caller's; opaque. */
typedef struct sn_flight {
    uintptr_t w_[SN_FLIGHT_WORDS];
} sn_flight;

/** Largest key, in bytes, and largest result. */
#define SN_FLIGHT_KEY_MAX 65536u
#define SN_FLIGHT_RESULT_MAX 65536u

/** Makes *f ask `fn(ctx, key, n, result)`, with `result` bytes of room, aligned to 16. From a
 *  coroutine or thread; never parks. SN_EINVAL; SN_ENOMEM. */
SN_API SN_MUST int sn_flight_init(sn_flight *f, sn_flight_fn fn, void *ctx, size_t result);
/**
 * Asks for the n bytes at `key`, which are copied: begins a call, or joins the one that is on for
 * an equal key, and copies its result to `result` (may be NULL). Parks. The call runs in the root
 * scope: the cancel of one who asks ends the wait of that one only. It is cancelled when nobody
 * waits for it any more, and who asks after that begins another.
 * Returns what the function returned; SN_ECANCELED, SN_ETIMEDOUT from the caller's scope
 * (sn_canceled tells them from the function's own); SN_EINVAL for a key above SN_FLIGHT_KEY_MAX;
 * SN_ENOMEM; SN_EPERM when no runtime is on. *result is untouched below 0. On a foreign thread it
 * parks that thread. (The idea is that of Go's singleflight.)
 */
SN_API SN_PARKS int sn_flight_do(sn_flight *f, const void *key, size_t n, void *result);
/** Ends the flight, when nobody asks any more: waits for the calls that are on, which are cancelled
 *  by then. Parks, and cannot be cancelled. */
SN_API void sn_flight_end(sn_flight *f);

SN_END_C
#endif
