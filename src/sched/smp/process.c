/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* On threads there is one process, and the system keeps it apart from others. */
#include <sennit/go.h>

uint64_t sn_process(void) { return 1; }
