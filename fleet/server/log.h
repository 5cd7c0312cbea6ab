/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Logs as JSON lines with stable event names, one write each, to standard error:
 * {"utc":"2026-01-31T12:00:00.000Z","level":"info","event":"rollout.held","rollout":3,…} */
#ifndef FLEET_LOG_H
#define FLEET_LOG_H

#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/** Nothing below `min` is written. Default LOG_INFO. Set before coroutines start. */
void log_set_level(enum log_level min);
/** "debug", "info", "warn", "error" into *out: 0, or SN_EINVAL. */
int log_parse_level(const char *text, enum log_level *out);

/** One field of a line. Make it with log_s, log_i or log_e. */
typedef struct log_field {
    const char *key, *s;
    int64_t i;
    int kind;
} log_field;
log_field log_s(const char *key, const char *value);
log_field log_i(const char *key, int64_t value);
/** An error code by its name: "error":"SN_EIO". */
log_field log_e(int err);

/** Writes one line. `event` is dotted lower case and never changes its meaning. */
void log_write(enum log_level level, const char *event, const log_field *fields, unsigned n);
/** log_event(LOG_INFO, "store.opened", log_s("path", p), log_i("schema", 1)); */
#define log_event(level, event, ...)                                                               \
    log_write(level, event, (const log_field[]){__VA_ARGS__},                                      \
              sizeof((const log_field[]){__VA_ARGS__}) / sizeof(log_field))

#endif
