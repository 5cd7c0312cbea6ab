/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Names of files: renaming, removing, folders, and whole files in one call. A change of a folder
 * is durable only when the folder itself has been synced. */
#include "io/sys.h"

#include <fcntl.h>
#include <sennit/file.h>
#include <sennit/go.h>
#include <sennit/time.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Length of the folder's part of `path`: 0 for none ("name"), 1 for the root ("/name"). A slash at
 * the end belongs to the name. */
static size_t folder_len(const char *path) {
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/') n--;
    while (n > 0 && path[n - 1] != '/') n--;
    while (n > 1 && path[n - 1] == '/') n--;
    return n;
}

static int sync_this(const char *folder) {
    int fd = sn__sys_open(folder, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0) return fd;
    int err = sn__sys_fsync(fd);
    sn__sys_close(fd);
    return err;
}

/* Syncs the folder that `path` is an entry of. */
static int sync_folder(const char *path) {
    size_t n = folder_len(path);
    char *folder = n ? strndup(path, n) : strdup(".");
    if (!folder) return SN_ENOMEM;
    int err = sync_this(folder);
    free(folder);
    return err;
}

int sn_path_sync(const char *path) {
    int err = sn_canceled();
    return err ? err : sync_this(path);
}

static int same_folder(const char *a, const char *b) {
    size_t n = folder_len(a);
    return n == folder_len(b) && memcmp(a, b, n) == 0;
}

int sn_path_rename(const char *from, const char *to) {
    int err = sn_canceled();
    if (err == 0) err = sn__sys_rename(from, to);
    if (err == 0) err = sync_folder(to);
    if (err == 0 && !same_folder(from, to)) err = sync_folder(from);
    return err;
}

int sn_path_remove(const char *path) {
    int err = sn_canceled();
    return err ? err : sn__sys_remove(path);
}

int sn_path_mkdir(const char *path) {
    int err = sn_canceled();
    if (err == 0) err = sn__sys_mkdir(path, 0700);
    return err ? err : sync_folder(path);
}

struct sn_dir {
    DIR *d;
};

int sn_dir_open(sn_dir **d, const char *path) {
    *d = NULL;
    int err = sn_canceled();
    if (err) return err;
    sn_dir *x = malloc(sizeof *x);
    if (!x) return SN_ENOMEM;
    err = sn__sys_opendir(path, &x->d);
    if (err)
        free(x);
    else
        *d = x;
    return err;
}

static int is_dots(const char *name) {
    return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

int sn_dir_next(sn_dir *d, const char **name) {
    *name = NULL;
    int err = sn_canceled();
    if (err) return err;
    do {
        err = sn__sys_readdir(d->d, name);
    } while (!err && *name && is_dots(*name));
    return err;
}

void sn_dir_close(sn_dir *d) {
    if (!d) return;
    sn__sys_closedir(d->d);
    free(d);
}

static int list_all(DIR *d, int (*each)(void *arg, const char *name), void *arg) {
    for (;;) {
        const char *name;
        int r = sn__sys_readdir(d, &name);
        if (r || !name) return r;
        if (is_dots(name)) continue;
        r = each(arg, name);
        if (r) return r;
    }
}

int sn_path_list(const char *path, int (*each)(void *arg, const char *name), void *arg) {
    DIR *d;
    int err = sn_canceled();
    if (err == 0) err = sn__sys_opendir(path, &d);
    if (err) return err;
    err = list_all(d, each, arg);
    sn__sys_closedir(d);
    return err;
}

/* Reads to the end into *buf, which has room for `room` and grows up to max + 1: one byte more
 * than allowed tells "exactly max" from "longer". */
static int read_all(int fd, size_t max, size_t room, char **buf, size_t *n) {
    for (;;) {
        if (*n == room) {
            room = room > max / 2 ? max + 1 : room * 2;
            char *more = realloc(*buf, room + 1);
            if (!more) return SN_ENOMEM;
            *buf = more;
        }
        ssize_t r = sn__sys_read(fd, *buf + *n, room - *n);
        if (r < 0) return (int)r;
        if (r == 0) break;
        *n += (size_t)r;
        if (*n > max) return SN_EFBIG;
    }
    (*buf)[*n] = 0;
    return 0;
}

/* Files that say their size are read in one go; those of /proc say 0. */
static int read_fd(int fd, size_t max, char **buf, size_t *n) {
    struct stat st;
    int err = sn__sys_fstat(fd, &st);
    if (err) return err;
    if (S_ISDIR(st.st_mode)) return SN_EISDIR;
    if (st.st_size > 0 && (uint64_t)st.st_size > max) return SN_EFBIG;
    size_t room = st.st_size > 0 ? (size_t)st.st_size + 1 : 512;
    if (room > max + 1) room = max + 1;
    *buf = malloc(room + 1);
    if (!*buf) return SN_ENOMEM;
    return read_all(fd, max, room, buf, n);
}

int sn_path_read(const char *path, size_t max, char **buf, size_t *n) {
    *buf = NULL;
    *n = 0;
    if (max > SIZE_MAX / 2) return SN_EINVAL;
    int err = sn_canceled();
    if (err) return err;
    int fd = sn__sys_open(path, O_RDONLY, 0);
    if (fd < 0) return fd;
    err = read_fd(fd, max, buf, n);
    sn__sys_close(fd);
    if (err) {
        free(*buf);
        *buf = NULL;
        *n = 0;
    }
    return err;
}

/* "<path>.<16 hex digits>.tmp": beside it, so that the rename stays in one file system. */
static char *temporary(const char *path) {
    size_t room = strlen(path) + 24;
    char *t = malloc(room);
    uint64_t r;
    sn_random(&r, sizeof r);
    if (t) snprintf(t, room, "%s.%016llx.tmp", path, (unsigned long long)r);
    return t;
}

static int write_fd(int fd, const char *buf, size_t n) {
    for (size_t at = 0; at < n;) {
        ssize_t r = sn__sys_pwrite(fd, buf + at, n - at, at);
        if (r < 0) return (int)r;
        if (r == 0) return SN_EIO;
        at += (size_t)r;
    }
    return sn__sys_fsync(fd);
}

/* Makes the temporary with the mode of `path` if that exists. */
static int write_temporary(const char *tmp, const char *path, const void *buf, size_t n) {
    struct stat st;
    int fd = sn__sys_open(tmp, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd < 0) return fd;
    int err = 0;
    if (sn__sys_stat(path, &st) == 0) err = sn__sys_fchmod(fd, st.st_mode & 07777);
    if (err == 0) err = write_fd(fd, buf, n);
    sn__sys_close(fd);
    return err;
}

int sn_path_write(const char *path, const void *buf, size_t n) {
    int err = sn_canceled();
    if (err) return err;
    char *tmp = temporary(path);
    if (!tmp) return SN_ENOMEM;
    err = write_temporary(tmp, path, buf, n);
    if (err == 0) err = sn__sys_rename(tmp, path);
    if (err && err != SN_EEXIST) (void)sn__sys_remove(tmp);
    if (err == 0) err = sync_folder(path);
    free(tmp);
    return err;
}
