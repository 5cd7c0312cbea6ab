# SPDX-License-Identifier: MIT OR Apache-2.0
# The common part of Debian's cross compilers: gcc-TRIPLE, its libraries below /usr/TRIPLE. Nothing
# of the building machine is taken for one of the target's libraries.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_C_COMPILER ${triple}-gcc)
set(CMAKE_ASM_COMPILER ${triple}-gcc)
set(CMAKE_CXX_COMPILER "")
set(CMAKE_FIND_ROOT_PATH /usr/${triple})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_LIBDIR} /usr/${triple}/lib/pkgconfig)
set(CMAKE_CROSSCOMPILING_EMULATOR ${emulator};-L;/usr/${triple})
