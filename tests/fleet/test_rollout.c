/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Every verb in every state, and every way a judgement can move a roll-out. */
#include "check.h"
#include "rollout.h"

static rollout fresh(void) {
    rollout r = {.id = 7};
    snprintf(r.name, sizeof r.name, "r");
    rollout_defaults(&r);
    r.policy.judge.soak_s = 0;
    static const uint64_t total[] = {50, 150, 300, 500};
    for (int i = 0; i < 4; i++) r.stages[i].counts.total = total[i];
    return r;
}

static rollout running(void) {
    rollout r = fresh();
    MUST(rollout_apply(&r, ROLLOUT_APPROVE, "", 1000, NULL) == 0);
    MUST(rollout_apply(&r, ROLLOUT_START, "", 1000, NULL) == 0);
    return r;
}

static void report(rollout *r, uint32_t stage, uint64_t ok, uint64_t bad) {
    r->stages[stage].counts.assigned += ok + bad;
    r->stages[stage].counts.succeeded += ok;
    r->stages[stage].counts.failed += bad;
}

static void every_verb_in_every_state(void) {
    /* columns: approve start pause resume advance stop; '-' refused, else the new state */
    static const char *const table[] = {
        [ROLLOUT_DRAFT] = "a----s", [ROLLOUT_APPROVED] = "-r---s", [ROLLOUT_RUNNING] = "--p--s",
        [ROLLOUT_HELD] = "---rrs",  [ROLLOUT_PAUSED] = "---r-s",   [ROLLOUT_STOPPED] = "------",
        [ROLLOUT_DONE] = "------",
    };
    for (int s = ROLLOUT_DRAFT; s <= ROLLOUT_DONE; s++)
        for (int v = ROLLOUT_APPROVE; v <= ROLLOUT_STOP; v++) {
            rollout r = fresh();
            r.state = (enum rollout_state)s;
            fleet_err e = {{0}};
            int rc = rollout_apply(&r, (enum rollout_verb)v, "why", 2000, &e);
            if (table[s][v] == '-') {
                CHECK_INT(rc, SN_EBUSY);
                CHECK_INT(r.state, s);
                CHECK_INT(r.version, 0);
                CHECK(strstr(e.text, rollout_state_name((enum rollout_state)s)) != NULL);
            } else {
                CHECK_INT(rc, 0);
                CHECK(rollout_state_name(r.state)[0] == table[s][v]);
                CHECK_INT(r.version, 1);
                CHECK_STR(r.reason, "why");
            }
        }
}

static void good_version_walks_all_stages(void) {
    rollout r = running();
    judge_verdict v;
    static const uint64_t sizes[] = {50, 150, 300, 500};
    static const uint32_t shares[] = {50000, 200000, 500000, 1000000};
    for (uint32_t i = 0; i < 4; i++) {
        CHECK_INT(r.state, ROLLOUT_RUNNING);
        CHECK_INT(r.stage, i);
        CHECK_INT(rollout_open_ppm(&r), shares[i]);
        CHECK_INT(rollout_judge(&r, 2000 + i, &v), 0);
        report(&r, i, sizes[i], 0);
        rollout_judge(&r, 3000 + i, &v); /* begins to soak */
        if (r.stage == i && r.state == ROLLOUT_RUNNING) rollout_judge(&r, 4000 + i, &v);
    }
    CHECK_INT(r.state, ROLLOUT_DONE);
    CHECK_INT(rollout_open_ppm(&r), 0);
    CHECK_INT(r.stages[3].outcome, JUDGE_PASS);
}

static void last_stage_waits_for_everyone(void) {
    rollout r = running();
    judge_verdict v;
    r.stage = 3;
    r.stages[3].opened_ms = 1000;
    for (uint32_t i = 0; i < 3; i++) report(&r, i, r.stages[i].counts.total, 0);
    report(&r, 3, 499, 0);
    rollout_judge(&r, 2000, &v);
    rollout_judge(&r, 3000, &v);
    CHECK_INT(r.state, ROLLOUT_RUNNING);
    report(&r, 3, 1, 0);
    CHECK_INT(rollout_judge(&r, 4000, &v), 1);
    CHECK_INT(r.state, ROLLOUT_DONE);
}

static void soak_starts_over_after_a_failure(void) {
    rollout r = running();
    judge_verdict v;
    r.policy.judge.soak_s = 10;
    r.stages[0].counts.total = 1000;
    report(&r, 0, 45, 0);
    CHECK_INT(rollout_judge(&r, 20000, &v), 1);
    CHECK_INT(r.stages[0].soak_from_ms, 20000);
    CHECK_INT(rollout_judge(&r, 25000, &v), 0);
    report(&r, 0, 0, 1);
    CHECK_INT(rollout_judge(&r, 26000, &v), 1);
    CHECK_INT(r.stages[0].soak_from_ms, 0);
    CHECK_INT(r.stage, 0);
    report(&r, 0, 40, 0);
    CHECK_INT(rollout_judge(&r, 31000, &v), 1);
    CHECK_INT(rollout_judge(&r, 40999, &v), 0);
    CHECK_INT(rollout_judge(&r, 41000, &v), 1);
    CHECK_INT(r.stage, 1);
}

static void failing_version_by_policy(void) {
    judge_verdict v;
    for (uint32_t policy = ON_FAIL_HOLD; policy <= ON_FAIL_STOP; policy++) {
        rollout r = running();
        r.policy.on_fail = policy;
        report(&r, 0, 10, 5);
        CHECK_INT(rollout_judge(&r, 2000, &v), 1);
        CHECK_INT(v.outcome, JUDGE_FAIL);
        CHECK_INT(r.state, policy == ON_FAIL_STOP ? ROLLOUT_STOPPED : ROLLOUT_HELD);
        CHECK_INT(r.hold, policy == ON_FAIL_STOP ? HOLD_NONE : HOLD_FAILED);
        CHECK(strstr(r.reason, "5 of 15 failed") != NULL);
        CHECK_INT(rollout_open_ppm(&r), 0);
        CHECK_INT(rollout_judge(&r, 3000, &v), 0);
    }
}

static void not_enough_evidence_always_holds(void) {
    rollout r = running();
    judge_verdict v;
    r.policy.on_fail = ON_FAIL_STOP;
    report(&r, 0, 49, 1);
    CHECK_INT(rollout_judge(&r, 2000, &v), 1);
    CHECK_INT(r.state, ROLLOUT_HELD);
    CHECK_INT(r.hold, HOLD_UNKNOWN);
}

static void resume_waits_for_news_advance_does_not(void) {
    rollout r = running();
    judge_verdict v;
    report(&r, 0, 20, 1);
    rollout_judge(&r, 2000, &v);
    MUST(r.state == ROLLOUT_HELD);
    MUST(rollout_apply(&r, ROLLOUT_RESUME, "one bad board", 3000, NULL) == 0);
    CHECK_INT(rollout_judge(&r, 3001, &v), 0);
    report(&r, 0, 5, 0);
    rollout_judge(&r, 3002, &v);
    CHECK_INT(r.state, ROLLOUT_RUNNING); /* not held again before all have reported */
    report(&r, 0, 24, 0);
    rollout_judge(&r, 3003, &v);
    CHECK_INT(r.state, ROLLOUT_HELD);
    MUST(rollout_apply(&r, ROLLOUT_ADVANCE, "known cause", 4000, NULL) == 0);
    CHECK_INT(r.stage, 1);
    CHECK_INT(r.state, ROLLOUT_RUNNING);
    CHECK_INT(r.stages[0].closed_ms, 4000);
}

static void resumed_with_nothing_to_come_is_held_again(void) {
    rollout r = running();
    judge_verdict v;
    report(&r, 0, 49, 1);
    rollout_judge(&r, 2000, &v);
    MUST(r.hold == HOLD_UNKNOWN);
    MUST(rollout_apply(&r, ROLLOUT_RESUME, "try again", 3000, NULL) == 0);
    CHECK_INT(rollout_judge(&r, 3001, &v), 1); /* no report will come: a person must advance it */
    CHECK_INT(r.state, ROLLOUT_HELD);
    CHECK_INT(rollout_apply(&r, ROLLOUT_ADVANCE, "known cause", 4000, NULL), 0);
    CHECK_INT(r.stage, 1);
}

static void late_failures_of_an_earlier_stage_count(void) {
    rollout r = running();
    judge_verdict v;
    r.stage = 1;
    r.stages[1].opened_ms = 1000;
    report(&r, 0, 45, 0);
    report(&r, 1, 50, 0);
    r.stages[0].counts.assigned += 30;
    r.stages[0].counts.failed += 30;
    rollout_judge(&r, 2000, &v);
    CHECK_INT(r.state, ROLLOUT_HELD);
    CHECK_INT(r.hold, HOLD_FAILED);
}

static void manual_mode_asks_between_stages(void) {
    rollout r = running();
    judge_verdict v;
    r.policy.manual = 1;
    report(&r, 0, 50, 0);
    rollout_judge(&r, 2000, &v);
    rollout_judge(&r, 2001, &v);
    CHECK_INT(r.state, ROLLOUT_HELD);
    CHECK_INT(r.hold, HOLD_PASSED);
    MUST(rollout_apply(&r, ROLLOUT_RESUME, "", 3000, NULL) == 0);
    CHECK_INT(r.stage, 1);
    CHECK_INT(r.hold, HOLD_NONE);
}

static void stage_time_limit_judges_what_is_there(void) {
    rollout r = running();
    judge_verdict v;
    r.policy.stage_timeout_s = 60;
    report(&r, 0, 10, 0);
    CHECK_INT(rollout_judge(&r, 60999, &v), 0);
    CHECK_INT(rollout_judge(&r, 61000, &v), 1);
    CHECK_INT(r.hold, HOLD_UNKNOWN);
}

static void checks_name_the_fault(void) {
    fleet_err e;
    rollout r = fresh();
    CHECK_INT(rollout_check(&r, &e), 0);
    r.stages[1].share_ppm = 50000;
    CHECK_INT(rollout_check(&r, &e), SN_EINVAL);
    CHECK_STR(e.text, "share of stage 2 is 50000 ppm: shares must rise to 1000000");
    r = fresh();
    r.stages_n = 3;
    CHECK_INT(rollout_check(&r, &e), SN_EINVAL);
    CHECK(strstr(e.text, "last stage") != NULL);
    r = fresh();
    r.policy.action_timeout_s = 0;
    CHECK_INT(rollout_check(&r, &e), SN_EINVAL);
    r = fresh();
    r.name[0] = 0;
    CHECK_INT(rollout_check(&r, &e), SN_EINVAL);
    r = fresh();
    r.policy.on_fail = 2;
    CHECK_INT(rollout_check(&r, &e), SN_EINVAL);
}

static void warns_where_a_stage_is_too_small(void) {
    rollout r = fresh();
    char text[200];
    CHECK_INT(rollout_warning(&r, 0, text, sizeof text), 0);
    CHECK_STR(text, "");
    r.policy.judge.threshold_ppm = 1000;
    r.policy.judge.confidence_ppm = 950000;
    CHECK_INT(rollout_warning(&r, 3, text, sizeof text), 1);
    CHECK(strstr(text, "stage 4 has 500") && strstr(text, "2995"));
}

static void names(void) {
    enum rollout_verb v;
    for (int i = ROLLOUT_APPROVE; i <= ROLLOUT_STOP; i++) {
        CHECK_INT(rollout_verb_parse(rollout_verb_name((enum rollout_verb)i), &v), 0);
        CHECK_INT(v, i);
    }
    CHECK_INT(rollout_verb_parse("explode", &v), SN_ENOENT);
}

int main(void) {
    CASE(every_verb_in_every_state);
    CASE(good_version_walks_all_stages);
    CASE(last_stage_waits_for_everyone);
    CASE(soak_starts_over_after_a_failure);
    CASE(failing_version_by_policy);
    CASE(not_enough_evidence_always_holds);
    CASE(resume_waits_for_news_advance_does_not);
    CASE(resumed_with_nothing_to_come_is_held_again);
    CASE(late_failures_of_an_earlier_stage_count);
    CASE(manual_mode_asks_between_stages);
    CASE(stage_time_limit_judges_what_is_there);
    CASE(checks_name_the_fault);
    CASE(warns_where_a_stage_is_too_small);
    CASE(names);
    return check_done();
}
