/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Private to src/sqlite.
 *
 *   init.c   sets SQLite up             mutex.c   mutexes that belong to coroutines
 *   vfs.c    names, time and chance     file.c    open files
 *   locks.c  what the connections of one process to one database share
 *
 * No call into Sennit that might park is made under the lock of locks.c. */
#ifndef SENNIT_SQLITE_VFS_H
#define SENNIT_SQLITE_VFS_H

#include <sennit/file.h>
#include <sqlite3.h>
#include <stdbool.h>

/* What the connections of one process to one database share: locks, and the WAL's index. */
typedef struct shared shared;

/** An open file. SQLite owns the memory. */
typedef struct handle {
    sqlite3_file base;
    sn_file *file;
    const char *path;               /* SQLite keeps it; NULL: a file without a name */
    shared *shared;                 /* of a database; NULL: of a journal, a WAL, a temporary file */
    int level;                      /* SQLITE_LOCK_… */
    unsigned shm_shared, shm_alone; /* bits: locks held */
    bool shm_mapped;
    bool new_name; /* its folder has not been synced since it was made */
    bool delete_on_close;
} handle;

/* mutex.c */
extern const sqlite3_mutex_methods sn__sqlite_mutexes;
/* file.c: all but databases (locks.c) take their methods from here. */
extern const sqlite3_io_methods sn__sqlite_file;
/** Opens h->path, or a file without a name, as `flags` say; *out: as it was opened. SQLITE_… */
int sn__sqlite_open(handle *h, int flags, int *out);
/** Syncs the folder that `path` is in. SN_E… */
int sn__sqlite_sync_folder(const char *path);

/* locks.c: SQLITE_… */
/** Finds or makes what h shares. SQLITE_BUSY: another process has the database. */
int sn__shared_join(handle *h);
void sn__shared_leave(handle *h);
int sn__shared_lock(handle *h, int level);
void sn__shared_unlock(handle *h, int level);
bool sn__shared_reserved(const handle *h);
int sn__shm_map(handle *h, int region, int size, bool extend, void volatile **out);
int sn__shm_lock(handle *h, int at, int n, int flags);
void sn__shm_unmap(handle *h);

/* vfs.c */
extern sqlite3_vfs sn__sqlite_vfs;

#endif
