/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Scenario files: a word at the start of a line says what the line is about; the table below has
 * them all but those of the fault plan, which reads its own lines. `#` begins a comment at the
 * start of a line or after a space, but not in the sentence of `about`.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "search/number.h"
#include "search/spec.h"

enum { WORDS = 12 }; /* of the table: a "given before" bit each */

typedef struct reader {
    spec *s;
    trouble *t;
    const char *line; /* the line that is read, a C string without its end */
    const char *at;   /* how far it is read */
    unsigned number;
    unsigned given[WORDS]; /* line in which a word stood; 0: in none yet */
} reader;

static bool wrong(reader *r, const char *where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static bool wrong(reader *r, const char *where, const char *format, ...) {
    va_list ap;
    va_start(ap, format);
    vsnprintf(r->t->what, sizeof r->t->what, format, ap);
    va_end(ap);
    r->t->line = r->number;
    r->t->column = (unsigned)(where - r->line) + 1;
    return false;
}

/* ---- Words of a line ---- */

static bool blank(char c) { return c == ' ' || c == '\t'; }

static const char *skip(const char *p) {
    while (blank(*p)) p++;
    return p;
}

/* The next word into buf, "" at the end of the line or at a comment. Returns where it begins. */
static const char *word(reader *r, char *buf, size_t size) {
    const char *from = r->at = skip(r->at);
    size_t n = *from == '#' ? 0 : strcspn(from, " \t");
    r->at = from + n;
    if (n >= size) n = size - 1; /* too long for anything that is known: its start tells */
    memcpy(buf, from, n);
    buf[n] = 0;
    return from;
}

static bool ended(reader *r) {
    char more[SPEC_NAME];
    const char *at = word(r, more, sizeof more);
    return !*more || wrong(r, at, "'%s' is more than belongs here", more);
}

/* The rest of the line without blanks around it. `comments`: a '#' after a blank ends it. */
static bool sentence(reader *r, const char *what, bool comments, char *buf, size_t size) {
    const char *from = r->at = skip(r->at), *to = from + strlen(from);
    for (const char *p = from; comments && *p; p++)
        if (*p == '#' && (p == from || blank(p[-1]))) to = p;
    while (to > from && blank(to[-1])) to--;
    if (to == from) return wrong(r, from, "%s is missing", what);
    if ((size_t)(to - from) >= size)
        return wrong(r, from, "%s is longer than %zu bytes", what, size - 1);
    memcpy(buf, from, (size_t)(to - from));
    buf[to - from] = 0;
    return true;
}

static bool name_word(reader *r, const char *what, char *buf) {
    static const char fit[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
    const char *at = word(r, buf, SPEC_NAME);
    if (!*buf) return wrong(r, at, "%s is missing", what);
    if (r->at - at >= SPEC_NAME)
        return wrong(r, at, "%s is longer than %d bytes", what, SPEC_NAME - 1);
    size_t n = strspn(buf, fit);
    return !buf[n] ||
           wrong(r, at + n, "%s has a character that is not a letter, digit or -_.", what);
}

static bool time_word(reader *r, sn_time *v) {
    char text[SPEC_NAME];
    const char *at = word(r, text, sizeof text);
    if (!sn__read_time(text, v) || *v <= 0)
        return wrong(r, at, "'%s' is not a time such as 90s, 250ms or 7d", text);
    return ended(r);
}

static bool count_word(reader *r, uint64_t most, uint64_t *v) {
    char text[SPEC_NAME];
    const char *at = word(r, text, sizeof text);
    if (!sn__read_count(text, v) || !*v || *v > most)
        return wrong(r, at, "'%s' is not a number from 1 to %llu", text, (unsigned long long)most);
    return true;
}

/* ---- What the words mean ---- */

static bool read_scenario(reader *r) {
    return name_word(r, "the scenario's name", r->s->scenario) && ended(r);
}

static bool read_about(reader *r) {
    return sentence(r, "the sentence", false, r->s->about, sizeof r->s->about);
}

static bool read_set(reader *r) {
    char name[SPEC_NAME], value[SPEC_TEXT];
    const char *at = skip(r->at);
    if (!name_word(r, "the parameter's name", name)) return false;
    if (!sentence(r, "the value", true, value, sizeof value)) return false;
    for (unsigned i = 0; i < r->s->params_n; i++)
        if (!strcmp(r->s->params[i].name, name)) return wrong(r, at, "'%s' is set twice", name);
    const char *bad = sn__spec_set(r->s, name, value);
    return !bad || wrong(r, at, "%s", bad);
}

static param *find(spec *s, const char *name) {
    for (unsigned i = 0; i < s->params_n; i++)
        if (!strcmp(s->params[i].name, name)) return &s->params[i];
    return NULL;
}

static bool read_shrink(reader *r) {
    char name[SPEC_NAME], least[SPEC_TEXT];
    const char *at = skip(r->at);
    if (!name_word(r, "the parameter's name", name)) return false;
    param *p = find(r->s, name);
    if (!p) return wrong(r, at, "'%s' is not set above: shrink goes down from what is set", name);
    at = skip(r->at);
    if (!sentence(r, "the least value", true, least, sizeof least)) return false;
    int64_t i;
    sn_time t;
    bool whole = sn__read_int(p->value, &i) && sn__read_int(least, &i);
    if (!whole && !(sn__read_time(p->value, &t) && sn__read_time(least, &t)))
        return wrong(r, at, "'%s' and '%s' are not both numbers or both times", p->value, least);
    memcpy(p->least, least, sizeof p->least);
    return true;
}

/* "pct depth 3 steps 20000" */
static bool read_mode(reader *r) {
    char text[SPEC_NAME];
    const char *at = word(r, text, sizeof text);
    sn_sim_config *c = &r->s->config;
    uint64_t n;
    if (!sn__spec_mode(r->s, text))
        return wrong(r, at, "'%s' is not a mode: uniform, pct or mixed", text);
    if (c->mode == SN_SIM_UNIFORM && !r->s->mixed) return ended(r);
    for (;;) {
        at = word(r, text, sizeof text);
        if (!*text) return true;
        if (!strcmp(text, "depth")) {
            if (!count_word(r, SPEC_DEPTH, &n)) return false;
            c->depth = (uint32_t)n;
        } else if (!strcmp(text, "steps")) {
            if (!count_word(r, UINT64_MAX, &c->steps)) return false;
        } else {
            return wrong(r, at, "'%s' is neither depth nor steps", text);
        }
    }
}

static bool read_calm(reader *r) {
    r->s->config.calm = 1;
    return ended(r);
}

static bool read_range(reader *r, seeds *v) {
    char text[SPEC_NAME];
    const char *at = word(r, text, sizeof text);
    if (!sn__read_range(text, &v->first, &v->last) || !v->first || v->last > SPEC_SEED)
        return wrong(r, at, "'%s' is not a range of seeds such as 1..1000", text);
    return ended(r);
}

static bool read_seeds(reader *r) { return read_range(r, &r->s->all); }
static bool read_brief(reader *r) { return read_range(r, &r->s->brief); }
static bool read_limit(reader *r) { return time_word(r, &r->s->limit); }
static bool read_max_time(reader *r) { return time_word(r, &r->s->config.max_time); }
static bool read_max_choices(reader *r) {
    return count_word(r, UINT64_MAX, &r->s->config.max_choices) && ended(r);
}

static bool read_expect(reader *r) {
    char text[SPEC_NAME];
    const char *at = word(r, text, sizeof text);
    r->s->must_fail = !strcmp(text, "fail");
    if (!r->s->must_fail)
        return strcmp(text, "pass") ? wrong(r, at, "'%s' is neither pass nor fail", text)
                                    : ended(r);
    if (!*skip(r->at) || *skip(r->at) == '#') return true;
    return sentence(r, "the reason", true, r->s->must_say, sizeof r->s->must_say);
}

/* The plan knows its own words, and where it found something wrong. */
static bool read_fault(reader *r) {
    spec *s = r->s;
    sn_plan_error e;
    if (!s->plan) s->plan = sn_plan_new();
    int rc = s->plan ? sn_plan_line(s->plan, r->line, strlen(r->line), r->number, &e) : SN_ENOMEM;
    if (!rc) return true;
    if (rc == SN_ENOMEM) return wrong(r, r->line, "out of memory");
    return wrong(r, r->line + (e.column ? e.column - 1 : 0), "%s", e.text);
}

static const struct keyword {
    const char *name;
    bool (*read)(reader *r);
    bool often; /* may stand in several lines */
} keywords[WORDS] = {
    {"scenario", read_scenario, false},
    {"about", read_about, false},
    {"set", read_set, true},
    {"shrink", read_shrink, true},
    {"mode", read_mode, false},
    {"calm", read_calm, false},
    {"seeds", read_seeds, false},
    {"brief", read_brief, false},
    {"limit", read_limit, false},
    {"max-time", read_max_time, false},
    {"max-choices", read_max_choices, false},
    {"expect", read_expect, false},
};

/* ---- Lines ---- */

static bool read_keyword(reader *r) {
    char text[SPEC_NAME];
    const char *at = word(r, text, sizeof text);
    for (size_t i = 0; i < WORDS; i++) {
        const struct keyword *k = &keywords[i];
        if (strcmp(k->name, text)) continue;
        if (r->given[i] && !k->often)
            return wrong(r, at, "'%s' stands in line %u already", text, r->given[i]);
        r->given[i] = r->number;
        return k->read(r);
    }
    return wrong(r, at, "'%s' is not a word that a line begins with", text);
}

static bool read_line(reader *r) {
    const char *from = skip(r->line);
    size_t n = strlen(r->line);
    r->at = r->line;
    if (n > SPEC_LINE) return wrong(r, r->line + SPEC_LINE, "line longer than %d bytes", SPEC_LINE);
    for (const char *p = r->line; *p; p++)
        if (((unsigned char)*p < ' ' && *p != '\t') || *p == 0x7f)
            return wrong(r, p, "a control character (0x%02x)", (unsigned char)*p);
    if (!*from || *from == '#') return true;
    return sn_plan_is_line(r->line, n) ? read_fault(r) : read_keyword(r);
}

static bool nowhere(trouble *t, const char *what) {
    t->line = t->column = 0;
    snprintf(t->what, sizeof t->what, "%s", what);
    return false;
}

/* The text becomes lines, each a C string. A "\r" before a line's end belongs to the end. */
static bool read_lines(reader *r, char *text, size_t n) {
    char *line = text, *last = line + n;
    while (line < last) {
        char *end = memchr(line, '\n', (size_t)(last - line));
        if (!end) end = last;
        const char *zero = memchr(line, 0, (size_t)(end - line));
        *end = 0;
        if (end > line && end[-1] == '\r') end[-1] = 0;
        r->line = line;
        r->number++;
        if (zero) return wrong(r, zero, "a zero byte");
        if (!read_line(r)) return false;
        line = end + 1;
    }
    return true;
}

bool sn__spec_parse(spec *s, const char *text, size_t n, trouble *t) {
    reader r = {.s = s, .t = t};
    if (n > SPEC_BYTES) return nowhere(t, "longer than 256 KiB");
    char *copy = malloc(n + 1);
    if (!copy) return nowhere(t, "out of memory");
    memcpy(copy, text, n);
    copy[n] = 0;
    bool ok = read_lines(&r, copy, n);
    free(copy);
    if (!ok) return false;
    if (!*s->scenario) return nowhere(t, "names no scenario (a line `scenario NAME`)");
    return true;
}

void sn__spec_init(spec *s) {
    *s = (spec){.all = {1, 1000}, .brief = {1, 50}, .limit = 60 * SN_SECOND};
    s->config.size = sizeof s->config;
}

bool sn__spec_mode(spec *s, const char *name) {
    s->mixed = !strcmp(name, "mixed");
    s->config.mode = strcmp(name, "pct") ? SN_SIM_UNIFORM : SN_SIM_PCT;
    return s->mixed || s->config.mode == SN_SIM_PCT || !strcmp(name, "uniform");
}

const char *sn__spec_set(spec *s, const char *name, const char *value) {
    param *p = find(s, name);
    if (!p && s->params_n == SPEC_PARAMS) return "more than 64 parameters";
    if (!*name || strlen(name) >= SPEC_NAME) return "a name has 1 to 63 bytes";
    if (strlen(value) >= SPEC_TEXT) return "a value has at most 255 bytes";
    if (!p) {
        p = &s->params[s->params_n++];
        *p = (param){.name = ""};
        memcpy(p->name, name, strlen(name) + 1);
    }
    memcpy(p->value, value, strlen(value) + 1);
    return NULL;
}

void sn__spec_free(spec *s) {
    sn_plan_free(s->plan);
    s->plan = NULL;
    sn__numbers_free(&s->without);
    free(s->order.steps);
    s->order.steps = NULL;
}
