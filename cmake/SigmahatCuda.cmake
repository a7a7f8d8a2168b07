# Decides SIGMAHAT_WITH_CUDA. Unless told otherwise, the kernels are compiled for these architectures.
set(SIGMAHAT_CUDA_ARCHITECTURES 80-real 90-real 100-real 120)
set(SIGMAHAT_WITH_CUDA OFF)
if(NOT SIGMAHAT_CUDA STREQUAL "OFF")
  include(CheckLanguage)
  if(NOT CMAKE_CUDA_COMPILER AND NOT DEFINED ENV{CUDACXX})
    find_program(SIGMAHAT_NVCC nvcc HINTS /usr/local/cuda/bin)
    if(SIGMAHAT_NVCC)
      set(CMAKE_CUDA_COMPILER ${SIGMAHAT_NVCC})
    endif()
  endif()
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    if(NOT CMAKE_CUDA_ARCHITECTURES)
      set(CMAKE_CUDA_ARCHITECTURES ${SIGMAHAT_CUDA_ARCHITECTURES})
    endif()
    enable_language(CUDA)
    if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # CMake 3.25 does not know that nvcc has had C++20 since version 12
      set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
      set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
    endif()
    if(CMAKE_VERSION VERSION_LESS 3.26 AND NOT TARGET CUDA::nvToolsExt)
      # FindCUDAToolkit of CMake 3.25 sets a property of this target, whose library CUDA 13 no longer has.
      add_library(CUDA::nvToolsExt INTERFACE IMPORTED)
    endif()
    find_package(CUDAToolkit 13 REQUIRED)
    set(SIGMAHAT_WITH_CUDA ON)
  elseif(SIGMAHAT_CUDA STREQUAL "ON")
    message(FATAL_ERROR "SIGMAHAT_CUDA=ON, but nvcc was not found: put it on PATH or set CMAKE_CUDA_COMPILER")
  endif()
endif()
message(STATUS "CUDA backend: ${SIGMAHAT_WITH_CUDA}")

# sigmahat_kernel_options(TARGET FILE...): how nvcc compiles the target's kernels; FILE... are those of them that are
# ours, and not a library's.
#   -fmad=false                    a fused multiply-add happens where the source says fma and nowhere else
#   -Werror all-warnings           of nvcc, of ptxas and of the host pass, which has the warnings of the C++ files
#   -Werror default-stream-launch  everything runs on the context's stream
#   -warn-spills, -warn-lmem       spilling and local memory are errors in our kernels
#   -v                             what ptxas reports of our kernels is kept for the test gate.kernel_budgets
# Not -Werror missing-launch-bounds: nvcc 13.0 reports every template, bounds or not. SIGMAHAT_KERNEL sets the bounds,
# and the test gate.kernel_budgets sees that every kernel has them. The test gate.nvcc_flags tries the flags.
function(sigmahat_kernel_options target)
  target_compile_options(${target} PRIVATE
    "$<$<COMPILE_LANGUAGE:CUDA>:-fmad=false;-Xcompiler=-ffp-contract=off>"
    "$<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wall,-Wextra,-Wshadow,-Wconversion,-Wno-sign-conversion>"
    "$<$<COMPILE_LANGUAGE:CUDA>:SHELL:-Werror all-warnings -Werror default-stream-launch>")
  set_source_files_properties(${ARGN} TARGET_DIRECTORY ${target} PROPERTIES
    COMPILE_OPTIONS "-Xptxas=-v,-warn-spills,-warn-lmem-usage")
  set(launcher ${CMAKE_SOURCE_DIR}/cmake/ptxas_report.sh ${CMAKE_CUDA_COMPILER_LAUNCHER})
  # One runtime for the kernels and for host code, which links CUDA::cudart.
  set_target_properties(${target} PROPERTIES CUDA_STANDARD 20 CUDA_STANDARD_REQUIRED ON CUDA_RUNTIME_LIBRARY Shared
    CUDA_COMPILER_LAUNCHER "${launcher}")
endfunction()
