# SPDX-License-Identifier: MIT OR Apache-2.0
# The simulated world's own words, tried hard: runs, time, hosts, freezing, failing.
include(${PROJECT_SOURCE_DIR}/tests/world/worlds.cmake)
sennit_test(sim_run_test SOURCES sim_run_test.c LINK sennit-sim LABELS sim notsan)
sennit_test(sim_fail_test SOURCES sim_fail_test.c LINK sennit-sim LABELS sim notsan
            INCLUDE ${PROJECT_SOURCE_DIR}/tests/world)
foreach(part IN ITEMS time host freeze)
  sennit_world_sim(sim_${part}_test SOURCES sim_${part}_test.c)
endforeach()

sennit_sim_sources(faulty.c faulty_attack.c faulty_clients.c faulty_server.c)
sim_scenario_tests(lib_scenarios.h 300)

# With the release build, which is gcc's with optimisation as a rule, four in all.
find_package(Python3 3.9 COMPONENTS Interpreter REQUIRED)
if(NOT SENNIT_SANITIZE AND NOT CMAKE_CROSSCOMPILING AND TARGET fleet_api-sim AND CMAKE_GENERATOR STREQUAL "Ninja")
  add_test(NAME sim_same_hash
           COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/same_hash.py
                   --root ${PROJECT_SOURCE_DIR} --build ${PROJECT_BINARY_DIR})
  set_tests_properties(sim_same_hash PROPERTIES TIMEOUT 900 LABELS "sim;slow;notsan")
endif()
