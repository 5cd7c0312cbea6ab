# SPDX-License-Identifier: MIT OR Apache-2.0
# The scenarios that the search itself is tested with, and those tests.
sennit_sim_sources(relay.c counter.c mishap.c office.c)
find_package(Python3 REQUIRED COMPONENTS Interpreter)
if(NOT CMAKE_CROSSCOMPILING) # the script starts the program itself
  add_test(NAME search_cli COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/search_cli.py
           $<TARGET_FILE:sennit-sim-program>)
  set_tests_properties(search_cli PROPERTIES TIMEOUT 120 LABELS "sim;notsan")
endif()
sennit_test(sim_script SOURCES script_test.c relay.c LINK sennit-sim INTERNAL LABELS sim notsan)
sennit_test(sim_search SOURCES search_test.c LINK sennit-sim INTERNAL LABELS sim)
