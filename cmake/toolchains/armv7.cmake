# SPDX-License-Identifier: MIT OR Apache-2.0
# ARMv7-A, hard float, with Debian's cross compiler; what is built runs in qemu's user mode.
set(CMAKE_SYSTEM_PROCESSOR armv7l)
set(triple arm-linux-gnueabihf)
set(emulator qemu-arm)
include(${CMAKE_CURRENT_LIST_DIR}/debian.cmake)
