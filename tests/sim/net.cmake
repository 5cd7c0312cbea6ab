# SPDX-License-Identifier: MIT OR Apache-2.0
include(${PROJECT_SOURCE_DIR}/tests/world/worlds.cmake)
# The simulated network. First the cases of tests/io, the same text as against the kernel.
foreach(same IN ITEMS conn dgram listen offload)
  sennit_test(sim_net_${same} LINK sennit-sim LABELS sim notsan TIMEOUT 120
              SOURCES ${PROJECT_SOURCE_DIR}/tests/io/${same}_test.c
                      ${CMAKE_CURRENT_SOURCE_DIR}/net_run.c)
  target_compile_definitions(sim_net_${same} PRIVATE NET_RUN=net_run)
endforeach()
foreach(part IN ITEMS dgrams hosts links meddlers resets streams)
  sennit_world_sim(sim_net_${part} SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/net_${part}.c)
endforeach()
sennit_world_sim(sim_net_memory SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/net_memory.c)
target_link_options(sim_net_memory PRIVATE -Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=strdup)
sennit_test(sim_refused SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/refused_test.c LINK sennit-sim
            LABELS sim notsan)
