# The one list of the CUDA backend's host side: C++ files that use CUDA headers, compiled by the C++ compiler, for the
# library (sources.cmake) and for the emulator (tests/emulator/CMakeLists.txt). absent.cpp stands in for all of them.
include(SigmahatFileLists)
set(SIGMAHAT_CUDA_BACKEND_FILES check gaussian gaussian_large gpu least_squares least_squares_large mahalanobis
  matrix_functions moments_large moments_small node_tree operations rows_buffer)
list(TRANSFORM SIGMAHAT_CUDA_BACKEND_FILES PREPEND ${CMAKE_CURRENT_LIST_DIR}/)
list(TRANSFORM SIGMAHAT_CUDA_BACKEND_FILES APPEND .cpp)
sigmahat_complete_list(${CMAKE_CURRENT_LIST_DIR}/*.cpp host/backends/cuda/files.cmake
  ${SIGMAHAT_CUDA_BACKEND_FILES} ${CMAKE_CURRENT_LIST_DIR}/absent.cpp)
