# SPDX-License-Identifier: MIT OR Apache-2.0
# Runs PROGRAM with ARGS, in EMULATOR if that is set; fails unless it ends with RESULT (a number, or
# "fails" for anything but 0) and what it wrote matches the regular expression EXPECTED.
execute_process(COMMAND ${EMULATOR} ${PROGRAM} ${ARGS}
                RESULT_VARIABLE result OUTPUT_VARIABLE out ERROR_VARIABLE out)
message("${out}")
if(RESULT STREQUAL "fails")
  if(result EQUAL 0)
    message(FATAL_ERROR "${PROGRAM} was to fail, and ended with 0")
  endif()
elseif(NOT result STREQUAL RESULT)
  message(FATAL_ERROR "${PROGRAM} ended with ${result}, not ${RESULT}")
endif()
if(NOT out MATCHES "${EXPECTED}")
  message(FATAL_ERROR "${PROGRAM} did not write what was expected: ${EXPECTED}")
endif()
