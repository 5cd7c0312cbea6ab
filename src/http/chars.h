/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What each byte may be in HTTP: one table, looked at once per byte. */
#ifndef HTTP_CHARS_H
#define HTTP_CHARS_H

#include <stddef.h>
#include <stdint.h>

enum {
    SN__C_TOKEN = 1,  /* tchar: methods, header names */
    SN__C_VALUE = 2,  /* in a header value: visible, SP, HTAB, obs-text */
    SN__C_PATH = 4,   /* pchar without '%', and '/' */
    SN__C_QUERY = 8,  /* the same and '?', and what browsers leave bare there */
    SN__C_HOST = 16,  /* in a reg-name or an IPv4 address */
    SN__C_PLAIN = 32, /* unreserved */
    SN__C_ETAG = 64,  /* etagc */
};
extern const uint8_t sn__http_class[256];

static inline int sn__is(char c, int classes) {
    return (sn__http_class[(unsigned char)c] & classes) != 0;
}
static inline char sn__lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c; }
static inline int sn__digit(char c) { return c >= '0' && c <= '9'; }
static inline int sn__blank(char c) { return c == ' ' || c == '\t'; }
/* Value of a hex digit, or -1. */
int sn__hex(char c);
/* Equal in ASCII without regard to case? `lower` must be lower-case already. */
int sn__same(const char *s, size_t n, const char *lower, size_t lower_len);
#define SN__SAME(s, n, lit) sn__same(s, n, lit, sizeof(lit) - 1)
/* As that for two strings of any case. */
int sn__same_fold(const char *a, size_t an, const char *b, size_t bn);
/* 1*DIGIT and nothing else, at most INT64_MAX; -1 otherwise. */
int64_t sn__decimal(const char *s, size_t n);

#endif
