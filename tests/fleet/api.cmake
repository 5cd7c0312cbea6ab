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
sennit_test(test_stall SOURCES test_stall.c LINK fleet_kit memvfs LABELS fleet TIMEOUT 120
            ENV SENNIT_PROCS=1)
