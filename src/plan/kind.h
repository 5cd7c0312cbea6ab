/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What each kind of fault is about, and which clauses it may and must have. */
#ifndef SN_PLAN_KIND_H
#define SN_PLAN_KIND_H

#include "plan/plan_impl.h"

/** How a clause's value is read. */
enum plan_type {
    PLAN_RANGE,  /* a time or a range of times, not negative */
    PLAN_SIGNED, /* as that, may be negative */
    PLAN_TIME,   /* one time above zero */
    PLAN_COUNT,
    PLAN_AMOUNT,
    PLAN_SHARE,
    PLAN_BYTES,
    PLAN_DRIFT
};

/** A clause: a word and the value that follows it. */
typedef struct plan_clause {
    const char *word;
    enum plan_type type;
    size_t offset;     /* of the value in a plan_rule */
    const char *needs; /* what the value looks like, for people */
} plan_clause;

/** As bits, in the order of plan_clauses. */
enum {
    PLAN_AT = 1 << 0,
    PLAN_FOR = 1 << 1,
    PLAN_EVERY = 1 << 2,
    PLAN_UNTIL = 1 << 3,
    PLAN_TIMES = 1 << 4,
    PLAN_SPREAD = 1 << 5,
    PLAN_BY = 1 << 6,
    PLAN_BY_SIGNED = 1 << 7,
    PLAN_BY_DRIFT = 1 << 8,
    PLAN_JITTER = 1 << 9,
    PLAN_SYNC_TIME = 1 << 10,
    PLAN_SYNC_SHARE = 1 << 11,
    PLAN_SHARE_OF = 1 << 12,
    PLAN_READ = 1 << 13,
    PLAN_WRITE = 1 << 14,
    PLAN_RATE = 1 << 15,
    PLAN_SIZE = 1 << 16,
    PLAN_CPUS = 1 << 17
};
#define PLAN_CLAUSES 18
extern const plan_clause plan_clauses[PLAN_CLAUSES];

typedef struct plan_kind {
    const char *name;
    bool link;
    uint32_t may, must; /* clauses besides those of all kinds; `one_of`: at least one of these */
    uint32_t one_of;
} plan_kind;
extern const plan_kind plan_kinds[SN_FAULT_KINDS];

#endif
