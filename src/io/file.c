/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Open files. The calls block on the caller's stack; nothing here parks. What is sure to wait for a
 * device gives the P away first instead of waiting for the monitor: a sync always, a read when the
 * cache says that it has nothing. */
#include "io/sys.h"

#include <fcntl.h>
#include <sennit/file.h>
#include <sennit/go.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

struct sn_file {
    int fd;
    unsigned flags;   /* SN_F_… */
    atomic_bool deaf; /* this file's system cannot tell what is cached */
};

#define ALL_FLAGS (SN_F_READ | SN_F_WRITE | SN_F_CREATE | SN_F_EXCL | SN_F_TRUNC | SN_F_APPEND)
/* What makes no sense without writing. */
#define WRITE_FLAGS (SN_F_CREATE | SN_F_EXCL | SN_F_TRUNC | SN_F_APPEND)

/* The flags of open(2), or SN_EINVAL. */
static int open_flags(unsigned f) {
    if ((f & ~(unsigned)ALL_FLAGS) || !(f & (SN_F_READ | SN_F_WRITE))) return SN_EINVAL;
    if ((f & WRITE_FLAGS) && !(f & SN_F_WRITE)) return SN_EINVAL;
    if ((f & SN_F_EXCL) && !(f & SN_F_CREATE)) return SN_EINVAL;
    int o = !(f & SN_F_WRITE) ? O_RDONLY : f & SN_F_READ ? O_RDWR : O_WRONLY;
    if (f & SN_F_CREATE) o |= O_CREAT;
    if (f & SN_F_EXCL) o |= O_EXCL;
    if (f & SN_F_TRUNC) o |= O_TRUNC;
    if (f & SN_F_APPEND) o |= O_APPEND;
    return o;
}

int sn_file_open(sn_file **f, const char *path, unsigned flags) {
    *f = NULL;
    int o = open_flags(flags);
    int err = o < 0 ? o : sn_canceled();
    if (err) return err;
    sn_file *x = malloc(sizeof *x);
    if (!x) return SN_ENOMEM;
    x->fd = sn__sys_open(path, o, 0600);
    if (x->fd < 0) {
        err = x->fd;
        free(x);
        return err;
    }
    x->flags = flags;
    atomic_init(&x->deaf, false);
    *f = x;
    return 0;
}

void sn_file_close(sn_file *f) {
    if (!f) return;
    sn__sys_close(f->fd);
    free(f);
}

/* The n bytes at `at` must lie within what the kernel's offsets can say. */
static int begin(size_t n, uint64_t at, size_t *done) {
    *done = 0;
    if (at > INT64_MAX || n > INT64_MAX - at) return SN_EFBIG;
    return sn_canceled();
}

static ssize_t read_some(sn_file *f, void *buf, size_t n, uint64_t at) {
    if (!atomic_load_explicit(&f->deaf, memory_order_relaxed)) {
        ssize_t r = sn__sys_pread_cached(f->fd, buf, n, at);
        if (r == SN_ENOSYS)
            atomic_store_explicit(&f->deaf, true, memory_order_relaxed);
        else if (r != SN_EAGAIN)
            return r;
        else
            sn__sys_will_block();
    }
    return sn__sys_pread(f->fd, buf, n, at);
}

int sn_file_read(sn_file *f, void *buf, size_t n, uint64_t at, size_t *done) {
    int err = begin(n, at, done);
    if (err) return err;
    while (*done < n) {
        ssize_t r = read_some(f, (char *)buf + *done, n - *done, at + *done);
        if (r < 0) return (int)r;
        if (r == 0) break;
        *done += (size_t)r;
    }
    return 0;
}

int sn_file_write(sn_file *f, const void *buf, size_t n, uint64_t at, size_t *done) {
    int err = begin(n, at, done);
    if (err) return err;
    while (*done < n) {
        ssize_t r = sn__sys_pwrite(f->fd, (const char *)buf + *done, n - *done, at + *done);
        if (r < 0) return (int)r;
        if (r == 0) return SN_EIO; /* a device that takes nothing and says nothing */
        *done += (size_t)r;
    }
    return 0;
}

int sn_file_sync(sn_file *f) {
    int err = sn_canceled();
    if (err) return err;
    sn__sys_will_block();
    return sn__sys_fdatasync(f->fd);
}

int sn_file_lock(sn_file *f) {
    int err = sn_canceled();
    return err ? err : sn__sys_lock(f->fd, (f->flags & SN_F_WRITE) != 0);
}

int sn_file_truncate(sn_file *f, uint64_t size) {
    if (size > INT64_MAX) return SN_EFBIG;
    int err = sn_canceled();
    return err ? err : sn__sys_ftruncate(f->fd, size);
}

static void fill_info(sn_file_info *out, const struct stat *st) {
    out->size = (uint64_t)st->st_size;
    out->mtime_ms = (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000;
    out->is_dir = S_ISDIR(st->st_mode);
    out->is_file = S_ISREG(st->st_mode);
}

int sn_file_stat(sn_file *f, sn_file_info *out) {
    struct stat st;
    int err = sn_canceled();
    if (err == 0) err = sn__sys_fstat(f->fd, &st);
    if (err == 0) fill_info(out, &st);
    return err;
}

int sn_path_stat(const char *path, sn_file_info *out) {
    struct stat st;
    int err = sn_canceled();
    if (err == 0) err = sn__sys_stat(path, &st);
    if (err == 0) fill_info(out, &st);
    return err;
}
