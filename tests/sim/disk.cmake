# SPDX-License-Identifier: MIT OR Apache-2.0
# Disks: the same as the machine's as long as nothing goes wrong, and as bad as can be when it does.
foreach(world IN ITEMS main sim)
  add_executable(disk_ops_${world} disk_ops.c disk_ops_${world}.c)
  set_target_properties(disk_ops_${world} PROPERTIES
                        RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
endforeach()
target_link_libraries(disk_ops_main PRIVATE sennit_flags sennit)
target_link_libraries(disk_ops_sim PRIVATE sennit_flags sennit-sim)
find_package(Python3 COMPONENTS Interpreter REQUIRED)
if(NOT CMAKE_CROSSCOMPILING) # the script starts the programs itself
  add_test(NAME disk_same COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/disk_same.py
           $<TARGET_FILE:disk_ops_main> $<TARGET_FILE:disk_ops_sim> 10 1000)
  set_tests_properties(disk_same PROPERTIES TIMEOUT 120 LABELS "sim;notsan")
endif()
sennit_test(sim_disk SOURCES disk_test.c LINK sennit-sim LABELS "sim;notsan")
sennit_test(sim_signal SOURCES signal_test.c LINK sennit-sim LABELS "sim;notsan")
if(TARGET sennit-sqlite-sim)
  sennit_test(sim_sqlite SOURCES sqlite_test.c LINK sennit-sqlite-sim LABELS "sim;notsan"
              TIMEOUT 300)
  sennit_test(sim_sqlite_readers SOURCES sqlite_readers_test.c LINK sennit-sqlite-sim
              LABELS "sim;notsan")
endif()
# What slips past the seams, where it is stopped: not under sanitizers.
find_package(SQLite3 QUIET)
find_package(OpenSSL QUIET)
if(SENNIT_SEAM AND TARGET SQLite::SQLite3 AND TARGET OpenSSL::Crypto)
  add_library(seam_plugin MODULE seam_plugin.c)
  target_link_libraries(seam_plugin PRIVATE sennit_flags)
  sennit_test(sim_seam SOURCES seam_test.c LINK sennit-sim SQLite::SQLite3 OpenSSL::Crypto
              LABELS "sim;notsan" ENV SEAM_PLUGIN=$<TARGET_FILE:seam_plugin>)
  add_dependencies(sim_seam seam_plugin)
endif()
