/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Removing a folder with all that is in it. Depth first, with one path that grows and shrinks; what
 * is a folder shows when removing it finds it not empty, so a link is removed and never followed.
 */
#include "io/sys.h"

#include <sennit/file.h>
#include <sennit/go.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_ROOM = 4096 };

typedef struct tree {
    size_t left; /* entries that may still be removed */
    size_t len;
    unsigned depth;
    char path[];
} tree;

static int remove_here(tree *t);

/* `name` in the folder at t->path. */
static int remove_in(tree *t, const char *name) {
    size_t was = t->len, n = strlen(name);
    if (was + n + 2 > PATH_ROOM) return SN_EINVAL;
    t->path[was] = '/';
    memcpy(t->path + was + 1, name, n + 1);
    t->len = was + 1 + n;
    int err = remove_here(t);
    t->len = was;
    t->path[was] = 0;
    return err == SN_ENOENT ? 0 : err; /* somebody else was quicker */
}

static int empty(tree *t) {
    sn_dir *d;
    const char *name;
    if (t->depth == SN_TREE_DEPTH) return SN_E2BIG;
    int err = sn_dir_open(&d, t->path);
    if (err) return err;
    t->depth++;
    while ((err = sn_dir_next(d, &name)) == 0 && name && (err = remove_in(t, name)) == 0) continue;
    t->depth--;
    sn_dir_close(d);
    return err;
}

static int remove_here(tree *t) {
    if (t->left == 0) return SN_E2BIG;
    int err = sn__sys_remove(t->path);
    if (err == SN_EBUSY && (err = empty(t)) == 0) {
        if (t->left == 0) return SN_E2BIG;
        err = sn__sys_remove(t->path);
    }
    if (err == 0) t->left--;
    return err;
}

/* What must not be emptied by mistake: the root, "." and "..", however one says them. */
static int is_special(const char *path, size_t n) {
    size_t last = n;
    while (last > 0 && path[last - 1] != '/') last--;
    const char *name = path + last;
    size_t len = n - last;
    return len == 0 || (len <= 2 && memcmp(name, "..", len) == 0);
}

int sn_path_remove_tree(const char *path, size_t max) {
    size_t n = strlen(path);
    int err = sn_canceled();
    if (err) return err;
    while (n > 1 && path[n - 1] == '/') n--;
    if (n == 0 || n >= PATH_ROOM) return n ? SN_EINVAL : SN_ENOENT;
    if (is_special(path, n)) return SN_EINVAL;
    tree *t = malloc(sizeof *t + PATH_ROOM);
    if (!t) return SN_ENOMEM;
    *t = (tree){.left = max, .len = n};
    memcpy(t->path, path, n);
    t->path[n] = 0;
    err = remove_here(t);
    free(t);
    return err;
}
