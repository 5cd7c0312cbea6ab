/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reading lists of CPUs and distances. */
#include "port/os/linux/cpulist.h"

#include <string.h>

static bool digit(char c) { return c >= '0' && c <= '9'; }

/* Digits at *s, which moves on; what is too large stays just that. */
static bool number(const char **s, uint32_t *n) {
    if (!digit(**s)) return false;
    for (*n = 0; digit(**s); ++*s)
        if (*n < 1000000) *n = *n * 10 + (uint32_t)(**s - '0');
    return true;
}

bool sn__cpulist(const char *text, sn__cpus *set) {
    memset(set, 0, sizeof *set);
    while (*text == ' ' || *text == '\t') text++;
    if (!*text || *text == '\n') return true; /* none */
    for (;; text++) {
        uint32_t from, to;
        if (!number(&text, &from)) return false;
        to = from;
        if (*text == '-' && (text++, !number(&text, &to))) return false;
        for (uint32_t i = from; i <= to && i < SN__CPUS_MAX; i++)
            set->bits[i / 64] |= UINT64_C(1) << i % 64;
        if (*text != ',') return !*text || *text == '\n';
    }
}

uint32_t sn__distances(const char *text, uint8_t *at, uint32_t n) {
    uint32_t i = 0, d;
    for (; i < n; i++) {
        while (*text == ' ') text++;
        if (!number(&text, &d)) break;
        at[i] = d > 255 ? 255 : (uint8_t)d;
    }
    return i;
}
