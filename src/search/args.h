/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The command line of a program of scenarios. */
#ifndef SN_SEARCH_ARGS_H
#define SN_SEARCH_ARGS_H

#include "search/spec.h"

enum { EXIT_PASSED = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/** The commands that take a scenario, as bits. */
enum { COMMAND_RUN = 1, COMMAND_REPLAY = 2, COMMAND_MINIMISE = 4 };

typedef struct args {
    unsigned command;
    const char *program; /* as it was called */
    const sn_scenario *all;
    size_t all_n;
    const sn_scenario *scenario;
    const char *name; /* as it was given: a scenario or a file */
    spec spec;
    seeds seeds; /* what to run */
    unsigned jobs;
    uint64_t stop_after, tries;
    bool twice, brief, gdb, trace;
    const char *trace_file;   /* NULL: standard output */
    const char *const *given; /* what followed the scenario's name, as it was, */
    int given_n;              /* so that a command can be repeated */
} args;

/** Fills in *a from what follows the command's word. false: a message was printed. */
bool sn__args_read(args *a, int n, char **words);
void sn__args_free(args *a);
/** True when the scenario has asked for every parameter (bits of `asked`). Names the others on
 *  standard error: one that nobody asks for is a typing error more often than not. */
bool sn__args_all_asked(const args *a, uint64_t asked);
/** Prints the command that does `command` with one seed, as one line: all that was given but what
 *  is about many seeds, and `more`. */
void sn__args_repeat(const args *a, const char *command, uint64_t seed, const char *more);

#endif
