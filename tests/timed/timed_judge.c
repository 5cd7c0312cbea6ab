/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The judge: from events and times, what held. */
#include "timed/judge.h"

#include "check.h"

#define MS SN_MILLISECOND

typedef struct seen {
    sn_time at_ms;
    const char *event;
} seen;

static timed_script script;
static timed_result result;

/** Judges a run of 1 s: `rule` and the events, which end with a NULL. */
static const timed_outcome *judge(const char *rule, const seen *events, sn_time slack) {
    char text[300];
    timed_error e;
    timed_judge j;
    snprintf(text, sizeof text, "run 1s\n%s", rule);
    MUST(timed_parse(&script, text, strlen(text), &e) == 0);
    MUST(timed_result_init(&result, &script, slack) == 0);
    MUST(timed_judge_init(&j, &result) == 0);
    for (; events->event; events++) {
        timed_judge_time(&j, events->at_ms * MS);
        CHECK(timed_judge_next(&j) > events->at_ms * MS);
        MUST(timed_judge_event(&j, events->event, strlen(events->event), events->at_ms * MS) == 0);
    }
    timed_judge_end(&j, SN_SECOND);
    timed_judge_free(&j);
    return &result.outcomes[0];
}

static void done(void) {
    timed_result_free(&result);
    timed_script_free(&script);
}

/** How often the rule did not hold. */
static void expect(const char *rule, const seen *events, unsigned missed, int passed) {
    const timed_outcome *o = judge(rule, events, 0);
    if (o->missed != missed || timed_passed(&result) != passed) {
        fprintf(stderr, "%s: missed %u times, %s (%s)\n", rule, (unsigned)o->missed,
                timed_passed(&result) ? "passed" : "failed", o->first);
        CHECK(!"the verdict");
    }
    done();
}

#define EVENTS(...)                                                                                \
    (const seen[]) {                                                                               \
        __VA_ARGS__, { 0, NULL }                                                                   \
    }

static void an_answer_within(void) {
    static const char rule[] = "after \"a\" within 80ms \"b\"";
    expect(rule, EVENTS({100, "a"}, {180, "b"}), 0, 1);
    expect(rule, EVENTS({100, "a"}, {181, "b"}), 1, 0);
    expect(rule, EVENTS({100, "a"}, {500, "c"}), 1, 0);
    expect(rule, EVENTS({100, "a"}, {150, "b"}, {300, "a"}), 1, 0);
    expect(rule, EVENTS({100, "a"}, {150, "a"}, {170, "b"}), 0, 1);
    expect(rule, EVENTS({100, "a"}, {110, "a"}, {185, "b"}), 1, 0);
    expect(rule, EVENTS({100, "b"}), 0, 0); /* nothing was tried */
    expect(rule, EVENTS({950, "a"}), 0, 1); /* undecided */
    expect("after \"a\" within 80ms \"*\"", EVENTS({1, "a"}, {2, "x"}), 0, 1);
}

static void what_was_measured(void) {
    const timed_outcome *o = judge("after \"a\" within 80ms \"b\"",
                                   EVENTS({100, "a"}, {130, "b"}, {200, "a"}, {300, "b"}), 0);
    CHECK_INT(o->n, 2);
    CHECK_INT(o->samples[0], 30 * MS);
    CHECK_INT(o->samples[1], 100 * MS);
    CHECK_INT(o->applied, 2);
    CHECK_STR(o->first, "at 280ms: no answer to that of 200ms; it came after 100ms");
    done();
    o = judge("after \"a\" within 80ms \"b\"", EVENTS({100, "a"}, {200, "b"}), 20 * MS);
    CHECK_INT(o->missed, 0); /* with slack */
    done();
}

static void what_never_comes(void) {
    expect("never \"x\"", EVENTS({100, "a"}), 0, 1);
    expect("never \"x\"", EVENTS({100, "x"}, {200, "x"}), 2, 0);
    expect("never \"x\" before 200ms", EVENTS({199, "x"}), 1, 0);
    expect("never \"x\" before 200ms", EVENTS({200, "x"}), 0, 1);
    expect("never \"x\" before \"a\"", EVENTS({100, "x"}, {200, "a"}), 1, 0);
    expect("never \"x\" before \"a\"", EVENTS({100, "a"}, {200, "x"}), 0, 1);
    expect("expect no \"x\" for 50ms after \"a\"", EVENTS({100, "a"}, {149, "x"}), 1, 0);
    expect("expect no \"x\" for 50ms after \"a\"", EVENTS({99, "x"}, {100, "a"}, {150, "x"}), 0, 1);
    expect("expect no \"x\" for 50ms after \"a\"", EVENTS({99, "x"}), 0, 0);
}

static void what_is_expected(void) {
    expect("expect \"x\" within 50ms", EVENTS({50, "x"}, {700, "x"}), 0, 1);
    expect("expect \"x\" within 50ms", EVENTS({51, "x"}), 1, 0);
    expect("expect \"x\" within 50ms", EVENTS({30, "y"}), 1, 0);
}

static void what_comes_every_so_often(void) {
    static const char rule[] = "every 100ms \"t\" tolerance 10ms for 400ms";
    expect(rule, EVENTS({100, "t"}, {210, "t"}, {300, "t"}, {400, "t"}), 0, 1);
    expect(rule, EVENTS({100, "t"}, {189, "t"}, {290, "t"}, {390, "t"}), 1, 0);
    expect(rule, EVENTS({100, "t"}, {211, "t"}, {311, "t"}), 1, 0);
    expect(rule, EVENTS({100, "t"}, {300, "t"}, {400, "t"}), 1, 0); /* one was lost */
    expect(rule, EVENTS({20, "t"}, {120, "t"}, {220, "t"}, {320, "t"}), 0, 1);
    expect(rule, EVENTS({50, "a"}), 3, 0);
    expect("every 100ms \"t\" tolerance 10ms for 300ms from 500ms",
           EVENTS({7, "t"}, {510, "t"}, {605, "t"}, {705, "t"}, {999, "t"}), 0, 1);
}

static void collect(void *arg, const char *line) {
    strcat(arg, line);
    strcat(arg, "|");
}

static void reports(void) {
    char all[2000] = "";
    (void)judge("after \"a\" within 80ms \"b\"\nnever \"x\"",
                EVENTS({100, "a"}, {130, "b"}, {200, "a"}, {300, "b"}, {990, "a"}), 0);
    timed_report(&result, collect, all);
    CHECK_STR(all,
              "FAIL  after \"a\" within 80ms \"b\"  -- min 30ms median 100ms max 100ms of 80ms "
              "(2)|      did not hold 1 times; first at 280ms: no answer to that of 200ms; it "
              "came after 100ms|      1 undecided when the run ended|ok    never \"x\"|failed: "
              "1 run, slack 0s, the runner itself was late by 0s at most|");
    done();
}

int main(void) {
    CASE(an_answer_within);
    CASE(what_was_measured);
    CASE(what_never_comes);
    CASE(what_is_expected);
    CASE(what_comes_every_so_often);
    CASE(reports);
    return check_done();
}
