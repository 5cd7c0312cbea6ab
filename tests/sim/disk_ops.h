/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Random file operations, each with what it returned, told to `out` line by line: the same on a
 * kernel's disk and on a simulated one. */
#ifndef TESTS_SIM_DISK_OPS_H
#define TESTS_SIM_DISK_OPS_H

#include <stdint.h>
#include <stdio.h>

/** Runs n operations of this seed in the current folder, which is empty. */
void disk_ops(uint64_t seed, int n, FILE *out);

#endif
