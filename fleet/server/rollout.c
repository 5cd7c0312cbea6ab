/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The roll-out's state machine (drawn in rollout.h).
 *
 * What the default policy promises to a fleet of a thousand: threshold 5 %, confidence 90 %.
 * The first stage has about 50 devices; with no failure the bound needs 45 of them
 * (0.95^45 = 9.9 %), so a version whose true failure rate is 5 % or more passes the first stage
 * at most once in ten times, and one failure among 50 (upper bound 7.6 %) is enough not to pass:
 * the roll-out is held for a person. A version that never fails passes every stage; one that
 * fails once in 1,000 devices passes the first stage 95 times of 100. Smaller rates need larger
 * fleets: 0.1 % at 95 % needs 2,995 devices without a failure. */
#include "rollout.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void rollout_defaults(rollout *r) {
    static const uint32_t shares[] = {50000, 200000, 500000, 1000000};
    r->policy = (rollout_policy){
        .judge = {.threshold_ppm = 50000, .confidence_ppm = 900000, .min_sample = 0, .soak_s = 60},
        .on_fail = ON_FAIL_HOLD,
        .action_timeout_s = 86400,
    };
    r->stages_n = 4;
    for (uint32_t i = 0; i < r->stages_n; i++)
        r->stages[i] = (rollout_stage){.share_ppm = shares[i]};
}

static int check_shares(const rollout *r, fleet_err *err) {
    if (r->stages_n < 1 || r->stages_n > FLEET_STAGES_MAX)
        return fleet_fail(err, SN_EINVAL, "a roll-out has 1 to %d stages, not %" PRIu32,
                          FLEET_STAGES_MAX, r->stages_n);
    uint32_t last = 0;
    for (uint32_t i = 0; i < r->stages_n; i++) {
        if (r->stages[i].share_ppm <= last || r->stages[i].share_ppm > 1000000)
            return fleet_fail(err, SN_EINVAL,
                              "share of stage %" PRIu32 " is %" PRIu32
                              " ppm: shares must rise to 1000000",
                              i + 1, r->stages[i].share_ppm);
        last = r->stages[i].share_ppm;
    }
    if (last != 1000000)
        return fleet_fail(err, SN_EINVAL, "the last stage's share is %" PRIu32 " ppm, not 1000000",
                          last);
    return 0;
}

int rollout_check(const rollout *r, fleet_err *err) {
    char why[128];
    int rc = check_shares(r, err);
    if (rc) return rc;
    if (judge_policy_check(&r->policy.judge, why, sizeof why))
        return fleet_fail(err, SN_EINVAL, "policy: %s", why);
    if (r->policy.on_fail > ON_FAIL_STOP)
        return fleet_fail(err, SN_EINVAL, "policy: onFail is neither hold nor stop");
    if (r->policy.action_timeout_s < 1 || r->policy.action_timeout_s > 90 * 86400)
        return fleet_fail(err, SN_EINVAL,
                          "policy: actionTimeoutSeconds is %" PRIu32 ", not 1 to 7776000",
                          r->policy.action_timeout_s);
    if (r->policy.stage_timeout_s > 365 * 86400)
        return fleet_fail(err, SN_EINVAL,
                          "policy: stageTimeoutSeconds is %" PRIu32 ", more than 31536000",
                          r->policy.stage_timeout_s);
    if (!r->name[0]) return fleet_fail(err, SN_EINVAL, "a roll-out needs a name");
    return 0;
}

static void enter(rollout *r, enum rollout_state s, const char *reason, int64_t now_ms) {
    r->state = s;
    r->version++;
    r->changed_ms = now_ms;
    if (s != ROLLOUT_HELD) r->hold = HOLD_NONE;
    snprintf(r->reason, sizeof r->reason, "%s", reason ? reason : "");
}

static void open_stage(rollout *r, uint32_t i, int64_t now_ms) {
    r->stage = i;
    r->stages[i].opened_ms = now_ms;
    r->stages[i].soak_from_ms = 0;
    r->stages[i].outcome = JUDGE_WAIT;
    r->held_sample = 0;
}

static void next_stage(rollout *r, const char *reason, int64_t now_ms) {
    r->stages[r->stage].closed_ms = now_ms;
    if (r->stage + 1 < r->stages_n) {
        enter(r, ROLLOUT_RUNNING, reason, now_ms);
        open_stage(r, r->stage + 1, now_ms);
    } else {
        enter(r, ROLLOUT_DONE, reason, now_ms);
    }
}

/* Verbs as rows: from which states, and who they are. */
static const struct verb_row {
    const char *name;
    unsigned from;
    const char *from_text;
} verbs[] = {
    [ROLLOUT_APPROVE] = {"approve", 1u << ROLLOUT_DRAFT, "draft"},
    [ROLLOUT_START] = {"start", 1u << ROLLOUT_APPROVED, "approved"},
    [ROLLOUT_PAUSE] = {"pause", 1u << ROLLOUT_RUNNING, "running"},
    [ROLLOUT_RESUME] = {"resume", 1u << ROLLOUT_PAUSED | 1u << ROLLOUT_HELD, "paused or held"},
    [ROLLOUT_ADVANCE] = {"advance", 1u << ROLLOUT_HELD, "held"},
    [ROLLOUT_STOP] = {"stop",
                      1u << ROLLOUT_DRAFT | 1u << ROLLOUT_APPROVED | 1u << ROLLOUT_RUNNING |
                          1u << ROLLOUT_HELD | 1u << ROLLOUT_PAUSED,
                      "neither stopped nor done"},
};

int rollout_apply(rollout *r, enum rollout_verb verb, const char *reason, int64_t now_ms,
                  fleet_err *err) {
    if (!(verbs[verb].from & 1u << r->state))
        return fleet_fail(err, SN_EBUSY, "%s needs a roll-out that is %s; this one is %s",
                          verbs[verb].name, verbs[verb].from_text, rollout_state_name(r->state));
    switch (verb) {
    case ROLLOUT_APPROVE:
        enter(r, ROLLOUT_APPROVED, reason, now_ms);
        break;
    case ROLLOUT_START:
        enter(r, ROLLOUT_RUNNING, reason, now_ms);
        open_stage(r, 0, now_ms);
        break;
    case ROLLOUT_PAUSE:
        enter(r, ROLLOUT_PAUSED, reason, now_ms);
        break;
    case ROLLOUT_RESUME:
        if (r->hold == HOLD_PASSED)
            next_stage(r, reason, now_ms);
        else
            enter(r, ROLLOUT_RUNNING, reason, now_ms);
        break;
    case ROLLOUT_ADVANCE:
        next_stage(r, reason, now_ms);
        break;
    case ROLLOUT_STOP:
        enter(r, ROLLOUT_STOPPED, reason, now_ms);
        break;
    }
    return 0;
}

static uint64_t closed(const judge_counts *c) {
    return c->succeeded + c->failed + c->silent + c->canceled;
}

static judge_counts sum_of_stages(const rollout *r) {
    judge_counts all = {0};
    for (uint32_t i = 0; i <= r->stage; i++) {
        const judge_counts *c = &r->stages[i].counts;
        all.total += c->total;
        all.assigned += c->assigned;
        all.succeeded += c->succeeded;
        all.failed += c->failed;
        all.silent += c->silent;
        all.canceled += c->canceled;
    }
    return all;
}

/* The last stage has all reports when every stage has: who missed the turn gets it in the end. */
static int all_reported(const rollout *r) {
    judge_counts c = r->stage + 1 == r->stages_n ? sum_of_stages(r) : r->stages[r->stage].counts;
    return c.assigned >= c.total && closed(&c) >= c.assigned;
}

int rollout_stage_complete(const rollout *r, int64_t now_ms) {
    uint32_t limit = r->policy.stage_timeout_s;
    if (limit && now_ms - r->stages[r->stage].opened_ms >= (int64_t)limit * 1000) return 1;
    return all_reported(r);
}

/* The stage by its own devices, and all stages together: failures of earlier stages that came
 * in late must not be lost. The worse of the two counts. */
static void judge_both(const rollout *r, int complete, int64_t now_ms, judge_verdict *v) {
    const rollout_stage *s = &r->stages[r->stage];
    judge_stage(&r->policy.judge, &s->counts, complete, s->soak_from_ms, now_ms, v);
    if (r->stage == 0 || v->outcome == JUDGE_FAIL) return;
    judge_counts all = sum_of_stages(r);
    judge_verdict whole;
    judge_stage(&r->policy.judge, &all, complete, s->soak_from_ms, now_ms, &whole);
    int worse = whole.outcome == JUDGE_FAIL || (v->soaking && !whole.soaking);
    if (worse) *v = whole;
}

static void hold(rollout *r, enum rollout_hold why, const judge_verdict *v, int64_t now_ms) {
    judge_counts all = sum_of_stages(r);
    r->held_sample = closed(&all);
    enter(r, ROLLOUT_HELD, v->reason, now_ms);
    r->hold = why;
}

static void act_on(rollout *r, const judge_verdict *v, int64_t now_ms) {
    rollout_stage *s = &r->stages[r->stage];
    s->outcome = v->outcome;
    snprintf(s->reason, sizeof s->reason, "%s", v->reason);
    int last = r->stage + 1 == r->stages_n;
    if (v->outcome == JUDGE_PASS) {
        if (r->policy.manual && !last)
            hold(r, HOLD_PASSED, v, now_ms);
        else
            next_stage(r, v->reason, now_ms);
    } else if (v->outcome == JUDGE_FAIL && r->policy.on_fail == ON_FAIL_STOP) {
        enter(r, ROLLOUT_STOPPED, v->reason, now_ms);
    } else {
        hold(r, v->outcome == JUDGE_FAIL ? HOLD_FAILED : HOLD_UNKNOWN, v, now_ms);
    }
}

int rollout_judge(rollout *r, int64_t now_ms, judge_verdict *v) {
    *v = (judge_verdict){0};
    if (r->state != ROLLOUT_RUNNING) return 0;
    judge_counts all = sum_of_stages(r);
    /* resumed: waits for news, unless none can come; then only a person can go on */
    if (r->held_sample && closed(&all) == r->held_sample && !all_reported(r)) return 0;
    rollout_stage *s = &r->stages[r->stage];
    int complete = rollout_stage_complete(r, now_ms);
    judge_both(r, complete, now_ms, v);
    int changed = !v->soaking != !s->soak_from_ms;
    if (changed) s->soak_from_ms = v->soaking ? now_ms : 0;
    /* the last stage passes when all have had their turn: nobody is left behind */
    if (v->outcome == JUDGE_PASS && r->stage + 1 == r->stages_n && !complete)
        v->outcome = JUDGE_WAIT;
    /* a person has seen this stage and let it go on: not held again for want of evidence before
     * it has said all it can */
    if (v->outcome == JUDGE_UNKNOWN && r->held_sample && !complete) v->outcome = JUDGE_WAIT;
    if (v->outcome == JUDGE_WAIT) return changed;
    act_on(r, v, now_ms);
    return 1;
}

uint32_t rollout_open_ppm(const rollout *r) {
    return r->state == ROLLOUT_RUNNING ? r->stages[r->stage].share_ppm : 0;
}

int rollout_warning(const rollout *r, uint32_t i, char *out, uint32_t n) {
    uint64_t needed = judge_sample_needed(&r->policy.judge, 0);
    uint64_t has = r->stages[i].counts.total;
    if (has >= needed) {
        if (n) out[0] = 0;
        return 0;
    }
    snprintf(out, n,
             "stage %" PRIu32 " has %" PRIu64 " devices; to pass it needs %" PRIu64
             " reports without a failure: it will be held for a person",
             i + 1, has, needed);
    return 1;
}

const char *rollout_state_name(enum rollout_state s) {
    static const char *const names[] = {"draft",  "approved", "running", "held",
                                        "paused", "stopped",  "done"};
    return names[s];
}

const char *rollout_verb_name(enum rollout_verb v) { return verbs[v].name; }

int rollout_verb_parse(const char *name, enum rollout_verb *out) {
    for (int i = ROLLOUT_APPROVE; i <= ROLLOUT_STOP; i++) {
        if (strcmp(name, verbs[i].name) == 0) {
            *out = (enum rollout_verb)i;
            return 0;
        }
    }
    return SN_ENOENT;
}

const char *rollout_hold_name(enum rollout_hold h) {
    static const char *const names[] = {"none", "passed", "failed", "unknown"};
    return names[h];
}

const char *judge_outcome_name(enum judge_outcome o) {
    static const char *const names[] = {"wait", "pass", "fail", "unknown"};
    return names[o];
}
