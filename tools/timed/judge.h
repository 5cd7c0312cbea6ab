/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The judge of one run. It is told of events and of the time, in order, and knows when it wants to
 * be told of the time next. Times are since the run's start.
 */
#ifndef TIMED_JUDGE_H
#define TIMED_JUDGE_H

#include "timed.h"

/** What a step waits for. */
typedef struct timed_wait {
    sn_time *since; /* of TIMED_WITHIN: causes without an answer, oldest first */
    size_t n, room; /* … */
    size_t overdue; /* … how many of them are, from the oldest */
    sn_time last;   /* of TIMED_EVERY: when one came; of TIMED_EXPECT_NO: forbidden until */
    sn_time grid;   /* of TIMED_EVERY: the next is due a period after this */
    bool seen;      /* the event (TIMED_EXPECT, TIMED_EVERY) or the cause came */
    bool over;      /* decided */
} timed_wait;

typedef struct timed_judge {
    timed_result *r;
    timed_wait *waits;
} timed_judge;

int timed_judge_init(timed_judge *j, timed_result *r);
/** An event of n bytes was seen at `now`, sent or received. 0; SN_ENOMEM; SN_ERANGE when more is
 *  open or measured than the limits allow. */
int timed_judge_event(timed_judge *j, const char *event, size_t n, sn_time now);
/** Time is `now`, and all events before were told. */
void timed_judge_time(timed_judge *j, sn_time now);
/** When it wants to be told of the time: the next instant at which something is overdue. */
sn_time timed_judge_next(const timed_judge *j);
/** The run is over. */
void timed_judge_end(timed_judge *j, sn_time now);
void timed_judge_free(timed_judge *j);

#endif
