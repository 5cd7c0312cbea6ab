# SPDX-License-Identifier: MIT OR Apache-2.0
# The HTTP side: what parses and renders first, then whole servers.
foreach(name IN ITEMS api_json api_auth api_config api_multipart api_rollout_body ddi_parse)
  sennit_test(test_${name} SOURCES test_${name}.c LINK fleet_api LABELS fleet)
endforeach()

add_library(fleet_kit STATIC kit.c)
target_link_libraries(fleet_kit PRIVATE sennit_flags PUBLIC fleet_api)
target_include_directories(fleet_kit PUBLIC ${CMAKE_CURRENT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/tests)
foreach(name IN ITEMS ddi_flow api_rollout api_mgmt api_bad_input api_openapi)
  sennit_test(test_${name} SOURCES test_${name}.c LINK fleet_kit LABELS fleet TIMEOUT 120)
endforeach()
# shorter than the feed's longest wait
sennit_test(test_api_events SOURCES test_api_events.c LINK fleet_kit LABELS fleet TIMEOUT 14)
sennit_test(test_stall SOURCES test_stall.c LINK fleet_kit memvfs LABELS fleet TIMEOUT 120
            ENV SENNIT_PROCS=1)

# The program as people and service managers use it. Long forms: label slow. Those that end it by a
# signal: notsan, because ThreadSanitizer holds a signal back until the thread makes a call that it
# knows, and a thread that sleeps makes none.
find_package(Python3 3.9 COMPONENTS Interpreter)
function(fleet_system_test name labels timeout script)
  add_test(NAME ${name} COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tests/system/${script}
           ${PROJECT_BINARY_DIR} ${ARGN})
  set_tests_properties(${name} PROPERTIES LABELS "${labels}" TIMEOUT ${timeout})
endfunction()
if(Python3_FOUND)
  fleet_system_test(fleet_cli "system;notsan" 120 fleet_cli.py)
  fleet_system_test(fleet_tls "system;notsan" 60 fleet_tls.py)
  set_tests_properties(fleet_tls PROPERTIES SKIP_RETURN_CODE 77)
  fleet_system_test(fleet_kill9 system 120 fleet_kill9.py 200 4)
  fleet_system_test(fleet_kill9_full "system;slow" 240 fleet_kill9.py 1000 20)
  if(TARGET firmware)
    fleet_system_test(fleet_demo_good "system;slow" 120 fleet_demo.py good)
    fleet_system_test(fleet_demo_bad "system;slow" 120 fleet_demo.py bad)
  endif()
endif()

foreach(name IN ITEMS fleet_body fleet_head)
  sennit_fuzzer(fuzz_${name} SOURCES ${PROJECT_SOURCE_DIR}/tests/fuzz/fuzz_${name}.c
                CORPUS ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name} LINK fleet_api)
endforeach()
