/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A roll-out and its state machine. No I/O.
 *
 *   draft -approve-> approved -start-> running -pause-> paused -resume-> running
 *   running -judge-> running (next stage) | done | held | stopped
 *   held -resume-> running: the same stage, judged again at the next report (at once when none can
 *        come); if it was held because the stage passed in manual mode: the next stage
 *   held -advance-> running: the next stage, whatever the evidence; done after the last
 *   draft, approved, running, held, paused -stop-> stopped;   stopped and done are final.
 *
 * A stage's actions that are open stay open in every state but stopped: who was admitted keeps
 * the slot. stop cancels them (a device that began may still finish). */
#ifndef FLEET_ROLLOUT_H
#define FLEET_ROLLOUT_H

#include "judge.h"
#include "limits.h"
#include "result.h"

enum rollout_state {
    ROLLOUT_DRAFT,
    ROLLOUT_APPROVED,
    ROLLOUT_RUNNING,
    ROLLOUT_HELD,
    ROLLOUT_PAUSED,
    ROLLOUT_STOPPED,
    ROLLOUT_DONE
};
enum rollout_verb {
    ROLLOUT_APPROVE,
    ROLLOUT_START,
    ROLLOUT_PAUSE,
    ROLLOUT_RESUME,
    ROLLOUT_ADVANCE,
    ROLLOUT_STOP
};
enum rollout_on_fail { ON_FAIL_HOLD, ON_FAIL_STOP };
enum rollout_hold { HOLD_NONE, HOLD_PASSED, HOLD_FAILED, HOLD_UNKNOWN };

typedef struct rollout_policy {
    judge_policy judge;
    uint32_t manual;           /**< 1: a person starts each stage; 0: a pass does */
    uint32_t on_fail;          /**< enum rollout_on_fail; unknown always holds */
    uint32_t max_in_flight;    /**< open actions at once; 0: no limit */
    uint32_t action_timeout_s; /**< an open action this old is silent; > 0 */
    uint32_t stage_timeout_s;  /**< after it a stage is judged with what it has; 0: never */
} rollout_policy;

typedef struct rollout_stage {
    uint32_t share_ppm;           /**< share of the fleet up to and including this stage */
    judge_counts counts;          /**< of the devices this stage added */
    int64_t opened_ms, closed_ms; /**< UTC, 0: not yet */
    int64_t soak_from_ms;
    enum judge_outcome outcome; /**< last judgement; JUDGE_WAIT: none yet */
    char reason[FLEET_REASON_MAX];
} rollout_stage;

typedef struct rollout {
    int64_t id, tenant, set_id;
    char name[FLEET_NAME_MAX + 1];
    char filter_key[FLEET_ATTR_KEY_MAX + 1]; /**< "": every device of the tenant */
    char filter_value[FLEET_ATTR_VALUE_MAX + 1];
    rollout_policy policy;
    enum rollout_state state;
    enum rollout_hold hold;
    uint32_t forced; /**< actions are forced, else soft */
    uint32_t stage;  /**< the open one; 0 before the start */
    uint32_t stages_n;
    rollout_stage stages[FLEET_STAGES_MAX];
    uint64_t held_sample; /**< closed devices when it was held: resume waits for more */
    int64_t version;      /**< counts changes of state: the ETag */
    int64_t created_ms, changed_ms;
    char reason[FLEET_REASON_MAX]; /**< why it is in this state */
    char created_by[FLEET_NAME_MAX + 1], approved_by[FLEET_NAME_MAX + 1];
} rollout;

/** 5, 20, 50, 100 %: threshold 5 %, confidence 90 %. See rollout.c for what that promises for a
 *  fleet of a thousand. Fills in policy, stages and stages_n. */
void rollout_defaults(rollout *r);
/** 0, or SN_EINVAL and what is wrong: shares not ascending to 100 %, a policy out of range. */
int rollout_check(const rollout *r, fleet_err *err);
/**
 * Applies an operator's verb at `now_ms` to *r: state, stage, hold, reason, version.
 * SN_EBUSY when the state does not allow it (err says which do).
 */
int rollout_apply(rollout *r, enum rollout_verb verb, const char *reason, int64_t now_ms,
                  fleet_err *err);
/**
 * Judges the open stage of a running roll-out with the counts in *r and applies what follows.
 * Returns 1 when *r changed (state, stage, soak: it must be stored), 0 when not. *v is the
 * verdict (outcome JUDGE_WAIT when there was nothing to decide).
 */
int rollout_judge(rollout *r, int64_t now_ms, judge_verdict *v);
/** Share of the fleet that may be offered the roll-out now, in ppm; 0 unless it is running. */
uint32_t rollout_open_ppm(const rollout *r);
/** 1 when no report of the open stage is outstanding or to be expected any more. */
int rollout_stage_complete(const rollout *r, int64_t now_ms);
/**
 * Tells what stage i cannot do with its counts.total: "" when it can supply the sample that a
 * pass needs. 1 when it wrote a warning into `out`.
 */
int rollout_warning(const rollout *r, uint32_t i, char *out, uint32_t n);

const char *rollout_state_name(enum rollout_state s);
const char *rollout_verb_name(enum rollout_verb v);
/** SN_ENOENT for an unknown name. */
int rollout_verb_parse(const char *name, enum rollout_verb *out);
const char *rollout_hold_name(enum rollout_hold h);
const char *judge_outcome_name(enum judge_outcome o);

#endif
