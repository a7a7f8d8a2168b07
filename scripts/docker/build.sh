#!/usr/bin/env bash
# Runs while an image is built (Dockerfile), in the source tree: compiles library and command line, and puts what the
# image runs, and no headers, into /image/root, beside the empty folder /image/data that users mount theirs over.
#   build.sh ON|OFF    with CUDA or without
# CUDA_ARCHITECTURES (empty: those of the project), SIGMAHAT_REVISION
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

options=(-DSIGMAHAT_CUDA="$1" "-DSIGMAHAT_REVISION=${SIGMAHAT_REVISION:-unknown}")
if [ -n "${CUDA_ARCHITECTURES:-}" ]; then options+=("-DCMAKE_CUDA_ARCHITECTURES=$CUDA_ARCHITECTURES"); fi
cmake -S . -B build/image -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX=/usr/local \
  -DSIGMAHAT_BUILD_TESTS=OFF -DSIGMAHAT_BUILD_BENCHMARKS=OFF "${options[@]}"
cmake --build build/image --parallel "$(nproc)"
mkdir -p /image/data
DESTDIR=/image/root cmake --install build/image --strip >/dev/null
rm -rf /image/root/usr/local/include /image/root/usr/local/lib/cmake
# Not every builder sets the times of what it copies.
if [ -n "${SOURCE_DATE_EPOCH:-}" ]; then find /image -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +; fi
