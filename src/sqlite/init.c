/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Setting SQLite up, once a process. */
#include <pthread.h>
#include <sennit/sqlite.h>

#include "sqlite/vfs.h"

enum { OLDEST = 3035000 };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int result;

static int set_up(void) {
    if (sqlite3_libversion_number() < OLDEST || !sqlite3_threadsafe()) return SN_ENOSYS;
    if (sqlite3_config(SQLITE_CONFIG_MUTEX, &sn__sqlite_mutexes) != SQLITE_OK) return SN_EBUSY;
    if (sqlite3_initialize() != SQLITE_OK) return SN_ENOMEM;
    return sqlite3_vfs_register(&sn__sqlite_vfs, 1) == SQLITE_OK ? 0 : SN_ENOMEM;
}

static void set_up_once(void) { result = set_up(); }

int sn_sqlite_init(void) {
    pthread_once(&once, set_up_once);
    return result;
}
