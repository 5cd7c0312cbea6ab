/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Judges a stage from what its devices reported. No I/O, no clock of its own.
 *
 * The failure rate is bounded on one side, exactly (Clopper-Pearson), at the policy's
 * confidence:
 *   pass    the upper bound is at or below the threshold, the sample is large enough, and it
 *           has stayed so for the soak time;
 *   fail    the lower bound is above the threshold: it is worse than allowed, with confidence;
 *   unknown neither. A stage that has no more devices to give (or could not pass even if all
 *           that remain succeed) is held for a person: unknown is never called a pass.
 * The confidence is that of one look. Looking again after each report makes both verdicts likelier
 * than 1 - confidence for a version just at the threshold: at 5 %, 90 % it passes a stage of 50 in
 * 10 cases of 100, one of 500 in 33 (one that fails at 7 % in 4 and 7). A min_sample of the stage's
 * size leaves one look, and the confidence as it is written.
 * Silent devices (offered, and past their deadline) count as failed. What the server itself
 * spoiled is not in the counts at all. */
#ifndef FLEET_JUDGE_H
#define FLEET_JUDGE_H

#include <stdint.h>

typedef struct judge_policy {
    uint32_t threshold_ppm;  /**< failure rate allowed, 1 … 999,999 */
    uint32_t confidence_ppm; /**< one-sided, 500,000 … 999,999 */
    uint32_t min_sample;     /**< closed devices before a pass; 0: what the bound needs */
    uint32_t soak_s;         /**< how long a passing sample must stay one */
} judge_policy;

typedef struct judge_counts {
    uint64_t total;     /**< devices the stage can have; grows with the fleet */
    uint64_t assigned;  /**< that were given an action */
    uint64_t succeeded; /**< closed well */
    uint64_t failed;    /**< closed badly */
    uint64_t silent;    /**< past their deadline */
    uint64_t canceled;  /**< by an operator: closed, but says nothing about the software */
    /* Of the open ones, by what their devices said last; the rest has said nothing yet. For
     * people: not judged. */
    uint64_t downloading, installing, canceling;
} judge_counts;

enum judge_outcome { JUDGE_WAIT, JUDGE_PASS, JUDGE_FAIL, JUDGE_UNKNOWN };

typedef struct judge_verdict {
    enum judge_outcome outcome; /**< WAIT: more is to come, decide nothing yet */
    uint64_t sample, failures;  /**< closed, and those counted as failed */
    double rate, lower, upper;  /**< measured rate and its two one-sided bounds */
    uint64_t needed;            /**< sample that a pass needs with these failures */
    int soaking;                /**< 1: would pass but for the soak time */
    char reason[256];           /**< one sentence with the figures */
} judge_verdict;

/**
 * Judges. `soak_from_ms` is when the sample first sufficed (0: not yet): verdict->soaking tells
 * the caller to remember `now_ms` if it is 0 and to forget it if soaking is 0. `complete`: no
 * more reports can come (all devices closed, or the stage's time is over).
 */
void judge_stage(const judge_policy *p, const judge_counts *c, int complete, int64_t soak_from_ms,
                 int64_t now_ms, judge_verdict *out);

/** Upper bound: the rate at which k or fewer failures of n have probability 1 - confidence. */
double judge_upper(uint64_t k, uint64_t n, double confidence);
/** Lower bound: the rate at which k or more failures of n have probability 1 - confidence. */
double judge_lower(uint64_t k, uint64_t n, double confidence);
/** Smallest sample that passes with k failures (and at least min_sample). 2,995 for 0.1 %, 95 %,
 *  k 0. UINT64_MAX when more than 10^12. */
uint64_t judge_sample_needed(const judge_policy *p, uint64_t k);
/** 0, or SN_EINVAL and in `why` the field that is out of range and its range. */
int judge_policy_check(const judge_policy *p, char *why, uint32_t n);
/** Regularised incomplete beta function I_x(a, b), a and b > 0, 0 <= x <= 1. */
double judge_beta(double a, double b, double x);

#endif
