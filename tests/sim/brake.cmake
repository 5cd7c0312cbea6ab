# SPDX-License-Identifier: MIT OR Apache-2.0
# The brake of the examples in virtual time. The simulated world has no files of this machine, so
# what the brake promises is compiled in.
set(brake_timed ${PROJECT_SOURCE_DIR}/examples/brake/brake.timed)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${brake_timed})
file(STRINGS ${brake_timed} brake_lines)
set(brake_header "static const char brake_script[] =\n")
foreach(line IN LISTS brake_lines)
  string(REPLACE "\"" "\\\"" line "${line}")
  string(APPEND brake_header "    \"${line}\\n\"\n")
endforeach()
file(GENERATE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/brake/brake_script.h
     CONTENT "${brake_header}    \"\";\n")
if(TARGET timed_core)
  sennit_sim_sources(brake.c ../../examples/brake/brake.c)
  sennit_sim_link(timed_core)
  target_compile_definitions(sennit-sim-program PRIVATE SIM_BRAKE)
  target_include_directories(sennit-sim-program PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/brake
                             ${PROJECT_SOURCE_DIR}/examples)
endif()
