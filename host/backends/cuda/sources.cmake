# The CUDA backend in the library.
include(${CMAKE_CURRENT_LIST_DIR}/files.cmake)
target_sources(sigmahat PRIVATE ${SIGMAHAT_CUDA_BACKEND_FILES})
target_link_libraries(sigmahat PRIVATE CUDA::cudart CUDA::cublas CUDA::cusolver)
