/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reads multipart/form-data (RFC 7578) as it comes, in pieces of any size. No I/O; the sink does
 * what it wants, and may park.
 *
 *   PREAMBLE -delimiter-> AFTER -CRLF-> HEAD -blank line-> DATA -delimiter-> AFTER …
 *                         AFTER -"--"-> END                                           */
#ifndef FLEET_MULTIPART_H
#define FLEET_MULTIPART_H

#include <stddef.h>

#define MULTIPART_BOUNDARY_MAX 70
#define MULTIPART_HEAD_MAX 4096
#define MULTIPART_PIECE_MAX 8192 /**< most bytes of one multipart_feed */

/** What is done with the parts. A result below 0 ends the reading and is passed on. */
struct multipart_sink {
    /** A part begins. `filename` is NULL when the part has none; both end with the call. */
    int (*part)(void *arg, const char *name, const char *filename);
    int (*data)(void *arg, const void *bytes, size_t n);
    int (*end)(void *arg);
    void *arg;
};

struct multipart {
    const struct multipart_sink *sink;
    enum { MULTIPART_PREAMBLE, MULTIPART_AFTER, MULTIPART_HEAD, MULTIPART_DATA, MULTIPART_END } at;
    char delim[MULTIPART_BOUNDARY_MAX + 5];
    size_t delim_len, len;
    char buf[MULTIPART_PIECE_MAX + MULTIPART_HEAD_MAX + 128];
};

/** Starts with a Content-Type header's value. SN_EINVAL when that is no multipart/form-data with
 *  a boundary of 1…70 characters. */
int multipart_begin(struct multipart *m, const char *content_type,
                    const struct multipart_sink *sink);
/** Takes n (at most MULTIPART_PIECE_MAX) bytes. 0; SN_EBADMSG; what the sink returned. */
int multipart_feed(struct multipart *m, const char *bytes, size_t n);
/** 0 when the closing delimiter came, else SN_EBADMSG. */
int multipart_finish(const struct multipart *m);

#endif
