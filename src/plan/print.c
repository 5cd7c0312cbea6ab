/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A fault as a line for people. */
#include <stdarg.h>
#include <stdio.h>

#include "plan/kind.h"

typedef struct line {
    char *buf;
    size_t n, at;
} line;

__attribute__((format(printf, 2, 3))) static void add(line *l, const char *format, ...) {
    va_list ap;
    if (l->at + 1 >= l->n) return;
    va_start(ap, format);
    int got = vsnprintf(l->buf + l->at, l->n - l->at, format, ap);
    va_end(ap);
    l->at += got > 0 ? (size_t)got : 0;
}

static void add_time(line *l, const char *word, sn_time t) {
    char text[40];
    if (t == 0) return;
    sn_time_print(t, text, sizeof text);
    add(l, " %s %s", word, text);
}

static void add_share(line *l, const char *word, uint32_t ppm) {
    if (ppm % 10000 == 0 && ppm)
        add(l, " %s %u%%", word, ppm / 10000);
    else if (ppm)
        add(l, " %s %uppm", word, ppm);
}

void sn_fault_print(const sn_fault *f, char *buf, size_t n) {
    line l = {buf, n, 0};
    char at[40];
    sn_time_print(f->at, at, sizeof at);
    buf[0] = 0;
    add(&l, "#%u at %s %s", f->number, at, sn_fault_name(f->kind));
    if (!f->to[0])
        add(&l, " %s", f->place);
    else if (f->both)
        add(&l, " between %s and %s", f->place, f->to);
    else
        add(&l, " from %s to %s", f->place, f->to);
    add_time(&l, "by", f->by);
    add_time(&l, "jitter", f->jitter);
    add_time(&l, "sync", f->sync);
    add_share(&l, "share", f->share);
    add_share(&l, "read", f->fail_read);
    add_share(&l, "write", f->fail_write);
    add_share(&l, "sync", f->fail_sync);
    if (f->drift) add(&l, " by %dppm", f->drift);
    if (f->bytes) {
        add(&l, " %s %lluB", f->kind == SN_FAULT_THROTTLE ? "rate" : "size",
            (unsigned long long)f->bytes);
    }
    if (f->cpus) add(&l, " cpus %u", f->cpus);
    add_time(&l, "for", f->lasts);
    add(&l, " (line %u)", f->line);
}
