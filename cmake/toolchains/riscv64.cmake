# SPDX-License-Identifier: MIT OR Apache-2.0
# RISC-V 64 (rv64gc, lp64d), with Debian's cross compiler; what is built runs in qemu's user mode.
set(CMAKE_SYSTEM_PROCESSOR riscv64)
set(triple riscv64-linux-gnu)
set(emulator qemu-riscv64)
include(${CMAKE_CURRENT_LIST_DIR}/debian.cmake)
