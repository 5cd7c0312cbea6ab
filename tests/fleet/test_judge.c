/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The bounds against sums of binomial terms, and the three outcomes. */
#include <math.h>
#include <stdint.h>

#include "check.h"
#include "judge.h"

/* P(X <= k) term by term: slow and plain, the other way to the same number. */
static double sum_at_most(uint64_t k, uint64_t n, double p) {
    double s = 0;
    for (uint64_t i = 0; i <= k; i++)
        s += exp(lgamma((double)n + 1) - lgamma((double)i + 1) - lgamma((double)(n - i) + 1) +
                 (double)i * log(p) + (double)(n - i) * log1p(-p));
    return s;
}

static void beta_equals_the_sum(void) {
    static const uint64_t ns[] = {1, 2, 7, 50, 333, 5000};
    static const double ps[] = {0.0001, 0.001, 0.05, 0.3, 0.5, 0.9};
    for (size_t i = 0; i < 6; i++)
        for (size_t j = 0; j < 6; j++)
            for (uint64_t k = 0; k < ns[i]; k = k * 2 + 1) {
                double a = judge_beta((double)(ns[i] - k), (double)k + 1, 1 - ps[j]);
                CHECK(fabs(a - sum_at_most(k, ns[i], ps[j])) < 1e-9);
            }
    CHECK(judge_beta(3, 4, 0) == 0);
    CHECK(judge_beta(3, 4, 1) == 1);
    CHECK(fabs(judge_beta(1, 1, 0.25) - 0.25) < 1e-12);
    CHECK(fabs(judge_beta(2, 3, 0.4) - 0.5248) < 1e-9);
}

static void bounds_cross_at_the_confidence(void) {
    static const uint64_t ks[] = {0, 1, 3, 20, 400};
    static const uint64_t ns[] = {10, 50, 1000, 20000};
    for (size_t i = 0; i < 5; i++)
        for (size_t j = 0; j < 4; j++) {
            if (ks[i] >= ns[j]) continue;
            double up = judge_upper(ks[i], ns[j], 0.9), lo = judge_lower(ks[i], ns[j], 0.9);
            CHECK(fabs(sum_at_most(ks[i], ns[j], up) - 0.1) < 1e-6);
            if (ks[i]) CHECK(fabs(1 - sum_at_most(ks[i] - 1, ns[j], lo) - 0.1) < 1e-6);
            CHECK(lo <= (double)ks[i] / (double)ns[j] && (double)ks[i] / (double)ns[j] <= up);
        }
    CHECK(judge_upper(5, 5, 0.9) == 1);
    CHECK(judge_upper(0, 0, 0.9) == 1);
    CHECK(judge_lower(0, 9, 0.9) == 0);
}

static void known_values(void) {
    CHECK(fabs(judge_upper(0, 45, 0.9) - (1 - pow(0.1, 1 / 45.0))) < 1e-9);
    CHECK(fabs(judge_lower(45, 45, 0.9) - pow(0.1, 1 / 45.0)) < 1e-9);
    /* a published table: 0 of 22 failed, 95 % one-sided: 12.73 % */
    CHECK(fabs(judge_upper(0, 22, 0.95) - 0.1273) < 5e-5);
}

static judge_policy demo(void) {
    return (judge_policy){.threshold_ppm = 50000, .confidence_ppm = 900000, .soak_s = 5};
}

static void sample_needed(void) {
    judge_policy p = {.threshold_ppm = 1000, .confidence_ppm = 950000};
    CHECK_INT(judge_sample_needed(&p, 0), 2995);
    p = demo();
    CHECK_INT(judge_sample_needed(&p, 0), 45);
    for (uint64_t k = 0; k < 30; k++) {
        uint64_t n = judge_sample_needed(&p, k);
        CHECK(judge_upper(k, n, 0.9) <= 0.05);
        CHECK(judge_upper(k, n - 1, 0.9) > 0.05);
    }
    p.min_sample = 300;
    CHECK_INT(judge_sample_needed(&p, 0), 300);
}

static judge_verdict judge(judge_counts c, int complete, int64_t soak, int64_t now) {
    judge_policy p = demo();
    judge_verdict v;
    judge_stage(&p, &c, complete, soak, now, &v);
    return v;
}

static void passes_after_soak(void) {
    judge_counts c = {.total = 50, .assigned = 50, .succeeded = 44};
    CHECK_INT(judge(c, 0, 0, 1000).outcome, JUDGE_WAIT);
    CHECK_INT(judge(c, 0, 0, 1000).soaking, 0);
    c.succeeded = 45;
    CHECK_INT(judge(c, 0, 0, 1000).outcome, JUDGE_WAIT);
    CHECK_INT(judge(c, 0, 0, 1000).soaking, 1);
    CHECK_INT(judge(c, 0, 1000, 5999).outcome, JUDGE_WAIT);
    CHECK_INT(judge(c, 0, 1000, 6000).outcome, JUDGE_PASS);
}

static void one_failure_of_fifty_is_no_pass(void) {
    judge_counts c = {.total = 50, .assigned = 50, .succeeded = 49, .failed = 1};
    judge_verdict v = judge(c, 1, 0, 1000);
    CHECK_INT(v.outcome, JUDGE_UNKNOWN);
    CHECK(v.upper > 0.05 && v.lower < 0.05);
    CHECK(strstr(v.reason, "1 of 50") != NULL);
    /* noticed as soon as it is certain: 77 reports would be needed, 50 can come */
    c.succeeded = 20;
    CHECK_INT(judge(c, 0, 0, 1000).outcome, JUDGE_UNKNOWN);
    c.total = 1000;
    CHECK_INT(judge(c, 0, 0, 1000).outcome, JUDGE_WAIT);
}

static void too_small_a_stage_waits_for_all_then_asks(void) {
    judge_counts c = {.total = 10, .assigned = 10, .succeeded = 8};
    CHECK_INT(judge(c, 0, 0, 1000).outcome, JUDGE_WAIT);
    c.succeeded = 10;
    CHECK_INT(judge(c, 1, 0, 1000).outcome, JUDGE_UNKNOWN);
}

static void fails_with_confidence(void) {
    judge_counts c = {.total = 50, .assigned = 50, .succeeded = 16, .failed = 3, .silent = 1};
    judge_verdict v = judge(c, 0, 0, 1000);
    CHECK_INT(v.outcome, JUDGE_FAIL);
    CHECK(v.lower > 0.05);
    CHECK_INT(v.failures, 4);
    judge_counts all_bad = {.total = 50, .assigned = 3, .failed = 3};
    CHECK_INT(judge(all_bad, 0, 0, 1000).outcome, JUDGE_FAIL);
}

static void silent_counts_like_failed(void) {
    judge_counts a = {.total = 50, .assigned = 50, .succeeded = 40, .failed = 6};
    judge_counts b = {.total = 50, .assigned = 50, .succeeded = 40, .silent = 6};
    CHECK_INT(judge(a, 0, 0, 1).outcome, judge(b, 0, 0, 1).outcome);
    CHECK_INT(judge(b, 0, 0, 1).outcome, JUDGE_FAIL);
}

static void empty_stage(void) {
    judge_counts c = {0};
    CHECK_INT(judge(c, 0, 0, 1).outcome, JUDGE_WAIT);
    CHECK_INT(judge(c, 1, 0, 1).outcome, JUDGE_UNKNOWN);
}

/* The promise itself: simulate versions that fail at exactly the threshold and count passes. */
static void bad_versions_pass_as_rarely_as_promised(void) {
    uint64_t seed = 42, passes = 0, runs = 20000;
    for (uint64_t r = 0; r < runs; r++) {
        judge_counts c = {.total = 50, .assigned = 50};
        for (int i = 0; i < 50; i++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
            if ((double)(seed >> 11) / 9007199254740992.0 < 0.05)
                c.failed++;
            else
                c.succeeded++;
        }
        passes += judge(c, 1, 1, 10000).outcome == JUDGE_PASS;
    }
    CHECK(passes < runs / 10);
    CHECK(passes > runs / 20); /* and the test can tell: 0.95^50 is 7.7 % */
}

static void policy_limits(void) {
    char why[100];
    judge_policy p = demo();
    CHECK_INT(judge_policy_check(&p, why, sizeof why), 0);
    p.threshold_ppm = 0;
    CHECK(judge_policy_check(&p, why, sizeof why) < 0);
    CHECK_STR(why, "thresholdPpm is 0, not 1 to 999999");
    p = demo();
    p.confidence_ppm = 1000000;
    CHECK(judge_policy_check(&p, why, sizeof why) < 0);
    p = demo();
    p.soak_s = 31 * 86400;
    CHECK(judge_policy_check(&p, why, sizeof why) < 0);
}

int main(void) {
    CASE(beta_equals_the_sum);
    CASE(bounds_cross_at_the_confidence);
    CASE(known_values);
    CASE(sample_needed);
    CASE(passes_after_soak);
    CASE(one_failure_of_fifty_is_no_pass);
    CASE(too_small_a_stage_waits_for_all_then_asks);
    CASE(fails_with_confidence);
    CASE(silent_counts_like_failed);
    CASE(empty_stage);
    CASE(bad_versions_pass_as_rarely_as_promised);
    CASE(policy_limits);
    return check_done();
}
