# SPDX-License-Identifier: MIT OR Apache-2.0
# AArch64, with Debian's cross compiler; what is built runs in qemu's user mode.
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(triple aarch64-linux-gnu)
set(emulator qemu-aarch64)
include(${CMAKE_CURRENT_LIST_DIR}/debian.cmake)
