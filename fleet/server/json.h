/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Writes JSON into a growing buffer. Commas come by themselves; strings are escaped; bytes that
 * are no UTF-8 become U+FFFD. Running out of memory is remembered and told once, by json_done. */
#ifndef FLEET_JSON_H
#define FLEET_JSON_H

#include <stddef.h>
#include <stdint.h>

/** Zero bytes are a valid start ("json j = {0}"). */
typedef struct json {
    char *buf;
    size_t len, cap;
    int err;
    int comma; /**< the next value needs a comma before it */
} json;

/** Opens and closes an object or an array: as a value, or under a key (NULL: no key). */
void json_obj(json *j, const char *key);
void json_obj_end(json *j);
void json_arr(json *j, const char *key);
void json_arr_end(json *j);
/** Values; `key` NULL inside arrays. A NULL string is written as null. */
void json_str(json *j, const char *key, const char *s);
void json_strn(json *j, const char *key, const char *s, size_t n);
void json_int(json *j, const char *key, int64_t v);
/** A number with up to six decimals, "0.05". Not finite: null. */
void json_num(json *j, const char *key, double v);
void json_bool(json *j, const char *key, int v);
void json_null(json *j, const char *key);
/** Text that is JSON already, as it is. */
void json_raw(json *j, const char *key, const char *text, size_t n);
/** A string formatted as printf does (at most 1 KiB; longer is cut). */
void json_fmt(json *j, const char *key, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/**
 * The text, terminated by a 0; the caller frees it. NULL when memory ran out. `n` (may be NULL)
 * gets the length. The writer is empty afterwards and may be used again.
 */
char *json_done(json *j, size_t *n);
/** Throws the text away. */
void json_free(json *j);

#endif
