/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Exact binomial bounds and the three outcomes. */
#include "judge.h"

#include <math.h>
#include <sennit/base.h>
#include <stdio.h>

#define PPM 1e6

static double ln_beta(double a, double b) {
    int sign;
    return lgamma_r(a, &sign) + lgamma_r(b, &sign) - lgamma_r(a + b, &sign);
}

static double away_from_zero(double v) { return fabs(v) < 1e-300 ? 1e-300 : v; }

/* Continued fraction of the incomplete beta function by Lentz's method; converges in about
 * sqrt(max(a, b)) steps where x < (a + 1) / (a + b + 2). */
static double beta_fraction(double a, double b, double x) {
    double c = 1, d = 1 / away_from_zero(1 - (a + b) * x / (a + 1)), h = d;
    for (int m = 1; m <= 100000; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 / away_from_zero(1 + even * d);
        c = away_from_zero(1 + even / c);
        h *= d * c;
        d = 1 / away_from_zero(1 + odd * d);
        c = away_from_zero(1 + odd / c);
        h *= d * c;
        if (fabs(d * c - 1) < 1e-14) break;
    }
    return h;
}

double judge_beta(double a, double b, double x) {
    if (x <= 0) return 0;
    if (x >= 1) return 1;
    double front = exp(a * log(x) + b * log1p(-x) - ln_beta(a, b));
    if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
    return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

/* P(X <= k) of n trials at rate p. */
static double at_most(uint64_t k, uint64_t n, double p) {
    if (k >= n) return 1;
    return judge_beta((double)(n - k), (double)k + 1, 1 - p);
}

/* P(X >= k). */
static double at_least(uint64_t k, uint64_t n, double p) {
    if (k == 0) return 1;
    return judge_beta((double)k, (double)(n - k) + 1, p);
}

/* Where the rising (or falling) probability crosses `want`. */
static double solve(double (*prob)(uint64_t, uint64_t, double), int rising, uint64_t k, uint64_t n,
                    double want) {
    double lo = 0, hi = 1;
    for (int i = 0; i < 100 && hi - lo > 1e-13; i++) {
        double mid = (lo + hi) / 2;
        if ((prob(k, n, mid) < want) == rising)
            lo = mid;
        else
            hi = mid;
    }
    return (lo + hi) / 2;
}

double judge_upper(uint64_t k, uint64_t n, double confidence) {
    if (k >= n) return 1;
    return solve(at_most, 0, k, n, 1 - confidence);
}

double judge_lower(uint64_t k, uint64_t n, double confidence) {
    if (k == 0 || n == 0) return 0;
    return solve(at_least, 1, k, n, 1 - confidence);
}

static double doubt(const judge_policy *p) { return (PPM - p->confidence_ppm) / PPM; }

static int enough(const judge_policy *p, uint64_t k, uint64_t n) {
    return at_most(k, n, p->threshold_ppm / PPM) <= doubt(p);
}

uint64_t judge_sample_needed(const judge_policy *p, uint64_t k) {
    uint64_t hi = k + 1;
    while (!enough(p, k, hi)) {
        if (hi > UINT64_C(1000000000000)) return UINT64_MAX;
        hi *= 2;
    }
    uint64_t lo = k; /* never enough: all failed */
    while (hi - lo > 1) {
        uint64_t mid = lo + (hi - lo) / 2;
        if (enough(p, k, mid))
            hi = mid;
        else
            lo = mid;
    }
    return hi > p->min_sample ? hi : p->min_sample;
}

static int out_of(char *why, uint32_t n, const char *field, uint64_t v, uint64_t lo, uint64_t hi) {
    if (v >= lo && v <= hi) return 0;
    snprintf(why, n, "%s is %llu, not %llu to %llu", field, (unsigned long long)v,
             (unsigned long long)lo, (unsigned long long)hi);
    return SN_EINVAL;
}

int judge_policy_check(const judge_policy *p, char *why, uint32_t n) {
    int rc = out_of(why, n, "thresholdPpm", p->threshold_ppm, 1, 999999);
    if (!rc) rc = out_of(why, n, "confidencePpm", p->confidence_ppm, 500000, 999999);
    if (!rc) rc = out_of(why, n, "minSample", p->min_sample, 0, 100000000);
    if (!rc) rc = out_of(why, n, "soakSeconds", p->soak_s, 0, 30 * 86400);
    return rc;
}

static void explain(const judge_policy *p, judge_verdict *v, const char *what) {
    snprintf(v->reason, sizeof v->reason,
             "%s: %llu of %llu failed (%.3g %%, %.4g %% confidence: %.3g to %.3g %%), allowed "
             "%.4g %%",
             what, (unsigned long long)v->failures, (unsigned long long)v->sample, v->rate * 100,
             p->confidence_ppm / 1e4, v->lower * 100, v->upper * 100, p->threshold_ppm / 1e4);
}

static void measure(const judge_policy *p, const judge_counts *c, judge_verdict *v) {
    double confidence = p->confidence_ppm / PPM;
    *v = (judge_verdict){0};
    v->failures = c->failed + c->silent;
    v->sample = c->succeeded + v->failures;
    v->rate = v->sample ? (double)v->failures / (double)v->sample : 0;
    v->lower = judge_lower(v->failures, v->sample, confidence);
    v->upper = judge_upper(v->failures, v->sample, confidence);
    v->needed = judge_sample_needed(p, v->failures);
}

static void decide(judge_verdict *v, const judge_policy *p, enum judge_outcome o,
                   const char *what) {
    v->outcome = o;
    explain(p, v, what);
}

void judge_stage(const judge_policy *p, const judge_counts *c, int complete, int64_t soak_from_ms,
                 int64_t now_ms, judge_verdict *v) {
    measure(p, c, v);
    uint64_t can_have = (c->total > c->assigned ? c->total : c->assigned) - c->canceled;
    if (v->failures && at_least(v->failures, v->sample, p->threshold_ppm / PPM) < doubt(p)) {
        decide(v, p, JUDGE_FAIL, "worse than allowed");
    } else if (v->sample >= v->needed) {
        int64_t soaked = soak_from_ms ? now_ms - soak_from_ms : 0;
        v->soaking = 1;
        if (soaked >= (int64_t)p->soak_s * 1000)
            decide(v, p, JUDGE_PASS, "as good as demanded");
        else
            decide(v, p, JUDGE_WAIT, "soaking");
    } else if (complete) {
        decide(v, p, JUDGE_UNKNOWN, "all have reported, not enough evidence");
    } else if (v->failures && v->needed > can_have && judge_sample_needed(p, 0) <= can_have) {
        decide(v, p, JUDGE_UNKNOWN, "cannot pass any more with the devices that remain");
    } else {
        decide(v, p, JUDGE_WAIT, "sample too small so far");
    }
}
