# The CUDA backend in the library. Only its files are given CUDA's headers: all others are compiled alike with and without.
include(${CMAKE_CURRENT_LIST_DIR}/files.cmake)
target_sources(sigmahat PRIVATE ${SIGMAHAT_CUDA_BACKEND_FILES})
set(cuda_headers ${CUDAToolkit_INCLUDE_DIRS})
list(REMOVE_ITEM cuda_headers ${CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES})  # whose order the compiler's own headers need
list(TRANSFORM cuda_headers PREPEND "-isystem")
set_source_files_properties(${SIGMAHAT_CUDA_BACKEND_FILES} TARGET_DIRECTORY sigmahat PROPERTIES
  COMPILE_OPTIONS "${cuda_headers}")
target_link_libraries(sigmahat PRIVATE $<LINK_ONLY:CUDA::cudart> $<LINK_ONLY:CUDA::cublas> $<LINK_ONLY:CUDA::cusolver>)
