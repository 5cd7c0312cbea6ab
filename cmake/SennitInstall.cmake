# SPDX-License-Identifier: MIT OR Apache-2.0
# What `cmake --install` copies: headers, libraries, pkg-config files, the CMake package.
include(CMakePackageConfigHelpers)
set(SENNIT_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/sennit)

# sennit_install_library(NAME DESCRIPTION lib …): the two forms of a library, with what it links.
function(sennit_install_library name description)
  install(TARGETS ${name} ${name}_shared EXPORT ${name}-targets
          ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
          LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT ${name}-targets NAMESPACE sennit:: DESTINATION ${SENNIT_PACKAGE_DIR})
  sennit_install_pkgconfig(${name} "${description}" ${ARGN})
endfunction()

# sennit_install_static(NAME DESCRIPTION lib …): one that has the static form only, so that what it
# needs besides is no private matter of a shared library.
function(sennit_install_static name description)
  install(TARGETS ${name} EXPORT ${name}-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT ${name}-targets NAMESPACE sennit:: DESTINATION ${SENNIT_PACKAGE_DIR})
  get_target_property(PC_LIBS ${name} INTERFACE_LINK_OPTIONS)
  if(NOT PC_LIBS)
    set(PC_LIBS)
  endif()
  set(PC_STATIC ON)
  sennit_install_pkgconfig(${name} "${description}" ${ARGN})
endfunction()

# Writes NAME.pc. What a static link needs besides goes to the private fields, unless PC_STATIC.
function(sennit_install_pkgconfig name description)
  set(PC_NAME ${name})
  set(PC_DESCRIPTION "${description}")
  set(PC_REQUIRES)
  set(PC_REQUIRES_PRIVATE)
  set(PC_LIBS_PRIVATE)
  foreach(lib IN LISTS ARGN)
    if(lib MATCHES "^sennit")
      list(APPEND PC_REQUIRES "${lib} = ${PROJECT_VERSION}")
    elseif(lib STREQUAL "Threads::Threads")
      list(APPEND PC_LIBS_PRIVATE -pthread)
    elseif(lib MATCHES "^OpenSSL::")
      list(APPEND PC_REQUIRES_PRIVATE openssl)
    elseif(lib STREQUAL "cares")
      list(APPEND PC_REQUIRES_PRIVATE libcares)
    elseif(lib STREQUAL "SQLite::SQLite3")
      list(APPEND PC_REQUIRES_PRIVATE sqlite3)
    else()
      message(FATAL_ERROR "sennit_library(${name} LINK ${lib}): no pkg-config name known for it")
    endif()
  endforeach()
  list(REMOVE_DUPLICATES PC_REQUIRES_PRIVATE)
  if(PC_STATIC)
    list(APPEND PC_REQUIRES ${PC_REQUIRES_PRIVATE})
    list(APPEND PC_LIBS ${PC_LIBS_PRIVATE})
    set(PC_REQUIRES_PRIVATE)
    set(PC_LIBS_PRIVATE)
  endif()
  list(JOIN PC_REQUIRES ", " PC_REQUIRES)
  list(JOIN PC_REQUIRES_PRIVATE ", " PC_REQUIRES_PRIVATE)
  list(JOIN PC_LIBS_PRIVATE " " PC_LIBS_PRIVATE)
  list(JOIN PC_LIBS " " PC_LIBS)
  file(RELATIVE_PATH PC_UP /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
  string(REGEX REPLACE "/$" "" PC_UP "${PC_UP}")
  configure_file(${PROJECT_SOURCE_DIR}/cmake/sennit.pc.in
                 ${PROJECT_BINARY_DIR}/pkgconfig/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/pkgconfig/${name}.pc
          DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()

function(sennit_install_common)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/sennit DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
          FILES_MATCHING PATTERN "*.h")
  install(FILES LICENSE-MIT LICENSE-APACHE DESTINATION ${CMAKE_INSTALL_DOCDIR})
  configure_package_config_file(cmake/sennitConfig.cmake.in
    ${PROJECT_BINARY_DIR}/sennitConfig.cmake INSTALL_DESTINATION ${SENNIT_PACKAGE_DIR})
  # before 1.0 each minor version may change the interface
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/sennitConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
  install(FILES ${PROJECT_BINARY_DIR}/sennitConfig.cmake
                ${PROJECT_BINARY_DIR}/sennitConfigVersion.cmake
          DESTINATION ${SENNIT_PACKAGE_DIR})
endfunction()
