/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Search: a program of scenarios. A scenario is a function that builds a world (sennit/sim.h), lets
 * things happen in it and fails the run when what it must hold does not hold. The command line runs
 * it over many seeds in several processes, makes a failing seed smaller, and replays it:
 *
 *     PROGRAM list
 *     PROGRAM run SCENARIO [--seeds A..B] [--jobs N] [--mode uniform|pct] [--set NAME=VALUE] …
 *     PROGRAM minimise SCENARIO --seed N …
 *     PROGRAM replay SCENARIO --seed N [--trace] [--gdb] …
 *
 * SCENARIO is a name from the program's table or a file (NAME.scn) that names one, gives its
 * parameters and its faults (docs/guide/simulation.md tells the format).
 */
#ifndef SENNIT_SCENARIO_H
#define SENNIT_SCENARIO_H

#include <sennit/sim.h>

SN_BEGIN_C

typedef struct sn_scenario {
    const char *name;
    const char *about; /**< one line for `list` */
    sn_fn body;        /**< the test: its argument is NULL; below 0 fails the run */
} sn_scenario;

/** main of such a program: the exit status. 0: all seeds passed; 1: some failed; 2: usage. Not
 *  from a run. */
SN_API int sn_scenario_main(int argc, char **argv, const sn_scenario *all, size_t n);

/** Parameters of the scenario that runs: from --set, else from its file, else `otherwise`. A value
 *  that cannot be read as what is asked for ends the program with a message that names it. From
 *  coroutines of a run; never park. */
SN_API int64_t sn_param_int(const char *name, int64_t otherwise);
/** "90s", "3h", "250ms", "7d" … */
SN_API sn_time sn_param_time(const char *name, sn_time otherwise);
/** In millionths: "0.2%", "1e-3", "0.05". */
SN_API uint32_t sn_param_share(const char *name, uint32_t otherwise);
SN_API const char *sn_param_text(const char *name, const char *otherwise);

/** Starts the faults that the scenario's file declares (sennit/plan.h), as a coroutine in the
 *  caller's scope that ends after the last of them. Its cancel ends them before: what they did to
 *  links, disks and clocks is undone then, a host that is down stays down. Call it once the hosts
 *  that they name are made. From outside of hosts. 0 also when there are none. SN_ENOENT: the plan
 *  does not fit the hosts that there are; SN_ENOSYS: a fault makes no sense in simulation (a
 *  message says which, for both); SN_EBUSY while earlier ones go on; SN_EINVAL on a host;
 * SN_ENOMEM; SN_ECANCELED. */
SN_API SN_MUST int sn_faults_start(void);

SN_END_C
#endif
