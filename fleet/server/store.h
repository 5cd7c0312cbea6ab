/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The database: one SQLite file in WAL mode, one connection that writes, a few that read.
 *
 * Everything that writes is an *operation*: a function that gets the write connection inside a
 * transaction. The writer coroutine owns that connection; it gathers the operations that wait,
 * runs each in its own savepoint (a failing one undoes itself alone), commits them together and
 * only then answers: nothing is acknowledged before COMMIT has returned. If the commit fails,
 * all of them fail.
 *
 * Before store_start (the command line's tools, tests) there are no coroutines: an operation
 * runs and commits at once on the caller's stack. */
#ifndef FLEET_STORE_H
#define FLEET_STORE_H

#include <sennit/go.h>

#include "result.h"
#include "sql.h"

typedef struct store store;

enum store_sync { STORE_SYNC_FULL, STORE_SYNC_NORMAL };

typedef struct store_config {
    const char *path;     /**< of the database file */
    const char *vfs;      /**< SQLite VFS by name; NULL: the default */
    enum store_sync sync; /**< FULL survives power loss; NORMAL only a dead process */
    uint32_t window_us;   /**< how long a commit waits for company; 0: not at all */
    uint32_t batch_max;   /**< most operations of a commit; 0: 1,000 */
    uint32_t readers;     /**< read connections; 0: 2 */
    int create;           /**< make the file if missing, and migrate; else must exist */
    int read_only;        /**< for check: no migration, no writes */
} store_config;

/** An operation. Runs inside a transaction; must not park, commit or roll back. What it returns
 *  is what its caller gets; below 0 its changes are undone. */
typedef int (*store_op)(sql *db, void *arg);
/** Called after the commit (or its failure) with the final result, in the order of the commits,
 *  on the writer's coroutine. May park briefly; the next commit waits for it. */
typedef void (*store_done)(void *arg, int result);

/**
 * Opens. Migrates forward after a backup beside the file (name.before-N); refuses a newer schema
 * (FLEET_SCHEMA). Blocks. SN_ENOENT, SN_EIO, FLEET_DAMAGED, SN_ENOMEM; err tells.
 */
int store_open(store **s, const store_config *cfg, fleet_err *err);
/**
 * Before store_open, by whoever owns the file: makes the journal that a dead process left behind
 * durable, as it reads now. When a sync had failed under that process, the system may still show
 * bytes that the disk has never got and never would, since it holds them for written; what comes
 * after them in the journal would be lost with them. Written once more they are synced. Blocks.
 * 0; errors of sn_file_*.
 */
int store_settle(const char *path);
/** Starts writer and readers as coroutines of `scope`, which must outlive store_stop. */
int store_start(store *s, sn_scope *scope);
/** Commits what was submitted and ends the coroutines. Parks. Nobody may submit any more. */
void store_stop(store *s);
/** Closes; after store_stop if it was started. Blocks (checkpoints the WAL). */
void store_close(store *s);

/**
 * Runs `op` and waits for its commit. Parks; not cancellable (the answer tells what is stored).
 * Returns what op returned; SN_EIO, SN_ENOSPC, SN_ENOMEM when the transaction failed.
 */
int store_write(store *s, store_op op, void *arg);
/**
 * Submits `op` without waiting; `done(arg, result)` follows in every case in which this returns
 * 0. SN_ENOMEM. Before store_start it does all of it at once.
 */
int store_submit(store *s, store_op op, store_done done, void *arg);
/** store_write with `done` called on the writer before the caller goes on: for what must follow
 *  the order of commits. */
int store_write_then(store *s, store_op op, store_done done, void *arg);
/** Runs `op` on a read connection (a snapshot) and waits. Parks. Returns what op returned. */
int store_read(store *s, store_op op, void *arg);

typedef struct store_stats {
    uint64_t commits, ops, failed_commits;
    uint64_t commit_ns_sum, commit_ns_max; /**< transaction including COMMIT's sync */
    uint64_t waiting;                      /**< submitted, not yet taken by the writer */
    uint64_t reads;
} store_stats;
void store_get_stats(const store *s, store_stats *out);

#endif
