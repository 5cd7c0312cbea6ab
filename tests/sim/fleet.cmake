# SPDX-License-Identifier: MIT OR Apache-2.0
# The fleet server in the simulated world.
if(NOT TARGET fleet_api-sim OR NOT TARGET sennit-sqlite-sim)
  return()
endif()
sennit_sim_sources(fleet_audit.c fleet_desk.c fleet_device.c fleet_drive.c fleet_field.c fleet_http.c
                   fleet_rollout.c fleet_scenarios.c fleet_session.c fleet_site.c fleet_start.c fleet_world.c)
target_compile_definitions(sennit-sim-program PRIVATE SIM_FLEET)
sennit_sim_link(fleet_api-sim fleet_drive-sim sennit-sqlite-sim)
