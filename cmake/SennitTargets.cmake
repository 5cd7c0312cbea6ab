# SPDX-License-Identifier: MIT OR Apache-2.0
# What each folder's CMakeLists.txt calls.

# sennit_objects(NAME SOURCES a.c … [LINK lib …] [INCLUDE dir …] [BENEATH …]): position-independent
# objects of a part of a library. BENEATH: part of the scheduler or above it in its bracket. With
# ThreadSanitizer that is not instrumented, gets the further sources named after BENEATH, and is
# compiled once more, instrumented, as NAME_seen, to look for races of its own.
function(sennit_objects name)
  cmake_parse_arguments(A "" "" "SOURCES;LINK;INCLUDE;BENEATH" ${ARGN})
  if("BENEATH" IN_LIST ARGN AND SENNIT_SANITIZE STREQUAL "thread")
    sennit_objects(${name}_seen SOURCES ${A_SOURCES} LINK ${A_LINK} INCLUDE ${A_INCLUDE})
    add_library(${name} OBJECT ${A_SOURCES} ${A_BENEATH})
    set_target_properties(${name} PROPERTIES SENNIT_BENEATH ON)
  else()
    add_library(${name} OBJECT ${A_SOURCES})
  endif()
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_link_libraries(${name} PRIVATE sennit_flags ${A_LINK})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/include
                             ${PROJECT_SOURCE_DIR}/src ${A_INCLUDE})
endfunction()

# sennit_library(NAME OBJECTS o … LINK lib …): libNAME.a and libNAME.so.0 of these objects, with
# install rules, pkg-config file and CMake package. The static one is the target NAME and
# sennit::NAME; the shared one NAME_shared and sennit::NAME_shared.
function(sennit_library name)
  cmake_parse_arguments(A "" "DESCRIPTION" "OBJECTS;LINK" ${ARGN})
  set(objects)
  foreach(o IN LISTS A_OBJECTS)
    list(APPEND objects $<TARGET_OBJECTS:${o}>)
  endforeach()
  add_library(${name} STATIC ${objects})
  target_link_libraries(${name} PUBLIC ${A_LINK})
  set(public_includes $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                      $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_include_directories(${name} PUBLIC ${public_includes})
  add_library(${name}_shared SHARED ${objects})
  set(shared_link)
  foreach(l IN LISTS A_LINK)
    if(TARGET ${l}_shared)
      list(APPEND shared_link ${l}_shared)
    else()
      list(APPEND shared_link ${l})
    endif()
  endforeach()
  target_link_libraries(${name}_shared PRIVATE sennit_flags PUBLIC ${shared_link})
  target_include_directories(${name}_shared PUBLIC ${public_includes})
  set_target_properties(${name}_shared PROPERTIES OUTPUT_NAME ${name} SOVERSION 0
                        VERSION ${PROJECT_VERSION} INSTALL_RPATH "$ORIGIN")
  target_link_options(${name}_shared PRIVATE
    -Wl,--version-script=${PROJECT_SOURCE_DIR}/cmake/sennit.map)
  if(NOT SENNIT_SANITIZE AND NOT SENNIT_FUZZ)
    target_link_options(${name}_shared PRIVATE -Wl,-z,defs) # no name is left to chance
  endif()
  set_target_properties(${name}_shared PROPERTIES
    LINK_DEPENDS ${PROJECT_SOURCE_DIR}/cmake/sennit.map)
  add_library(sennit::${name} ALIAS ${name})
  add_library(sennit::${name}_shared ALIAS ${name}_shared)
  if(SENNIT_INSTALL)
    sennit_install_library(${name} "${A_DESCRIPTION}" ${A_LINK})
  endif()
endfunction()

# sennit_simulated(NAME OBJECTS o … [LINK lib …] [OPTIONS -Wl,…]): NAME-sim, the same objects linked
# with sennit-sim instead of sennit. A static library, the target NAME-sim and sennit::NAME-sim, with
# install rules. OPTIONS are for who links it.
function(sennit_simulated name)
  cmake_parse_arguments(A "" "" "OBJECTS;LINK;OPTIONS" ${ARGN})
  set(link ${A_LINK})
  if(NOT name STREQUAL "sennit")
    list(PREPEND link sennit-sim)
  endif()
  set(objects)
  foreach(o IN LISTS A_OBJECTS)
    list(APPEND objects $<TARGET_OBJECTS:${o}>)
  endforeach()
  add_library(${name}-sim STATIC ${objects})
  target_link_libraries(${name}-sim PUBLIC ${link})
  target_link_options(${name}-sim INTERFACE ${A_OPTIONS})
  target_include_directories(${name}-sim PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                             $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  add_library(sennit::${name}-sim ALIAS ${name}-sim)
  if(SENNIT_INSTALL)
    sennit_install_static(${name}-sim "${name} in a simulated world" ${link})
  endif()
endfunction()

# sennit_program(NAME SOURCES a.c … LINK lib … [INSTALL]): a program from public headers, in
# build/bin. INSTALL: it is one of the programs that `make install` copies.
function(sennit_program name)
  cmake_parse_arguments(A "INSTALL" "" "SOURCES;LINK;INCLUDE" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  target_link_libraries(${name} PRIVATE sennit_flags ${A_LINK})
  target_include_directories(${name} PRIVATE ${A_INCLUDE})
  if(A_INSTALL AND SENNIT_INSTALL)
    install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endfunction()

# sennit_prove_stacks(NAME): writes the proofs that SN_SMALL_PROOF asks for into a program after it
# is linked. Nothing where stacks are not packed, or without Python or objdump: SN_SMALL is refused
# then, or ignored.
function(sennit_prove_stacks name)
  find_package(Python3 COMPONENTS Interpreter QUIET)
  if(Python3_FOUND AND CMAKE_OBJDUMP AND SENNIT_SANITIZE STREQUAL "" AND NOT SENNIT_FUZZ
     AND NOT SENNIT_COVERAGE AND CMAKE_SYSTEM_PROCESSOR STREQUAL x86_64)
    add_custom_command(TARGET ${name} POST_BUILD VERBATIM COMMAND ${Python3_EXECUTABLE}
      ${PROJECT_SOURCE_DIR}/tools/stack-report/stack_report.py --stamp --quiet $<TARGET_FILE:${name}>)
    target_compile_definitions(${name} PRIVATE STACKS_PROVEN)
  endif()
endfunction()

# sennit_test(NAME SOURCES a.c … LINK lib … [TIMEOUT s] [LABELS l …] [ARGS …] [INTERNAL] [SEEN]):
# a test program in build/tests and its ctest entry. INTERNAL lets it see src/. SEEN: with
# ThreadSanitizer it also runs, as NAME_seen, on a scheduler that is instrumented itself. When it is
# run in an emulator, EMULATOR is that one's command.
function(sennit_test name)
  cmake_parse_arguments(A "INTERNAL;SEEN" "TIMEOUT" "SOURCES;LINK;LABELS;ARGS;ENV;INCLUDE" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  target_link_libraries(${name} PRIVATE sennit_flags ${A_LINK})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests ${A_INCLUDE})
  if(A_INTERNAL)
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  endif()
  if(SENNIT_COVERAGE)
    target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/world/counted.c)
    target_link_options(${name} PRIVATE -Wl,--wrap=abort)
  endif()
  if(CMAKE_CROSSCOMPILING_EMULATOR)
    string(REPLACE ";" " " emulator "${CMAKE_CROSSCOMPILING_EMULATOR}")
    target_compile_definitions(${name} PRIVATE EMULATOR="${emulator}")
  endif()
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 60)
  endif()
  add_test(NAME ${name} COMMAND ${name} ${A_ARGS})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${A_TIMEOUT} LABELS "${A_LABELS}"
                       ENVIRONMENT "${A_ENV}")
  if(A_SEEN AND TARGET sennit-seen)
    sennit_test_seen(${name} ${A_TIMEOUT} SOURCES ${A_SOURCES} LINK ${A_LINK} LABELS ${A_LABELS}
                     ENV ${A_ENV} INCLUDE ${A_INCLUDE})
  endif()
endfunction()

# The same test on the instrumented scheduler: with ThreadSanitizer only.
function(sennit_test_seen name timeout)
  cmake_parse_arguments(A "" "" "SOURCES;LINK;LABELS;ENV;INCLUDE" ${ARGN})
  list(TRANSFORM A_LINK REPLACE "^sennit$" sennit-seen)
  list(TRANSFORM A_SOURCES REPLACE "TARGET_OBJECTS:([a-z_]+)>" "TARGET_OBJECTS:\\1_seen>")
  add_executable(${name}_seen ${A_SOURCES})
  set_target_properties(${name}_seen PROPERTIES
                        RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  target_link_libraries(${name}_seen PRIVATE sennit_flags ${A_LINK})
  target_include_directories(${name}_seen PRIVATE ${PROJECT_SOURCE_DIR}/tests
                             ${PROJECT_SOURCE_DIR}/src ${A_INCLUDE})
  add_test(NAME ${name}_seen COMMAND ${name}_seen)
  set_tests_properties(${name}_seen PROPERTIES TIMEOUT ${timeout} LABELS "${A_LABELS}"
                       ENVIRONMENT "${A_ENV}")
endfunction()

# sennit_migrate_test(NAME [ENV VAR=value …] [LABELS l …]): the program of the test NAME once more, in
# short, on 2 Ps, each coroutine resuming on another thread than it parked on.
function(sennit_migrate_test name)
  cmake_parse_arguments(A "" "" "ENV;LABELS" ${ARGN})
  add_test(NAME ${name}_migrate COMMAND ${name})
  set_tests_properties(${name}_migrate PROPERTIES TIMEOUT 120 LABELS "migrate;${A_LABELS}" ENVIRONMENT
    "SENNIT_MIGRATE=always;SENNIT_PROCS=2;SENNIT_ROUNDS=2;SENNIT_STRESS_SECONDS=0.1;${A_ENV}")
endfunction()

# sennit_fuzzer(NAME SOURCES f.c … CORPUS dir [LINK lib …] [INCLUDE dir …] [INTERNAL]): a libFuzzer
# target (LLVMFuzzerTestOneInput). With SENNIT_FUZZ it is the program build*/fuzz/NAME, which
# scripts/fuzz.sh runs; always, the suite's test NAME replays CORPUS through it.
function(sennit_fuzzer name)
  cmake_parse_arguments(A "INTERNAL" "CORPUS" "SOURCES;LINK;INCLUDE" ${ARGN})
  get_filename_component(corpus ${A_CORPUS} ABSOLUTE)
  set(internal)
  if(A_INTERNAL)
    set(internal INTERNAL)
  endif()
  sennit_test(${name} SOURCES ${A_SOURCES} ${PROJECT_SOURCE_DIR}/tests/fuzz/replay.c
              LINK ${A_LINK} INCLUDE ${A_INCLUDE} ARGS ${corpus} LABELS fuzz ${internal})
  if(SENNIT_FUZZ)
    add_executable(${name}.fuzz ${A_SOURCES})
    target_link_libraries(${name}.fuzz PRIVATE sennit_flags ${A_LINK})
    target_include_directories(${name}.fuzz PRIVATE ${PROJECT_SOURCE_DIR}/tests ${A_INCLUDE})
    if(A_INTERNAL)
      target_include_directories(${name}.fuzz PRIVATE ${PROJECT_SOURCE_DIR}/src)
    endif()
    target_link_options(${name}.fuzz PRIVATE -fsanitize=fuzzer)
    set_target_properties(${name}.fuzz PROPERTIES OUTPUT_NAME ${name}
                          RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
    file(APPEND ${PROJECT_BINARY_DIR}/fuzz/corpora "${name} ${corpus}\n")
  endif()
endfunction()
