/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The clauses of a fault line: a word, then its value. */
#include <stdio.h>
#include <string.h>

#include "plan/clause.h"
#include "plan/kind.h"

/** The word, cut for a message. */
#define SHOWN(w) (int)((w).n < 40 ? (w).n : 40), (w).s

/** The side of a..b before or after the dots; the whole of it when there are none. */
static plan_word side(plan_word w, bool second) {
    for (size_t i = 0; i + 1 < w.n; i++) {
        if (w.s[i] != '.' || w.s[i + 1] != '.') continue;
        if (!second) return (plan_word){w.s, i, w.column};
        return (plan_word){w.s + i + 2, w.n - i - 2, w.column + (uint32_t)i + 2};
    }
    return w;
}

static int read_range(plan_cursor *c, plan_word w, const plan_clause *k, plan_range *r) {
    plan_word lo = side(w, false), hi = side(w, true);
    if (sn_text_time(lo.s, lo.n, &r->lo)) {
        return plan_wrong(c, lo, "'%.*s': %s %s", SHOWN(lo), k->word, k->needs);
    }
    if (sn_text_time(hi.s, hi.n, &r->hi)) {
        return plan_wrong(c, hi, "'%.*s': %s %s", SHOWN(hi), k->word, k->needs);
    }
    if (k->type == PLAN_RANGE && r->lo < 0) {
        return plan_wrong(c, lo, "'%.*s': %s may not be negative", SHOWN(lo), k->word);
    }
    if (r->lo > r->hi) {
        return plan_wrong(c, w, "'%.*s': the range ends before it begins", SHOWN(w));
    }
    return 0;
}

static int read_time(plan_cursor *c, plan_word w, const plan_clause *k, sn_time *out) {
    if (sn_text_time(w.s, w.n, out) || *out <= 0) {
        return plan_wrong(c, w, "'%.*s': %s %s", SHOWN(w), k->word, k->needs);
    }
    return 0;
}

static bool number(plan_word w, uint64_t *out) {
    if (w.n == 0 || w.n > 9) return false;
    *out = 0;
    for (size_t i = 0; i < w.n; i++) {
        if (w.s[i] < '0' || w.s[i] > '9') return false;
        *out = *out * 10 + (uint64_t)(w.s[i] - '0');
    }
    return true;
}

static int read_count(plan_cursor *c, plan_word w, const plan_clause *k, uint32_t *out) {
    uint64_t n, most = k->offset == offsetof(plan_rule, cpus) ? PLAN_CPUS_MAX : PLAN_TIMES_MAX;
    if (!number(w, &n) || n == 0) {
        return plan_wrong(c, w, "'%.*s': %s %s", SHOWN(w), k->word, k->needs);
    }
    if (n > most) {
        return plan_wrong(c, w, "'%.*s': %s is at most %u", SHOWN(w), k->word, (unsigned)most);
    }
    *out = (uint32_t)n;
    return 0;
}

int plan_amount_read(plan_cursor *c, plan_word w, plan_amount *out) {
    uint64_t n;
    uint32_t share;
    if (number(w, &n) && n > 0 && n <= PLAN_HOSTS_MAX) {
        *out = (plan_amount){(uint32_t)n, 0};
        return 0;
    }
    if (w.n > 0 && w.s[w.n - 1] == '%' && !sn_text_share(w.s, w.n, &share) && share > 0) {
        *out = (plan_amount){0, share};
        return 0;
    }
    return plan_wrong(c, w, "'%.*s': needs a number of hosts such as 2, or a share such as 20%%",
                      SHOWN(w));
}

static int read_share(plan_cursor *c, plan_word w, const plan_clause *k, uint32_t *out) {
    if (sn_text_share(w.s, w.n, out) || *out == 0) {
        return plan_wrong(c, w, "'%.*s': %s %s", SHOWN(w), k->word, k->needs);
    }
    return 0;
}

static int read_bytes(plan_cursor *c, plan_word w, const plan_clause *k, uint64_t *out) {
    if (sn_text_bytes(w.s, w.n, out) || *out == 0) {
        return plan_wrong(c, w, "'%.*s': %s %s", SHOWN(w), k->word, k->needs);
    }
    return 0;
}

static int read_drift(plan_cursor *c, plan_word w, const plan_clause *k, int32_t *out) {
    bool negative = w.n > 0 && w.s[0] == '-';
    plan_word digits = {w.s + negative, w.n - negative, w.column};
    uint64_t n = 0;
    bool is = digits.n > 3 && memcmp(digits.s + digits.n - 3, "ppm", 3) == 0;
    digits.n -= is ? 3 : 0;
    if (!is || !number(digits, &n) || n == 0) {
        return plan_wrong(c, w, "'%.*s': %s %s", SHOWN(w), k->word, k->needs);
    }
    if (n > PLAN_DRIFT_MAX) {
        return plan_wrong(c, w, "'%.*s': at most %dppm", SHOWN(w), PLAN_DRIFT_MAX);
    }
    *out = negative ? -(int32_t)n : (int32_t)n;
    return 0;
}

int plan_clause_value(plan_cursor *c, const plan_clause *k, plan_rule *rule) {
    void *field = (char *)rule + k->offset;
    plan_word w = plan_next(c);
    if (w.n == 0) return plan_wrong(c, w, "the line ends after '%s', which %s", k->word, k->needs);
    switch (k->type) {
    case PLAN_RANGE:
    case PLAN_SIGNED:
        return read_range(c, w, k, field);
    case PLAN_TIME:
        return read_time(c, w, k, field);
    case PLAN_COUNT:
        return read_count(c, w, k, field);
    case PLAN_AMOUNT:
        return plan_amount_read(c, w, field);
    case PLAN_SHARE:
        return read_share(c, w, k, field);
    case PLAN_BYTES:
        return read_bytes(c, w, k, field);
    case PLAN_DRIFT:
        return read_drift(c, w, k, field);
    }
    return SN_EINVAL;
}
