# SPDX-License-Identifier: MIT OR Apache-2.0
# The HTTP side: what parses and renders first, then whole servers.
foreach(name IN ITEMS api_json api_config api_multipart)
  sennit_test(test_${name} SOURCES test_${name}.c LINK fleet_api LABELS fleet)
endforeach()
