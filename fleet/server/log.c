/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Log lines: built whole, then written with one call, so lines of two threads never mix. */
#include "log.h"

#include <inttypes.h>
#include <sennit/base.h>
#include <sennit/time.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "utc.h"

static enum log_level least = LOG_INFO;
static const char *const level_names[] = {"debug", "info", "warn", "error"};

void log_set_level(enum log_level min) { least = min; }

int log_parse_level(const char *text, enum log_level *out) {
    for (int i = 0; i < 4; i++) {
        if (strcmp(text, level_names[i]) == 0) {
            *out = (enum log_level)i;
            return 0;
        }
    }
    return SN_EINVAL;
}

log_field log_s(const char *key, const char *value) { return (log_field){key, value, 0, 's'}; }

log_field log_i(const char *key, int64_t value) { return (log_field){key, NULL, value, 'i'}; }

log_field log_e(int err) { return (log_field){"error", sn_errname(err), err, 's'}; }

void log_write(enum log_level level, const char *event, const log_field *fields, unsigned n) {
    if (level < least) return;
    json j = {0};
    char utc[UTC_CHARS + 1];
    json_obj(&j, NULL);
    json_str(&j, "utc", utc_text(sn_utc_ms(), utc));
    json_str(&j, "level", level_names[level]);
    json_str(&j, "event", event);
    for (unsigned i = 0; i < n; i++) {
        if (fields[i].kind == 'i')
            json_int(&j, fields[i].key, fields[i].i);
        else
            json_str(&j, fields[i].key, fields[i].s);
    }
    json_obj_end(&j);
    size_t len;
    char *line = json_done(&j, &len);
    if (!line) return;
    line[len] = '\n'; /* in place of the terminating 0 */
    fwrite(line, 1, len + 1, stderr);
    free(line);
}
