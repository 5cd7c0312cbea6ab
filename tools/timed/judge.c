/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What holds, from events and time. Each step is looked at by itself.
 *
 * "after A within T E": each A opens a wait, an E answers all that are open. A wait is overdue T
 * (and the slack) after its A, and counts as missed then; it stays open, so that how late the
 * answer was can be told. What is open and not yet overdue at the end of a run is undecided.
 */
#include "judge.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sennit/plan.h>

int timed_judge_init(timed_judge *j, timed_result *r) {
    size_t n = r->script->n;
    *j = (timed_judge){.r = r, .waits = calloc(n + 1, sizeof *j->waits)};
    if (!j->waits) return SN_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        enum timed_kind kind = r->script->steps[i].kind;
        if (kind == TIMED_EVERY) j->waits[i].grid = r->script->steps[i].from;
        if (kind == TIMED_EVERY || kind == TIMED_EXPECT) r->outcomes[i].applied++;
    }
    return 0;
}

void timed_judge_free(timed_judge *j) {
    for (size_t i = 0; j->waits && i < j->r->script->n; i++) free(j->waits[i].since);
    free(j->waits);
    j->waits = NULL;
}

/** Something did not hold; of the first time it is told what. */
__attribute__((format(printf, 3, 4))) static void miss(timed_outcome *o, sn_time now,
                                                       const char *format, ...) {
    char at[40], what[120];
    va_list ap;
    if (o->missed++ > 0) return;
    va_start(ap, format);
    vsnprintf(what, sizeof what, format, ap);
    va_end(ap);
    sn_time_print(now, at, sizeof at);
    snprintf(o->first, sizeof o->first, "at %s: %s", at, what);
}

static int measured(timed_outcome *o, sn_time t) {
    if (o->n == TIMED_SAMPLES_MAX) return SN_ERANGE;
    if (o->n == o->room) {
        size_t room = o->room ? o->room * 2 : 16;
        sn_time *more = realloc(o->samples, room * sizeof *more);
        if (!more) return SN_ENOMEM;
        o->samples = more;
        o->room = room;
    }
    o->samples[o->n++] = t;
    return 0;
}

/* ---- after A within T E ---- */

static int open_wait(timed_wait *w, sn_time now) {
    if (w->n == TIMED_OPEN_MAX) return SN_ERANGE;
    if (w->n == w->room) {
        size_t room = w->room ? w->room * 2 : 8;
        sn_time *more = realloc(w->since, room * sizeof *more);
        if (!more) return SN_ENOMEM;
        w->since = more;
        w->room = room;
    }
    w->since[w->n++] = now;
    return 0;
}

static int answer(timed_wait *w, timed_outcome *o, sn_time now) {
    int rc = 0;
    for (size_t i = 0; i < w->n && rc == 0; i++) {
        sn_time took = now - w->since[i];
        char text[40];
        if (i < w->overdue && o->missed == 1 && i == 0) { /* the first miss: say how late it was */
            size_t at = strlen(o->first);
            sn_time_print(took, text, sizeof text);
            snprintf(o->first + at, sizeof o->first - at, "; it came after %s", text);
        }
        rc = measured(o, took);
    }
    w->n = w->overdue = 0;
    return rc;
}

static void look_overdue(timed_wait *w, timed_outcome *o, const timed_step *s, sn_time slack,
                         sn_time now) {
    char since[40];
    while (w->overdue < w->n && w->since[w->overdue] + s->time + slack < now) {
        sn_time_print(w->since[w->overdue], since, sizeof since);
        miss(o, w->since[w->overdue] + s->time + slack, "no answer to that of %s", since);
        w->overdue++;
    }
}

/* ---- every P E tolerance X for T from S ---- */

/** What comes too late, or never, moves the grid on, so that one lost is one miss. */
static void look_every(timed_wait *w, timed_outcome *o, const timed_step *s, sn_time slack,
                       sn_time now) {
    sn_time end = s->from + s->time;
    for (;;) {
        sn_time due = w->grid + s->period + s->tolerance + slack;
        if (due >= now || due > end) return;
        miss(o, due, "it did not come in time");
        w->grid += s->period;
    }
}

static int came_every(timed_wait *w, timed_outcome *o, const timed_step *s, sn_time slack,
                      sn_time now) {
    char gap[40];
    if (now < s->from || now > s->from + s->time) return 0;
    int rc = w->seen ? measured(o, now - w->last) : 0;
    bool late = w->grid != w->last; /* that was a miss already */
    if (w->seen && !late && now - w->last < s->period - s->tolerance - slack) {
        sn_time_print(now - w->last, gap, sizeof gap);
        miss(o, now, "%s after the one before", gap);
    }
    w->seen = true;
    w->last = w->grid = now;
    return rc;
}

/* ---- Events ---- */

static int expected(timed_wait *w, timed_outcome *o, sn_time now) {
    if (w->seen) return 0;
    w->seen = true;
    return measured(o, now);
}

/** E of step i came. */
static int came(timed_judge *j, size_t i, sn_time now) {
    const timed_step *s = &j->r->script->steps[i];
    timed_outcome *o = &j->r->outcomes[i];
    timed_wait *w = &j->waits[i];
    switch (s->kind) {
    case TIMED_WITHIN:
        return answer(w, o, now);
    case TIMED_EVERY:
        return came_every(w, o, s, j->r->slack, now);
    case TIMED_EXPECT:
        return expected(w, o, now);
    case TIMED_NEVER:
        miss(o, now, "it came");
        break;
    case TIMED_NEVER_UNTIL:
        if (now < s->time) miss(o, now, "it came");
        break;
    case TIMED_NEVER_BEFORE:
        if (!w->seen) miss(o, now, "it came before \"%s\"", s->cause);
        break;
    case TIMED_EXPECT_NO:
        if (w->seen && now < w->last) miss(o, now, "it came");
        break;
    case TIMED_SEND_AT:
    case TIMED_SEND_AFTER:
        break;
    }
    return 0;
}

/** A of step i came. */
static int caused(timed_judge *j, size_t i, sn_time now) {
    const timed_step *s = &j->r->script->steps[i];
    timed_wait *w = &j->waits[i];
    j->r->outcomes[i].applied++;
    w->seen = true;
    if (s->kind == TIMED_EXPECT_NO) w->last = now + s->time;
    return s->kind == TIMED_WITHIN ? open_wait(w, now) : 0;
}

int timed_judge_event(timed_judge *j, const char *event, size_t n, sn_time now) {
    const timed_script *t = j->r->script;
    int rc = 0;
    for (size_t i = 0; i < t->n && rc == 0; i++) {
        const timed_step *s = &t->steps[i];
        if (s->kind == TIMED_SEND_AT || s->kind == TIMED_SEND_AFTER) continue;
        if (timed_matches(s->event, event, n)) rc = came(j, i, now);
        if (rc == 0 && s->cause[0] && timed_matches(s->cause, event, n)) rc = caused(j, i, now);
    }
    return rc;
}

/* ---- Time ---- */

void timed_judge_time(timed_judge *j, sn_time now) {
    const timed_script *t = j->r->script;
    for (size_t i = 0; i < t->n; i++) {
        const timed_step *s = &t->steps[i];
        timed_outcome *o = &j->r->outcomes[i];
        timed_wait *w = &j->waits[i];
        if (s->kind == TIMED_WITHIN) look_overdue(w, o, s, j->r->slack, now);
        if (s->kind == TIMED_EVERY) look_every(w, o, s, j->r->slack, now);
        if (s->kind != TIMED_EXPECT || w->seen || w->over || s->time + j->r->slack >= now) continue;
        w->over = true;
        miss(o, s->time + j->r->slack, "it had not come");
    }
}

static sn_time next_of(const timed_judge *j, size_t i) {
    const timed_step *s = &j->r->script->steps[i];
    const timed_wait *w = &j->waits[i];
    sn_time slack = j->r->slack, due;
    if (s->kind == TIMED_WITHIN && w->overdue < w->n) return w->since[w->overdue] + s->time + slack;
    if (s->kind == TIMED_EXPECT && !w->seen && !w->over) return s->time + slack;
    if (s->kind != TIMED_EVERY) return SN_NEVER;
    due = w->grid + s->period + s->tolerance + slack;
    return due <= s->from + s->time ? due : SN_NEVER;
}

sn_time timed_judge_next(const timed_judge *j) {
    sn_time next = SN_NEVER;
    for (size_t i = 0; i < j->r->script->n; i++) {
        sn_time due = next_of(j, i);
        if (due < next) next = due;
    }
    return next == SN_NEVER ? next : next + 1; /* when it is past, not when it is now */
}

void timed_judge_end(timed_judge *j, sn_time now) {
    timed_judge_time(j, now);
    for (size_t i = 0; i < j->r->script->n; i++) {
        j->r->outcomes[i].open += j->waits[i].n - j->waits[i].overdue;
    }
    j->r->runs++;
}
