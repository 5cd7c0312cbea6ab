# SPDX-License-Identifier: MIT OR Apache-2.0
# Flags of everything we compile: an interface target, so that users of add_subdirectory keep
# their own.
add_library(sennit_flags INTERFACE)
target_compile_features(sennit_flags INTERFACE c_std_11)
if(CMAKE_CXX_COMPILER)
  target_compile_features(sennit_flags INTERFACE cxx_std_17)
endif()
target_compile_definitions(sennit_flags INTERFACE _GNU_SOURCE)
if(CMAKE_SIZEOF_VOID_P EQUAL 4)
  # time_t and off_t of 64 bits: 2038 is near, and files are large
  target_compile_definitions(sennit_flags INTERFACE _TIME_BITS=64 _FILE_OFFSET_BITS=64)
  # dumps walk the stack by these tables: there is no chain of frame pointers
  target_compile_options(sennit_flags INTERFACE -funwind-tables)
endif()
target_compile_options(sennit_flags INTERFACE
  -Wall -Wextra $<$<BOOL:${SENNIT_WERROR}>:-Werror> -Wshadow -Wvla -Wpointer-arith -Wundef
  $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes$<SEMICOLON>-Wmissing-prototypes>
  -fvisibility=hidden -fno-omit-frame-pointer -fno-strict-aliasing)
include(CheckCCompilerFlag)
set(CMAKE_REQUIRED_FLAGS -Werror)
check_c_compiler_flag(-fstack-clash-protection SENNIT_STACK_CLASH_PROTECTION)
unset(CMAKE_REQUIRED_FLAGS)
if(SENNIT_STACK_CLASH_PROTECTION)
  target_compile_options(sennit_flags INTERFACE -fstack-clash-protection)
endif()
target_link_options(sennit_flags INTERFACE -Wl,-z,now -Wl,-z,relro)
if(CMAKE_C_COMPILER_ID STREQUAL GNU)
  # functions in the order of the source, or `go tool pprof` cannot name main (clang keeps it); not
  # for C++, where gcc 12 then finds no handler for what a function throws from its cold part
  target_compile_options(sennit_flags INTERFACE
                         $<$<COMPILE_LANGUAGE:C>:-fno-reorder-functions>)
endif()

if(SENNIT_SANITIZE STREQUAL address)
  target_compile_options(sennit_flags INTERFACE -fsanitize=address,undefined
                         -fno-sanitize-recover=undefined)
  target_link_options(sennit_flags INTERFACE -fsanitize=address,undefined)
elseif(SENNIT_SANITIZE STREQUAL thread)
  # The detector shall see the coroutines of users, not what the scheduler does beneath them: see
  # src/core/hb.h. gcc warns that it does not model fences; ours is for kernels without membarrier.
  target_compile_options(sennit_flags INTERFACE
                         $<IF:$<BOOL:$<TARGET_PROPERTY:SENNIT_BENEATH>>,-DSN__HB,-fsanitize=thread>
                         $<$<C_COMPILER_ID:GNU>:-Wno-tsan>)
  target_link_options(sennit_flags INTERFACE -fsanitize=thread)
elseif(NOT SENNIT_SANITIZE STREQUAL "")
  message(FATAL_ERROR "SENNIT_SANITIZE is '${SENNIT_SANITIZE}': empty, address or thread")
endif()

if(SENNIT_COVERAGE)
  target_compile_options(sennit_flags INTERFACE --coverage)
  target_link_options(sennit_flags INTERFACE --coverage)
endif()

if(SENNIT_FUZZ)
  if(NOT CMAKE_C_COMPILER_ID MATCHES Clang)
    message(FATAL_ERROR "SENNIT_FUZZ needs clang: use the preset 'fuzz'")
  endif()
  # libFuzzer steers by the coverage of everything we compile
  target_compile_options(sennit_flags INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(sennit_flags INTERFACE -fsanitize=fuzzer-no-link)
  file(WRITE ${PROJECT_BINARY_DIR}/fuzz/corpora "")
endif()
