/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Where two runs of one seed part. */
#ifndef SN_SEARCH_DIFFER_H
#define SN_SEARCH_DIFFER_H

#include <stdio.h>

#include "search/args.h"

/** Runs the seed in two processes, in one of them twice, and compares the trace of the first run
 *  with that of the second. Prints the first event that differs, or that none does. An exit
 *  status. */
int sn__differ(const args *a, FILE *to);

#endif
