/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "disk_ops.h"

#include <sennit/sennit.h>
#include <stdlib.h>
#include <string.h>

enum { OPEN = 4, NAMES = 64, BYTES = 20000 };

typedef struct ops {
    uint64_t random;
    FILE *out;
    sn_file *f[OPEN];
} ops;

static uint64_t draw(ops *o, uint64_t n) {
    uint64_t z = o->random += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) % n;
}

static const char *a_path(ops *o) {
    static const char *const paths[] = {
        "a",      "b",         "c",    "d",   "d/a",  "d/b",    "d/e",    "d/e/x",  "d/e/y",
        "d/../a", "./b",       "d//a", "a/x", "no/a", "d/e/..", "d/a/",   "d/",     ".",
        "",       "d/./e/./x", "d/e/", "f",   "f/a",  "f/a/b",  "f/../d", "a/../b", "d/e/../../c"};
    return paths[draw(o, sizeof paths / sizeof *paths)];
}

static uint64_t sum_of(const char *p, size_t n) {
    uint64_t h = 1469598103934665603u;
    for (size_t i = 0; i < n; i++) h = (h ^ (unsigned char)p[i]) * 1099511628211u;
    return h;
}

static void fill(ops *o, char *p, size_t n) {
    uint64_t r = draw(o, UINT64_MAX);
    for (size_t i = 0; i < n; i++) p[i] = (char)(r >> (i % 8 * 8)) ^ (char)i;
}

static void say(ops *o, const char *what, const char *path, int rc) {
    fprintf(o->out, "%s %s %s\n", what, path, rc ? sn_errname(rc) : "0");
}

/* ---- Paths ---- */

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

typedef struct names {
    char *name[NAMES];
    size_t n;
} names;

static int keep_name(void *arg, const char *name) {
    names *all = arg;
    if (all->n == NAMES) return SN_E2BIG;
    all->name[all->n++] = strdup(name);
    return 0;
}

static void do_list(ops *o) {
    const char *path = a_path(o);
    names all = {.n = 0};
    say(o, "list", path, sn_path_list(path, keep_name, &all));
    qsort(all.name, all.n, sizeof *all.name, by_name);
    for (size_t i = 0; i < all.n; i++) {
        fprintf(o->out, "  %s\n", all.name[i]);
        free(all.name[i]);
    }
}

static void do_stat(ops *o) {
    sn_file_info info;
    const char *path = a_path(o);
    int rc = sn_path_stat(path, &info);
    say(o, "stat", path, rc);
    if (rc == 0 && info.is_file) fprintf(o->out, "  %llu\n", (unsigned long long)info.size);
    if (rc == 0 && info.is_dir) fprintf(o->out, "  folder\n");
}

static void do_rename(ops *o) {
    const char *from = a_path(o), *to = a_path(o);
    fprintf(o->out, "from %s ", from);
    say(o, "rename", to, sn_path_rename(from, to));
}

static void do_remove(ops *o) {
    const char *path = a_path(o);
    say(o, "remove", path, sn_path_remove(path));
}

/* Entry by entry; how many, since their order is nobody's business. */
static void do_entries(ops *o) {
    sn_dir *d;
    const char *name, *path = a_path(o);
    int n = 0, rc = sn_dir_open(&d, path);
    while (rc == 0 && (rc = sn_dir_next(d, &name)) == 0 && name) n++;
    sn_dir_close(d);
    say(o, "entries", path, rc);
    fprintf(o->out, "  %d\n", n);
}

static void do_remove_tree(ops *o) {
    const char *path = a_path(o);
    if (path[0] == '/' || strstr(path, "..")) return; /* on the machine that would be too much */
    say(o, "remove tree", path, sn_path_remove_tree(path, 1000));
}

static void do_mkdir(ops *o) {
    const char *path = a_path(o);
    say(o, "mkdir", path, sn_path_mkdir(path));
}

static void do_path_sync(ops *o) {
    const char *path = a_path(o);
    say(o, "sync", path, sn_path_sync(path));
}

static void do_path_write(ops *o) {
    static char buf[BYTES];
    const char *path = a_path(o);
    size_t n = (size_t)draw(o, BYTES);
    fill(o, buf, n);
    say(o, "write", path, sn_path_write(path, buf, n));
}

static void do_path_read(ops *o) {
    char *buf;
    size_t n;
    const char *path = a_path(o);
    say(o, "read", path, sn_path_read(path, BYTES * 2, &buf, &n));
    fprintf(o->out, "  %zu %016llx\n", n, (unsigned long long)sum_of(buf, n));
    free(buf);
}

/* ---- Open files ---- */

static void do_open(ops *o) {
    static const unsigned flags[] = {SN_F_READ,
                                     SN_F_WRITE,
                                     SN_F_READ | SN_F_WRITE,
                                     SN_F_READ | SN_F_WRITE | SN_F_CREATE,
                                     SN_F_WRITE | SN_F_CREATE | SN_F_EXCL,
                                     SN_F_READ | SN_F_WRITE | SN_F_CREATE | SN_F_TRUNC,
                                     SN_F_READ | SN_F_WRITE | SN_F_CREATE | SN_F_APPEND};
    size_t i = (size_t)draw(o, OPEN), how = (size_t)draw(o, sizeof flags / sizeof *flags);
    const char *path = a_path(o);
    sn_file_close(o->f[i]);
    fprintf(o->out, "%zu flags %u ", i, flags[how]);
    say(o, "open", path, sn_file_open(&o->f[i], path, flags[how]));
}

static void do_file(ops *o) {
    static char buf[BYTES];
    size_t i = (size_t)draw(o, OPEN), n = (size_t)draw(o, BYTES), done = 0;
    uint64_t at = draw(o, BYTES), what = draw(o, 8);
    sn_file_info info = {0};
    sn_file *f = o->f[i];
    int rc;
    if (!f) return;
    fill(o, buf, n);
    if (what < 3) rc = sn_file_write(f, buf, n, at, &done);
    if (what >= 3 && what < 5) rc = sn_file_read(f, buf, n, at, &done);
    if (what == 5) rc = sn_file_truncate(f, at);
    if (what == 6) rc = sn_file_sync(f);
    if (what == 7) rc = sn_file_lock(f);
    fprintf(o->out, "%zu op %d: %s %zu %016llx", i, (int)what, sn_errname(rc), done,
            (unsigned long long)sum_of(buf, done));
    rc = sn_file_stat(f, &info);
    fprintf(o->out, " %d size %llu\n", rc, info.is_dir ? 0 : (unsigned long long)info.size);
}

void disk_ops(uint64_t seed, int n, FILE *out) {
    static void (*const all[])(ops *) = {
        do_list,    do_stat,       do_rename,    do_remove, do_mkdir, do_path_sync,
        do_entries, do_path_write, do_path_read, do_open,   do_open,  do_remove_tree,
        do_file,    do_file,       do_file,      do_file,   do_file,  do_file};
    ops o = {.random = seed, .out = out};
    while (n--) all[draw(&o, sizeof all / sizeof *all)](&o);
    for (size_t i = 0; i < OPEN; i++) sn_file_close(o.f[i]);
}
