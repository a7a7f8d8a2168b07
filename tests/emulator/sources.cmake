# The CUDA side of the project for g++ alone: the kernels and the CUDA backend's host code as they are, the emulator's
# side of the portable subset, and stand-ins for the CUDA libraries. Nothing here needs nvcc or a GPU.
set(sigmahat_emulated_kernels cholesky gaussian gaussian_large moments panel row_density)
list(TRANSFORM sigmahat_emulated_kernels PREPEND ${CMAKE_SOURCE_DIR}/kernels/)
list(TRANSFORM sigmahat_emulated_kernels APPEND .cu)
set_source_files_properties(${sigmahat_emulated_kernels} PROPERTIES LANGUAGE CXX)

add_library(sigmahat_emulated STATIC
  ${sigmahat_emulated_kernels}
  ${CMAKE_CURRENT_LIST_DIR}/block_list.cpp
  ${CMAKE_CURRENT_LIST_DIR}/emulator.cpp
  ${CMAKE_CURRENT_LIST_DIR}/fiber.cpp
  ${CMAKE_SOURCE_DIR}/host/backends/cuda/check.cpp
  ${CMAKE_SOURCE_DIR}/host/backends/cuda/gaussian.cpp
  ${CMAKE_SOURCE_DIR}/host/backends/cuda/gaussian_large.cpp
  ${CMAKE_SOURCE_DIR}/host/backends/cuda/gpu.cpp
  ${CMAKE_SOURCE_DIR}/host/backends/cuda/mahalanobis.cpp
  ${CMAKE_SOURCE_DIR}/host/backends/cuda/moments_large.cpp
  ${CMAKE_SOURCE_DIR}/host/backends/cuda/moments_small.cpp
  ${CMAKE_SOURCE_DIR}/host/backends/cuda/operations.cpp
  ${CMAKE_SOURCE_DIR}/host/backends/cuda/rows_buffer.cpp
  ${CMAKE_SOURCE_DIR}/host/backends/pivoted_rank.cpp
  ${CMAKE_SOURCE_DIR}/host/backends/reference/gaussian.cpp
  ${CMAKE_SOURCE_DIR}/host/backends/reference/moments.cpp
  ${CMAKE_SOURCE_DIR}/host/backends/reference/reference.cpp
  ${CMAKE_SOURCE_DIR}/host/rows.cpp)
sigmahat_target_options(sigmahat_emulated)
target_compile_definitions(sigmahat_emulated PUBLIC SIGMAHAT_EMULATOR)
target_include_directories(sigmahat_emulated PUBLIC
  ${CMAKE_CURRENT_LIST_DIR}/include
  ${CMAKE_SOURCE_DIR}/kernels
  ${CMAKE_SOURCE_DIR}/kernels/steps
  ${CMAKE_SOURCE_DIR}/host)
