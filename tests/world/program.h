/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A random program over channels, selects and scopes, and the ledger that judges it: whatever
 * the order, each value sent is received once or dropped once, each value whose send failed is
 * still its sender's, and values of one sender arrive in order. */
#ifndef TESTS_PROGRAM_H
#define TESTS_PROGRAM_H

#include <stdint.h>

typedef struct program_size {
    int channels; /* at most PROGRAM_CHANNELS */
    int teams;    /* scopes that are cancelled, time out or fail as a whole */
    int members;  /* coroutines in each */
    int ops;      /* operations of each member */
    int readers;  /* coroutines that read until all channels are closed */
} program_size;

enum { PROGRAM_CHANNELS = 4, PROGRAM_MEMBERS = 64 };

/** What happened, so that a test can see that its programs reach the cases it is about. */
typedef struct program_tally {
    long handed, kept, received, dropped, canceled, selected;
} program_tally;

/** Runs the program of `seed` from the calling coroutine. Prints each broken rule; returns how
 *  many there were. One program at a time. */
int program_run(uint64_t seed, const program_size *size, program_tally *tally);

#endif
