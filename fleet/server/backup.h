/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* backup, restore and check of a data folder. They block, need no runtime, and write what they
 * find as lines to `out`. */
#ifndef FLEET_BACKUP_H
#define FLEET_BACKUP_H

#include <stdio.h>

#include "result.h"

/** Copies database (a consistent snapshot, also under a running server) and artifacts of
 *  `data_dir` into the new folder `to`. The signing key is not copied: keep it elsewhere.
 *  SN_EEXIST when `to` exists. */
int backup_make(const char *data_dir, const char *to, fleet_err *err);
/** Makes `data_dir` (which must not exist, or hold no database) from a backup, then checks it. */
int backup_restore(const char *from, const char *data_dir, fleet_err *err);
/**
 * Checks a data folder: SQLite's integrity, foreign keys, record chains, artifact hashes, one
 * open action a device at most, one action a device and roll-out. One line a check to `out`.
 * 0, FLEET_DAMAGED (err: the first), FLEET_SCHEMA, SN_ENOENT.
 */
int backup_check(const char *data_dir, FILE *out, fleet_err *err);

#endif
