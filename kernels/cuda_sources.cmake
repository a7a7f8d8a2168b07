# The kernels, compiled by nvcc.
#   -fmad=false                    a fused multiply-add happens where the source says fma and nowhere else
#   -Werror all-warnings           of nvcc, of ptxas and of the host pass, which has the warnings of the C++ files
#   -Werror default-stream-launch  everything runs on the context's stream
#   -warn-spills, -warn-lmem       spilling and local memory are errors in our kernels; Thrust's own are left alone
#   -v                             what ptxas reports of our kernels is kept for the test gate.kernel_budgets
# Not -Werror missing-launch-bounds: nvcc 13.0 reports every template, bounds or not. SIGMAHAT_KERNEL sets the bounds,
# and the test gate.portable_subset sees that no kernel does without it. The test gate.nvcc_flags tries the flags.
set(SIGMAHAT_KERNELS cholesky gaussian gaussian_large moments panel row_density)
list(TRANSFORM SIGMAHAT_KERNELS PREPEND ${CMAKE_CURRENT_LIST_DIR}/ OUTPUT_VARIABLE sigmahat_kernel_files)
list(TRANSFORM sigmahat_kernel_files APPEND .cu)
set(sigmahat_thrust_files ${CMAKE_CURRENT_LIST_DIR}/block_list.cu)

target_sources(sigmahat PRIVATE ${sigmahat_kernel_files} ${sigmahat_thrust_files})
target_compile_options(sigmahat PRIVATE
  "$<$<COMPILE_LANGUAGE:CUDA>:-fmad=false;-Xcompiler=-ffp-contract=off>"
  "$<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wall,-Wextra,-Wshadow,-Wconversion,-Wno-sign-conversion>"
  "$<$<COMPILE_LANGUAGE:CUDA>:SHELL:-Werror all-warnings -Werror default-stream-launch>")
set_source_files_properties(${sigmahat_kernel_files} TARGET_DIRECTORY sigmahat PROPERTIES
  COMPILE_OPTIONS "-Xptxas=-v,-warn-spills,-warn-lmem-usage")
set(sigmahat_cuda_launcher ${CMAKE_SOURCE_DIR}/cmake/ptxas_report.sh ${CMAKE_CUDA_COMPILER_LAUNCHER})
set_target_properties(sigmahat PROPERTIES CUDA_COMPILER_LAUNCHER "${sigmahat_cuda_launcher}")
# One runtime for the kernels and for the backend's host code, which links CUDA::cudart.
set_target_properties(sigmahat PROPERTIES CUDA_RUNTIME_LIBRARY Shared)
