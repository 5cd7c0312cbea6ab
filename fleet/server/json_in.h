/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reads JSON that others sent: bounded in size and depth before the parser sees it. Getters
 * never fail on a wrong type: the field then counts as absent, unless the caller asks. */
#ifndef FLEET_JSON_IN_H
#define FLEET_JSON_IN_H

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_IN_DEPTH 16

/**
 * Parses n bytes, which must be one JSON value and nothing after it. NULL when they are not;
 * *why then says in words what was wrong (static storage). Free with cJSON_Delete. Never parks.
 */
cJSON *json_in_parse(const char *text, size_t n, const char **why);
/** As json_in_parse, and the value must be an object. */
cJSON *json_in_object(const char *text, size_t n, const char **why);
/** Member `key` of object `o`: NULL when o is no object or has none. */
const cJSON *json_in_get(const cJSON *o, const char *key);
/** The member's text, NULL when absent or not a string. Owned by `o`. */
const char *json_in_str(const cJSON *o, const char *key);
/** 1 and *v when the member is a whole number within ±2^53 (as a number or as digits in a
 *  string); 0 otherwise. */
int json_in_int(const cJSON *o, const char *key, int64_t *v);
/** 1 and *v when the member is a number; 0 otherwise. */
int json_in_double(const cJSON *o, const char *key, double *v);
/** 1 or 0 when the member is a boolean, else `otherwise`. */
int json_in_bool(const cJSON *o, const char *key, int otherwise);

#endif
