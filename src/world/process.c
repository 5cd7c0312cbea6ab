/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Which simulated process the caller belongs to. */
#include <sennit/go.h>

#include "sched/sim/world.h"

uint64_t sn_process(void) {
    const sn_host *h = sn__sim_host();
    return h ? (uint64_t)h->index << 32 | h->boot : 0;
}
