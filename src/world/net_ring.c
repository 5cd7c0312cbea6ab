/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The bytes of a pipe between writer and reader: a ring whose index is the position. It has a
 * buffer only while there are bytes in it; buffers come in sizes of powers of two and are used
 * again, so that a hundred thousand idle connections have none and a busy one allocates nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "world/net.h"

enum { SMALLEST = 1 << 10, SIZES = 9 };
_Static_assert(SMALLEST << (SIZES - 1) == NET_BUFFER, "the largest buffer is a full pipe");

typedef struct spare {
    struct spare *next;
} spare;
static spare *spares[SIZES];

static unsigned char *take(uint32_t size, int k) {
    spare *s = spares[k];
    if (!s) return malloc(size);
    spares[k] = s->next;
    return (unsigned char *)s;
}

static int class_of(uint64_t size) {
    int k = 0;
    while ((uint64_t)SMALLEST << k < size) k++;
    return k;
}

static void copy_in(net_ring *r, uint64_t at, const unsigned char *from, size_t n) {
    uint32_t i = (uint32_t)at & (r->size - 1);
    size_t first = n < r->size - i ? n : r->size - i;
    memcpy(r->at + i, from, first);
    memcpy(r->at, from + first, n - first);
}

void sn__net_ring_get(const net_ring *r, uint64_t at, void *to, size_t n) {
    uint32_t i = (uint32_t)at & (r->size - 1);
    size_t first = n < r->size - i ? n : r->size - i;
    memcpy(to, r->at + i, first);
    memcpy((unsigned char *)to + first, r->at, n - first);
}

/* A larger buffer with the bytes from `first` to `at`. */
static int grow(net_ring *r, uint64_t first, uint64_t at, uint64_t want) {
    int k = class_of(want);
    net_ring more = {.size = (uint32_t)SMALLEST << k};
    more.at = take(more.size, k);
    if (!more.at) return SN_ENOMEM;
    for (uint64_t p = first; p < at;) { /* as the old ring has them: at most two pieces */
        uint32_t i = (uint32_t)p & (r->size - 1);
        size_t n = at - p < r->size - i ? (size_t)(at - p) : r->size - i;
        copy_in(&more, p, r->at + i, n);
        p += n;
    }
    sn__net_ring_drop(r);
    *r = more;
    return 0;
}

int sn__net_ring_put(net_ring *r, uint64_t first, uint64_t at, const void *from, size_t n) {
    if (at + n - first > r->size) {
        int err = grow(r, first, at, at + n - first);
        if (err) return err;
    }
    copy_in(r, at, from, n);
    return 0;
}

void sn__net_ring_drop(net_ring *r) {
    if (!r->size) return;
    int k = class_of(r->size);
    spare *s = (spare *)(void *)r->at;
    s->next = spares[k];
    spares[k] = s;
    *r = (net_ring){0};
}

void sn__net_rings_end(void) {
    for (int k = 0; k < SIZES; k++) {
        for (spare *s = spares[k], *next; s; s = next) {
            next = s->next;
            free(s);
        }
        spares[k] = NULL;
    }
}
