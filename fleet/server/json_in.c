/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The JSON reader: a depth check of our own in front of cJSON, which recurses. */
#include "json_in.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Nesting outside strings; -1 when a byte cannot be part of a text at all. */
static int depth_of(const char *s, size_t n) {
    int depth = 0, deepest = 0, in_string = 0;
    for (size_t i = 0; i < n; i++) {
        char c = s[i];
        if (c == 0) return -1;
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = 0;
        } else if (c == '"') {
            in_string = 1;
        } else if (c == '{' || c == '[') {
            if (++depth > deepest) deepest = depth;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return deepest;
}

cJSON *json_in_parse(const char *text, size_t n, const char **why) {
    int depth = depth_of(text, n);
    *why = depth < 0               ? "a NUL byte in JSON"
           : depth > JSON_IN_DEPTH ? "JSON nested deeper than 16 levels"
                                   : "not valid JSON";
    if (depth < 0 || depth > JSON_IN_DEPTH) return NULL;
    const char *end = NULL;
    cJSON *v = cJSON_ParseWithLengthOpts(text, n, &end, 0);
    if (!v) return NULL;
    while (end < text + n && strchr(" \t\r\n", *end)) end++;
    if (end == text + n) return v;
    *why = "something after the JSON value";
    cJSON_Delete(v);
    return NULL;
}

cJSON *json_in_object(const char *text, size_t n, const char **why) {
    cJSON *v = json_in_parse(text, n, why);
    if (!v || cJSON_IsObject(v)) return v;
    *why = "the body is not a JSON object";
    cJSON_Delete(v);
    return NULL;
}

const cJSON *json_in_get(const cJSON *o, const char *key) {
    return cJSON_IsObject(o) ? cJSON_GetObjectItemCaseSensitive(o, key) : NULL;
}

const char *json_in_str(const cJSON *o, const char *key) {
    const cJSON *v = json_in_get(o, key);
    return cJSON_IsString(v) ? v->valuestring : NULL;
}

static int int_of_text(const char *s, int64_t *v) {
    char *end;
    errno = 0;
    long long n = strtoll(s, &end, 10);
    if (errno || end == s || *end || n > (1LL << 53) || n < -(1LL << 53)) return 0;
    *v = n;
    return 1;
}

int json_in_int(const cJSON *o, const char *key, int64_t *v) {
    const cJSON *m = json_in_get(o, key);
    if (cJSON_IsString(m)) return int_of_text(m->valuestring, v);
    if (!cJSON_IsNumber(m) || fabs(m->valuedouble) > 9007199254740992.0 ||
        floor(m->valuedouble) != m->valuedouble)
        return 0;
    *v = (int64_t)m->valuedouble;
    return 1;
}

int json_in_double(const cJSON *o, const char *key, double *v) {
    const cJSON *m = json_in_get(o, key);
    if (!cJSON_IsNumber(m) || !isfinite(m->valuedouble)) return 0;
    *v = m->valuedouble;
    return 1;
}

int json_in_bool(const cJSON *o, const char *key, int otherwise) {
    const cJSON *m = json_in_get(o, key);
    return cJSON_IsBool(m) ? cJSON_IsTrue(m) : otherwise;
}
