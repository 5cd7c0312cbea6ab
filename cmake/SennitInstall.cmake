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

# Writes NAME.pc. What a static link needs besides goes to the private fields.
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
    elseif(lib STREQUAL "SQLite::SQLite3")
      list(APPEND PC_REQUIRES_PRIVATE sqlite3)
    else()
      message(FATAL_ERROR "sennit_library(${name} LINK ${lib}): no pkg-config name known for it")
    endif()
  endforeach()
  list(REMOVE_DUPLICATES PC_REQUIRES_PRIVATE)
  list(JOIN PC_REQUIRES ", " PC_REQUIRES)
  list(JOIN PC_REQUIRES_PRIVATE ", " PC_REQUIRES_PRIVATE)
  list(JOIN PC_LIBS_PRIVATE " " PC_LIBS_PRIVATE)
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
