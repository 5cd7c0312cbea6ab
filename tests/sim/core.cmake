# SPDX-License-Identifier: MIT OR Apache-2.0
# Scenarios of the library's core. Each passes for all its seeds, in both modes.

# sim_scenario_tests(header seeds): a test for each scenario that the header lists and each mode,
# every seed twice. In an emulator a twentieth of the seeds.
function(sim_scenario_tests header seeds)
  if(CMAKE_CROSSCOMPILING_EMULATOR)
    math(EXPR seeds "${seeds} / 20 + 1")
  endif()
  file(STRINGS ${CMAKE_CURRENT_SOURCE_DIR}/${header} lines REGEX "^X\\(")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${header})
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "^X.\"([^\"]*)\".*" "\\1" name "${line}")
    foreach(mode IN ITEMS uniform pct)
      add_test(NAME scenario_${name}_${mode} COMMAND sennit-sim-program run ${name}
               --seeds 1..${seeds} --twice --jobs 1 --mode ${mode})
      set_tests_properties(scenario_${name}_${mode} PROPERTIES TIMEOUT 120 LABELS "sim;notsan")
    endforeach()
  endforeach()
endfunction()

set(core_scenarios core_chan.c core_locks.c core_scopes.c core_select.c core_share.c core_values.c
                   core_work.c ../world/program.c)
sennit_sim_sources(${core_scenarios})
target_include_directories(sennit-sim-program PRIVATE ${PROJECT_SOURCE_DIR}/tests
                           ${PROJECT_SOURCE_DIR}/tests/world)
sim_scenario_tests(core_scenarios.h 500)
