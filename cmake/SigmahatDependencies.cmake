# Every dependency of the build, with its reason; scripts/lib/packages.txt lists their packages,
# ARCHITECTURE.md the choice among them.

# Threads of the CPU backend: tiles, problems and blocks are shared among OpenMP threads.
find_package(OpenMP REQUIRED COMPONENTS CXX)

# BLAS and LAPACK of the CPU backend (p > 64). The OpenMP variant shares our thread pool and is serial inside our
# parallel regions; Debian installs each variant in a folder of its own, and the plain name is an alternative that may
# point to another one, so the folder is put into the run path.
find_library(SIGMAHAT_OPENBLAS openblas REQUIRED
  HINTS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/openblas-openmp NO_DEFAULT_PATH)
find_path(SIGMAHAT_OPENBLAS_INCLUDE cblas.h REQUIRED
  HINTS /usr/include/${CMAKE_LIBRARY_ARCHITECTURE}/openblas-openmp NO_DEFAULT_PATH)
add_library(sigmahat_openblas INTERFACE)
target_link_libraries(sigmahat_openblas INTERFACE ${SIGMAHAT_OPENBLAS})
target_include_directories(sigmahat_openblas SYSTEM INTERFACE ${SIGMAHAT_OPENBLAS_INCLUDE})

# Vector code with run-time dispatch: one binary for AVX2 and AVX-512 machines.
find_package(hwy REQUIRED)
# Targets without a true fma are left out: there the scalar version runs, whose fma is the library's. Bit 14 is SSE2, which
# Highway 1.0.3 does not know by name yet; with EMU128 declared broken the fallback is scalar for every compiler.
set(SIGMAHAT_HIGHWAY_DEFINITIONS "HWY_DISABLED_TARGETS=(HWY_SSSE3|HWY_SSE4|(1LL<<14));HWY_BROKEN_EMU128=1")

# Model files (JSON) and the command line's reports.
find_package(nlohmann_json 3.11 REQUIRED)
find_package(fmt 9 REQUIRED)

# Student's t distribution (Boost.Math, headers only); in the tests also dual numbers (autodiff) and exact rationals
# (Multiprecision).
find_package(Boost 1.74 REQUIRED)

if(SIGMAHAT_BUILD_CLI)
  # Argument parsing.
  find_package(CLI11 REQUIRED)
  # CSV parsing: Arrow C++, from the pyarrow wheel that scripts/lib/setup.sh puts into .deps/.
  file(GLOB SIGMAHAT_PYARROW_FOUND ${CMAKE_SOURCE_DIR}/.deps/venv/lib/python3*/site-packages/pyarrow)
  set(SIGMAHAT_PYARROW_DIR "${SIGMAHAT_PYARROW_FOUND}" CACHE PATH "Folder of the pyarrow package (headers and libarrow)")
  if(NOT SIGMAHAT_PYARROW_DIR)
    message(FATAL_ERROR "Arrow C++ not found: run scripts/setup, or set SIGMAHAT_PYARROW_DIR, or -DSIGMAHAT_BUILD_CLI=OFF")
  endif()
  file(GLOB SIGMAHAT_ARROW_LIBRARY ${SIGMAHAT_PYARROW_DIR}/libarrow.so.*)
  add_library(sigmahat_arrow INTERFACE)
  target_link_libraries(sigmahat_arrow INTERFACE ${SIGMAHAT_ARROW_LIBRARY})
  target_include_directories(sigmahat_arrow SYSTEM INTERFACE ${SIGMAHAT_PYARROW_DIR}/include)
  # SHA-256 of inputs and results, in the manifests of runs.
  find_package(OpenSSL 3.0 REQUIRED COMPONENTS Crypto)
  # The container of .npz results. Not by libzip's own CMake file, which in Debian asks for tools of other packages.
  find_library(SIGMAHAT_LIBZIP zip REQUIRED)
  find_path(SIGMAHAT_LIBZIP_INCLUDE zip.h REQUIRED)
  add_library(sigmahat_libzip INTERFACE)
  target_link_libraries(sigmahat_libzip INTERFACE ${SIGMAHAT_LIBZIP})
  target_include_directories(sigmahat_libzip SYSTEM INTERFACE ${SIGMAHAT_LIBZIP_INCLUDE})
endif()

if(SIGMAHAT_BUILD_BENCHMARKS)
  # A peer, where it is installed; nothing of ours uses it.
  find_package(Eigen3 3.4 QUIET NO_MODULE)
endif()

if(SIGMAHAT_BUILD_TESTS)
  find_package(GTest REQUIRED)
endif()
