/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Things that are used again: objects (sn_pool), and buffers that never show what was in them
 * before (sn_bufs). And copies that stay within bounds, as CAN frames need them.
 */
#ifndef SENNIT_POOL_H
#define SENNIT_POOL_H

#include <sennit/base.h>

SN_BEGIN_C

#define SN_POOL_WORDS 8
/** Objects kept for the next who needs one, apart by P. Storage is the caller's; opaque. */
typedef struct sn_pool {
    uintptr_t w_[SN_POOL_WORDS];
} sn_pool;

/** Most objects that a pool keeps for each P. */
#define SN_POOL_KEEP_MAX 65536u

/**
 * Makes a pool that keeps up to `keep` (1 … SN_POOL_KEEP_MAX) idle objects for each P. `make(ctx)`
 * gives a new one, or NULL; `end(ctx, object)` takes one that there is no room for. Both run on the
 * caller of sn_pool_get, sn_pool_put or sn_pool_end, as its own code, and may park. In a run: how
 * many Ps there are is looked at here. Never parks. SN_EINVAL; SN_ENOMEM.
 */
SN_API SN_MUST int sn_pool_init(sn_pool *p, size_t keep, void *(*make)(void *ctx),
                                void (*end)(void *ctx, void *object), void *ctx);
/** An idle object, of this P if there is one, else of another; else a new one. NULL when that could
 *  not be made. As it was put: nobody cleans it. From coroutines and foreign threads. Parks if
 *  `make` does. */
SN_API SN_MUST void *sn_pool_get(sn_pool *p);
/** Gives an object back, which need not have come from here; NULL does nothing. From coroutines and
 *  foreign threads. Parks if `end` does, which it is given to when there are enough. */
SN_API void sn_pool_put(sn_pool *p, void *object);
/** Ends all idle objects, and the pool. Nobody may use it any more. Parks if `end` does. */
SN_API void sn_pool_end(sn_pool *p);

#define SN_BUFS_WORDS 12
/** Buffers of one size. Storage is the caller's; opaque. */
typedef struct sn_bufs {
    uintptr_t w_[SN_BUFS_WORDS];
} sn_bufs;

/** A buffer in use: `n` bytes at `at` are its contents. A handle, to be passed by address; a copy
 * of it is another handle to the same buffer, and stops the program when it is used after the first
 *  was put. Zero bytes are a handle to nothing. */
typedef struct sn_buf {
    unsigned char *at; /**< read here; write by sn_buf_append or sn_buf_room */
    size_t n;
    void *block_;
    uintptr_t turn_;
} sn_buf;

/** Largest buffer, in bytes. */
#define SN_BUF_MAX ((size_t)1 << 30)

/** Makes a pool of buffers of `size` bytes (1 … SN_BUF_MAX) that keeps up to `keep` idle ones for
 *  each P. In a run; never parks. SN_EINVAL; SN_ENOMEM. */
SN_API SN_MUST int sn_bufs_init(sn_bufs *p, size_t size, size_t keep);
/** An empty buffer. All its bytes are zero: that they still are is looked at here, so what wrote to
 *  a buffer that it had put back stops the program now. SN_ENOMEM. From coroutines and foreign
 *  threads; never parks. */
SN_API SN_MUST int sn_bufs_get(sn_bufs *p, sn_buf *b);
/** Gives a buffer back: what was written is wiped, *b is a handle to nothing. A buffer that was put
 *  already, or written to beyond its end, stops the program. From coroutines and foreign threads;
 *  never parks. With AddressSanitizer what is idle may not be touched at all. */
SN_API void sn_bufs_put(sn_bufs *p, sn_buf *b);
/** Ends the pool; all buffers have been put. Never parks. */
SN_API void sn_bufs_end(sn_bufs *p);

/** How many more bytes there is room for. From anywhere; never parks, nor do the following. */
SN_API size_t sn_buf_left(const sn_buf *b);
/** Appends n bytes: 0; SN_E2BIG when there is no room for all of them (nothing is appended). */
SN_API SN_MUST int sn_buf_append(sn_buf *b, const void *from, size_t n);
/** Room to write in place: *n comes as how many bytes are wanted and goes as how many there are.
 * Say with sn_buf_added how many were written. */
SN_API void *sn_buf_room(sn_buf *b, size_t *n);
/** The first n bytes of the room are contents now. More than there was room stops the program. */
SN_API void sn_buf_added(sn_buf *b, size_t n);
/** Empties it: all that was written is wiped. */
SN_API void sn_buf_clear(sn_buf *b);

/** Copies the n bytes at `from` to `to`, where there is room for `room`, and zeroes the rest of the
 *  room: 0; SN_E2BIG when n is more (then nothing changes). They do not overlap. */
SN_API SN_MUST int sn_copy_in(void *to, size_t room, const void *from, size_t n);

/** Most bytes in a CAN frame, and in one of CAN FD. */
#define SN_CAN_MAX 8u
#define SN_CAN_FD_MAX 64u
/** What a CAN frame carries. Bytes behind `n` are zero. */
typedef struct sn_can_data {
    uint8_t n, at[SN_CAN_MAX];
} sn_can_data;
/** What a CAN FD frame carries. `n` is one of the sixteen lengths that there are; bytes behind what
 *  was set are zero. */
typedef struct sn_can_fd_data {
    uint8_t n, at[SN_CAN_FD_MAX];
} sn_can_fd_data;
/** Sets a payload from n bytes: 0; SN_E2BIG when they are too many (it stays what it was). That of
 * CAN FD is filled up with zeros to the next length that there is: 0 … 8, 12, 16, 20, 24, 32,
 * 48, 64. */
SN_API SN_MUST int sn_can_set(sn_can_data *d, const void *from, size_t n);
SN_API SN_MUST int sn_can_fd_set(sn_can_fd_data *d, const void *from, size_t n);
/** Copies a payload to `to`, where there is room for `room`: how many bytes; SN_E2BIG when there is
 *  not enough room; SN_EBADMSG when its length is none that there is (nothing is copied). */
SN_API SN_MUST int sn_can_get(const sn_can_data *d, void *to, size_t room);
SN_API SN_MUST int sn_can_fd_get(const sn_can_fd_data *d, void *to, size_t room);

SN_END_C
#endif
