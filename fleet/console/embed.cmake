# SPDX-License-Identifier: MIT OR Apache-2.0
# cmake -DDIR=… -DFILES=a,b -DOUT=assets.c -P embed.cmake
# Writes the table of assets.h from the files. CMake itself does it, so the build needs no other
# interpreter.
cmake_minimum_required(VERSION 3.22)

function(content_type file out)
  get_filename_component(ext "${file}" LAST_EXT)
  if(ext STREQUAL ".html")
    set(type "text/html; charset=utf-8")
  elseif(ext STREQUAL ".js")
    set(type "text/javascript; charset=utf-8")
  elseif(ext STREQUAL ".css")
    set(type "text/css; charset=utf-8")
  elseif(ext STREQUAL ".svg")
    set(type "image/svg+xml")
  else()
    message(FATAL_ERROR "${file}: no content type known for '${ext}'")
  endif()
  set(${out} "${type}" PARENT_SCOPE)
endfunction()

string(REPLACE "," ";" files "${FILES}")
set(arrays "")
set(rows "")
set(n 0)
foreach(file IN LISTS files)
  content_type("${file}" type)
  file(READ "${DIR}/${file}" hex HEX)
  file(SHA256 "${DIR}/${file}" sha)
  string(SUBSTRING "${sha}" 0 32 tag)
  string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
  string(APPEND arrays "static const unsigned char asset_${n}[] = {\n${hex}\n};\n")
  string(APPEND rows "    {\"${file}\", \"${type}\", \"\\\"${tag}\\\"\", asset_${n}, "
                     "sizeof asset_${n}},\n")
  math(EXPR n "${n} + 1")
endforeach()

string(CONCAT text
  "/* SPDX-License-Identifier: MIT OR Apache-2.0 */\n"
  "/* Made by embed.cmake. */\n"
  "#include \"assets.h\"\n\n"
  "${arrays}\n"
  "const struct console_asset console_assets[] = {\n${rows}};\n"
  "const size_t console_assets_n = ${n};\n")
file(WRITE "${OUT}" "${text}")
