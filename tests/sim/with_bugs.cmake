# SPDX-License-Identifier: MIT OR Apache-2.0
# Planted bugs: bugs/NAME.bug is a small mistake in one file of ours. Each becomes a program,
# build/tests/bugs/NAME: the scenarios of its area, linked with a copy of that file that has the
# mistake in place of the true one. The suite sees to it that each is found, in both modes.
find_package(Python3 3.9 COMPONENTS Interpreter)
if(NOT Python3_FOUND OR SENNIT_SANITIZE OR SENNIT_FUZZ OR CMAKE_CROSSCOMPILING)
  message(STATUS "planted bugs are built with Python 3.9, without sanitizers, for this machine only")
  return()
endif()
set(bugs ${CMAKE_CURRENT_SOURCE_DIR}/bugs)

# bug_area(NAME SCENARIOS header SOURCES a.c … [LINK lib …] [INCLUDE dir …]): what the programs of an
# area have in common; INCLUDE is for the planted files.
function(bug_area name)
  cmake_parse_arguments(A "" "SCENARIOS" "SOURCES;LINK;INCLUDE" ${ARGN})
  add_library(bugs_${name} OBJECT ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/main.c ${A_SOURCES})
  target_compile_definitions(bugs_${name} PRIVATE SCENARIOS="${A_SCENARIOS}")
  target_link_libraries(bugs_${name} PRIVATE sennit_flags ${A_LINK})
  target_include_directories(bugs_${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}
                             ${PROJECT_SOURCE_DIR}/tests ${PROJECT_SOURCE_DIR}/tests/world)
  set(bugs_${name}_link ${A_LINK} PARENT_SCOPE)
  set(bugs_${name}_include ${A_INCLUDE} PARENT_SCOPE)
endfunction()

# The value of a field of a .bug file's head.
function(bug_field out path field)
  file(STRINGS ${path} line REGEX "^${field}: " LIMIT_COUNT 1)
  string(REGEX REPLACE "^${field}: " "" line "${line}")
  set(${out} ${line} PARENT_SCOPE)
endfunction()

# The objects come first: of the libraries' archives the linker then takes all but the true file.
function(bug_program path)
  get_filename_component(name ${path} NAME_WE)
  bug_field(file ${path} file)
  bug_field(scenario ${path} scenario)
  string(REGEX REPLACE "-.*" "" area ${scenario})
  if(NOT TARGET bugs_${area})
    return() # what it needs is not installed
  endif()
  get_filename_component(base ${file} NAME)
  set(copy ${CMAKE_CURRENT_BINARY_DIR}/bugs/${name}/${base})
  file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/bugs/${name})
  add_custom_command(OUTPUT ${copy}
    COMMAND ${Python3_EXECUTABLE} ${bugs}/plant.py ${path} ${PROJECT_SOURCE_DIR} ${copy}
    DEPENDS ${path} ${bugs}/plant.py ${PROJECT_SOURCE_DIR}/${file}
    COMMENT "Planting ${name}" VERBATIM)
  add_executable(bug_${name} ${copy} $<TARGET_OBJECTS:bugs_${area}>)
  set_target_properties(bug_${name} PROPERTIES OUTPUT_NAME ${name}
                        RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests/bugs)
  target_link_libraries(bug_${name} PRIVATE sennit_flags ${bugs_${area}_link})
  target_include_directories(bug_${name} PRIVATE ${PROJECT_SOURCE_DIR}/src
                             ${bugs_${area}_include})
  bug_field(suite ${path} suite)
  if(suite STREQUAL no)
    return()
  endif()
  add_test(NAME bug_${name} COMMAND ${Python3_EXECUTABLE} ${bugs}/table.py --must-find
           --build ${PROJECT_BINARY_DIR} --seeds 10000 --ranges 1 ${name})
  set_tests_properties(bug_${name} PROPERTIES TIMEOUT 120 LABELS "sim;notsan")
endfunction()

bug_area(core SCENARIOS core_scenarios.h SOURCES ${core_scenarios} LINK sennit-sim
         INCLUDE ${PROJECT_SOURCE_DIR}/src/sched/sim ${SENNIT_ARCH_DIR})
bug_area(http SCENARIOS http_scenarios.h SOURCES ${http_scenarios} LINK sennit-http-sim)
if(store_scenarios)
  bug_area(store SCENARIOS store_scenarios.h SOURCES ${store_scenarios}
           LINK fleet_core-sim sennit-sqlite-sim)
endif()
file(GLOB bug_files CONFIGURE_DEPENDS ${bugs}/*.bug)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${bug_files})
foreach(path IN LISTS bug_files)
  bug_program(${path})
endforeach()
