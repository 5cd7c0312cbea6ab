# SPDX-License-Identifier: MIT OR Apache-2.0
# cmake -DFILE=x.json -DNAME=x_json -DHEADER=x.h -DOUT=x.c -P embed.cmake
# Writes NAME and NAME_size: the bytes of FILE as a C array.
cmake_minimum_required(VERSION 3.22)
file(READ "${FILE}" hex HEX)
string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
string(CONCAT text
  "/* SPDX-License-Identifier: MIT OR Apache-2.0 */\n"
  "/* Made by embed.cmake. */\n"
  "#include \"${HEADER}\"\n\n"
  "const unsigned char ${NAME}[] = {\n${hex}\n};\n"
  "const size_t ${NAME}_size = sizeof ${NAME};\n")
file(WRITE "${OUT}" "${text}")
