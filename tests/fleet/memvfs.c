/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The disk, its log, and the replay (see memvfs.h). One mutex guards all of it. */
#include "memvfs.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILES = 16, SHM_REGIONS = 64, SHM_REGION = 32768, SECTOR = 512, NAME = 512 };

typedef struct bytes {
    unsigned char *p;
    size_t n, cap;
} bytes;

typedef struct disk_file {
    char name[NAME];
    int exists;
    bytes now;
    int opened, shared, reserved, exclusive; /* locks of the main file */
    void *shm[SHM_REGIONS];
    int shm_shared[SQLITE_SHM_NLOCK], shm_exclusive[SQLITE_SHM_NLOCK];
} disk_file;

enum kind { WRITE, TRUNCATE, SYNC, DELETE, DELETE_SYNCED };
typedef struct event {
    enum kind kind;
    int file;
    size_t at, n;
    unsigned char *data;
} event;

/* What is certain of a file at some moment, and what is not yet. */
typedef struct certain {
    int exists;
    bytes durable;
    size_t pending[20000];
    size_t pending_n;
} certain;

static pthread_mutex_t big = PTHREAD_MUTEX_INITIALIZER;
static disk_file files[FILES];
static event *events;
static size_t events_n, events_cap, replayed;
static int logging;
static void (*on_sync)(void);
static certain *sure; /* FILES of them, made by the first cut */

typedef struct handle {
    sqlite3_file base;
    int file, level, shm_held_shared, shm_held_exclusive;
} handle;

static void *must(void *p) {
    if (!p) abort();
    return p;
}

static void resize(bytes *b, size_t n) {
    if (n > b->cap) {
        b->cap = n * 2;
        b->p = must(realloc(b->p, b->cap));
    }
    if (n > b->n) memset(b->p + b->n, 0, n - b->n);
    b->n = n;
}

static void put(bytes *b, size_t at, const void *data, size_t n) {
    if (at + n > b->n) resize(b, at + n);
    memcpy(b->p + at, data, n);
}

static void note(enum kind kind, int file, size_t at, const void *data, size_t n) {
    if (!logging) return;
    if (events_n == events_cap) {
        events_cap = events_cap ? events_cap * 2 : 1024;
        events = must(realloc(events, events_cap * sizeof *events));
    }
    event *e = &events[events_n++];
    *e = (event){kind, file, at, n, NULL};
    if (data) memcpy(e->data = must(malloc(n ? n : 1)), data, n);
}

static int find(const char *name, int create) {
    int free_at = -1;
    for (int i = 0; i < FILES; i++) {
        if (strcmp(files[i].name, name) == 0) return i;
        if (!files[i].name[0] && free_at < 0) free_at = i;
    }
    if (!create || free_at < 0) return -1;
    snprintf(files[free_at].name, NAME, "%s", name);
    return free_at;
}

/* ---- a file -----------------------------------------------------------------------------------
 */

static int f_close(sqlite3_file *p) {
    handle *h = (handle *)p;
    pthread_mutex_lock(&big);
    files[h->file].opened--;
    pthread_mutex_unlock(&big);
    return SQLITE_OK;
}

static int f_read(sqlite3_file *p, void *buf, int n, sqlite3_int64 at) {
    handle *h = (handle *)p;
    int rc = SQLITE_OK;
    pthread_mutex_lock(&big);
    const bytes *b = &files[h->file].now;
    size_t have = (size_t)at < b->n ? b->n - (size_t)at : 0, want = (size_t)n;
    if (have < want) {
        memset(buf, 0, want);
        rc = SQLITE_IOERR_SHORT_READ;
        want = have;
    }
    if (want) memcpy(buf, b->p + at, want);
    pthread_mutex_unlock(&big);
    return rc;
}

static int f_write(sqlite3_file *p, const void *buf, int n, sqlite3_int64 at) {
    handle *h = (handle *)p;
    pthread_mutex_lock(&big);
    put(&files[h->file].now, (size_t)at, buf, (size_t)n);
    note(WRITE, h->file, (size_t)at, buf, (size_t)n);
    pthread_mutex_unlock(&big);
    return SQLITE_OK;
}

static int f_truncate(sqlite3_file *p, sqlite3_int64 n) {
    handle *h = (handle *)p;
    pthread_mutex_lock(&big);
    resize(&files[h->file].now, (size_t)n);
    note(TRUNCATE, h->file, (size_t)n, NULL, 0);
    pthread_mutex_unlock(&big);
    return SQLITE_OK;
}

static int f_sync(sqlite3_file *p, int flags) {
    handle *h = (handle *)p;
    (void)flags;
    if (on_sync) on_sync();
    pthread_mutex_lock(&big);
    note(SYNC, h->file, 0, NULL, 0);
    pthread_mutex_unlock(&big);
    return SQLITE_OK;
}

static int f_size(sqlite3_file *p, sqlite3_int64 *n) {
    pthread_mutex_lock(&big);
    *n = (sqlite3_int64)files[((handle *)p)->file].now.n;
    pthread_mutex_unlock(&big);
    return SQLITE_OK;
}

static int lock_to(disk_file *f, int from, int to) {
    if (to == SQLITE_LOCK_SHARED) {
        if (f->exclusive) return SQLITE_BUSY;
        f->shared++;
    } else if (to == SQLITE_LOCK_RESERVED) {
        if (f->reserved) return SQLITE_BUSY;
        f->reserved = 1;
    } else {
        if (from < SQLITE_LOCK_RESERVED && f->reserved) return SQLITE_BUSY;
        if (f->shared > 1 || f->exclusive) return SQLITE_BUSY;
        f->reserved = f->exclusive = 1;
    }
    return SQLITE_OK;
}

static int f_lock(sqlite3_file *p, int level) {
    handle *h = (handle *)p;
    if (h->level >= level) return SQLITE_OK;
    pthread_mutex_lock(&big);
    int rc = lock_to(&files[h->file], h->level, level);
    if (rc == SQLITE_OK) h->level = level;
    pthread_mutex_unlock(&big);
    return rc;
}

static int f_unlock(sqlite3_file *p, int level) {
    handle *h = (handle *)p;
    pthread_mutex_lock(&big);
    disk_file *f = &files[h->file];
    if (h->level >= SQLITE_LOCK_RESERVED && level < SQLITE_LOCK_RESERVED) f->reserved = 0;
    if (h->level > SQLITE_LOCK_RESERVED && level <= SQLITE_LOCK_RESERVED) f->exclusive = 0;
    if (h->level >= SQLITE_LOCK_SHARED && level < SQLITE_LOCK_SHARED) f->shared--;
    if (level < h->level) h->level = level;
    pthread_mutex_unlock(&big);
    return SQLITE_OK;
}

static int f_reserved(sqlite3_file *p, int *out) {
    pthread_mutex_lock(&big);
    *out = files[((handle *)p)->file].reserved;
    pthread_mutex_unlock(&big);
    return SQLITE_OK;
}

static int f_control(sqlite3_file *p, int op, void *arg) {
    (void)p;
    (void)op;
    (void)arg;
    return SQLITE_NOTFOUND;
}

static int f_sector(sqlite3_file *p) {
    (void)p;
    return SECTOR;
}

static int f_traits(sqlite3_file *p) {
    (void)p;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/* ---- shared memory of the WAL: lives as long as somebody has the file open ----------------------
 */

static int f_shm_map(sqlite3_file *p, int i, int size, int extend, void volatile **out) {
    disk_file *f = &files[((handle *)p)->file];
    *out = NULL;
    if (i >= SHM_REGIONS || size > SHM_REGION) return SQLITE_IOERR_SHMSIZE;
    pthread_mutex_lock(&big);
    if (!f->shm[i] && extend) f->shm[i] = must(calloc(1, SHM_REGION));
    *out = f->shm[i];
    pthread_mutex_unlock(&big);
    return SQLITE_OK;
}

static int shm_take(disk_file *f, handle *h, int at, int n, int exclusive) {
    for (int i = at; i < at + n; i++) {
        int mine = h->shm_held_shared >> i & 1;
        if (f->shm_exclusive[i] || (exclusive && f->shm_shared[i] > mine)) return SQLITE_BUSY;
    }
    for (int i = at; i < at + n; i++) {
        if (exclusive) {
            f->shm_exclusive[i] = 1;
            h->shm_held_exclusive |= 1 << i;
        } else if (!(h->shm_held_shared >> i & 1)) {
            f->shm_shared[i]++;
            h->shm_held_shared |= 1 << i;
        }
    }
    return SQLITE_OK;
}

static void shm_give(disk_file *f, handle *h, int at, int n) {
    for (int i = at; i < at + n; i++) {
        if (h->shm_held_exclusive >> i & 1) f->shm_exclusive[i] = 0;
        if (h->shm_held_shared >> i & 1) f->shm_shared[i]--;
        h->shm_held_exclusive &= ~(1 << i);
        h->shm_held_shared &= ~(1 << i);
    }
}

static int f_shm_lock(sqlite3_file *p, int at, int n, int flags) {
    handle *h = (handle *)p;
    int rc = SQLITE_OK;
    pthread_mutex_lock(&big);
    if (flags & SQLITE_SHM_UNLOCK)
        shm_give(&files[h->file], h, at, n);
    else
        rc = shm_take(&files[h->file], h, at, n, flags & SQLITE_SHM_EXCLUSIVE);
    pthread_mutex_unlock(&big);
    return rc;
}

static void f_shm_barrier(sqlite3_file *p) {
    (void)p;
    __sync_synchronize();
}

static int f_shm_unmap(sqlite3_file *p, int delete) {
    handle *h = (handle *)p;
    pthread_mutex_lock(&big);
    disk_file *f = &files[h->file];
    shm_give(f, h, 0, SQLITE_SHM_NLOCK);
    if (delete || f->opened == 1) {
        for (int i = 0; i < SHM_REGIONS; i++) {
            free(f->shm[i]);
            f->shm[i] = NULL;
        }
    }
    pthread_mutex_unlock(&big);
    return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
    2,          f_close,       f_read,      f_write,   f_truncate, f_sync,   f_size,
    f_lock,     f_unlock,      f_reserved,  f_control, f_sector,   f_traits, f_shm_map,
    f_shm_lock, f_shm_barrier, f_shm_unmap, NULL,      NULL,
};

/* ---- the VFS ------------------------------------------------------------------------------------
 */

static int v_open(sqlite3_vfs *v, const char *name, sqlite3_file *p, int flags, int *out) {
    (void)v;
    handle *h = (handle *)p;
    memset(h, 0, sizeof *h);
    if (!name) return SQLITE_CANTOPEN; /* temporaries are kept in memory by the store */
    pthread_mutex_lock(&big);
    h->file = find(name, 1);
    disk_file *f = h->file < 0 ? NULL : &files[h->file];
    int ok = f && (f->exists || (flags & SQLITE_OPEN_CREATE));
    if (ok) {
        f->exists = 1;
        f->opened++;
        h->base.pMethods = &methods;
    }
    pthread_mutex_unlock(&big);
    if (out) *out = flags;
    return ok ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int v_delete(sqlite3_vfs *v, const char *name, int sync_dir) {
    (void)v;
    pthread_mutex_lock(&big);
    int i = find(name, 0), there = i >= 0 && files[i].exists;
    if (there) {
        files[i].exists = 0;
        files[i].now.n = 0;
        note(sync_dir ? DELETE_SYNCED : DELETE, i, 0, NULL, 0);
    }
    pthread_mutex_unlock(&big);
    return there ? SQLITE_OK : SQLITE_IOERR_DELETE_NOENT;
}

static int v_access(sqlite3_vfs *v, const char *name, int flags, int *out) {
    (void)v;
    (void)flags;
    pthread_mutex_lock(&big);
    int i = find(name, 0);
    *out = i >= 0 && files[i].exists;
    pthread_mutex_unlock(&big);
    return SQLITE_OK;
}

static int v_path(sqlite3_vfs *v, const char *name, int n, char *out) {
    (void)v;
    snprintf(out, (size_t)n, "%s", name);
    return SQLITE_OK;
}

static sqlite3_vfs *real(void) {
    static sqlite3_vfs *v;
    if (!v) v = sqlite3_vfs_find("unix");
    return v;
}

static int v_random(sqlite3_vfs *v, int n, char *out) {
    (void)v;
    return real()->xRandomness(real(), n, out);
}

static int v_sleep(sqlite3_vfs *v, int us) {
    (void)v;
    return real()->xSleep(real(), us);
}

static int v_time(sqlite3_vfs *v, double *t) {
    (void)v;
    return real()->xCurrentTime(real(), t);
}

static int v_error(sqlite3_vfs *v, int n, char *out) {
    (void)v;
    if (n > 0) out[0] = 0;
    return 0;
}

void memvfs_register(void) {
    static sqlite3_vfs vfs = {.iVersion = 1,
                              .szOsFile = sizeof(handle),
                              .mxPathname = NAME - 1,
                              .zName = MEMVFS_NAME,
                              .xOpen = v_open,
                              .xDelete = v_delete,
                              .xAccess = v_access,
                              .xFullPathname = v_path,
                              .xRandomness = v_random,
                              .xSleep = v_sleep,
                              .xCurrentTime = v_time,
                              .xGetLastError = v_error};
    sqlite3_vfs_register(&vfs, 0);
}

void memvfs_reset(void) {
    for (int i = 0; i < FILES; i++) {
        free(files[i].now.p);
        if (sure) free(sure[i].durable.p);
    }
    memset(files, 0, sizeof files);
    for (size_t i = 0; i < events_n; i++) free(events[i].data);
    free(events);
    free(sure);
    events = NULL;
    sure = NULL;
    events_n = events_cap = replayed = 0;
    logging = 0;
}

void memvfs_on_sync(void (*hook)(void)) { on_sync = hook; }

void memvfs_log(int on) { logging = on; }

size_t memvfs_events(void) {
    pthread_mutex_lock(&big);
    size_t n = events_n;
    pthread_mutex_unlock(&big);
    return n;
}

/* ---- power cut
 * ------------------------------------------------------------------------------------ */

static uint64_t next(uint64_t *seed) {
    uint64_t x = *seed += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static void apply(bytes *b, int *exists, const event *e) {
    if (e->kind == WRITE) {
        put(b, e->at, e->data, e->n);
        *exists = 1;
    } else if (e->kind == TRUNCATE) {
        resize(b, e->at);
        *exists = 1;
    } else {
        b->n = 0;
        *exists = 0;
    }
}

/* Some sectors of the write made it to the disk. */
static void tear(bytes *b, const event *e, uint64_t *seed) {
    for (size_t at = 0; at < e->n;) {
        size_t n = SECTOR - (e->at + at) % SECTOR;
        if (n > e->n - at) n = e->n - at;
        if (next(seed) & 1) put(b, e->at + at, e->data + at, n);
        at += n;
    }
}

static void settle(int file) {
    certain *c = &sure[file];
    for (size_t i = 0; i < c->pending_n; i++)
        apply(&c->durable, &c->exists, &events[c->pending[i]]);
    c->pending_n = 0;
}

/* SQLite's Unix VFS syncs the folder with the first sync of a new file: deletions before that
 * are then on the disk as well. */
static void sync_folder(void) {
    for (int i = 0; i < FILES; i++) {
        certain *c = &sure[i];
        for (size_t k = c->pending_n; k-- > 0;)
            if (events[c->pending[k]].kind == DELETE) {
                size_t rest = c->pending_n - k - 1;
                size_t *after = c->pending + k + 1;
                c->pending_n = k + 1;
                settle(i);
                memmove(c->pending, after, rest * sizeof *after);
                c->pending_n = rest;
                break;
            }
    }
}

static void step(const event *e, size_t index) {
    certain *c = &sure[e->file];
    if (e->kind != SYNC && e->kind != DELETE_SYNCED) {
        if (c->pending_n == sizeof c->pending / sizeof *c->pending) abort();
        c->pending[c->pending_n++] = index;
        return;
    }
    if (!c->exists || e->kind == DELETE_SYNCED) sync_folder();
    settle(e->file);
    if (e->kind == DELETE_SYNCED)
        apply(&c->durable, &c->exists, e);
    else
        c->exists = 1;
}

static void cut_file(int i, uint64_t *seed) {
    disk_file *f = &files[i];
    const certain *c = &sure[i];
    for (int r = 0; r < SHM_REGIONS; r++) { /* nobody has it open: no shared memory either */
        free(f->shm[r]);
        f->shm[r] = NULL;
    }
    f->exists = c->exists;
    f->now.n = 0;
    if (c->durable.n) put(&f->now, 0, c->durable.p, c->durable.n);
    for (size_t k = 0; k < c->pending_n; k++) {
        const event *e = &events[c->pending[k]];
        uint64_t fate = next(seed) % 3;
        if (fate == 0) continue;
        if (fate == 2 && e->kind == WRITE) {
            tear(&f->now, e, seed);
            f->exists = 1;
        } else {
            apply(&f->now, &f->exists, e);
        }
    }
}

void memvfs_cut(size_t k, uint64_t seed) {
    if (!sure) sure = must(calloc(FILES, sizeof *sure));
    for (; replayed < k; replayed++) step(&events[replayed], replayed);
    for (int i = 0; i < FILES; i++) cut_file(i, &seed);
}
