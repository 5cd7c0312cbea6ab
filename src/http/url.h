/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Decoding of what a target carries. Targets were judged by the head parser before. */
#ifndef HTTP_URL_H
#define HTTP_URL_H

#include <stddef.h>

/* Decodes n bytes of a judged path into `out` (n + 1 bytes), terminated. Its length, or -1 when
 * it is not UTF-8. */
long sn__path_decode(const char *s, size_t n, char *out);
/* Decodes n bytes of a judged query part ("+" is a space) into `out` (n + 1 bytes), terminated.
 * Its length. */
size_t sn__query_decode(const char *s, size_t n, char *out);
/* Does the query part of n bytes decode to `want`? */
int sn__query_is(const char *s, size_t n, const char *want);
/* The next "name=value" of a query at *s..end: its parts; 0 at the end. Empty pairs are skipped. */
int sn__query_next(const char **s, const char *end, const char **name, size_t *name_len,
                   const char **value, size_t *value_len);
/* Is it well-formed UTF-8 (no overlong forms, no surrogates)? */
int sn__utf8_ok(const char *s, size_t n);
/* Bytes of the well-formed character at s, or 0. */
size_t sn__utf8_char(const char *s, size_t n);

#endif
