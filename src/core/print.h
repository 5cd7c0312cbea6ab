/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Text into a fixed buffer with no libc: dumps are written from signal handlers too. */
#ifndef SN_CORE_PRINT_H
#define SN_CORE_PRINT_H

#include <stddef.h>
#include <stdint.h>

typedef struct sn__text {
    char at[512];
    size_t n;
} sn__text;

static inline void sn__put(sn__text *t, const char *s) {
    while (*s && t->n < sizeof t->at - 1) t->at[t->n++] = *s++;
}
static inline void sn__put_u(sn__text *t, uint64_t v, unsigned base) {
    char digits[24], *d = digits + sizeof digits - 1;
    *d = 0;
    do *--d = "0123456789abcdef"[v % base];
    while (v /= base);
    sn__put(t, d);
}

#endif
