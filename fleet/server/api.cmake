# SPDX-License-Identifier: MIT OR Apache-2.0
# fleet_api is the HTTP side of the server, fleet_drive the load driver, sennit-fleet the program.
find_path(CJSON_INCLUDE_DIR cjson/cJSON.h REQUIRED)
find_library(CJSON_LIBRARY cjson REQUIRED)

# What parses: no runtime, no fleet behind it.
add_library(fleet_parse STATIC json_in.c multipart.c)
target_link_libraries(fleet_parse PRIVATE sennit_flags PUBLIC ${CJSON_LIBRARY} m)
target_include_directories(fleet_parse PUBLIC ${CMAKE_CURRENT_SOURCE_DIR} ${CJSON_INCLUDE_DIR}
                           ${PROJECT_SOURCE_DIR}/include)

fleet_library(fleet_drive SOURCES ../drive/device.c ../drive/drive.c ../drive/exchange.c
              ../drive/job.c ../drive/stats.c
              LINK fleet_parse OpenSSL::Crypto SENNIT sennit-http sennit)
foreach(target IN ITEMS fleet_drive fleet_drive-sim)
  target_include_directories(${target} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/../drive)
endforeach()

add_custom_command(
  OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/openapi.c
  COMMAND ${CMAKE_COMMAND} -DFILE=${CMAKE_CURRENT_SOURCE_DIR}/openapi.json -DNAME=openapi_json
          -DHEADER=openapi.h -DOUT=${CMAKE_CURRENT_BINARY_DIR}/openapi.c
          -P ${CMAKE_CURRENT_SOURCE_DIR}/embed.cmake
  DEPENDS openapi.json embed.cmake
  COMMENT "Embedding openapi.json"
  VERBATIM)
fleet_library(fleet_api SOURCES
  api_events.c api_fleet.c api_records.c api_render.c api_rollout.c api_rollout_body.c
  auth.c config.c ddi.c ddi_file.c ddi_parse.c ddi_render.c gate.c metrics.c mgmt_common.c
  mgmt_config.c mgmt_module.c mgmt_set.c mgmt_target.c mgmt_upload.c pages.c reply.c routes.c
  serve.c serve_conf.c server.c server_tls.c ${CMAKE_CURRENT_BINARY_DIR}/openapi.c
  LINK fleet_parse fleet_console SQLite::SQLite3
  SENNIT fleet_core sennit-http sennit-tls)

sennit_program(sennit-fleet INSTALL
  SOURCES main.c cmd_data.c cmd_demo.c cmd_drive.c cmd_serve.c demo_data.c demo_swupdate.c
  LINK fleet_api fleet_drive)
