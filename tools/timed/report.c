/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What came of a scenario, for people: a line for each step, what was measured beside what was
 * asked for, and what did not hold. */
#include <stdio.h>
#include <stdlib.h>

#include <sennit/plan.h>

#include "timed.h"

int timed_result_init(timed_result *r, const timed_script *script, sn_time slack) {
    *r = (timed_result){.script = script, .slack = slack};
    r->outcomes = calloc(script->n + 1, sizeof *r->outcomes);
    return r->outcomes ? 0 : SN_ENOMEM;
}

void timed_result_free(timed_result *r) {
    for (size_t i = 0; r->outcomes && i < r->script->n; i++) free(r->outcomes[i].samples);
    free(r->outcomes);
    r->outcomes = NULL;
}

/** Rules that say something only once their cause has come. */
static bool needs_cause(const timed_step *s) {
    return s->kind == TIMED_WITHIN || s->kind == TIMED_EXPECT_NO;
}

static bool is_rule(const timed_step *s) {
    return s->kind != TIMED_SEND_AT && s->kind != TIMED_SEND_AFTER;
}

static bool holds(const timed_result *r, size_t i) {
    const timed_outcome *o = &r->outcomes[i];
    return o->missed == 0 && (o->applied > 0 || !needs_cause(&r->script->steps[i]));
}

bool timed_passed(const timed_result *r) {
    if (r->broken[0] || r->runs == 0) return false;
    for (size_t i = 0; i < r->script->n; i++) {
        if (is_rule(&r->script->steps[i]) && !holds(r, i)) return false;
    }
    return true;
}

static int by_size(const void *a, const void *b) {
    sn_time l = *(const sn_time *)a, r = *(const sn_time *)b;
    return (l > r) - (l < r);
}

/** "min 12ms median 14ms max 31ms of 80ms (20)": to the microsecond. */
static void print_samples(const timed_step *s, timed_outcome *o, char *buf, size_t n) {
    char low[40], mid[40], high[40], limit[40];
    buf[0] = 0;
    if (o->n == 0) return;
    qsort(o->samples, o->n, sizeof *o->samples, by_size);
    sn_time us = SN_MICROSECOND, first = o->samples[0], last = o->samples[o->n - 1];
    sn_time_print(first / us * us, low, sizeof low);
    sn_time_print(o->samples[o->n / 2] / us * us, mid, sizeof mid);
    sn_time_print(last / us * us, high, sizeof high);
    sn_time_print(s->kind == TIMED_EVERY ? s->period : s->time, limit, sizeof limit);
    snprintf(buf, n, "min %s median %s max %s of %s (%zu)", low, mid, high, limit, o->n);
}

static void report_step(const timed_result *r, size_t i, void (*put)(void *, const char *),
                        void *arg) {
    const timed_step *s = &r->script->steps[i];
    timed_outcome *o = &r->outcomes[i];
    char line[900], figures[240];
    print_samples(s, o, figures, sizeof figures);
    snprintf(line, sizeof line, "%s  %s%s%s", holds(r, i) ? "ok  " : "FAIL", s->text,
             figures[0] ? "  -- " : "", figures);
    put(arg, line);
    if (o->missed) {
        snprintf(line, sizeof line, "      did not hold %llu times; first %s",
                 (unsigned long long)o->missed, o->first);
        put(arg, line);
    }
    if (needs_cause(s) && o->applied == 0) {
        snprintf(line, sizeof line, "      \"%s\" never came, so that nothing was tried", s->cause);
        put(arg, line);
    }
    if (o->open) {
        snprintf(line, sizeof line, "      %llu undecided when the run ended",
                 (unsigned long long)o->open);
        put(arg, line);
    }
}

void timed_report(const timed_result *r, void (*put)(void *, const char *), void *arg) {
    char line[900], late[40], slack[40];
    for (size_t i = 0; i < r->script->n; i++) {
        if (is_rule(&r->script->steps[i])) report_step(r, i, put, arg);
    }
    if (r->broken[0]) {
        snprintf(line, sizeof line, "broken: %s", r->broken);
        put(arg, line);
    }
    sn_time_print(r->late_send / SN_MICROSECOND * SN_MICROSECOND, late, sizeof late);
    sn_time_print(r->slack, slack, sizeof slack);
    snprintf(line, sizeof line, "%s: %u run%s, slack %s, the runner itself was late by %s at most",
             timed_passed(r) ? "passed" : "failed", r->runs, r->runs == 1 ? "" : "s", slack, late);
    put(arg, line);
}
