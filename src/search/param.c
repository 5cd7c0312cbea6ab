/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Parameters: what scenarios ask for, out of the spec that runs. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "search/number.h"
#include "search/once.h"

static const spec *used;
static _Atomic uint64_t *used_asked;
static void (*used_refuse)(const char *message);

void sn__params_use(const spec *s, _Atomic uint64_t *asked) {
    used = s;
    used_asked = asked;
}

void sn__params_refuse(void (*refuse)(const char *message)) { used_refuse = refuse; }

static const char *value_of(const char *name) {
    for (unsigned i = 0; used && i < used->params_n; i++) {
        if (strcmp(used->params[i].name, name)) continue;
        if (used_asked) atomic_fetch_or(used_asked, (uint64_t)1 << i);
        return used->params[i].value;
    }
    return NULL;
}

static _Noreturn void refuse(const char *name, const char *value, const char *wanted) {
    char text[SPEC_NAME + SPEC_TEXT + 128];
    snprintf(text, sizeof text, "parameter %s: '%s' is not %s", name, value, wanted);
    if (used_refuse) used_refuse(text);
    fprintf(stderr, "%s\n", text);
    exit(2);
}

int64_t sn_param_int(const char *name, int64_t otherwise) {
    const char *value = value_of(name);
    int64_t v = otherwise;
    if (value && !sn__read_int(value, &v)) refuse(name, value, "a whole number");
    return v;
}

sn_time sn_param_time(const char *name, sn_time otherwise) {
    const char *value = value_of(name);
    sn_time v = otherwise;
    if (value && !sn__read_time(value, &v)) refuse(name, value, "a time such as 90s or 1h30m");
    return v;
}

uint32_t sn_param_share(const char *name, uint32_t otherwise) {
    const char *value = value_of(name);
    uint32_t v = otherwise;
    if (value && !sn__read_share(value, &v))
        refuse(name, value, "a share such as 0.2%, 1e-3 or 0.05, in whole millionths");
    return v;
}

const char *sn_param_text(const char *name, const char *otherwise) {
    const char *value = value_of(name);
    return value ? value : otherwise;
}
