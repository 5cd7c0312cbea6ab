/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Rings: values from where nobody may wait (a real-time thread, a signal handler, an interrupt) to
 * a coroutine. Bounded, in memory that the caller gives; no lock, no allocation, and no system
 * call while the coroutine is awake. The producer never waits: when there is no room it is told,
 * and decides what to drop.
 *
 * sn_ring has one producer and one consumer, and both work in the ring's own memory, without a
 * copy. sn_funnel has many producers, and copies.
 */
#ifndef SENNIT_RING_H
#define SENNIT_RING_H

#include <sennit/base.h>

SN_BEGIN_C

#define SN_RING_WORDS 40
/** One producer, one consumer. Storage is the caller's; opaque. */
typedef struct sn_ring {
    uintptr_t w_[SN_RING_WORDS];
} sn_ring;

/** Makes an empty ring of `n` elements (a power of two, at most 2^30) of `elem` bytes (> 0) in the
 *  n * elem bytes at `mem`, which must outlive it. From anywhere, before anybody uses it. Never
 *  parks. SN_EINVAL. */
SN_API SN_MUST int sn_ring_init(sn_ring *r, void *mem, size_t elem, size_t n);

/* The producer's side: one at a time. From coroutines, threads, signal handlers and interrupts. */

/** Room for new elements, to be written in place: *n comes as how many are wanted and goes as how
 *  many there are in one piece, perhaps fewer; NULL and 0 when the ring is full. May be called
 *  again before the commit, with the same result or more room. Never parks. */
SN_API void *sn_ring_reserve(sn_ring *r, size_t *n);
/** Gives the first n of them (no more than were reserved) to the consumer, and wakes it. Never
 * parks. Algorithm: the consumer says that it waits and then looks at the tail; the producer moves
 * the tail and then looks whether it waits; both with full fences, so that one of the two sees the
 *  other (Dekker). */
SN_API void sn_ring_commit(sn_ring *r, size_t n);
/** There will be no more: the consumer gets SN_ECLOSED once the ring is empty. Never parks. */
SN_API void sn_ring_close(sn_ring *r);

/* The consumer's side: one coroutine (or foreign thread) at a time. */

/** The oldest elements, to be read in place: *n goes as how many there are in one piece; NULL and 0
 *  when the ring is empty. Never parks. */
SN_API const void *sn_ring_peek(sn_ring *r, size_t *n);
/** Gives the first n of them (no more than were seen) back to the producer. Never parks. */
SN_API void sn_ring_release(sn_ring *r, size_t n);
/** Parks until there is something: 0; SN_ECLOSED when it is empty and closed; SN_ETIMEDOUT (until
 * 0: at once); SN_ECANCELED. */
SN_API SN_PARKS int sn_ring_wait(sn_ring *r, sn_time until);

#define SN_FUNNEL_WORDS 40
/** Many producers, one consumer. Storage is the caller's; opaque. */
typedef struct sn_funnel {
    uintptr_t w_[SN_FUNNEL_WORDS];
} sn_funnel;
/** Bytes that a funnel of n elements of `elem` bytes needs. */
#define SN_FUNNEL_BYTES(elem, n) ((n) * ((((elem) + 7u) & ~(size_t)7u) + sizeof(uintptr_t)))

/** As sn_ring_init, in SN_FUNNEL_BYTES(elem, n) bytes, aligned to 8, at `mem`; n at least 2. */
SN_API SN_MUST int sn_funnel_init(sn_funnel *f, void *mem, size_t elem, size_t n);
/** Copies one element in, and wakes the consumer: 0; SN_EAGAIN when it is full; SN_ECLOSED. From
 *  coroutines, threads, signal handlers and interrupts, several at once. Never parks. A producer
 * that is interrupted in the middle holds up what comes after it, not who puts it. (D. Vyukov's
 * bounded queue: a number in each slot says whose turn it is.) */
SN_API SN_MUST int sn_funnel_put(sn_funnel *f, const void *v);
/** As sn_ring_close, for all producers: a put that comes later is refused. */
SN_API void sn_funnel_close(sn_funnel *f);
/** Copies the oldest element out; parks until there is one. As sn_ring_wait otherwise. */
SN_API SN_PARKS int sn_funnel_get(sn_funnel *f, void *v, sn_time until);

SN_END_C
#endif
