/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Channels and select, with Go's semantics. */
#ifndef SENNIT_CHAN_H
#define SENNIT_CHAN_H

#include <sennit/base.h>

SN_BEGIN_C

#define SN_CHAN_WORDS 20
/** A channel. Storage is the caller's; opaque. Must not move. A NULL sn_chan* blocks for ever. */
typedef struct sn_chan {
    uintptr_t w_[SN_CHAN_WORDS];
} sn_chan;

/** Largest element, in bytes. */
#define SN_ELEM_MAX 65536u

/**
 * Makes *c a channel of `cap` elements of `elem` bytes (0 is allowed). `buf` is room for
 * elem*cap bytes, or NULL to allocate it. `drop`, if not NULL, is called for each value still
 * inside at sn_chan_free, so that nothing is lost unseen. Never parks.
 * Returns 0; SN_EINVAL when elem > SN_ELEM_MAX or elem*cap overflows; SN_ENOMEM.
 */
SN_API SN_MUST int sn_chan_init(sn_chan *c, size_t elem, size_t cap, void *buf,
                                void (*drop)(void *));
/** As sn_chan_init on the heap. NULL when sn_chan_init would fail. */
SN_API SN_MUST sn_chan *sn_chan_new(size_t elem, size_t cap, void (*drop)(void *));
/**
 * Closes: receivers drain what is buffered, then get SN_ECLOSED; a sender that waits or comes
 * later is a programmer's error, as is closing twice or a NULL channel: the program stops with
 * a dump. From coroutines and foreign threads; never parks.
 */
SN_API void sn_chan_close(sn_chan *c);
/**
 * Ends the channel: drops what is left in it, frees its buffer, and the channel itself if
 * sn_chan_new made it. Nobody may wait on it or use it any more. Never parks.
 */
SN_API void sn_chan_free(sn_chan *c);
/** Values buffered now; capacity. From anywhere but interrupts. 0 for NULL. */
SN_API size_t sn_chan_len(const sn_chan *c);
SN_API size_t sn_chan_cap(const sn_chan *c);

/**
 * Sends the value at `v`; waits for a receiver or for room. Parks. Returns 0, or SN_ECANCELED /
 * SN_ETIMEDOUT from the scope: then nothing moved and the caller still owns *v. On a foreign
 * thread it parks that thread. Sending on a closed channel stops the program.
 */
SN_API SN_PARKS int sn_send(sn_chan *c, const void *v);
/**
 * Receives into `v` (may be NULL: thrown away, after drop). Parks. Returns 0; SN_ECLOSED when
 * closed and drained; SN_ECANCELED / SN_ETIMEDOUT from the scope; SN_ENOMEM when there is no room
 * to drop a large value from. *v is untouched on error.
 */
SN_API SN_PARKS int sn_recv(sn_chan *c, void *v);
/** As sn_send, but never waits: SN_EAGAIN. Also from foreign threads. */
SN_API SN_MUST int sn_try_send(sn_chan *c, const void *v);
/** As sn_recv, but never waits: SN_EAGAIN. Also from foreign threads. */
SN_API SN_MUST int sn_try_recv(sn_chan *c, void *v);

/**
 * Sends the n values at `v`, one after the other, in order; waits until all have moved. The channel
 * is locked once for as many as there are receivers and room for, instead of once a value; other
 * senders may come between two such portions. Parks. *done (may be NULL) says in every case how
 * many moved: these are the channel's, the others still the caller's. Returns 0; SN_ECANCELED or
 * SN_ETIMEDOUT from the scope, perhaps after some. On a foreign thread it parks that thread.
 * Sending on a closed channel stops the program.
 */
SN_API SN_PARKS int sn_send_many(sn_chan *c, const void *v, size_t n, size_t *done);
/**
 * Receives up to n (at least 1) values into `v`: waits for the first, takes with it what more there
 * is, in order, and does not wait for the rest. Parks. *done says how many. Returns 0 with *done at
 * least 1; else as sn_recv, with *done 0; SN_EINVAL when n is 0.
 */
SN_API SN_PARKS int sn_recv_many(sn_chan *c, void *v, size_t n, size_t *done);
/** What moves without waiting: 0, or SN_EAGAIN and *done 0 when nothing can. Never park. Also from
 *  foreign threads. Receiving: SN_ECLOSED when closed and drained; SN_EINVAL when n is 0. */
SN_API SN_MUST int sn_try_send_many(sn_chan *c, const void *v, size_t n, size_t *done);
SN_API SN_MUST int sn_try_recv_many(sn_chan *c, void *v, size_t n, size_t *done);

/** One case of a select. Make it with sn_rx or sn_tx. `ch` NULL: the case is off. */
typedef struct sn_case {
    sn_chan *ch;
    void *v;      /**< receive: NULL throws the value away, without drop */
    int *err;     /**< receive: 0 or SN_ECLOSED is stored here; NULL to ignore */
    uintptr_t op; /**< 0 receive, 1 send */
} sn_case;
SN_INLINE sn_case sn_rx(sn_chan *c, void *v, int *err) {
    sn_case k = {c, v, err, 0};
    return k;
}
SN_INLINE sn_case sn_tx(sn_chan *c, const void *v) {
    sn_case k = {c, (void *)(uintptr_t)v, NULL, 1};
    return k;
}
/** Most cases of one select. */
#define SN_CASES_MAX 65535u
/**
 * Waits until one of the n cases can go on, does it, and returns its index; chooses fairly
 * among those that can. `until`: 0 is Go's `default`, SN_NEVER waits for ever. Returns
 * SN_ETIMEDOUT or SN_ECANCELED when nothing moved; SN_EINVAL when n > SN_CASES_MAX; SN_ENOMEM
 * for a select of more than 64 cases when memory is out.
 */
SN_API SN_PARKS int sn_selectv(sn_case *cases, size_t n, sn_time until);

SN_END_C

#ifdef __cplusplus
template <class... C> int sn_select(sn_time until, C... c) {
    sn_case a[] = {c...};
    return sn_selectv(a, sizeof...(c), until);
}
#else
#define sn_select(until, ...)                                                                      \
    sn_selectv((sn_case[]){__VA_ARGS__}, sizeof((sn_case[]){__VA_ARGS__}) / sizeof(sn_case), until)
#endif

/** A channel type that knows its element: SN_CHAN_TYPE(int_chan, int) gives int_chan_send … */
#define SN_CHAN_TYPE(N, T)                                                                         \
    typedef struct N {                                                                             \
        sn_chan c;                                                                                 \
    } N;                                                                                           \
    SN_INLINE SN_MUST int N##_init(N *x, size_t cap, void (*drop)(void *)) {                       \
        return sn_chan_init(&x->c, sizeof(T), cap, NULL, drop);                                    \
    }                                                                                              \
    SN_INLINE void N##_close(N *x) { sn_chan_close(&x->c); }                                       \
    SN_INLINE void N##_free(N *x) { sn_chan_free(&x->c); }                                         \
    SN_INLINE SN_PARKS int N##_send(N *x, T v) { return sn_send(&x->c, &v); }                      \
    SN_INLINE SN_PARKS int N##_recv(N *x, T *v) { return sn_recv(&x->c, v); }                      \
    SN_INLINE SN_MUST int N##_try_send(N *x, T v) { return sn_try_send(&x->c, &v); }               \
    SN_INLINE SN_MUST int N##_try_recv(N *x, T *v) { return sn_try_recv(&x->c, v); }               \
    SN_INLINE SN_PARKS int N##_send_many(N *x, const T *v, size_t n, size_t *done) {               \
        return sn_send_many(&x->c, v, n, done);                                                    \
    }                                                                                              \
    SN_INLINE SN_PARKS int N##_recv_many(N *x, T *v, size_t n, size_t *done) {                     \
        return sn_recv_many(&x->c, v, n, done);                                                    \
    }                                                                                              \
    SN_INLINE sn_case N##_rx(N *x, T *v, int *err) { return sn_rx(&x->c, v, err); }                \
    SN_INLINE sn_case N##_tx(N *x, const T *v) { return sn_tx(&x->c, v); }
#endif
