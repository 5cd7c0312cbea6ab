/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * SQLite on Sennit's seams (libsennit-sqlite). SQLite then asks Sennit for files, time, chance and
 * locks, so that under simulation one seed decides what it does, and its files are on the simulated
 * disk of the host that calls it. On threads a coroutine that waits for another inside SQLite
 * parks, and no thread stands still.
 *
 * Its mutexes belong to coroutines, not to threads: a callback of SQLite's (a function, a
 * collation, a busy handler, an authorizer) may park, and come back on another thread, without
 * another coroutine getting into the connection meanwhile. (One opened with SQLITE_OPEN_NOMUTEX has
 * no mutex: then one coroutine at a time is your promise.)
 *
 * A database belongs to one process as long as a connection there has it open: WAL's shared memory
 * is that process's heap. Another process that wants it gets SQLITE_BUSY, be it through this VFS or
 * through SQLite's own. Inside the process any number of connections share it, in all journal
 * modes. Name a database by one path: two connections that use two (through a link, or another
 * current folder) do not know of each other, and the second gets SQLITE_BUSY.
 *
 * A cancelled scope does not cut a transaction short: what SQLite does with files ends. Use
 * sqlite3_interrupt for that. What waits in a busy handler of sqlite3_busy_timeout comes back.
 */
#ifndef SENNIT_SQLITE_H
#define SENNIT_SQLITE_H

#include <sennit/base.h>

SN_BEGIN_C

/** Name of the VFS, for sqlite3_open_v2. It is also the default after sn_sqlite_init. */
#define SN_SQLITE_VFS "sennit"

/**
 * Sets SQLite up: mutexes, and the VFS as default. Before anything else asks SQLite for something;
 * once or often, from anywhere. Never parks. 0; SN_EBUSY when SQLite is in use already (nothing was
 * changed); SN_ENOSYS for an SQLite older than 3.35 or built without threads; SN_ENOMEM.
 */
SN_API SN_MUST int sn_sqlite_init(void);

SN_END_C
#endif
