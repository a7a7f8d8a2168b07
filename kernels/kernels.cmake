# The one list of kernel files, for nvcc (cuda_sources.cmake) and for the emulator (tests/emulator/CMakeLists.txt).
# SIGMAHAT_KERNEL_FILES is what both compile; SIGMAHAT_THRUST_FILES is for nvcc alone, with a stand-in in the emulator.
include(SigmahatFileLists)
set(SIGMAHAT_KERNEL_FILES cholesky gaussian gaussian_large least_squares least_squares_lanes matrix_functions
  moments panel row_density)
set(SIGMAHAT_THRUST_FILES block_list least_squares_buckets)
foreach(list SIGMAHAT_KERNEL_FILES SIGMAHAT_THRUST_FILES)
  list(TRANSFORM ${list} PREPEND ${CMAKE_CURRENT_LIST_DIR}/)
  list(TRANSFORM ${list} APPEND .cu)
endforeach()
sigmahat_complete_list(${CMAKE_CURRENT_LIST_DIR}/*.cu kernels/kernels.cmake
  ${SIGMAHAT_KERNEL_FILES} ${SIGMAHAT_THRUST_FILES})
