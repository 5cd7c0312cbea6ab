/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Buffers that never show what was in them before. An idle one is all zeros: what its user wrote,
 * as far as it asked for room, is wiped when it is put, and before it is handed out again every
 * byte is looked at. So whatever a program gets wrong, the bytes of one user never reach another;
 * it is stopped instead.
 *
 *   IDLE  -> HELD   by sn_bufs_get       HELD -> IDLE  by sn_bufs_put: exactly one of two that try
 *
 * `turn` counts how often a buffer was handed out; a handle of another turn is stale.
 */
#include <sennit/pool.h>

#include "core/mem.h"
#include "core/poison.h"
#include "core/sched.h"

enum { IDLE = 0x1d7e, HELD = 0x4e1d, FENCE = 16 };
static const unsigned char FENCE_BYTE = 0xa5;

typedef struct block {
    _Atomic uint32_t state;
    size_t size;
    uintptr_t turn;
    size_t dirty; /* bytes that may be other than zero */
    _Alignas(16) unsigned char at[];
} block;

typedef struct bufs {
    sn_pool pool;
    size_t size;
} bufs;
_Static_assert(sizeof(bufs) <= sizeof(sn_bufs), "sn_bufs has room for a pool of buffers");

/* ---- blocks */

/* At least a fence's width behind the contents, up to a multiple of 16. */
static size_t room_of(size_t size) { return ((size + 15) & ~(size_t)15) + FENCE; }

static void *make(void *ctx) {
    const bufs *p = ctx;
    size_t room = room_of(p->size);
    block *b = sn__alloc(sizeof *b + room);
    if (!b) return NULL;
    atomic_init(&b->state, IDLE);
    b->size = p->size;
    b->turn = 0;
    b->dirty = 0;
    memset(b->at, 0, p->size);
    memset(b->at + p->size, FENCE_BYTE, room - p->size);
    sn__poison(b->at, room);
    return b;
}

static void end(void *ctx, void *object) {
    block *b = object;
    (void)ctx;
    sn__unpoison(b->at, room_of(b->size));
    sn__free(b);
}

/* A word at a time, whatever type was stored there. */
typedef uint64_t __attribute__((may_alias)) any_word;
static bool all_zero(const unsigned char *at, size_t n) {
    const any_word *w = (const any_word *)(const void *)at;
    uint64_t a = 0, b = 0;
    size_t fours = n / 32 * 4;
    for (size_t i = 0; i < fours; i += 4) {
        a |= w[i] | w[i + 1];
        b |= w[i + 2] | w[i + 3];
    }
    for (size_t i = fours * 8; i < n; i++) a |= at[i];
    return !(a | b);
}

static bool fence_stands(const block *b) {
    size_t room = room_of(b->size);
    for (size_t i = b->size; i < room; i++)
        if (b->at[i] != FENCE_BYTE) return false;
    return true;
}

static void wipe(block *b) {
    memset(b->at, 0, b->dirty);
    b->dirty = 0;
}

/* ---- handles */

static block *block_of(const sn_buf *h) {
    block *b = h->block_;
    if (!b) sn__fatal("a buffer is used that is none: not yet taken, or put back");
    if (atomic_load_explicit(&b->state, memory_order_relaxed) != HELD || b->turn != h->turn_)
        sn__fatal("a buffer is used after it was put back");
    return b;
}

size_t sn_buf_left(const sn_buf *h) { return block_of(h)->size - h->n; }

static void will_write(block *b, size_t up_to) {
    if (b->dirty < up_to) b->dirty = up_to;
}

int sn_buf_append(sn_buf *h, const void *from, size_t n) {
    block *b = block_of(h);
    if (n > b->size - h->n) return SN_E2BIG;
    will_write(b, h->n + n);
    if (n) memcpy(b->at + h->n, from, n);
    h->n += n;
    return 0;
}

void *sn_buf_room(sn_buf *h, size_t *n) {
    block *b = block_of(h);
    if (*n > b->size - h->n) *n = b->size - h->n;
    will_write(b, h->n + *n);
    return b->at + h->n;
}

void sn_buf_added(sn_buf *h, size_t n) {
    const block *b = block_of(h);
    if (n > b->size - h->n || h->n + n > b->dirty)
        sn__fatal("more is said to be added to a buffer than there was room for");
    h->n += n;
}

void sn_buf_clear(sn_buf *h) {
    wipe(block_of(h));
    h->n = 0;
}

/* ---- the pool */

int sn_bufs_init(sn_bufs *pub, size_t size, size_t keep) {
    bufs *p = (bufs *)pub;
    if (!size || size > SN_BUF_MAX) return SN_EINVAL;
    *pub = (sn_bufs){{0}};
    p->size = size;
    return sn_pool_init(&p->pool, keep, make, end, p);
}

int sn_bufs_get(sn_bufs *pub, sn_buf *h) {
    block *b = sn_pool_get(&((bufs *)pub)->pool);
    uint32_t idle = IDLE;
    *h = (sn_buf){0};
    if (!b) return SN_ENOMEM;
    if (!atomic_compare_exchange_strong(&b->state, &idle, HELD))
        sn__fatal("a buffer that is in use lay in its pool");
    sn__unpoison(b->at, b->size);
    if (!all_zero(b->at, b->size))
        sn__fatal("a buffer was written to after it was put back, or beyond what was asked for");
    *h = (sn_buf){b->at, 0, b, ++b->turn};
    return 0;
}

void sn_bufs_put(sn_bufs *pub, sn_buf *h) {
    block *b = block_of(h);
    uint32_t held = HELD;
    size_t room = room_of(b->size);
    sn__unpoison(b->at, room);
    if (!fence_stands(b)) sn__fatal("a buffer was written to beyond its end");
    wipe(b);
    sn__poison(b->at, room);
    if (!atomic_compare_exchange_strong(&b->state, &held, IDLE))
        sn__fatal("a buffer was put back twice");
    *h = (sn_buf){0};
    sn_pool_put(&((bufs *)pub)->pool, b);
}

void sn_bufs_end(sn_bufs *pub) { sn_pool_end(&((bufs *)pub)->pool); }

/* ---- copies within bounds */

int sn_copy_in(void *to, size_t room, const void *from, size_t n) {
    if (n > room) return SN_E2BIG;
    if (n) memcpy(to, from, n);
    if (room > n) memset((char *)to + n, 0, room - n);
    return 0;
}

/* The next length of a CAN FD frame from n on, which is at most 64. */
static uint8_t can_fd_length(size_t n) {
    static const uint8_t above[] = {12, 16, 20, 24, 32, 48, 64};
    const uint8_t *l = above;
    if (n <= SN_CAN_MAX) return (uint8_t)n;
    while (*l < n) l++;
    return *l;
}

int sn_can_set(sn_can_data *d, const void *from, size_t n) {
    int rc = sn_copy_in(d->at, sizeof d->at, from, n);
    if (!rc) d->n = (uint8_t)n;
    return rc;
}

int sn_can_fd_set(sn_can_fd_data *d, const void *from, size_t n) {
    int rc = sn_copy_in(d->at, sizeof d->at, from, n);
    if (!rc) d->n = can_fd_length(n);
    return rc;
}

static int copy_out(const uint8_t *at, size_t n, void *to, size_t room) {
    if (n > room) return SN_E2BIG;
    if (n) memcpy(to, at, n);
    return (int)n;
}

int sn_can_get(const sn_can_data *d, void *to, size_t room) {
    return d->n > SN_CAN_MAX ? SN_EBADMSG : copy_out(d->at, d->n, to, room);
}

int sn_can_fd_get(const sn_can_fd_data *d, void *to, size_t room) {
    if (d->n > SN_CAN_FD_MAX || can_fd_length(d->n) != d->n) return SN_EBADMSG;
    return copy_out(d->at, d->n, to, room);
}
