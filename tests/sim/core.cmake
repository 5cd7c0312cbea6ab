# SPDX-License-Identifier: MIT OR Apache-2.0
# Scenarios of the library's core. Each passes for all its seeds, in both modes.
set(core_scenarios core_chan.c core_locks.c core_scopes.c core_select.c core_values.c
                   ../world/program.c)
sennit_sim_sources(${core_scenarios})
target_include_directories(sennit-sim-program PRIVATE ${PROJECT_SOURCE_DIR}/tests
                           ${PROJECT_SOURCE_DIR}/tests/world)
file(STRINGS core_scenarios.h core_names REGEX "^X\\(")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS core_scenarios.h)
foreach(line IN LISTS core_names)
  string(REGEX REPLACE "^X.\"([^\"]*)\".*" "\\1" name "${line}")
  foreach(mode IN ITEMS uniform pct)
    add_test(NAME scenario_${name}_${mode}
             COMMAND sennit-sim-program run ${name} --seeds 1..500 --twice --jobs 1 --mode ${mode})
    set_tests_properties(scenario_${name}_${mode} PROPERTIES TIMEOUT 120 LABELS "sim;notsan")
  endforeach()
endforeach()
