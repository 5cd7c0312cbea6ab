/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A fault line: "fault KIND PLACE clauses…", and what must hold between its clauses. */
#include <string.h>

#include "plan/clause.h"
#include "plan/kind.h"

#define SHOWN(w) (int)((w).n < 40 ? (w).n : 40), (w).s
#define OF_ALL (PLAN_AT | PLAN_EVERY | PLAN_UNTIL | PLAN_TIMES | PLAN_SPREAD)

static int read_kind(plan_cursor *c, uint32_t *kind) {
    const char *names[SN_FAULT_KINDS];
    plan_word w = plan_next(c);
    for (uint32_t i = 0; i < SN_FAULT_KINDS; i++) {
        names[i] = plan_kinds[i].name;
        if (!plan_is(w, names[i])) continue;
        *kind = i;
        return 0;
    }
    const char *near = plan_nearest(w, names, SN_FAULT_KINDS);
    if (w.n == 0) return plan_wrong(c, w, "the line ends before the kind of fault");
    if (near)
        return plan_wrong(c, w, "no kind of fault '%.*s': did you mean '%s'?", SHOWN(w), near);
    return plan_wrong(c, w, "no kind of fault '%.*s'", SHOWN(w));
}

static bool of_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
}

bool plan_is_address(const char *place) { return place[0] >= '0' && place[0] <= '9'; }

int plan_host_read(plan_cursor *c, plan_word w, bool pattern, char out[SN_PLACE_MAX]) {
    if (w.n == 0) return plan_wrong(c, w, "the line ends before the name of a host");
    if (w.n >= SN_PLACE_MAX) {
        return plan_wrong(c, w, "'%.*s…': a place has at most %u bytes", SHOWN(w),
                          SN_PLACE_MAX - 1);
    }
    for (size_t i = 0; i < w.n; i++) {
        if (of_name(w.s[i]) || (w.s[i] == '*' && pattern && i + 1 == w.n)) continue;
        return plan_wrong(c, w, "'%.*s' is no name of a host", SHOWN(w));
    }
    memcpy(out, w.s, w.n);
    out[w.n] = 0;
    return 0;
}

/** An end of a link: a host, a prefix and "*", an address or a range. */
static int read_end(plan_cursor *c, char out[SN_PLACE_MAX], uint32_t *column) {
    plan_word w = plan_next(c);
    *column = w.column;
    if (w.n == 0 || w.n >= SN_PLACE_MAX || w.s[0] < '0' || w.s[0] > '9') {
        return plan_host_read(c, w, true, out);
    }
    for (size_t i = 0; i < w.n; i++) {
        if ((w.s[i] >= '0' && w.s[i] <= '9') || w.s[i] == '.' || w.s[i] == '/') continue;
        return plan_wrong(c, w, "'%.*s' is no address or range, such as 10.64.0.0/12", SHOWN(w));
    }
    memcpy(out, w.s, w.n);
    out[w.n] = 0;
    return 0;
}

/** "from A to B" or "between A and B". */
static int read_link(plan_cursor *c, plan_rule *r) {
    plan_word w = plan_next(c);
    bool from = plan_is(w, "from");
    if (!from && !plan_is(w, "between")) {
        return plan_wrong(c, w, "%s is on a link: needs 'from A to B' or 'between A and B'",
                          plan_kinds[r->kind].name);
    }
    int rc = read_end(c, r->place, &r->column);
    if (rc) return rc;
    const char *joint = from ? "to" : "and";
    w = plan_next(c);
    if (!plan_is(w, joint)) {
        return plan_wrong(c, w, "'%.*s': needs '%s' and the other end", SHOWN(w), joint);
    }
    r->both = !from;
    return read_end(c, r->to, &r->to_column);
}

static int read_place(plan_cursor *c, plan_rule *r) {
    if (plan_kinds[r->kind].link) return read_link(c, r);
    plan_word w = plan_next(c);
    if (plan_is(w, "on")) w = plan_next(c);
    r->column = w.column;
    if (w.n > 0 && plan_is_address(w.s)) {
        return plan_wrong(c, w, "'%.*s': %s is on a host, by its name", SHOWN(w),
                          plan_kinds[r->kind].name);
    }
    return plan_host_read(c, w, true, r->place);
}

/** The clause that the word begins, of those in `may`; its index, or below 0 and an error. */
static int find_clause(plan_cursor *c, plan_word w, uint32_t may, uint32_t kind) {
    const char *words[PLAN_CLAUSES];
    size_t n = 0;
    bool known = false;
    for (int i = 0; i < PLAN_CLAUSES; i++) {
        bool same = plan_is(w, plan_clauses[i].word);
        if (may >> i & 1) {
            if (same) return i;
            words[n++] = plan_clauses[i].word;
        }
        known |= same;
    }
    if (known) {
        return plan_wrong(c, w, "%s has no '%.*s'", plan_kinds[kind].name, SHOWN(w));
    }
    const char *near = plan_nearest(w, words, n);
    if (near) return plan_wrong(c, w, "'%.*s': did you mean '%s'?", SHOWN(w), near);
    return plan_wrong(c, w, "'%.*s' is no word of a fault", SHOWN(w));
}

static int read_clauses(plan_cursor *c, plan_rule *r, uint32_t *seen) {
    for (;;) {
        plan_word w = plan_next(c);
        if (w.n == 0) return 0;
        int i = find_clause(c, w, OF_ALL | plan_kinds[r->kind].may, r->kind);
        if (i < 0) return i;
        if (*seen >> i & 1) return plan_wrong(c, w, "'%.*s' is said twice", SHOWN(w));
        *seen |= 1u << i;
        int rc = plan_clause_value(c, &plan_clauses[i], r);
        if (rc) return rc;
    }
}

static const char *first_word(uint32_t clauses) {
    return plan_clauses[__builtin_ctz(clauses)].word;
}

/** What one clause asks of the others. */
static int check_clauses(plan_cursor *c, const plan_rule *r, uint32_t seen) {
    const plan_kind *k = &plan_kinds[r->kind];
    uint32_t missing = (k->must | PLAN_AT) & ~seen;
    plan_word whole = {c->text, 0, 0};
    if (missing) return plan_wrong(c, whole, "%s needs '%s'", k->name, first_word(missing));
    if (k->one_of && !(seen & k->one_of)) {
        uint32_t rest = k->one_of & (k->one_of - 1);
        return plan_wrong(c, whole, "%s needs '%s' or '%s'", k->name, first_word(k->one_of),
                          first_word(rest));
    }
    if (r->every && !(seen & (PLAN_TIMES | PLAN_UNTIL))) {
        return plan_wrong(c, whole, "'every' needs 'times' or 'until': plans end");
    }
    if (r->until && !r->every)
        return plan_wrong(c, whole, "'until' is for what comes 'every' so often");
    if (r->until && r->until <= r->at.lo) {
        return plan_wrong(c, whole, "'until' is over before 'at' begins");
    }
    if (seen & PLAN_FOR && r->lasts.lo == 0) {
        return plan_wrong(c, whole, "'for' needs a time above 0");
    }
    if (r->kind == SN_FAULT_RESET && (seen & PLAN_FOR) != 0 && !(seen & PLAN_SHARE_OF)) {
        return plan_wrong(c, whole, "reset 'for' a time needs the 'share' of connections");
    }
    if (r->kind == SN_FAULT_RESET && !(seen & PLAN_FOR) && (seen & PLAN_SHARE_OF)) {
        return plan_wrong(c, whole, "reset with a 'share' of connections needs 'for'");
    }
    return 0;
}

int plan_fault_line(plan_cursor *c, plan_rule *r) {
    uint32_t seen = 0;
    *r = (plan_rule){.line = c->line};
    int rc = read_kind(c, &r->kind);
    if (rc == 0) rc = read_place(c, r);
    if (rc == 0) rc = read_clauses(c, r, &seen);
    if (rc == 0) rc = check_clauses(c, r, seen);
    if (rc == 0 && r->kind == SN_FAULT_HOG && r->cpus == 0) r->cpus = 1;
    return rc;
}
