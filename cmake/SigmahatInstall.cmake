# Install rules and the package that find_package(sigmahat) reads. Tested by tests/consumer.
include(CMakePackageConfigHelpers)

set(SIGMAHAT_PACKAGE_FOLDER ${CMAKE_INSTALL_LIBDIR}/cmake/sigmahat)
set(SIGMAHAT_PRIVATE_LIBRARIES ${CMAKE_INSTALL_LIBDIR}/sigmahat)

target_compile_features(sigmahat PUBLIC cxx_std_20)
# The folders of the libraries that were linked stay in the run path: libopenblas.so.0 exists in several variants, and
# only the OpenMP one, in a folder of its own, shares threads with this library.
set_target_properties(sigmahat PROPERTIES
  VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
  INSTALL_RPATH_USE_LINK_PATH ON)

install(TARGETS sigmahat EXPORT sigmahatTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
if(NOT BUILD_SHARED_LIBS)
  # Whoever links the archive links what it needs, too.
  install(TARGETS sigmahat_openblas EXPORT sigmahatTargets)
endif()
install(EXPORT sigmahatTargets NAMESPACE sigmahat:: DESTINATION ${SIGMAHAT_PACKAGE_FOLDER})
foreach(room kernels host estimators)
  # Launchers are between the kernels and their backend.
  install(DIRECTORY ${room}/sigmahat DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
    FILES_MATCHING PATTERN "*.hpp" PATTERN "*launch.hpp" EXCLUDE)
endforeach()

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/sigmahatConfig.cmake.in
  ${CMAKE_CURRENT_BINARY_DIR}/sigmahatConfig.cmake INSTALL_DESTINATION ${SIGMAHAT_PACKAGE_FOLDER})
# Before 1.0 a new minor version may change the interface.
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/sigmahatConfigVersion.cmake
  VERSION ${PROJECT_VERSION} COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/sigmahatConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/sigmahatConfigVersion.cmake
  DESTINATION ${SIGMAHAT_PACKAGE_FOLDER})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

# The command line, with its own copy of libarrow, so that the installed folder does not depend on the checkout.
function(sigmahat_install_cli)
  if(NOT TARGET sigmahat_cli)
    return()
  endif()
  file(RELATIVE_PATH libraries ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
  cmake_path(GET SIGMAHAT_OPENBLAS PARENT_PATH openblas)  # needed where libsigmahat is static
  set_target_properties(sigmahat_cli PROPERTIES
    INSTALL_RPATH "$ORIGIN/${libraries};$ORIGIN/${libraries}/sigmahat;${openblas}"
    INSTALL_RPATH_USE_LINK_PATH OFF)
  install(TARGETS sigmahat_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  install(FILES ${SIGMAHAT_ARROW_LIBRARY} DESTINATION ${SIGMAHAT_PRIVATE_LIBRARIES})
  file(GLOB notices ${SIGMAHAT_PYARROW_DIR}/../pyarrow-*.dist-info/licenses/*.txt)
  install(FILES ${notices} DESTINATION ${CMAKE_INSTALL_DOCDIR}/arrow)
endfunction()
# cli/ is added after this file is read.
cmake_language(DEFER CALL sigmahat_install_cli)
