# The NIST sets, the page about them and two examples as part of the programs, which also run where there is no source tree.
set(nist_data ${PROJECT_SOURCE_DIR}/tests/data/nist)
file(GLOB nist_files CONFIGURE_DEPENDS ${nist_data}/*.csv)
list(APPEND nist_files ${PROJECT_SOURCE_DIR}/docs/accuracy.md
  ${PROJECT_SOURCE_DIR}/examples/data/longley.csv ${PROJECT_SOURCE_DIR}/examples/data/grunfeld.csv)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${nist_files})
set(nist_entries "")
foreach(file ${nist_files})
  file(RELATIVE_PATH name ${PROJECT_SOURCE_DIR} ${file})
  file(READ ${file} text)
  string(APPEND nist_entries "      {\"${name}\", R\"=====(${text})=====\"},\n")
endforeach()
file(CONFIGURE OUTPUT nist_files.cpp @ONLY CONTENT [[// Made by tests/estimators/nist.cmake.
#include "estimators/nist_sets.hpp"

namespace sigmahat::test {

const std::map<std::string, std::string>& nist_files() {
  static const std::map<std::string, std::string> files{
@nist_entries@  };
  return files;
}

}  // namespace sigmahat::test
]])

add_library(sigmahat_nist STATIC
  ../support/exact_least_squares.cpp nist_report.cpp nist_sets.cpp ${CMAKE_CURRENT_BINARY_DIR}/nist_files.cpp)
sigmahat_target_options(sigmahat_nist)
target_include_directories(sigmahat_nist PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/..)
target_link_libraries(sigmahat_nist PUBLIC sigmahat::sigmahat Boost::headers GTest::gtest)

add_executable(accuracy_report accuracy_report.cpp)
sigmahat_target_options(accuracy_report)
target_link_libraries(accuracy_report PRIVATE sigmahat_nist)
