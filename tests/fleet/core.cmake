# SPDX-License-Identifier: MIT OR Apache-2.0
# Tests of the fleet's domain core.
foreach(name IN ITEMS judge rollout values shard record fleet_rollout)
  sennit_test(test_${name} SOURCES test_${name}.c LINK fleet_core LABELS fleet TIMEOUT 120)
endforeach()

find_package(Threads REQUIRED)
find_package(SQLite3 3.35 REQUIRED)
add_library(memvfs STATIC memvfs.c)
target_link_libraries(memvfs PRIVATE sennit_flags PUBLIC SQLite::SQLite3 Threads::Threads)
target_include_directories(memvfs PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
foreach(name IN ITEMS store fleet_run power_cut)
  sennit_test(test_${name} SOURCES test_${name}.c LINK fleet_core memvfs LABELS fleet TIMEOUT 600)
endforeach()

# Figures for people, no test: see the head of the file.
add_executable(bench_core bench_core.c)
set_target_properties(bench_core PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
target_link_libraries(bench_core PRIVATE sennit_flags fleet_core)
target_include_directories(bench_core PRIVATE ${PROJECT_SOURCE_DIR}/tests)
