# SPDX-License-Identifier: MIT OR Apache-2.0
# sennit_world_sim(NAME SOURCES a.c … [LINK lib …] [TIMEOUT s]): a test program on the seeded
# scheduler. seeds: `make soak` runs it over more of them. notsan: it has one thread, so no data
# races, and gcc's sanitizer takes milliseconds to make a fiber.
function(sennit_world_sim name)
  cmake_parse_arguments(A "" "TIMEOUT" "SOURCES;LINK" ${ARGN})
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 120)
  endif()
  sennit_test(${name} INTERNAL SOURCES ${A_SOURCES} ${PROJECT_SOURCE_DIR}/tests/world/world_sim.c
              LINK sennit-sim ${A_LINK} INCLUDE ${PROJECT_SOURCE_DIR}/tests/world
              TIMEOUT ${A_TIMEOUT} LABELS sim seeds notsan)
endfunction()

# sennit_world_smp(NAME SOURCES a.c … [TIMEOUT s] [LABELS l …]): a test program on threads, run
# with 1, 2 and 8 Ps, and in short under SENNIT_MIGRATE. (With ThreadSanitizer: also SEEN, see
# sennit_test.)
function(sennit_world_smp name)
  cmake_parse_arguments(A "INTERNAL" "TIMEOUT" "SOURCES;LABELS" ${ARGN})
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 120)
  endif()
  set(internal)
  if(A_INTERNAL)
    set(internal INTERNAL INCLUDE ${PROJECT_SOURCE_DIR}/src/sched/smp ${SENNIT_ARCH_DIR})
  endif()
  sennit_test(${name} SEEN ${internal} SOURCES ${A_SOURCES} ${PROJECT_SOURCE_DIR}/tests/world/world_smp.c
              LINK sennit INCLUDE ${PROJECT_SOURCE_DIR}/tests/world
              TIMEOUT ${A_TIMEOUT} LABELS smp ${A_LABELS} ENV SENNIT_PROCS=2)
  foreach(procs IN ITEMS 1 8)
    add_test(NAME ${name}_p${procs} COMMAND ${name})
    set_tests_properties(${name}_p${procs} PROPERTIES TIMEOUT ${A_TIMEOUT}
                         LABELS "smp;${A_LABELS}" ENVIRONMENT SENNIT_PROCS=${procs})
  endforeach()
  sennit_migrate_test(${name})
endfunction()
