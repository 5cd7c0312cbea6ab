/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the files of the plan share. All of it is pure: text and numbers in, numbers out. */
#ifndef SN_PLAN_IMPL_H
#define SN_PLAN_IMPL_H

#include <stdbool.h>

#include <sennit/plan.h>

/** Limits of what a plan may say. */
#define PLAN_LINE_MAX 1024u
#define PLAN_RULES_MAX 256u
#define PLAN_SPARED_MAX 64u
#define PLAN_TIMES_MAX SN_FAULTS_MAX
#define PLAN_CPUS_MAX 64u
#define PLAN_HOSTS_MAX 4096u
#define PLAN_DRIFT_MAX 100000 /* in a million: what sn_host_drift takes */

/** A time to be drawn, both ends included. */
typedef struct plan_range {
    sn_time lo, hi;
} plan_range;

/** So many hosts, or such a share of them; both 0: not said. */
typedef struct plan_amount {
    uint32_t n, share;
} plan_amount;

/** A fault line. */
typedef struct plan_rule {
    uint32_t line, column, kind, both; /* column of the place */
    char place[SN_PLACE_MAX], to[SN_PLACE_MAX];
    uint32_t to_column;
    plan_range at, lasts, by, jitter, sync;
    sn_time every, until; /* 0: not said */
    uint32_t times;       /* 0: not said */
    plan_amount spread;
    uint32_t share, fail_read, fail_write, fail_sync, cpus;
    int32_t drift;
    uint64_t bytes;
} plan_rule;

struct sn_plan {
    plan_rule *rules;
    size_t n, room;
    plan_amount radius;
    uint32_t radius_line;
    char spared[PLAN_SPARED_MAX][SN_PLACE_MAX];
    uint32_t spared_line[PLAN_SPARED_MAX];
    size_t spared_n;
};

/** A word of a line, or one side of a range. */
typedef struct plan_word {
    const char *s;
    size_t n;
    uint32_t column;
} plan_word;

/** Goes through a line, word by word. */
typedef struct plan_cursor {
    const char *text;
    size_t n, at;
    uint32_t line;
    sn_plan_error *error;
} plan_cursor;

/** The next word; n is 0 at the end of the line or where a comment begins. */
plan_word plan_next(plan_cursor *c);
/** Whether the word is `text`. */
bool plan_is(plan_word w, const char *text);
/** SN_EINVAL, with the error at the word's place. `format` gets the rest as printf does. */
int plan_wrong(plan_cursor *c, plan_word w, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** SN_EINVAL, with an error for the line as a whole (or at `column`). */
int plan_error(sn_plan_error *e, uint32_t line, uint32_t column, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/** The one of n texts, `step` bytes apart, that is nearest to the word; NULL: none is near. */
const char *plan_nearest(plan_word w, const char *const *texts, size_t n);

/** Reads the rest of a fault line, after the word "fault", into *rule. */
int plan_fault_line(plan_cursor *c, plan_rule *rule);
/** Reads the rest of the line as one amount. */
int plan_amount_read(plan_cursor *c, plan_word w, plan_amount *out);
/** Copies a word that may be a host's name (with `pattern`: or a prefix and "*"). */
int plan_host_read(plan_cursor *c, plan_word w, bool pattern, char out[SN_PLACE_MAX]);
/** Whether the place is an address or a range and no name. */
bool plan_is_address(const char *place);
/** Whether the place, a name or a prefix and "*", means this host. */
bool plan_matches(const char *place, const char *host);
/** The hosts that the amount allows of n, 0: less than one. */
size_t plan_share_of(plan_amount a, size_t n);

/** A concrete fault while the plan is expanded. */
typedef struct plan_candidate {
    sn_fault f;
    uint32_t rule, host; /* which it hits: index among the hosts; PLAN_NOBODY: none of them */
    uint32_t order;      /* breaks ties of time */
    bool drop;
} plan_candidate;
#define PLAN_NOBODY UINT32_MAX

/** Marks those of n candidates, in the order of time, which would take the plan or their line
 *  beyond its radius. limits[r]: of line r; `radius`: of all. 0 or SN_ENOMEM. */
int plan_keep_radius(plan_candidate *c, size_t n, size_t rules, size_t hosts, const size_t *limits,
                     size_t radius);

#endif
