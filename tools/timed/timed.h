/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Timed scenarios: what is sent to a program and when, what must come back within which time, what
 * must not. The program talks lines over a stream connection: each line, in either direction, is
 * an event and its name (docs/guide/faults-and-timing.md is the reference):
 *
 *     run 3s
 *     send "pedal 90" at 1s every 500ms times 4
 *     after "pedal 90" within 80ms "brake on"
 *     never "brake on" before "pedal 90"
 *
 *   script.c  reads a file           judge.c   says from events and time what holds: no clock, no
 *   report.c  tells the outcome                connection
 *   run.c     the runner: one connection, one coroutine, sn_* calls only. So the same file is run
 *             by the same code in virtual time and against a live program.
 */
#ifndef TIMED_H
#define TIMED_H

#include <stdbool.h>

#include <sennit/net.h>

enum {
    TIMED_EVENT_MAX = 200,     /* bytes of an event */
    TIMED_STEPS_MAX = 256,     /* lines of a scenario */
    TIMED_LINE_MAX = 1024,     /* bytes of a line */
    TIMED_FILE_MAX = 64 << 10, /* bytes of a file */
    TIMED_TIMES_MAX = 100000,  /* of one send */
    TIMED_OPEN_MAX = 4096,     /* occurrences of one step that wait for their answer */
    TIMED_SAMPLES_MAX = 100000 /* measurements of one step, all repetitions together */
};

enum timed_kind {
    TIMED_SEND_AT,      /* send E at T [every P times N] */
    TIMED_SEND_AFTER,   /* send E T after A */
    TIMED_WITHIN,       /* after A within T E */
    TIMED_NEVER,        /* never E */
    TIMED_NEVER_UNTIL,  /* never E before T */
    TIMED_NEVER_BEFORE, /* never E before A */
    TIMED_EVERY,        /* every P E tolerance X for T [from S] */
    TIMED_EXPECT,       /* expect E within T */
    TIMED_EXPECT_NO     /* expect no E for T after A */
};

/** A line of a scenario. An event that ends in "*" is any that begins so. */
typedef struct timed_step {
    enum timed_kind kind;
    unsigned line;
    char event[TIMED_EVENT_MAX]; /* E */
    char cause[TIMED_EVENT_MAX]; /* A */
    sn_time time, period, tolerance, from;
    unsigned times;
    char text[TIMED_LINE_MAX / 2]; /* the line itself, cut, for reports */
} timed_step;

typedef struct timed_script {
    timed_step *steps;
    size_t n, room;
    sn_time length; /* of a run */
    unsigned length_line;
} timed_script;

typedef struct timed_error {
    unsigned line, column; /* from 1; column 0: the line as a whole; line 0: the whole file */
    char text[232];
} timed_error;

/** Reads a file's text into *script, which it makes anew; free it with timed_script_free in any
 *  case. 0; SN_EINVAL and *error; SN_EFBIG and *error; SN_ENOMEM. */
int timed_parse(timed_script *script, const char *text, size_t n, timed_error *error);
void timed_script_free(timed_script *script);
/** Whether an event's name, n bytes, is what a pattern means. */
bool timed_matches(const char *pattern, const char *event, size_t n);

/* ---- What came of a step ---- */

typedef struct timed_outcome {
    sn_time *samples; /* latencies; of `every`: gaps */
    size_t n, room;
    uint64_t applied; /* how often it came to be asked for */
    uint64_t missed;  /* how often it did not hold */
    uint64_t open;    /* still undecided when a run ended */
    char first[200];  /* the first time that it did not hold, for people */
} timed_outcome;

/** All repetitions of one scenario. */
typedef struct timed_result {
    const timed_script *script;
    timed_outcome *outcomes; /* one a step */
    unsigned runs;
    sn_time slack;     /* added to what something may take */
    sn_time late_send; /* the runner's own worst lateness */
    char broken[200];  /* why a run could not go on; "" */
} timed_result;

/** 0, SN_ENOMEM. */
int timed_result_init(timed_result *r, const timed_script *script, sn_time slack);
void timed_result_free(timed_result *r);
/** Whether everything held, and everything that should have come into play did. */
bool timed_passed(const timed_result *r);
/** Tells it line by line: `put` gets text without its end. */
void timed_report(const timed_result *r, void (*put)(void *arg, const char *line), void *arg);

/**
 * Runs the scenario once over the connection, from now, and adds to *r. Parks. 0 whatever the
 * outcome; SN_ENOMEM; SN_ECANCELED, SN_ETIMEDOUT from the caller's scope.
 */
int timed_run(timed_result *r, sn_conn *c);

#endif
