# SPDX-License-Identifier: MIT OR Apache-2.0
# Scenarios of the fleet server's inner parts, without its HTTP.
if(NOT TARGET fleet_core-sim OR NOT TARGET sennit-sqlite-sim)
  return()
endif()
set(store_scenarios store_commit.c store_rollout.c)
sennit_sim_sources(${store_scenarios})
target_compile_definitions(sennit-sim-program PRIVATE SIM_STORE)
sennit_sim_link(fleet_core-sim sennit-sqlite-sim)
sim_scenario_tests(store_scenarios.h 20)
