/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The table of kinds and the table of clauses: the grammar of fault lines as data. */
#include "plan/kind.h"

#define AT(field) offsetof(plan_rule, field)
#define A_TIME "needs a time such as 250ms or 1h30m"
#define A_RANGE "needs a time such as 30m, or a range such as 10m..30m"
#define A_SHARE "needs a share such as 0.2% or 1e-3"

const plan_clause plan_clauses[PLAN_CLAUSES] = {
    {"at", PLAN_RANGE, AT(at), A_RANGE},
    {"for", PLAN_RANGE, AT(lasts), A_RANGE},
    {"every", PLAN_TIME, AT(every), A_TIME},
    {"until", PLAN_TIME, AT(until), A_TIME},
    {"times", PLAN_COUNT, AT(times), "needs a number from 1"},
    {"spread", PLAN_AMOUNT, AT(spread),
     "needs a number of hosts such as 2, or a share such as 20%"},
    {"by", PLAN_RANGE, AT(by), A_RANGE},
    {"by", PLAN_SIGNED, AT(by), A_RANGE},
    {"by", PLAN_DRIFT, AT(drift), "needs a drift such as 200ppm or -50ppm"},
    {"jitter", PLAN_RANGE, AT(jitter), A_RANGE},
    {"sync", PLAN_RANGE, AT(sync), A_RANGE},
    {"sync", PLAN_SHARE, AT(fail_sync), A_SHARE},
    {"share", PLAN_SHARE, AT(share), A_SHARE},
    {"read", PLAN_SHARE, AT(fail_read), A_SHARE},
    {"write", PLAN_SHARE, AT(fail_write), A_SHARE},
    {"rate", PLAN_BYTES, AT(bytes), "needs bytes a second, such as 64KiB"},
    {"size", PLAN_BYTES, AT(bytes), "needs a size such as 512MiB"},
    {"cpus", PLAN_COUNT, AT(cpus), "needs a number from 1"},
};

#define HOST false
#define LINK true

const plan_kind plan_kinds[SN_FAULT_KINDS] = {
    [SN_FAULT_PARTITION] = {"partition", LINK, PLAN_FOR, PLAN_FOR, 0},
    [SN_FAULT_DELAY] = {"delay", LINK, PLAN_FOR | PLAN_BY | PLAN_JITTER, PLAN_FOR,
                        PLAN_BY | PLAN_JITTER},
    [SN_FAULT_LOSS] = {"loss", LINK, PLAN_FOR | PLAN_SHARE_OF, PLAN_FOR | PLAN_SHARE_OF, 0},
    [SN_FAULT_THROTTLE] = {"throttle", LINK, PLAN_FOR | PLAN_RATE, PLAN_FOR | PLAN_RATE, 0},
    [SN_FAULT_DUPLICATE] = {"duplicate", LINK, PLAN_FOR | PLAN_SHARE_OF, PLAN_FOR | PLAN_SHARE_OF,
                            0},
    [SN_FAULT_REORDER] = {"reorder", LINK, PLAN_FOR | PLAN_SHARE_OF, PLAN_FOR | PLAN_SHARE_OF, 0},
    [SN_FAULT_RESET] = {"reset", LINK, PLAN_FOR | PLAN_SHARE_OF, 0, 0},
    [SN_FAULT_HALF_OPEN] = {"half-open", LINK, PLAN_FOR | PLAN_SHARE_OF, PLAN_FOR | PLAN_SHARE_OF,
                            0},
    [SN_FAULT_REFUSE] = {"refuse", LINK, PLAN_FOR | PLAN_SHARE_OF, PLAN_FOR | PLAN_SHARE_OF, 0},
    [SN_FAULT_KILL] = {"kill", HOST, PLAN_FOR, PLAN_FOR, 0},
    [SN_FAULT_POWER] = {"power", HOST, PLAN_FOR, PLAN_FOR, 0},
    [SN_FAULT_FREEZE] = {"freeze", HOST, PLAN_FOR, PLAN_FOR, 0},
    [SN_FAULT_HOG] = {"hog", HOST, PLAN_FOR | PLAN_CPUS, PLAN_FOR, 0},
    [SN_FAULT_MEMORY] = {"memory", HOST, PLAN_FOR | PLAN_SIZE, PLAN_FOR | PLAN_SIZE, 0},
    [SN_FAULT_DISK_FULL] = {"disk-full", HOST, PLAN_FOR, PLAN_FOR, 0},
    [SN_FAULT_DISK_SLOW] = {"disk-slow", HOST, PLAN_FOR | PLAN_BY | PLAN_SYNC_TIME, PLAN_FOR,
                            PLAN_BY | PLAN_SYNC_TIME},
    [SN_FAULT_DISK_ERROR] = {"disk-error", HOST,
                             PLAN_FOR | PLAN_READ | PLAN_WRITE | PLAN_SYNC_SHARE, PLAN_FOR,
                             PLAN_READ | PLAN_WRITE | PLAN_SYNC_SHARE},
    [SN_FAULT_DISK_LIE] = {"disk-lie", HOST, PLAN_FOR | PLAN_SHARE_OF, PLAN_FOR | PLAN_SHARE_OF, 0},
    [SN_FAULT_BIT_ROT] = {"bit-rot", HOST, PLAN_FOR | PLAN_SHARE_OF, PLAN_FOR | PLAN_SHARE_OF, 0},
    [SN_FAULT_CLOCK_JUMP] = {"clock-jump", HOST, PLAN_FOR | PLAN_BY_SIGNED, PLAN_BY_SIGNED, 0},
    [SN_FAULT_CLOCK_DRIFT] = {"clock-drift", HOST, PLAN_FOR | PLAN_BY_DRIFT,
                              PLAN_FOR | PLAN_BY_DRIFT, 0},
};

const char *sn_fault_name(uint32_t kind) {
    return kind < SN_FAULT_KINDS ? plan_kinds[kind].name : "?";
}

int sn_fault_on_link(uint32_t kind) { return kind < SN_FAULT_KINDS && plan_kinds[kind].link; }
