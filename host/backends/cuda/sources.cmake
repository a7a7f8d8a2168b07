# The CUDA backend's host side: C++ files that use CUDA headers, compiled by the C++ compiler.
target_sources(sigmahat PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/check.cpp
  ${CMAKE_CURRENT_LIST_DIR}/gaussian.cpp
  ${CMAKE_CURRENT_LIST_DIR}/gaussian_large.cpp
  ${CMAKE_CURRENT_LIST_DIR}/gpu.cpp
  ${CMAKE_CURRENT_LIST_DIR}/mahalanobis.cpp
  ${CMAKE_CURRENT_LIST_DIR}/moments_large.cpp
  ${CMAKE_CURRENT_LIST_DIR}/moments_small.cpp
  ${CMAKE_CURRENT_LIST_DIR}/operations.cpp
  ${CMAKE_CURRENT_LIST_DIR}/rows_buffer.cpp)
target_link_libraries(sigmahat PRIVATE CUDA::cudart CUDA::cublas CUDA::cusolver)
