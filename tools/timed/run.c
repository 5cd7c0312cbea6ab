/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The runner: one coroutine that waits for the next line, the next thing to send or the next
 * instant that the judge wants to be told of, whichever is first. Public calls of the library only:
 * linked with libsennit-sim it runs in virtual time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sennit/go.h>
#include <sennit/plan.h>
#include <sennit/time.h>

#include "judge.h"

/** Something to send. */
typedef struct parcel {
    sn_time at; /* since the start; SN_NEVER: no more */
    unsigned left;
} parcel;

typedef struct run {
    timed_result *r;
    sn_conn *c;
    timed_judge judge;
    sn_time start;
    parcel *next; /* of each step TIMED_SEND_AT */
    struct {
        sn_time at;
        size_t step;
    } * after; /* what events have asked for, in no order */
    size_t after_n;
    char line[TIMED_EVENT_MAX + 2];
    size_t line_n;
    bool over;
} run;

static sn_time now_of(const run *x) { return sn_now() - x->start; }

static int broken(run *x, const char *why) {
    if (!x->r->broken[0]) snprintf(x->r->broken, sizeof x->r->broken, "%s", why);
    x->over = true;
    return 0;
}

static int broken_by(run *x, const char *what, int err) {
    char why[160];
    char at[40];
    sn_time_print(now_of(x), at, sizeof at);
    snprintf(why, sizeof why, "at %s: %s: %s", at, what, sn_strerror(err));
    return broken(x, why);
}

/** Sends that an event asks for. */
static int ask_sends(run *x, const char *event, size_t n, sn_time now) {
    const timed_script *t = x->r->script;
    for (size_t i = 0; i < t->n; i++) {
        const timed_step *s = &t->steps[i];
        if (s->kind != TIMED_SEND_AFTER || !timed_matches(s->cause, event, n)) continue;
        if (x->after_n == TIMED_OPEN_MAX) return SN_ERANGE;
        x->after[x->after_n].at = now + s->time;
        x->after[x->after_n++].step = i;
    }
    return 0;
}

static int happened(run *x, const char *event, size_t n) {
    sn_time now = now_of(x);
    timed_judge_time(&x->judge, now);
    int rc = timed_judge_event(&x->judge, event, n, now);
    if (rc == 0) rc = ask_sends(x, event, n, now);
    return rc == SN_ERANGE ? broken(x, "more events are open than can be followed") : rc;
}

/* ---- Sending ---- */

static int send_event(run *x, const char *event, sn_time due) {
    char line[TIMED_EVENT_MAX + 1];
    size_t n = strlen(event), done;
    memcpy(line, event, n);
    line[n] = '\n';
    sn_time late = now_of(x) - due;
    if (late > x->r->late_send) x->r->late_send = late;
    int rc = happened(x, event, n); /* what it causes may come before the write returns */
    if (rc || x->over) return rc;
    sn_set_write_deadline(x->c, x->start + x->r->script->length);
    rc = sn_write(x->c, line, n + 1, &done);
    return rc && rc != SN_ECANCELED ? broken_by(x, "sending", rc) : rc;
}

/** Sends what is due. */
static int send_due(run *x) {
    const timed_script *t = x->r->script;
    int rc = 0;
    for (size_t i = 0; i < t->n && rc == 0 && !x->over; i++) {
        while (x->next[i].at <= now_of(x) && rc == 0 && !x->over) {
            sn_time due = x->next[i].at;
            x->next[i].at = --x->next[i].left ? due + t->steps[i].period : SN_NEVER;
            rc = send_event(x, t->steps[i].event, due);
        }
    }
    for (size_t i = 0; i < x->after_n && rc == 0 && !x->over;) {
        if (x->after[i].at > now_of(x)) {
            i++;
            continue;
        }
        sn_time due = x->after[i].at;
        size_t step = x->after[i].step;
        memmove(&x->after[i], &x->after[i + 1], (--x->after_n - i) * sizeof *x->after);
        rc = send_event(x, t->steps[step].event, due);
    }
    return rc;
}

/** The next instant at which something is to be done. */
static sn_time next_moment(const run *x) {
    sn_time next = timed_judge_next(&x->judge);
    for (size_t i = 0; i < x->r->script->n; i++) {
        if (x->next[i].at < next) next = x->next[i].at;
    }
    for (size_t i = 0; i < x->after_n; i++) {
        if (x->after[i].at < next) next = x->after[i].at;
    }
    return next < x->r->script->length ? next : x->r->script->length;
}

/* ---- Receiving ---- */

static int take_byte(run *x, char byte) {
    if (byte != '\n') {
        if (x->line_n == TIMED_EVENT_MAX) return broken(x, "the program sent an event too long");
        x->line[x->line_n++] = byte;
        return 0;
    }
    size_t n = x->line_n;
    x->line_n = 0;
    if (n > 0 && x->line[n - 1] == '\r') n--;
    return n > 0 ? happened(x, x->line, n) : 0;
}

/** Waits for lines until the next moment. */
static int receive(run *x, sn_time until) {
    char buf[1024];
    size_t n;
    sn_set_read_deadline(x->c, x->start + until);
    int rc = sn_read(x->c, buf, sizeof buf, &n);
    for (size_t i = 0; i < n && !x->over; i++) {
        int bad = take_byte(x, buf[i]);
        if (bad) return bad;
    }
    if (rc == SN_ETIMEDOUT || rc == SN_ECANCELED) return sn_canceled();
    if (rc) return broken_by(x, "receiving", rc);
    return n == 0 ? broken(x, "the program closed the connection") : 0;
}

/* ---- A run ---- */

static int go_on(run *x) {
    for (;;) {
        int rc = send_due(x);
        if (rc || x->over) return rc;
        sn_time now = now_of(x);
        if (now >= x->r->script->length) return 0;
        timed_judge_time(&x->judge, now);
        rc = receive(x, next_moment(x));
        if (rc || x->over) return rc;
    }
}

static int prepare(run *x) {
    const timed_script *t = x->r->script;
    x->next = malloc((t->n + 1) * sizeof *x->next);
    x->after = malloc(TIMED_OPEN_MAX * sizeof *x->after);
    int rc = timed_judge_init(&x->judge, x->r);
    if (rc || !x->next || !x->after) return SN_ENOMEM;
    for (size_t i = 0; i < t->n; i++) {
        const timed_step *s = &t->steps[i];
        x->next[i] = (parcel){s->kind == TIMED_SEND_AT ? s->time : SN_NEVER, s->times};
    }
    return 0;
}

int timed_run(timed_result *r, sn_conn *c) {
    run x = {.r = r, .c = c};
    int rc = prepare(&x);
    x.start = sn_now();
    if (rc == 0) rc = go_on(&x);
    if (rc == 0) timed_judge_end(&x.judge, now_of(&x));
    sn_set_read_deadline(c, SN_NEVER);
    sn_set_write_deadline(c, SN_NEVER);
    timed_judge_free(&x.judge);
    free(x.next);
    free(x.after);
    return rc;
}
