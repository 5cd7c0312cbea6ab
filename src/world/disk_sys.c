/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The file calls of src/io/sys.h on the caller's host's disk: what the kernel is to libsennit. So
 * src/io/file.c and path.c, with all that they promise, are the same in both libraries.
 *
 * Each call begins with a choice point and with the time that the device takes; then it happens as
 * a whole. A host that was frozen meanwhile sees SN_EIO, and nothing has happened. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "io/sys.h"
#include "world/disk.h"

enum { OPEN_MAX_ = 65536 };

static int begin(sn_host **h, sn_time latency) {
    *h = sn__sim_host();
    if (!*h) return SN_ENOSYS;
    sn__sim_delay(latency);
    return (*h)->frozen ? SN_EIO : 0;
}

static sn_time latency(void) {
    const sn_host *h = sn__sim_host();
    return h ? sn__disk_of(h)->how.latency : 0;
}

static int begin_at(const char *path, sn_host **h, place *p) {
    int err = begin(h, 0);
    return err ? err : sn__tree_find(sn__disk_of(*h), path, p);
}

static opened *file_of(const sn_host *h, int fd) { return &sn__disk_of(h)->files[fd]; }

/* What a path leads to has to be there, and to be a folder if there is a slash at the end. */
static int there(const place *p) {
    if (!p->found) return SN_ENOENT;
    return p->slash && !p->found->folder ? SN_ENOTDIR : 0;
}

/* ---- Opening ---- */

/* A free place among the open files. */
static int new_fd(disk *d) {
    size_t fd = 0;
    while (fd < d->files_n && d->files[fd].node) fd++;
    if (fd == OPEN_MAX_) return SN_EMFILE;
    if (fd < d->files_n) return (int)fd;
    size_t room = d->files_n;
    d->files = sn__disk_grow(d->files, d->files_n, &room, sizeof *d->files);
    memset(d->files + d->files_n, 0, (room - d->files_n) * sizeof *d->files);
    d->files_n = room;
    return (int)fd;
}

static void make_file(sn_host *h, place *p) {
    p->found = sn__tree_new(sn__disk_of(h), false);
    p->found->mtime = sn__sim_utc_ms(h);
    sn__tree_set(sn__disk_of(h), p, p->found);
    sn__disk_told(h, "disk.create", p->found, p->in->id);
}

/* What is there may be opened like this. */
static int may_open(const node *n, int flags) {
    if (flags & O_EXCL) return SN_EEXIST;
    if (n->folder && (flags & O_ACCMODE) != O_RDONLY) return SN_EISDIR;
    return !n->folder && (flags & O_DIRECTORY) ? SN_ENOTDIR : 0;
}

static int find_or_make(sn_host *h, const char *path, int flags, node **n) {
    place p;
    int err = sn__tree_find(sn__disk_of(h), path, &p);
    if (err) return err;
    if (p.slash && flags & O_CREAT) return SN_EISDIR;
    if (!p.found && flags & O_CREAT) {
        make_file(h, &p);
    } else {
        err = there(&p);
        if (err == 0) err = may_open(p.found, flags);
    }
    *n = p.found;
    return err;
}

int sn__sys_open(const char *path, int flags, unsigned mode) {
    sn_host *h;
    node *n;
    (void)mode;
    int err = begin(&h, 0);
    if (err) return err;
    int fd = new_fd(sn__disk_of(h));
    if (fd >= 0) err = find_or_make(h, path, flags, &n);
    if (fd < 0 || err) return fd < 0 ? fd : err;
    opened *f = file_of(h, fd);
    *f = (opened){.flags = flags, .path = strdup(path)};
    if (!f->path) return SN_ENOMEM;
    f->node = n;
    sn__tree_open(sn__disk_of(h), n);
    if (flags & O_TRUNC && n->data.size) sn__disk_truncate(h, n, 0);
    return fd;
}

static void give_lock(opened *f) {
    if (!f->locks) return;
    f->locks = false;
    if (--f->node->lockers == 0) f->node->lock = UNLOCKED;
}

void sn__sys_close(int fd) {
    sn_host *h = sn__sim_host();
    opened *f = file_of(h, fd);
    give_lock(f);
    sn__tree_close(sn__disk_of(h), f->node);
    free(f->path);
    *f = (opened){0};
}

int sn__sys_lock(int fd, int exclusive) {
    sn_host *h;
    int err = begin(&h, 0);
    if (err) return err;
    opened *f = file_of(h, fd);
    give_lock(f);
    if (f->node->lock == EXCLUSIVE || (exclusive && f->node->lock == SHARED)) return SN_EBUSY;
    f->node->lock = exclusive ? EXCLUSIVE : SHARED;
    f->node->lockers++;
    f->locks = true;
    return 0;
}

/* ---- Reading and writing ---- */

static void rot(sn_host *h, node *n, uint64_t at, size_t bytes) {
    uint64_t r = sn__sim_world_random();
    sn__data_flip(&n->data, at + (r >> 3) % bytes, r & 7);
    sn__tree_charge(sn__disk_of(h), n);
    sn__disk_told(h, "disk.flip", n, at + (r >> 3) % bytes);
}

ssize_t sn__sys_pread(int fd, void *buf, size_t n, uint64_t at) {
    sn_host *h;
    int err = begin(&h, latency());
    if (err) return err;
    const sn_disk *how = &sn__disk_of(h)->how;
    node *file = file_of(h, fd)->node;
    if ((file_of(h, fd)->flags & O_ACCMODE) == O_WRONLY) return SN_EBADF;
    if (file->folder) return SN_EISDIR;
    if (sn__sim_chance(how->fail_read)) {
        sn__disk_told(h, "disk.fail_read", file, at);
        return SN_EIO;
    }
    size_t there = at < file->data.size ? (size_t)(file->data.size - at) : 0;
    if (there > n) there = n;
    if (there && sn__sim_chance(how->flip)) rot(h, file, at, there);
    return (ssize_t)sn__data_read(&file->data, buf, n, at);
}

ssize_t sn__sys_read(int fd, void *buf, size_t n) {
    ssize_t r = sn__sys_pread(fd, buf, n, file_of(sn__sim_host(), fd)->at);
    if (r > 0) file_of(sn__sim_host(), fd)->at += (uint64_t)r;
    return r;
}

/* As write(2): what fits is written; SN_ENOSPC only when that is nothing. */
static ssize_t write_some(sn_host *h, node *file, const void *buf, size_t n, uint64_t at) {
    if (at >= FILE_MAX || n > FILE_MAX - at) return SN_EFBIG;
    size_t done = n ? sn__disk_write(h, file, buf, n, at) : 0;
    return n && !done ? SN_ENOSPC : (ssize_t)done;
}

/* Time that passes for one does not stop others. */
ssize_t sn__sys_pread_cached(int fd, void *buf, size_t n, uint64_t at) {
    return sn__sys_pread(fd, buf, n, at);
}

void sn__sys_will_block(void) {}

ssize_t sn__sys_pwrite(int fd, const void *buf, size_t n, uint64_t at) {
    sn_host *h;
    int err = begin(&h, latency());
    if (err) return err;
    const opened *f = file_of(h, fd);
    if ((f->flags & O_ACCMODE) == O_RDONLY) return SN_EBADF;
    if (f->flags & O_APPEND) at = f->node->data.size;
    if (!sn__sim_chance(sn__disk_of(h)->how.fail_write)) return write_some(h, f->node, buf, n, at);
    sn__disk_told(h, "disk.fail_write", f->node, at);
    size_t part = (size_t)(sn__sim_world_random() % (n + 1));
    (void)write_some(h, f->node, buf, part, at);
    return SN_EIO;
}

int sn__sys_ftruncate(int fd, uint64_t size) {
    sn_host *h;
    int err = begin(&h, latency());
    if (err) return err;
    const opened *f = file_of(h, fd);
    if ((f->flags & O_ACCMODE) == O_RDONLY) return SN_EINVAL;
    if (size > FILE_MAX) return SN_EFBIG;
    if (size != f->node->data.size) sn__disk_truncate(h, f->node, size);
    return 0;
}

/* ---- Syncing ---- */

/* One sync of a file at a time; the others wait for it and then do their own. */
static int my_turn(sn_host *h, node *n) {
    uint32_t was = sn_shield(1);
    while (!h->frozen && n->data.syncing) {
        if (sn__sim_wait(&n->syncs, SN_NEVER, SN__R_IO)) break;
    }
    (void)sn_shield(was);
    return h->frozen ? SN_EIO : 0;
}

enum outcome { SYNCED, LIED, FAILED };

static enum outcome draw_outcome(const sn_disk *how) {
    if (sn__sim_chance(how->fail_sync)) return FAILED;
    return sn__sim_chance(how->lie) ? LIED : SYNCED;
}

static void finish(sn_host *h, node *n, enum outcome o) {
    disk *d = sn__disk_of(h);
    static const char *const what[] = {
        [SYNCED] = "disk.synced", [LIED] = "disk.lie", [FAILED] = "disk.fail_sync"};
    sn__disk_told(h, what[o], n, n->data.flight.n);
    if (o == SYNCED) {
        sn__data_sync_end(&n->data);
        if (n->entry) sn__tree_commit(d, n->entry);
    } else if (o == LIED) {
        sn__data_sync_nothing(&n->data);
    } else {
        sn__data_sync_lose(&n->data);
        sn__tree_charge(d, n);
    }
}

static int sync_file(sn_host *h, node *n) {
    const sn_disk *how = &sn__disk_of(h)->how;
    int err = my_turn(h, n);
    if (err) return err;
    sn__disk_told(h, "disk.sync", n, sn__data_sync_begin(&n->data));
    if (how->sync) sn__sim_delay(how->sync);
    enum outcome o = LIED;
    if (!h->frozen) {
        o = draw_outcome(how);
        finish(h, n, o);
    } else if (n->data.syncing) { /* the process was killed: what it wrote is in the cache */
        sn__data_sync_nothing(&n->data);
    }
    sn__sim_wake(&n->syncs);
    return h->frozen || o == FAILED ? SN_EIO : 0;
}

static int sync_folder(sn_host *h, node *n) {
    const sn_disk *how = &sn__disk_of(h)->how;
    sn__sim_delay(how->sync);
    if (h->frozen) return SN_EIO;
    enum outcome o = draw_outcome(how);
    sn__disk_told(h, "disk.sync_folder", n, o);
    if (o == SYNCED) sn__tree_commit_all(sn__disk_of(h), n);
    return o == FAILED ? SN_EIO : 0;
}

int sn__sys_fsync(int fd) {
    sn_host *h;
    int err = begin(&h, 0);
    if (err) return err;
    node *n = file_of(h, fd)->node;
    return n->folder ? sync_folder(h, n) : sync_file(h, n);
}

int sn__sys_fdatasync(int fd) { return sn__sys_fsync(fd); }

/* ---- Names ---- */

static void fill(struct stat *st, const node *n) {
    *st =
        (struct stat){.st_mode = n->folder ? S_IFDIR | 0700 : S_IFREG | 0600,
                      .st_size = (off_t)n->data.size,
                      .st_mtim = {.tv_sec = n->mtime / 1000, .tv_nsec = n->mtime % 1000 * 1000000}};
}

int sn__sys_fstat(int fd, struct stat *st) {
    sn_host *h;
    int err = begin(&h, 0);
    if (err == 0) fill(st, file_of(h, fd)->node);
    return err;
}

int sn__sys_stat(const char *path, struct stat *st) {
    sn_host *h;
    place p;
    int err = begin_at(path, &h, &p);
    if (err == 0) err = there(&p);
    if (err == 0) fill(st, p.found);
    return err;
}

/* Modes are not kept: a host has one user. */
int sn__sys_fchmod(int fd, unsigned mode) {
    sn_host *h;
    (void)fd;
    (void)mode;
    return begin(&h, 0);
}

/* In the order in which Linux looks. */
static int may_rename(const place *from, const place *to) {
    if (!from->in || !to->in) return SN_EBUSY; /* the root, "." or ".." */
    if (!from->found) return SN_ENOENT;
    bool folder = from->found->folder;
    if (!folder && (from->slash || to->slash)) return SN_ENOTDIR;
    if (folder && sn__tree_inside(to->in, from->found)) return SN_EINVAL;
    if (to->found && sn__tree_inside(from->in, to->found)) return SN_EBUSY;
    if (!to->found) return 0;
    if (folder != to->found->folder) return folder ? SN_ENOTDIR : SN_EISDIR;
    return from->found != to->found && sn__tree_count(to->found) ? SN_EBUSY : 0;
}

int sn__sys_rename(const char *from, const char *to) {
    sn_host *h;
    place a, b;
    int err = begin_at(from, &h, &a);
    if (err == 0) err = sn__tree_find(sn__disk_of(h), to, &b);
    if (err == 0) err = may_rename(&a, &b);
    if (err || a.found == b.found) return err;
    sn__disk_told(h, "disk.rename", a.found, b.in->id);
    sn__tree_move(sn__disk_of(h), &a, &b);
    return 0;
}

int sn__sys_remove(const char *path) {
    sn_host *h;
    place p;
    int err = begin_at(path, &h, &p);
    if (err) return err;
    err = there(&p);
    if (err) return err;
    if (!p.in) return p.len == 1 ? SN_EINVAL : SN_EBUSY; /* "."; "..", the root */
    if (p.found->folder && sn__tree_count(p.found)) return SN_EBUSY;
    sn__disk_told(h, "disk.remove", p.found, p.in->id);
    sn__tree_set(sn__disk_of(h), &p, NULL);
    return 0;
}

int sn__sys_mkdir(const char *path, unsigned mode) {
    sn_host *h;
    place p;
    (void)mode;
    int err = begin_at(path, &h, &p);
    if (err == 0 && p.found) err = SN_EEXIST;
    if (err) return err;
    node *n = sn__tree_new(sn__disk_of(h), true);
    n->mtime = sn__sim_utc_ms(h);
    sn__tree_set(sn__disk_of(h), &p, n);
    sn__disk_told(h, "disk.mkdir", n, p.in->id);
    return 0;
}

/* ---- Listing ---- */

/* The names as they were when the listing began, in an order that nobody should rely on. */
typedef struct listing {
    size_t n, next;
    char *names[];
} listing;

static void shuffle(listing *l) {
    for (size_t i = l->n; i > 1; i--) {
        size_t with = (size_t)(sn__sim_world_random() % i);
        char *name = l->names[i - 1];
        l->names[i - 1] = l->names[with];
        l->names[with] = name;
    }
}

int sn__sys_opendir(const char *path, DIR **d) {
    sn_host *h;
    place p;
    *d = NULL;
    int err = begin_at(path, &h, &p);
    if (err) return err;
    if (!p.found) return SN_ENOENT;
    if (!p.found->folder) return SN_ENOTDIR;
    listing *l = sn__disk_alloc(sizeof *l + p.found->n * sizeof *l->names);
    *l = (listing){0};
    for (size_t i = 0; i < p.found->n; i++) {
        const entry *e = p.found->entries[i];
        if (!e->now) continue;
        size_t size = strlen(e->name) + 1;
        l->names[l->n++] = memcpy(sn__disk_alloc(size), e->name, size);
    }
    shuffle(l);
    *d = (DIR *)(void *)l;
    return 0;
}

int sn__sys_readdir(DIR *d, const char **name) {
    listing *l = (listing *)(void *)d;
    const sn_host *h = sn__sim_host();
    *name = NULL;
    if (h && h->frozen) return SN_EIO;
    if (l->next < l->n) *name = l->names[l->next++];
    return 0;
}

void sn__sys_closedir(DIR *d) {
    listing *l = (listing *)(void *)d;
    for (size_t i = 0; i < l->n; i++) free(l->names[i]);
    free(l);
}
