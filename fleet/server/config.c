/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Options from flags, environment and one file: see config.h. */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <sennit/base.h>
#include <sennit/file.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (64u << 10)
#define ENV_PREFIX "SENNIT_FLEET_"

static int fail(struct config_error *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static int fail(struct config_error *err, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    return SN_EINVAL;
}

static const struct config_key *find(const struct config_key *keys, size_t n, const char *name,
                                     size_t len) {
    for (size_t i = 0; i < n; i++)
        if (!strncmp(keys[i].name, name, len) && !keys[i].name[len]) return &keys[i];
    return NULL;
}

/* Digits and one unit letter of `units`, each worth `worth`. 0 when it is not that. */
static int with_unit(const char *s, const char *units, const int64_t *worth, int64_t *out) {
    char *end;
    errno = 0;
    long long v = strtoll(s, &end, 10);
    if (end == s || errno || v < 0) return 0;
    int64_t unit = 1;
    if (*end) {
        const char *u = strchr(units, *end);
        if (!u || end[1]) return 0;
        unit = worth[u - units];
    }
    return !__builtin_mul_overflow((int64_t)v, unit, out);
}

static int number_of(const struct config_key *key, const char *s, int64_t *out) {
    static const int64_t seconds[] = {1, 60, 3600, 86400};
    static const int64_t bytes[] = {1 << 10, 1 << 20, 1 << 30};
    if (key->type == CONFIG_TIME) return with_unit(s, "smhd", seconds, out);
    if (key->type == CONFIG_SIZE) return with_unit(s, "KMG", bytes, out);
    return with_unit(s, "", NULL, out);
}

static int set_number(const struct config_key *key, void *at, const char *value, const char *where,
                      struct config_error *err) {
    int64_t v;
    if (!number_of(key, value, &v))
        return fail(err, "%s: %s wants %s, not \"%.60s\"", where, key->name, key->arg, value);
    if (v < key->min || v > key->max)
        return fail(err, "%s: %s is %lld, not between %lld and %lld", where, key->name,
                    (long long)v, (long long)key->min, (long long)key->max);
    memcpy(at, &v, sizeof v);
    return 0;
}

static int set_real(const struct config_key *key, void *at, const char *value, const char *where,
                    struct config_error *err) {
    char *end;
    double v = strtod(value, &end);
    if (end == value || *end || !isfinite(v) || v < (double)key->min || v > (double)key->max)
        return fail(err, "%s: %s wants a number between %lld and %lld, not \"%.60s\"", where,
                    key->name, (long long)key->min, (long long)key->max, value);
    memcpy(at, &v, sizeof v);
    return 0;
}

static int set_switch(const struct config_key *key, void *at, const char *value, const char *where,
                      struct config_error *err) {
    int on = !strcmp(value, "on"), off = !strcmp(value, "off");
    if (!on && !off)
        return fail(err, "%s: %s is on or off, not \"%.60s\"", where, key->name, value);
    memcpy(at, &on, sizeof on);
    return 0;
}

int config_set(const struct config_key *key, void *settings, const char *value, const char *where,
               struct config_error *err) {
    char *at = (char *)settings + key->at;
    switch (key->type) {
    case CONFIG_TEXT:
        if (strlen(value) >= (size_t)key->max)
            return fail(err, "%s: %s is longer than %lld bytes", where, key->name,
                        (long long)key->max - 1);
        snprintf(at, (size_t)key->max, "%s", value);
        return 0;
    case CONFIG_REAL:
        return set_real(key, at, value, where, err);
    case CONFIG_SWITCH:
        return set_switch(key, at, value, where, err);
    default:
        return set_number(key, at, value, where, err);
    }
}

static char *trim(char *s) {
    while (isspace((unsigned char)*s)) s++;
    char *end = s + strlen(s);
    while (end > s && isspace((unsigned char)end[-1])) end--;
    *end = 0;
    return s;
}

/* One line of a file, changed in place. Comments stand on lines of their own. */
static int file_line(const struct config_key *keys, size_t n, void *settings, char *line,
                     const char *where, struct config_error *err) {
    line = trim(line);
    if (!*line || *line == '#') return 0;
    char *eq = strchr(line, '=');
    if (!eq) return fail(err, "%s: not a line of the form key = value", where);
    *eq = 0;
    char *name = trim(line), *value = trim(eq + 1);
    const struct config_key *key = find(keys, n, name, strlen(name));
    if (!key || (key->flags & CONFIG_FLAG_ONLY))
        return fail(err, "%s: unknown key \"%.60s\"", where, name);
    return config_set(key, settings, value, where, err);
}

int config_file(const struct config_key *keys, size_t n, void *settings, const char *path,
                struct config_error *err) {
    char *text, where[300];
    size_t len;
    int rc = sn_path_read(path, FILE_MAX, &text, &len);
    if (rc) {
        fail(err, "%.200s: %s", path, sn_strerror(rc));
        return rc;
    }
    if (memchr(text, 0, len)) rc = fail(err, "%.200s: a NUL byte in it", path);
    unsigned number = 0;
    for (char *line = text, *next; !rc && line; line = next) {
        next = strchr(line, '\n');
        if (next) *next++ = 0;
        snprintf(where, sizeof where, "%.200s:%u", path, ++number);
        rc = file_line(keys, n, settings, line, where, err);
    }
    free(text);
    return rc;
}

static int environment(const struct config_key *keys, size_t n, void *settings,
                       struct config_error *err) {
    for (size_t i = 0; i < n; i++) {
        char name[80] = ENV_PREFIX;
        size_t at = strlen(name);
        for (const char *p = keys[i].name; *p && at < sizeof name - 1; p++)
            name[at++] = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
        const char *value = keys[i].flags & CONFIG_FLAG_ONLY ? NULL : getenv(name);
        int rc = value ? config_set(&keys[i], settings, value, name, err) : 0;
        if (rc) return rc;
    }
    return 0;
}

/* The flag at argv[i], and its value from behind "=" or the next word. How many words it took,
 * or SN_EINVAL. */
static int flag(const struct config_key *keys, size_t n, int argc, char **argv, int i,
                const struct config_key **key, const char **value, struct config_error *err) {
    const char *name = argv[i] + 2, *eq = strchr(name, '=');
    size_t len = eq ? (size_t)(eq - name) : strlen(name);
    *key = find(keys, n, name, len);
    if (!*key) return fail(err, "unknown option --%.*s", (int)(len > 60 ? 60 : len), name);
    if (eq) {
        *value = eq + 1;
        return 1;
    }
    if ((*key)->type == CONFIG_SWITCH) {
        *value = "on";
        return 1;
    }
    if (i + 1 >= argc) return fail(err, "--%s wants %s", (*key)->name, (*key)->arg);
    *value = argv[i + 1];
    return 2;
}

/* Walks the flags. With `only` set, applies that key alone (the config file comes first). */
static int flags(const struct config_key *keys, size_t n, void *settings, int argc, char **argv,
                 const char *only, const char **rest, int *nrest, struct config_error *err) {
    *nrest = 0;
    for (int i = 1; i < argc;) {
        if (strncmp(argv[i], "--", 2) || !argv[i][2]) {
            rest[(*nrest)++] = argv[i++];
            continue;
        }
        const struct config_key *key;
        const char *value = "";
        char where[80];
        int words = flag(keys, n, argc, argv, i, &key, &value, err);
        if (words < 0) return words;
        i += words;
        if (only && strcmp(only, key->name)) continue;
        snprintf(where, sizeof where, "--%s", key->name);
        int rc = config_set(key, settings, value, where, err);
        if (rc) return rc;
    }
    return 0;
}

int config_load(const struct config_key *keys, size_t n, void *settings, int argc, char **argv,
                const char **rest, int *nrest, struct config_error *err) {
    const struct config_key *file = find(keys, n, "config", strlen("config"));
    err->text[0] = 0;
    if (file) {
        char *path = (char *)settings + file->at;
        const char *env = getenv(ENV_PREFIX "CONFIG");
        int rc = env ? config_set(file, settings, env, ENV_PREFIX "CONFIG", err) : 0;
        if (!rc) rc = flags(keys, n, settings, argc, argv, "config", rest, nrest, err);
        if (!rc && *path) rc = config_file(keys, n, settings, path, err);
        if (rc) return rc;
    }
    int rc = environment(keys, n, settings, err);
    return rc ? rc : flags(keys, n, settings, argc, argv, NULL, rest, nrest, err);
}

void config_help(const struct config_key *keys, size_t n) {
    for (size_t i = 0; i < n; i++) {
        char head[80];
        snprintf(head, sizeof head, "--%s%s%s", keys[i].name,
                 keys[i].type == CONFIG_SWITCH ? "" : " ",
                 keys[i].type == CONFIG_SWITCH ? "" : keys[i].arg);
        printf("  %-28s %s\n", head, keys[i].help);
    }
}
