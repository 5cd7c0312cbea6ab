/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* X(name, function, about): the scenarios of build/bin/sennit-sim. A line each; included more than
 * once, so it has no guard. A function's file is named in a *.cmake with sennit_sim_sources(). */
X("relay", relay_scenario, "values through a chain of channels: always passes")
#include "core_scenarios.h"
#ifdef SIM_FLEET
#include "fleet_scenarios.h"
#endif
#include "http_scenarios.h"
#include "lib_scenarios.h"
#ifdef SIM_STORE
#include "store_scenarios.h"
#endif
X("counter", counter_scenario, "a counter that loses a step now and then: a known, rare failure")
X("replica", replica_scenario,
  "nodes that keep numbers, under faults: nothing acknowledged is lost")
#ifdef SIM_BRAKE
X("brake", brake_scenario, "the promises of examples/brake: what is late, and when")
#endif
X("mishap", mishap_scenario, "goes wrong as it is told: what the search must tell apart")
X("office", office_scenario, "an office that forgets letters when the power goes: a known failure")
