/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* core-values: a random program over channels, selects and scopes (tests/world/program.h), judged
 * by its ledger. */
#include "core.h"
#include "hold.h"
#include "program.h"

static const program_size sizes[] = {
    {1, 1, 2, 6, 0}, {1, 2, 2, 8, 1}, {2, 2, 3, 12, 1}, {3, 3, 4, 20, 2}, {4, 2, 8, 30, 0},
};
enum { SIZES = sizeof sizes / sizeof *sizes };

int core_values(void *arg) {
    (void)arg;
    program_tally tally = {0};
    uint64_t size = sn_sim_draw(SIZES), seed = sn_sim_draw(UINT64_MAX);
    int broken = program_run(seed, &sizes[size], &tally);
    HOLD(broken == 0, "%d broken rules", broken);
    HOLD(tally.handed == tally.received + tally.dropped, "%ld handed over, %ld arrived",
         tally.handed, tally.received + tally.dropped);
    return 0;
}
