/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The schema, as numbered steps forward. A step is never edited once released: a change is a new
 * step. tests/golden/data holds a folder of each release. */
#ifndef FLEET_MIGRATE_H
#define FLEET_MIGRATE_H

#include "sql.h"

/** Schema number this release writes. */
int64_t migrate_newest(void);
/** The database's schema number; 0 for an empty one. */
int migrate_version(sql *c, int64_t *version);
/**
 * Brings the database at `path` to the newest schema, each step in one transaction, after a
 * backup to "path.before-N" if it held data. FLEET_SCHEMA, with both numbers in err, when it is
 * newer than this release; FLEET_DAMAGED when it is no database of ours.
 */
int migrate_forward(sql *c, const char *path, fleet_err *err);
/** The same with the steps given: text i takes schema i to i + 1. For tests of other histories. */
int migrate_with(sql *c, const char *path, const char *const *texts, int64_t n, fleet_err *err);

#endif
