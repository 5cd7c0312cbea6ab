/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Memory that ends with a request. The first block is part of the connection's buffers, so that
 * an ordinary request allocates nothing. One coroutine at a time. */
#ifndef HTTP_ARENA_H
#define HTTP_ARENA_H

#include <stdarg.h>
#include <stddef.h>

typedef struct sn__arena_block sn__arena_block;
typedef struct sn__arena {
    char *cur, *end;
    char *first; /* n bytes that are not the arena's to free */
    size_t first_size;
    sn__arena_block *blocks;
} sn__arena;

/* `first` must be aligned to 16. */
void sn__arena_init(sn__arena *a, void *first, size_t n);
/* Aligned to 16; NULL when memory is out. */
void *sn__arena_alloc(sn__arena *a, size_t n);
/* A copy of n bytes, terminated. */
char *sn__arena_copy(sn__arena *a, const char *s, size_t n);
char *sn__arena_vformat(sn__arena *a, size_t *n, const char *fmt, va_list ap);
/* Frees all but the first block. */
void sn__arena_reset(sn__arena *a);

#endif
