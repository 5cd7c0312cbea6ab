/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The commands: each returns the program's exit status. */
#ifndef SN_SEARCH_COMMANDS_H
#define SN_SEARCH_COMMANDS_H

#include "search/args.h"

int sn__command_run(args *a);
int sn__command_replay(args *a);
int sn__command_minimise(args *a);

#endif
