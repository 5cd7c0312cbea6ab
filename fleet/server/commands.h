/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The program's commands. Each gets its own words (argv[0] is its name) and returns the exit
 * status: 0, 1 for a failure, 2 for words it does not understand. */
#ifndef FLEET_COMMANDS_H
#define FLEET_COMMANDS_H

#include "config.h"

int cmd_serve(int argc, char **argv);
int cmd_demo(int argc, char **argv);
int cmd_drive(int argc, char **argv);
int cmd_backup(int argc, char **argv);
int cmd_restore(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_record(int argc, char **argv);

/** Prints the error behind the program's name; returns 2. */
int cmd_usage_error(const char *command, const char *text);
/**
 * Loads options; words that are none are an error. 1 when the command may go on; 0 when --help
 * was printed; -1 after an error message.
 */
int cmd_options(const char *usage, const struct config_key *keys, size_t n, void *settings,
                int argc, char **argv);

#endif
