/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reads scenarios. A line is words and quoted events; its first word says what it is. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sennit/plan.h>

#include "timed.h"

typedef struct word {
    const char *s; /* without the quotes */
    size_t n;
    unsigned column;
    bool quoted;
} word;

typedef struct reader {
    timed_script *script;
    timed_error *error;
    const char *line;
    size_t n, at;
    unsigned number;
} reader;

#define SHOWN(w) (int)((w).n < 60 ? (w).n : 60), (w).s

static int wrong(reader *r, unsigned column, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static int wrong(reader *r, unsigned column, const char *format, ...) {
    va_list ap;
    timed_error *e = r->error;
    e->line = r->number;
    e->column = column;
    va_start(ap, format);
    vsnprintf(e->text, sizeof e->text, format, ap);
    va_end(ap);
    for (char *p = e->text; *p; p++) {
        if ((unsigned char)*p < ' ' || *p == 0x7f) *p = '?';
    }
    return SN_EINVAL;
}

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

static int read_quoted(reader *r, word *w) {
    w->quoted = true;
    w->s++;
    r->at++;
    while (r->at < r->n && r->line[r->at] != '"') r->at++, w->n++;
    if (r->at == r->n) return wrong(r, w->column, "the quotes are not closed");
    r->at++;
    return 0;
}

/** The next word; n is 0 and it is not quoted at the end of the line. */
static int next(reader *r, word *w) {
    while (r->at < r->n && is_space(r->line[r->at])) r->at++;
    *w = (word){r->line + r->at, 0, (unsigned)r->at + 1, false};
    if (r->at == r->n || r->line[r->at] == '#') return 0;
    if (r->line[r->at] == '"') return read_quoted(r, w);
    while (r->at < r->n && !is_space(r->line[r->at])) r->at++, w->n++;
    return 0;
}

static bool is(word w, const char *text) {
    return !w.quoted && strlen(text) == w.n && memcmp(w.s, text, w.n) == 0;
}

static bool ended(word w) { return w.n == 0 && !w.quoted; }

/** Takes the next word if it is `text`. */
static bool take(reader *r, const char *text) {
    size_t at = r->at;
    word w;
    if (next(r, &w) == 0 && is(w, text)) return true;
    r->at = at;
    return false;
}

static int need(reader *r, const char *text, const char *after) {
    word w;
    int rc = next(r, &w);
    if (rc || is(w, text)) return rc;
    return wrong(r, w.column, "'%.*s': needs '%s' after %s", SHOWN(w), text, after);
}

/** An event in quotes. `pattern`: "…*" is allowed. */
static int read_event(reader *r, bool pattern, char out[TIMED_EVENT_MAX]) {
    word w;
    int rc = next(r, &w);
    if (rc) return rc;
    if (!w.quoted) return wrong(r, w.column, "'%.*s': needs an event in quotes", SHOWN(w));
    if (w.n == 0) return wrong(r, w.column, "an event has a name");
    if (w.n >= TIMED_EVENT_MAX) {
        return wrong(r, w.column, "an event has at most %d bytes", TIMED_EVENT_MAX - 1);
    }
    if (!pattern && memchr(w.s, '*', w.n)) {
        return wrong(r, w.column, "\"%.*s\": what is sent has no '*'", SHOWN(w));
    }
    memcpy(out, w.s, w.n);
    out[w.n] = 0;
    return 0;
}

static int read_time(reader *r, const char *what, bool zero, sn_time *out) {
    word w;
    int rc = next(r, &w);
    if (rc) return rc;
    if (w.quoted || sn_text_time(w.s, w.n, out) || *out < 0 || (*out == 0 && !zero)) {
        return wrong(r, w.column, "'%.*s': %s needs a time such as 80ms", SHOWN(w), what);
    }
    if (*out > SN_NEVER / 8) return wrong(r, w.column, "'%.*s' is too long", SHOWN(w));
    return 0;
}

static int read_times(reader *r, unsigned *out) {
    word w;
    int rc = next(r, &w);
    if (rc) return rc;
    *out = 0;
    for (size_t i = 0; i < w.n && i < 7 && *out != UINT32_MAX; i++) {
        bool digit = w.s[i] >= '0' && w.s[i] <= '9';
        *out = digit ? *out * 10 + (unsigned)(w.s[i] - '0') : UINT32_MAX;
    }
    if (w.quoted || w.n > 7 || *out == 0 || *out > TIMED_TIMES_MAX) {
        return wrong(r, w.column, "'%.*s': needs a number from 1 to %d", SHOWN(w), TIMED_TIMES_MAX);
    }
    return 0;
}

/* send "E" at T [every P times N] | send "E" T after "A" */
static int read_send(reader *r, timed_step *s) {
    int rc = read_event(r, false, s->event);
    if (rc) return rc;
    s->times = 1;
    if (!take(r, "at")) {
        s->kind = TIMED_SEND_AFTER;
        rc = read_time(r, "send (at, or so long after an event)", true, &s->time);
        if (rc == 0) rc = need(r, "after", "the time");
        return rc ? rc : read_event(r, true, s->cause);
    }
    s->kind = TIMED_SEND_AT;
    rc = read_time(r, "at", true, &s->time);
    if (rc || !take(r, "every")) return rc;
    rc = read_time(r, "every", false, &s->period);
    if (rc == 0) rc = need(r, "times", "the period");
    return rc ? rc : read_times(r, &s->times);
}

/* after "A" within T "E" */
static int read_after(reader *r, timed_step *s) {
    s->kind = TIMED_WITHIN;
    int rc = read_event(r, true, s->cause);
    if (rc == 0) rc = need(r, "within", "the event");
    if (rc == 0) rc = read_time(r, "within", false, &s->time);
    return rc ? rc : read_event(r, true, s->event);
}

/* never "E" [before T | before "A"] */
static int read_never(reader *r, timed_step *s) {
    s->kind = TIMED_NEVER;
    int rc = read_event(r, true, s->event);
    if (rc || !take(r, "before")) return rc;
    size_t at = r->at;
    word w;
    rc = next(r, &w);
    r->at = at;
    if (rc) return rc;
    s->kind = w.quoted ? TIMED_NEVER_BEFORE : TIMED_NEVER_UNTIL;
    return w.quoted ? read_event(r, true, s->cause) : read_time(r, "before", false, &s->time);
}

/* every P "E" tolerance X for T [from S] */
static int read_every(reader *r, timed_step *s) {
    s->kind = TIMED_EVERY;
    int rc = read_time(r, "every", false, &s->period);
    if (rc == 0) rc = read_event(r, true, s->event);
    if (rc == 0) rc = need(r, "tolerance", "the event");
    if (rc == 0) rc = read_time(r, "tolerance", false, &s->tolerance);
    if (rc == 0) rc = need(r, "for", "the tolerance");
    if (rc == 0) rc = read_time(r, "for", false, &s->time);
    if (rc == 0 && take(r, "from")) rc = read_time(r, "from", true, &s->from);
    if (rc == 0 && s->tolerance >= s->period) {
        return wrong(r, 0, "a tolerance of a whole period says nothing");
    }
    return rc;
}

/* expect "E" within T | expect no "E" for T after "A" */
static int read_expect(reader *r, timed_step *s) {
    bool none = take(r, "no");
    s->kind = none ? TIMED_EXPECT_NO : TIMED_EXPECT;
    int rc = read_event(r, true, s->event);
    if (rc == 0) rc = need(r, none ? "for" : "within", "the event");
    if (rc == 0) rc = read_time(r, none ? "for" : "within", false, &s->time);
    if (rc || !none) return rc;
    rc = need(r, "after", "the time");
    return rc ? rc : read_event(r, true, s->cause);
}

static int read_run(reader *r) {
    if (r->script->length_line) {
        return wrong(r, 1, "the length was given in line %u already", r->script->length_line);
    }
    r->script->length_line = r->number;
    return read_time(r, "run", false, &r->script->length);
}

static const struct keyword {
    const char *word;
    int (*read)(reader *r, timed_step *s);
} keywords[] = {{"send", read_send},
                {"after", read_after},
                {"never", read_never},
                {"every", read_every},
                {"expect", read_expect}};
#define KEYWORDS (sizeof keywords / sizeof *keywords)

static int add_step(timed_script *t, const timed_step *s) {
    if (t->n == t->room) {
        size_t room = t->room ? t->room * 2 : 8;
        timed_step *more = realloc(t->steps, room * sizeof *more);
        if (!more) return SN_ENOMEM;
        t->steps = more;
        t->room = room;
    }
    t->steps[t->n++] = *s;
    return 0;
}

static int end_of_line(reader *r) {
    word w;
    int rc = next(r, &w);
    if (rc || ended(w)) return rc;
    return wrong(r, w.column, "'%.*s': the line should end here", SHOWN(w));
}

static void keep_text(const reader *r, timed_step *s) {
    size_t n = r->at;
    const char *from = r->line;
    while (n > 0 && is_space(*from)) from++, n--;
    while (n > 0 && (is_space(from[n - 1]) || from[n - 1] == '#')) n--;
    snprintf(s->text, sizeof s->text, "%.*s", (int)n, from);
}

static int read_line(reader *r) {
    word w;
    timed_step s = {.line = r->number};
    if (r->n > TIMED_LINE_MAX) return wrong(r, 0, "a line has at most %d bytes", TIMED_LINE_MAX);
    if (memchr(r->line, 0, r->n)) return wrong(r, 0, "a byte 0 is no text");
    int rc = next(r, &w);
    if (rc || ended(w)) return rc;
    if (is(w, "run")) {
        rc = read_run(r);
        return rc ? rc : end_of_line(r);
    }
    for (size_t i = 0; i < KEYWORDS; i++) {
        if (!is(w, keywords[i].word)) continue;
        if (r->script->n == TIMED_STEPS_MAX) {
            return wrong(r, 0, "a scenario has at most %d lines", TIMED_STEPS_MAX);
        }
        rc = keywords[i].read(r, &s);
        if (rc == 0) rc = end_of_line(r);
        keep_text(r, &s);
        return rc ? rc : add_step(r->script, &s);
    }
    return wrong(r, w.column, "'%.*s': a line begins with run, send, after, never, every or expect",
                 SHOWN(w));
}

/** When the last thing that a step says by itself is over. */
static sn_time last_moment(const timed_step *s) {
    sn_time last;
    if (s->kind == TIMED_EVERY) return s->from + s->time;
    if (s->kind != TIMED_SEND_AT) return s->time;
    if (__builtin_mul_overflow(s->period, (sn_time)s->times - 1, &last)) return SN_NEVER;
    return __builtin_add_overflow(last, s->time, &last) ? SN_NEVER : last;
}

static int check_whole(reader *r) {
    timed_script *t = r->script;
    size_t rules = 0;
    r->number = 0;
    if (t->length == 0) return wrong(r, 0, "no line says how long to run: 'run 10s'");
    for (size_t i = 0; i < t->n; i++) {
        const timed_step *s = &t->steps[i];
        r->number = s->line;
        if (last_moment(s) > t->length) {
            return wrong(r, 0, "this is over only after the run of line %u is", t->length_line);
        }
        rules += s->kind != TIMED_SEND_AT && s->kind != TIMED_SEND_AFTER;
    }
    r->number = 0;
    if (rules) return 0;
    return wrong(r, 0, "nothing is asked of the program: no after, never, every or expect");
}

int timed_parse(timed_script *script, const char *text, size_t n, timed_error *error) {
    *script = (timed_script){0};
    *error = (timed_error){0};
    reader r = {.script = script, .error = error};
    if (n > TIMED_FILE_MAX) {
        wrong(&r, 0, "a scenario has at most %d bytes", TIMED_FILE_MAX);
        return SN_EFBIG;
    }
    for (size_t at = 0; at < n; at += r.n + 1) {
        const char *end = memchr(text + at, '\n', n - at);
        r.line = text + at;
        r.n = end ? (size_t)(end - text) - at : n - at;
        r.at = 0;
        r.number++;
        int rc = read_line(&r);
        if (rc) return rc;
    }
    return check_whole(&r);
}

void timed_script_free(timed_script *script) {
    free(script->steps);
    *script = (timed_script){0};
}

bool timed_matches(const char *pattern, const char *event, size_t n) {
    size_t len = strlen(pattern);
    if (len > 0 && pattern[len - 1] == '*') {
        return n >= len - 1 && memcmp(pattern, event, len - 1) == 0;
    }
    return n == len && memcmp(pattern, event, n) == 0;
}
