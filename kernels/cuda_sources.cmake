# The kernels, compiled by nvcc. Thrust's own are left out of what is asked of ours: they spill as they like.
include(${CMAKE_CURRENT_LIST_DIR}/kernels.cmake)
target_sources(sigmahat PRIVATE ${SIGMAHAT_KERNEL_FILES} ${SIGMAHAT_THRUST_FILES})
sigmahat_kernel_options(sigmahat ${SIGMAHAT_KERNEL_FILES})
