# SPDX-License-Identifier: MIT OR Apache-2.0
# Tests of the fleet's domain core. notsan: those with one thread have no data races.
foreach(name IN ITEMS judge rollout values shard artifact record fleet_rollout)
  sennit_test(test_${name} SOURCES test_${name}.c LINK fleet_core LABELS fleet notsan TIMEOUT 120)
endforeach()

find_package(Threads REQUIRED)
find_package(SQLite3 3.35 REQUIRED)
add_library(memvfs STATIC memvfs.c)
target_link_libraries(memvfs PRIVATE sennit_flags PUBLIC SQLite::SQLite3 Threads::Threads)
target_include_directories(memvfs PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
sennit_test(test_fleet_run SOURCES test_fleet_run.c LINK fleet_core memvfs LABELS fleet TIMEOUT 120)
foreach(name IN ITEMS store power_cut)
  sennit_test(test_${name} SOURCES test_${name}.c LINK fleet_core memvfs LABELS fleet notsan
              TIMEOUT 240)
endforeach()

# Folders of data, one a release: each must open.
file(GLOB golden LIST_DIRECTORIES true ${PROJECT_SOURCE_DIR}/tests/golden/data/*)
foreach(folder IN LISTS golden)
  get_filename_component(release ${folder} NAME)
  if(NOT TARGET test_golden)
    sennit_test(test_golden SOURCES test_golden.c LINK fleet_core LABELS fleet notsan
                ARGS ${folder})
  else()
    add_test(NAME test_golden_${release} COMMAND test_golden ${folder})
  endif()
endforeach()

# Tools: figures for people, and what makes a golden folder. See their heads.
foreach(name IN ITEMS bench_core make_golden)
  add_executable(${name} ${name}.c)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_link_libraries(${name} PRIVATE sennit_flags fleet_core memvfs)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
endforeach()
