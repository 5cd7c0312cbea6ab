/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reading lines about control groups. What is not as the kernel writes it is no answer. */
#include "port/os/linux/cgroup_line.h"

#include <stddef.h>
#include <string.h>

enum { MILLI_MAX = 1000000000 };

/* Copies up to one of `ends`, undoing the kernel's \ooo; NULL: no room. Else what follows. */
static const char *copy_field(const char *from, const char *ends, char *to, size_t room) {
    for (; *from && !strchr(ends, *from); to++) {
        if (room-- <= 1) return NULL;
        if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' &&
            from[2] <= '7' && from[3] >= '0' && from[3] <= '7') {
            *to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = 0;
    return from;
}

/* Whether `word` is one of the words of a list with commas, which ends at one of `ends`. */
static bool in_list(const char *list, const char *word, const char *ends) {
    size_t n = strlen(word);
    for (;;) {
        size_t len = strcspn(list, ",: \n");
        if (len == n && !memcmp(list, word, n)) return true;
        list += len;
        if (*list != ',' || strchr(ends, *list)) return false;
        list++;
    }
}

bool sn__cgroup_own(const char *line, bool v2, char path[SN__CGROUP_PATH]) {
    const char *list = strchr(line, ':');
    const char *at = list ? strchr(list + 1, ':') : NULL;
    if (!at) return false;
    bool mine = v2 ? !strncmp(line, "0::", 3) : in_list(list + 1, "cpu", ":\n");
    return mine && at[1] == '/' && copy_field(at + 1, "\n", path, SN__CGROUP_PATH);
}

static const char *skip_fields(const char *s, int n) {
    while (n-- && s) {
        s = strchr(s, ' ');
        if (s) s++;
    }
    return s;
}

/* id parent major:minor root point options [optional …] - type source super-options */
bool sn__cgroup_mount(const char *line, bool v2, char point[SN__CGROUP_PATH],
                      char root[SN__CGROUP_PATH]) {
    const char *tail = strstr(line, " - ");
    const char *at = skip_fields(line, 3);
    if (!tail || !at || at > tail) return false;
    tail += 3;
    const char *options = skip_fields(tail, 2);
    if (!options) return false;
    bool mine = v2 ? !strncmp(tail, "cgroup2 ", 8)
                   : !strncmp(tail, "cgroup ", 7) && in_list(options, "cpu", " \n");
    if (!mine) return false;
    at = copy_field(at, " \n", root, SN__CGROUP_PATH);
    if (!at || *at != ' ' || *root != '/') return false;
    return copy_field(at + 1, " \n", point, SN__CGROUP_PATH) && *point == '/';
}

bool sn__cgroup_folder(const char *point, const char *root, const char *path,
                       char folder[SN__CGROUP_PATH]) {
    size_t n = strcmp(root, "/") ? strlen(root) : 0;
    /* seen from outside of its namespace the path may lie beside the mount's root */
    bool below = !strncmp(path, root, n) && (path[n] == '/' || !path[n]) && !strstr(path, "/..");
    const char *rest = below && strcmp(path + n, "/") ? path + n : "";
    size_t a = strlen(point), b = strlen(rest);
    if (a + b >= SN__CGROUP_PATH) return false;
    memcpy(folder, point, a);
    memcpy(folder + a, rest, b + 1);
    return true;
}

/* Digits at *s, which moves on; false: there are none, or too many. */
static bool number(const char **s, uint64_t *n) {
    const char *at = *s;
    for (*n = 0; *at >= '0' && *at <= '9' && at - *s < 18; at++)
        *n = *n * 10 + (uint64_t)(*at - '0');
    bool any = at != *s && !(*at >= '0' && *at <= '9');
    *s = at;
    return any;
}

static uint32_t milli(uint64_t quota, uint64_t period) {
    if (!period || !quota) return 0;
    uint64_t cpus = quota / period, rest = quota % period;
    if (cpus >= MILLI_MAX / 1000 || rest > UINT64_MAX / 1000 - period) return MILLI_MAX;
    return (uint32_t)(cpus * 1000 + (rest * 1000 + period - 1) / period);
}

uint32_t sn__cgroup_max(const char *text) {
    uint64_t quota, period;
    if (!number(&text, &quota) || *text++ != ' ' || !number(&text, &period)) return 0;
    return milli(quota, period);
}

uint32_t sn__cgroup_quota(const char *quota, const char *period) {
    uint64_t q, p;
    if (!number(&quota, &q) || !number(&period, &p)) return 0; /* -1: no limit */
    return milli(q, p);
}
