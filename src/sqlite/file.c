/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SQLite's files on sn_file_*. Each call is shielded: a cancel must not leave half a transaction,
 * or keep one from being rolled back. */
#include <sennit/go.h>
#include <sennit/sqlite.h>
#include <sennit/time.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sqlite/vfs.h"

enum { SECTOR_BYTES = 4096, NAME_MAX_BYTES = 64 };

static handle *of(sqlite3_file *f) { return (handle *)f; }

/* ---- Opening and closing ---- */

static unsigned flags_of(int flags) {
    unsigned f = SN_F_READ;
    if (flags & SQLITE_OPEN_READWRITE) f |= SN_F_WRITE;
    if (flags & SQLITE_OPEN_CREATE) f |= SN_F_CREATE;
    if (flags & SQLITE_OPEN_EXCLUSIVE && flags & SQLITE_OPEN_CREATE) f |= SN_F_EXCL;
    return f;
}

static bool refused(int err) { return err == SN_EACCES || err == SN_EROFS || err == SN_EPERM; }

static int cannot_open(int err) {
    if (err == SN_ENOMEM) return SQLITE_NOMEM;
    return err == SN_EISDIR ? SQLITE_CANTOPEN_ISDIR : SQLITE_CANTOPEN;
}

static bool is_folder(const char *path) {
    sn_file_info info;
    return sn_path_stat(path, &info) == 0 && info.is_dir;
}

/* A file that has lost its name at once: nobody finds it, and it goes when it is closed. */
static int open_nameless(sn_file **f) {
    static const char *const folders[] = {"/var/tmp", "/tmp"};
    const char *in = ".";
    char path[NAME_MAX_BYTES];
    uint64_t r;
    for (size_t i = 2; i-- > 0;)
        if (is_folder(folders[i])) in = folders[i];
    sn_random(&r, sizeof r);
    snprintf(path, sizeof path, "%s/sqlite-%016llx", in, (unsigned long long)r);
    int err = sn_file_open(f, path, SN_F_READ | SN_F_WRITE | SN_F_CREATE | SN_F_EXCL);
    if (err == 0) err = sn_path_remove(path);
    if (err) {
        sn_file_close(*f);
        *f = NULL;
    }
    return err;
}

static int open_path(handle *h, int flags, int *out) {
    int err = sn_file_open(&h->file, h->path, flags_of(flags));
    *out = flags;
    if (refused(err) && flags & SQLITE_OPEN_READWRITE) {
        const int writing = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
        *out = (flags & ~writing) | SQLITE_OPEN_READONLY;
        err = sn_file_open(&h->file, h->path, SN_F_READ);
    }
    const int journals = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL;
    h->new_name = flags & SQLITE_OPEN_CREATE && flags & (journals | SQLITE_OPEN_MAIN_DB);
    h->delete_on_close = flags & SQLITE_OPEN_DELETEONCLOSE;
    return err;
}

int sn__sqlite_open(handle *h, int flags, int *out) {
    uint32_t was = sn_shield(1);
    *out = flags;
    int err = h->path ? open_path(h, flags, out) : open_nameless(&h->file);
    int rc = err ? cannot_open(err) : SQLITE_OK;
    if (rc == SQLITE_OK && flags & SQLITE_OPEN_MAIN_DB) rc = sn__shared_join(h);
    if (rc != SQLITE_OK) {
        sn_file_close(h->file);
        h->file = NULL;
    } else {
        h->base.pMethods = &sn__sqlite_file;
    }
    (void)sn_shield(was);
    return rc;
}

static int f_close(sqlite3_file *f) {
    handle *h = of(f);
    uint32_t was = sn_shield(1);
    sn__shared_leave(h);
    sn_file_close(h->file);
    if (h->delete_on_close && sn_path_remove(h->path)) {
        /* a leftover file that nobody will look for */
    }
    (void)sn_shield(was);
    return SQLITE_OK;
}

/* ---- Content ---- */

static int failed(int err, int otherwise) {
    if (err == SN_ENOSPC) return SQLITE_FULL;
    return err == SN_ENOMEM ? SQLITE_IOERR_NOMEM : otherwise;
}

static int f_read(sqlite3_file *f, void *buf, int n, sqlite3_int64 at) {
    size_t done;
    uint32_t was = sn_shield(1);
    int err = sn_file_read(of(f)->file, buf, (size_t)n, (uint64_t)at, &done);
    (void)sn_shield(was);
    if (err) return failed(err, SQLITE_IOERR_READ);
    if (done == (size_t)n) return SQLITE_OK;
    memset((char *)buf + done, 0, (size_t)n - done);
    return SQLITE_IOERR_SHORT_READ;
}

static int f_write(sqlite3_file *f, const void *buf, int n, sqlite3_int64 at) {
    size_t done;
    uint32_t was = sn_shield(1);
    int err = sn_file_write(of(f)->file, buf, (size_t)n, (uint64_t)at, &done);
    (void)sn_shield(was);
    return err ? failed(err, SQLITE_IOERR_WRITE) : SQLITE_OK;
}

static int f_truncate(sqlite3_file *f, sqlite3_int64 size) {
    uint32_t was = sn_shield(1);
    int err = sn_file_truncate(of(f)->file, (uint64_t)size);
    (void)sn_shield(was);
    return err ? failed(err, SQLITE_IOERR_TRUNCATE) : SQLITE_OK;
}

int sn__sqlite_sync_folder(const char *path) {
    const char *slash = strrchr(path, '/');
    if (!slash) return sn_path_sync(".");
    char *folder = strndup(path, slash == path ? 1 : (size_t)(slash - path));
    if (!folder) return SN_ENOMEM;
    int err = sn_path_sync(folder);
    free(folder);
    return err;
}

static int sync_all(handle *h) {
    if (sn_file_sync(h->file)) return SQLITE_IOERR_FSYNC;
    if (h->new_name && sn__sqlite_sync_folder(h->path)) return SQLITE_IOERR_DIR_FSYNC;
    h->new_name = false;
    return SQLITE_OK;
}

static int f_sync(sqlite3_file *f, int flags) {
    (void)flags; /* there is one way to sync */
    uint32_t was = sn_shield(1);
    int rc = sync_all(of(f));
    (void)sn_shield(was);
    return rc;
}

static int f_size(sqlite3_file *f, sqlite3_int64 *size) {
    sn_file_info info = {0};
    uint32_t was = sn_shield(1);
    int err = sn_file_stat(of(f)->file, &info);
    (void)sn_shield(was);
    *size = (sqlite3_int64)info.size;
    return err ? SQLITE_IOERR_FSTAT : SQLITE_OK;
}

/* ---- Locks, the WAL's index, and what SQLite asks ---- */

static int f_lock(sqlite3_file *f, int level) {
    return of(f)->shared ? sn__shared_lock(of(f), level) : SQLITE_OK;
}

static int f_unlock(sqlite3_file *f, int level) {
    if (of(f)->shared) sn__shared_unlock(of(f), level);
    return SQLITE_OK;
}

static int f_reserved(sqlite3_file *f, int *out) {
    *out = of(f)->shared && sn__shared_reserved(of(f));
    return SQLITE_OK;
}

static int f_control(sqlite3_file *f, int op, void *arg) {
    switch (op) {
    case SQLITE_FCNTL_LOCKSTATE:
        *(int *)arg = of(f)->level;
        return SQLITE_OK;
    case SQLITE_FCNTL_VFSNAME:
        *(char **)arg = sqlite3_mprintf("%s", SN_SQLITE_VFS);
        return SQLITE_OK;
    default:
        return SQLITE_NOTFOUND;
    }
}

static int f_sector(sqlite3_file *f) {
    (void)f;
    return SECTOR_BYTES;
}

/* What a power cut does to a write does not reach the bytes beside it. */
static int f_traits(sqlite3_file *f) {
    (void)f;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static int f_shm_map(sqlite3_file *f, int region, int size, int extend, void volatile **out) {
    return sn__shm_map(of(f), region, size, extend != 0, out);
}

static int f_shm_lock(sqlite3_file *f, int at, int n, int flags) {
    return sn__shm_lock(of(f), at, n, flags);
}

static void f_shm_barrier(sqlite3_file *f) {
    (void)f;
    atomic_thread_fence(memory_order_seq_cst);
}

static int f_shm_unmap(sqlite3_file *f, int delete) {
    (void)delete; /* on the heap, it goes with the last that uses it */
    sn__shm_unmap(of(f));
    return SQLITE_OK;
}

const sqlite3_io_methods sn__sqlite_file = {
    .iVersion = 2,
    .xClose = f_close,
    .xRead = f_read,
    .xWrite = f_write,
    .xTruncate = f_truncate,
    .xSync = f_sync,
    .xFileSize = f_size,
    .xLock = f_lock,
    .xUnlock = f_unlock,
    .xCheckReservedLock = f_reserved,
    .xFileControl = f_control,
    .xSectorSize = f_sector,
    .xDeviceCharacteristics = f_traits,
    .xShmMap = f_shm_map,
    .xShmLock = f_shm_lock,
    .xShmBarrier = f_shm_barrier,
    .xShmUnmap = f_shm_unmap,
};
