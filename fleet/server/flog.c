/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The log: see flog.h. A line is built whole and written at once, so lines never mix. */
#include "flog.h"

#include "json_out.h"
#include <sennit/time.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *const level_names[] = {"debug", "info", "warn", "error"};
static enum flog_level lowest = FLOG_INFO;

void flog_set_level(enum flog_level level) { lowest = level; }

int flog_level_of(const char *name) {
    for (int i = 0; i < 4; i++)
        if (!strcmp(name, level_names[i])) return i;
    return -1;
}

static void stamp(struct json_out *j) {
    int64_t ms = sn_utc_ms();
    time_t s = (time_t)(ms / 1000);
    struct tm tm;
    char text[40];
    gmtime_r(&s, &tm);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    json_out_fmt(j, "ts", "%s.%03dZ", text, (int)(ms % 1000));
}

static void value(struct json_out *j, const char *name, char type, va_list *ap) {
    if (type == 's')
        json_out_str(j, name, va_arg(*ap, const char *));
    else if (type == 'f')
        json_out_double(j, name, va_arg(*ap, double));
    else
        json_out_int(j, name, va_arg(*ap, int64_t));
}

void flog(enum flog_level level, const char *event, const char *fields, ...) {
    if (level < lowest) return;
    struct json_out j;
    va_list ap;
    json_out_init(&j);
    json_out_object(&j, NULL);
    stamp(&j);
    json_out_str(&j, "level", level_names[level]);
    json_out_str(&j, "event", event);
    va_start(ap, fields);
    for (const char *p = fields; *p;) {
        char name[40];
        size_t n = strcspn(p, ":");
        snprintf(name, sizeof name, "%.*s", (int)n, p);
        value(&j, name, p[n + 1], &ap);
        p += n + 2;
        while (*p == ' ') p++;
    }
    va_end(ap);
    json_out_close(&j);
    if (!j.err) fprintf(stderr, "%s\n", j.buf);
    json_out_free(&j);
}
