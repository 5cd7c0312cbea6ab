# SPDX-License-Identifier: MIT OR Apache-2.0
# Tests of the fleet's domain core.
foreach(name IN ITEMS judge rollout fleet_rollout)
  sennit_test(test_${name} SOURCES test_${name}.c LINK fleet_core LABELS fleet TIMEOUT 120)
endforeach()
