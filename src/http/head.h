/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Heads of requests and responses: a strict, incremental parser over a buffer that its caller
 * fills. It allocates nothing and keeps offsets, so the buffer may move while it grows.
 *
 * State machine: START (start line) → FIELDS (one line after the other) → done or bad. A line is
 * parsed when its LF is there; the search for it goes on where it stopped. */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include <stddef.h>
#include <stdint.h>

typedef struct sn__span {
    uint32_t at, len;
} sn__span;

typedef struct sn__field {
    sn__span name, value;
} sn__field;

typedef struct sn__head_limits {
    uint32_t line_max;  /* start line, without its CRLF */
    uint32_t head_max;  /* the head, with all line ends */
    uint32_t count_max; /* fields; the caller's array holds as many */
} sn__head_limits;

enum { SN__HEAD_MORE, SN__HEAD_DONE, SN__HEAD_BAD };
enum { SN__FORM_ORIGIN, SN__FORM_ABSOLUTE, SN__FORM_ASTERISK };

typedef struct sn__head {
    sn__head_limits lim;
    sn__field *fields;
    uint32_t nfields;
    uint32_t pos;  /* start of the line to parse next; at the end, length of the head */
    uint32_t scan; /* up to here there is no LF */
    uint8_t in_fields, is_response, skipped_crlf;
    /* what was found */
    uint8_t version;   /* 10 or 11 */
    uint8_t form;      /* of the target */
    uint8_t escaped;   /* the path holds percent escapes */
    uint8_t has_query; /* there was a '?' */
    uint8_t chunked, close, keep_alive, expect_continue, no_body;
    uint8_t seen_length, seen_coding, seen_host;
    uint16_t status; /* of a response */
    sn__span method, target, path, query, authority, host, reason;
    int64_t length; /* Content-Length, or -1 */
    /* why it is bad */
    int error_status;  /* what a server answers */
    const char *error; /* static text */
} sn__head;

/* Makes *h ready for a new message. `fields` has room for lim->count_max. */
void sn__head_init(sn__head *h, int is_response, const sn__head_limits *lim, sn__field *fields);
/* Goes on with the n bytes that there are now, the earlier ones included and unchanged. */
int sn__head_parse(sn__head *h, const char *buf, size_t n);
/* Once done: ends every part in `buf` with a NUL (over a delimiter), so that parts are strings.
 * The target stays whole. */
void sn__head_terminate(const sn__head *h, char *buf);
/* The i-th field of that name, or NULL. */
const sn__field *sn__head_find(const sn__head *h, const char *buf, const char *name, size_t i);

/* The parts, each in a file of its own. A line comes without CRLF; 0, or -1 with h->error set. */
int sn__head_request_line(sn__head *h, const char *buf, uint32_t at, uint32_t len);
int sn__head_status_line(sn__head *h, const char *buf, uint32_t at, uint32_t len);
int sn__head_field(sn__head *h, const char *buf, uint32_t at, uint32_t len);
/* Notes what frames the message: Host, Content-Length, Transfer-Encoding, Connection, Expect. */
int sn__framing_field(sn__head *h, const char *buf, const sn__field *f);
/* Judges them together at the end of the head. */
int sn__framing_end(sn__head *h, const char *buf);
/* Splits and judges a request target. */
int sn__target_split(sn__head *h, const char *buf);
/* Is it uri-host [":" port], or empty? */
int sn__host_ok(const char *s, size_t n);

static inline int sn__head_fail(sn__head *h, int status, const char *why) {
    h->error_status = status;
    h->error = why;
    return -1;
}

#endif
