/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A bump allocator: blocks grow only with the request at hand. */
#include "http/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_MIN 4096u
#define ALIGN 16u

struct sn__arena_block {
    sn__arena_block *next;
    uint64_t pad_; /* keeps what follows aligned */
};

void sn__arena_init(sn__arena *a, void *first, size_t n) {
    a->first = first;
    a->first_size = n;
    a->blocks = NULL;
    sn__arena_reset(a);
}

static void *grow(sn__arena *a, size_t n) {
    size_t room = n > BLOCK_MIN ? n : BLOCK_MIN;
    sn__arena_block *b = malloc(sizeof *b + room);
    if (!b) return NULL;
    b->next = a->blocks;
    a->blocks = b;
    char *p = (char *)(b + 1);
    if (n >= BLOCK_MIN) return p; /* a block of its own; the current one goes on */
    a->cur = p + n;
    a->end = p + room;
    return p;
}

void *sn__arena_alloc(sn__arena *a, size_t n) {
    if (n > SIZE_MAX / 2) return NULL;
    n = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if ((size_t)(a->end - a->cur) < n) return grow(a, n);
    char *p = a->cur;
    a->cur += n;
    return p;
}

char *sn__arena_copy(sn__arena *a, const char *s, size_t n) {
    char *p = sn__arena_alloc(a, n + 1);
    if (!p) return NULL;
    memcpy(p, s, n);
    p[n] = 0;
    return p;
}

char *sn__arena_vformat(sn__arena *a, size_t *n, const char *fmt, va_list ap) {
    va_list again;
    va_copy(again, ap);
    int len = vsnprintf(NULL, 0, fmt, ap);
    char *p = len < 0 ? NULL : sn__arena_alloc(a, (size_t)len + 1);
    if (p) {
        vsnprintf(p, (size_t)len + 1, fmt, again);
        *n = (size_t)len;
    }
    va_end(again);
    return p;
}

void sn__arena_reset(sn__arena *a) {
    while (a->blocks) {
        sn__arena_block *b = a->blocks;
        a->blocks = b->next;
        free(b);
    }
    a->cur = a->first;
    a->end = a->first + a->first_size;
}
