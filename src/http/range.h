/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Range requests and validators: RFC 9110 sections 8.8, 13 and 14. */
#ifndef HTTP_RANGE_H
#define HTTP_RANGE_H

#include <stdint.h>

enum {
    SN__RANGE_WHOLE,         /* none, malformed, another unit or several: the whole content */
    SN__RANGE_PART,          /* *first…*last */
    SN__RANGE_UNSATISFIABLE, /* starts past the end */
};
/* Judges a Range header (NULL: none) for content of `length` bytes. */
int sn__range_parse(const char *s, uint64_t length, uint64_t *first, uint64_t *last);

/* Is it an entity tag: "…" or W/"…"? */
int sn__etag_ok(const char *s);
/* Does a list of entity tags, or "*", hold `etag`? Weak comparison, or strong. */
int sn__etag_in(const char *list, const char *etag, int strong);

#endif
