/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Writes compact JSON into a growing buffer. Errors stick: check once, at the end. A value's
 * `key` is NULL inside an array. Never parks; one owner at a time. */
#ifndef FLEET_JSON_OUT_H
#define FLEET_JSON_OUT_H

#include <stddef.h>
#include <stdint.h>

#define JSON_OUT_DEPTH 16
/** Largest document that is written, bytes; beyond it the writer fails with SN_E2BIG. */
#define JSON_OUT_MAX (64u << 20)

struct json_out {
    char *buf;
    size_t len, cap;
    int err; /**< 0, SN_ENOMEM or SN_E2BIG */
    unsigned depth;
    char closer[JSON_OUT_DEPTH];
    unsigned char some[JSON_OUT_DEPTH]; /**< a value was written at this depth */
};

void json_out_init(struct json_out *j);
void json_out_free(struct json_out *j);
/** Opens an object or an array, and closes the innermost one. */
void json_out_object(struct json_out *j, const char *key);
void json_out_array(struct json_out *j, const char *key);
void json_out_close(struct json_out *j);
/** A string of n bytes; bytes that are not UTF-8 come out as U+FFFD. */
void json_out_strn(struct json_out *j, const char *key, const char *s, size_t n);
/** A string; NULL writes null. */
void json_out_str(struct json_out *j, const char *key, const char *s);
/** A string made as by printf, at most 2047 bytes. */
void json_out_fmt(struct json_out *j, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void json_out_int(struct json_out *j, const char *key, int64_t v);
/** A number that is an identifier, written as a string: "7". */
void json_out_id(struct json_out *j, const char *key, uint64_t v);
/** Six significant decimals; a value that is not finite writes null. */
void json_out_double(struct json_out *j, const char *key, double v);
void json_out_bool(struct json_out *j, const char *key, int v);
void json_out_null(struct json_out *j, const char *key);
/** Bytes that are JSON already. */
void json_out_raw(struct json_out *j, const char *key, const char *json, size_t n);

#endif
