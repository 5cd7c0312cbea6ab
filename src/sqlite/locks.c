/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the connections of one process to one database share: its locks, and the WAL's index, which
 * is on the heap. Under simulation there are many processes here, and sn_process tells them apart:
 * one that was started again finds nothing of what it had before.
 *
 * `table_lock` guards the table and everything in it but `guard`, the file that keeps other
 * processes out; that is opened under `opening`, which parks. */
#include <pthread.h>
#include <sennit/go.h>
#include <sennit/sync.h>
#include <stdlib.h>
#include <string.h>

#include "sqlite/vfs.h"

enum { REGIONS_MAX = 4096 }; /* 128 MiB of index: a WAL of 130 GiB */

struct shared {
    shared *next;
    uint64_t process;
    unsigned users;
    sn_mutex opening;
    sn_file *guard; /* locked; NULL: not yet */
    unsigned readers;
    const handle *reserved, *pending, *exclusive;
    char **regions;
    int regions_n, region_size;
    unsigned mapped; /* connections that use the regions */
    unsigned shm_readers[SQLITE_SHM_NLOCK];
    const handle *shm_alone[SQLITE_SHM_NLOCK];
    char path[];
};

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static shared *table;

/* ---- Joining and leaving ---- */

static shared *find(uint64_t process, const char *path, bool *first) {
    shared *found = NULL;
    *first = true;
    for (shared *s = table; s; s = s->next) {
        if (s->process != process) continue;
        *first = false;
        if (strcmp(s->path, path) == 0) found = s;
    }
    return found;
}

static shared *make(uint64_t process, const char *path) {
    size_t n = strlen(path) + 1;
    shared *s = calloc(1, sizeof *s + n);
    if (!s) return NULL;
    memcpy(s->path, path, n);
    s->process = process;
    s->next = table;
    table = s;
    return s;
}

static shared *find_or_make(const char *path, bool *first) {
    uint64_t process = sn_process();
    pthread_mutex_lock(&table_lock);
    shared *s = find(process, path, first);
    if (!s) s = make(process, path);
    if (s) s->users++;
    pthread_mutex_unlock(&table_lock);
    return s;
}

static int open_guard(sn_file **f, const char *path) {
    int err = sn_file_open(f, path, SN_F_READ | SN_F_WRITE);
    if (err == SN_EACCES || err == SN_EROFS || err == SN_EPERM)
        err = sn_file_open(f, path, SN_F_READ);
    if (err == 0) err = sn_file_lock(*f);
    if (err) {
        sn_file_close(*f);
        *f = NULL;
    }
    return err;
}

int sn__shared_join(handle *h) {
    bool first;
    shared *s = find_or_make(h->path, &first);
    if (!s) return SQLITE_NOMEM;
    h->shared = s;
    /* a process begins with chance of its own, whatever others did with SQLite's generator */
    if (first) sqlite3_randomness(0, NULL);
    sn_lock(&s->opening);
    int err = s->guard ? 0 : open_guard(&s->guard, h->path);
    sn_unlock(&s->opening);
    if (err == 0) return SQLITE_OK;
    sn__shared_leave(h);
    return err == SN_EBUSY ? SQLITE_BUSY : SQLITE_CANTOPEN;
}

static void free_regions(shared *s) {
    for (int i = 0; i < s->regions_n; i++) free(s->regions[i]);
    free(s->regions);
    s->regions = NULL;
    s->regions_n = 0;
}

static void take_out(shared *s) {
    shared **at = &table;
    while (*at != s) at = &(*at)->next;
    *at = s->next;
}

void sn__shared_leave(handle *h) {
    shared *s = h->shared;
    if (!s) return;
    sn__shm_unmap(h);
    sn__shared_unlock(h, SQLITE_LOCK_NONE);
    h->shared = NULL;
    pthread_mutex_lock(&table_lock);
    bool last = --s->users == 0;
    if (last) {
        take_out(s);
        sn_file_close(s->guard); /* never parks; one that comes now must not find it locked */
    }
    pthread_mutex_unlock(&table_lock);
    if (!last) return;
    free_regions(s);
    free(s);
}

/* ---- A database's locks ---- */

static bool others(const handle *owner, const handle *h) { return owner && owner != h; }

static int lock(shared *s, handle *h, int level) {
    if (others(s->exclusive, h) || others(s->pending, h)) return SQLITE_BUSY;
    if (level == SQLITE_LOCK_SHARED) {
        s->readers++;
        return SQLITE_OK;
    }
    if (others(s->reserved, h)) return SQLITE_BUSY;
    if (level == SQLITE_LOCK_RESERVED) {
        s->reserved = h;
        return SQLITE_OK;
    }
    s->pending = h; /* no new readers; the old ones end some day */
    h->level = SQLITE_LOCK_PENDING;
    if (s->readers > 1) return SQLITE_BUSY;
    s->exclusive = h;
    return SQLITE_OK;
}

int sn__shared_lock(handle *h, int level) {
    if (h->level >= level) return SQLITE_OK;
    pthread_mutex_lock(&table_lock);
    int rc = lock(h->shared, h, level);
    if (rc == SQLITE_OK) h->level = level;
    pthread_mutex_unlock(&table_lock);
    return rc;
}

void sn__shared_unlock(handle *h, int level) {
    shared *s = h->shared;
    if (h->level <= level) return;
    pthread_mutex_lock(&table_lock);
    if (s->exclusive == h) s->exclusive = NULL;
    if (s->pending == h) s->pending = NULL;
    if (s->reserved == h) s->reserved = NULL;
    if (level == SQLITE_LOCK_NONE) s->readers--;
    h->level = level;
    pthread_mutex_unlock(&table_lock);
}

bool sn__shared_reserved(const handle *h) {
    pthread_mutex_lock(&table_lock);
    bool is = h->shared->reserved || h->shared->pending;
    pthread_mutex_unlock(&table_lock);
    return is;
}

/* ---- The WAL's index ---- */

static int extend(shared *s, int region, int size) {
    if (region >= REGIONS_MAX || (s->regions_n && size != s->region_size))
        return SQLITE_IOERR_SHMSIZE;
    char **all = realloc(s->regions, (size_t)(region + 1) * sizeof *all);
    if (!all) return SQLITE_NOMEM;
    s->regions = all;
    s->region_size = size;
    while (s->regions_n <= region) {
        char *r = calloc(1, (size_t)size);
        if (!r) return SQLITE_NOMEM;
        s->regions[s->regions_n++] = r;
    }
    return SQLITE_OK;
}

int sn__shm_map(handle *h, int region, int size, bool may_extend, void volatile **out) {
    shared *s = h->shared;
    int rc = SQLITE_OK;
    *out = NULL;
    pthread_mutex_lock(&table_lock);
    if (!h->shm_mapped) s->mapped++;
    h->shm_mapped = true;
    if (region >= s->regions_n && may_extend) rc = extend(s, region, size);
    if (rc == SQLITE_OK && region < s->regions_n) *out = s->regions[region];
    pthread_mutex_unlock(&table_lock);
    return rc;
}

static bool is_free(const shared *s, const handle *h, int i, bool alone) {
    unsigned mine = h->shm_shared >> i & 1;
    return !others(s->shm_alone[i], h) && (!alone || s->shm_readers[i] == mine);
}

static void give(shared *s, handle *h, int i) {
    unsigned bit = 1u << i;
    if (h->shm_alone & bit) s->shm_alone[i] = NULL;
    if (h->shm_shared & bit) s->shm_readers[i]--;
    h->shm_alone &= ~bit;
    h->shm_shared &= ~bit;
}

static void take(shared *s, handle *h, int i, bool alone) {
    unsigned bit = 1u << i;
    if (alone) {
        s->shm_alone[i] = h;
        h->shm_alone |= bit;
    } else if (!(h->shm_shared & bit)) {
        s->shm_readers[i]++;
        h->shm_shared |= bit;
    }
}

int sn__shm_lock(handle *h, int at, int n, int flags) {
    shared *s = h->shared;
    bool alone = flags & SQLITE_SHM_EXCLUSIVE, unlock = flags & SQLITE_SHM_UNLOCK;
    int rc = SQLITE_OK;
    pthread_mutex_lock(&table_lock);
    for (int i = at; i < at + n && !unlock; i++)
        if (!is_free(s, h, i, alone)) rc = SQLITE_BUSY;
    for (int i = at; i < at + n && rc == SQLITE_OK; i++) {
        if (unlock)
            give(s, h, i);
        else
            take(s, h, i, alone);
    }
    pthread_mutex_unlock(&table_lock);
    return rc;
}

void sn__shm_unmap(handle *h) {
    shared *s = h->shared;
    pthread_mutex_lock(&table_lock);
    for (int i = 0; i < SQLITE_SHM_NLOCK; i++) give(s, h, i);
    if (h->shm_mapped && --s->mapped == 0) free_regions(s);
    h->shm_mapped = false;
    pthread_mutex_unlock(&table_lock);
}
