/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * How much CPU time the process's control groups allow it. Both hierarchies may be there at once,
 * and each group up to the mount's root may have a limit: the least counts. All is read anew at
 * each question, so a process that is moved to another group is followed, too; some eight small
 * files, a few dozen microseconds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "port/os/linux/cgroup_line.h"
#include "port/port.h"

const char *sn__os_root = "";

enum { LEVELS_MAX = 64, PATH = SN__CGROUP_PATH };

/* A file below sn__os_root; NULL. */
static FILE *open_at(const char *folder, const char *name) {
    char path[2 * PATH];
    int n = snprintf(path, sizeof path, "%s%s/%s", sn__os_root, folder, name);
    return n > 0 && (size_t)n < sizeof path ? fopen(path, "re") : NULL;
}

/* Its first line; "" when there is none. */
static const char *first_line(const char *folder, const char *name, char *line, int room) {
    FILE *f = open_at(folder, name);
    line[0] = 0;
    if (!f) return line;
    if (!fgets(line, room, f)) line[0] = 0;
    fclose(f);
    return line;
}

/* Of the group in this folder alone. */
static uint32_t limit_at(const char *folder, bool v2) {
    char line[64], period[64];
    if (v2) return sn__cgroup_max(first_line(folder, "cpu.max", line, sizeof line));
    return sn__cgroup_quota(first_line(folder, "cpu.cfs_quota_us", line, sizeof line),
                            first_line(folder, "cpu.cfs_period_us", period, sizeof period));
}

static uint32_t least(uint32_t a, uint32_t b) { return !a || (b && b < a) ? b : a; }

static uint32_t limit_up_to(char *folder, size_t point, bool v2) {
    uint32_t limit = 0;
    for (int level = 0; level < LEVELS_MAX; level++) {
        limit = least(limit, limit_at(folder, v2));
        char *last = strrchr(folder, '/');
        if (!last || (size_t)(last - folder) < point) break;
        *last = 0;
    }
    return limit;
}

typedef struct places {
    bool v2, found;
    char own[PATH], point[PATH], root[PATH], folder[PATH];
} places;

static bool is_own(places *p, const char *line) { return sn__cgroup_own(line, p->v2, p->own); }
static bool is_mount(places *p, const char *line) {
    return sn__cgroup_mount(line, p->v2, p->point, p->root);
}

/* Whether some line of a file is the one. */
static bool some_line(places *p, const char *file, bool (*is)(places *, const char *)) {
    FILE *f = open_at("/proc/self", file);
    char *line = NULL;
    size_t room = 0;
    bool found = false;
    while (f && !found && getline(&line, &room, f) > 0) found = is(p, line);
    free(line);
    if (f) fclose(f);
    return found;
}

static uint32_t limit_in(places *p, bool v2) {
    p->v2 = v2;
    if (!some_line(p, "cgroup", is_own) || !some_line(p, "mountinfo", is_mount)) return 0;
    if (!sn__cgroup_folder(p->point, p->root, p->own, p->folder)) return 0;
    return limit_up_to(p->folder, strlen(p->point), v2);
}

uint32_t sn__os_cpu_limit(void) {
    places *p = malloc(sizeof *p);
    if (!p) return 0;
    uint32_t limit = least(limit_in(p, false), limit_in(p, true));
    free(p);
    return limit;
}
