/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The log: one JSON object a line on standard error, with an event name that stays the same
 * from release to release. Safe from any coroutine or thread; blocks on standard error. */
#ifndef FLEET_FLOG_H
#define FLEET_FLOG_H

enum flog_level { FLOG_DEBUG, FLOG_INFO, FLOG_WARN, FLOG_ERROR };

/** Lines below this level are not written. Set it before coroutines start. */
void flog_set_level(enum flog_level level);
/** The level of a name ("debug", "info", "warn", "error"), or -1. */
int flog_level_of(const char *name);
/**
 * Writes one line. `fields` lists the names of the values that follow, each with its type:
 * "addr:s port:i share:f" (s const char *, i int64_t, f double).
 */
void flog(enum flog_level level, const char *event, const char *fields, ...);

#endif
