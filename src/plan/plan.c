/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A plan and its lines. */
#include <stdlib.h>
#include <string.h>

#include "plan/plan_impl.h"

#define SHOWN(w) (int)((w).n < 40 ? (w).n : 40), (w).s

sn_plan *sn_plan_new(void) { return calloc(1, sizeof(sn_plan)); }

void sn_plan_free(sn_plan *plan) {
    if (plan) free(plan->rules);
    free(plan);
}

size_t sn_plan_size(const sn_plan *plan) { return plan->n; }

static const char *const line_words[] = {"fault", "radius", "spare"};
#define LINE_WORDS (sizeof line_words / sizeof *line_words)

int sn_plan_is_line(const char *text, size_t n) {
    plan_cursor c = {text, n, 0, 0, NULL};
    plan_word w = plan_next(&c);
    for (size_t i = 0; i < LINE_WORDS; i++) {
        if (plan_is(w, line_words[i])) return 1;
    }
    return 0;
}

static int end_of_line(plan_cursor *c) {
    plan_word w = plan_next(c);
    return w.n ? plan_wrong(c, w, "'%.*s': the line should end here", SHOWN(w)) : 0;
}

static int add_fault(sn_plan *p, plan_cursor *c) {
    plan_rule rule;
    int rc = plan_fault_line(c, &rule);
    if (rc) return rc;
    if (p->n == PLAN_RULES_MAX) {
        return plan_error(c->error, c->line, 0, "a plan has at most %u faults", PLAN_RULES_MAX);
    }
    if (p->n == p->room) {
        size_t room = p->room ? p->room * 2 : 8;
        plan_rule *more = realloc(p->rules, room * sizeof *more);
        if (!more) return SN_ENOMEM;
        p->rules = more;
        p->room = room;
    }
    p->rules[p->n++] = rule;
    return 0;
}

static int set_radius(sn_plan *p, plan_cursor *c) {
    plan_amount radius;
    plan_word w = plan_next(c);
    if (p->radius_line) {
        return plan_wrong(c, w, "the radius was set in line %u already", p->radius_line);
    }
    int rc = plan_amount_read(c, w, &radius);
    if (rc == 0) rc = end_of_line(c);
    if (rc) return rc;
    p->radius = radius;
    p->radius_line = c->line;
    return 0;
}

static int add_spared(sn_plan *p, plan_cursor *c) {
    char name[SN_PLACE_MAX];
    int rc = plan_host_read(c, plan_next(c), true, name);
    if (rc == 0) rc = end_of_line(c);
    if (rc) return rc;
    if (p->spared_n == PLAN_SPARED_MAX) {
        return plan_error(c->error, c->line, 0, "at most %u lines 'spare'", PLAN_SPARED_MAX);
    }
    p->spared_line[p->spared_n] = c->line;
    memcpy(p->spared[p->spared_n++], name, sizeof name);
    return 0;
}

int sn_plan_line(sn_plan *plan, const char *text, size_t n, uint32_t number, sn_plan_error *error) {
    plan_cursor c = {text, n, 0, number, error};
    if (n > PLAN_LINE_MAX) {
        return plan_error(error, number, 0, "a line has at most %u bytes", PLAN_LINE_MAX);
    }
    if (memchr(text, 0, n)) return plan_error(error, number, 0, "a byte 0 is no text");
    plan_word w = plan_next(&c);
    if (w.n == 0) return 0;
    if (plan_is(w, "fault")) return add_fault(plan, &c);
    if (plan_is(w, "radius")) return set_radius(plan, &c);
    if (plan_is(w, "spare")) return add_spared(plan, &c);
    const char *near = plan_nearest(w, line_words, LINE_WORDS);
    if (near) return plan_wrong(&c, w, "'%.*s': did you mean '%s'?", SHOWN(w), near);
    return plan_wrong(&c, w, "'%.*s': a line begins with fault, radius or spare", SHOWN(w));
}

int sn_plan_parse(sn_plan *plan, const char *text, size_t n, sn_plan_error *error) {
    if (n > SN_PLAN_MAX) {
        plan_error(error, 0, 0, "a plan has at most %u bytes", SN_PLAN_MAX);
        return SN_EFBIG;
    }
    uint32_t number = 1;
    for (size_t at = 0; at < n; number++) {
        const char *end = memchr(text + at, '\n', n - at);
        size_t len = end ? (size_t)(end - text) - at : n - at;
        int rc = sn_plan_line(plan, text + at, len, number, error);
        if (rc) return rc;
        at += len + 1;
    }
    return 0;
}
