/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A disk in memory for SQLite that forgets what was not synced. It logs every write, truncation,
 * sync and deletion; afterwards it can produce what a power cut after the k-th of them might
 * leave: what was synced, and of the rest each write kept, dropped, or torn into sectors of
 * which some made it, as a seed says. A new file is on the disk for sure once it was synced; a
 * deletion once its folder was. */
#ifndef TESTS_FLEET_MEMVFS_H
#define TESTS_FLEET_MEMVFS_H

#include <stddef.h>
#include <stdint.h>

/** Registers the VFS under this name. Once. */
#define MEMVFS_NAME "memory"
void memvfs_register(void);
/** Empties the disk and the log. No file may be open. */
void memvfs_reset(void);
/** Called in every sync, outside of all locks; NULL: none. May block its thread. */
void memvfs_on_sync(void (*hook)(void));
/** Starts and ends logging. */
void memvfs_log(int on);
/** Number of logged events so far. */
size_t memvfs_events(void);
/**
 * Makes the disk what a power cut after event `k` (1 … events) could have left. k must not
 * fall from call to call. No file may be open.
 */
void memvfs_cut(size_t k, uint64_t seed);

#endif
