# Sourced by scripts/gpu-check: building with CUDA, and packing what another machine needs.
# shellcheck shell=bash
# shellcheck disable=SC2154  # variables of scripts/lib/gpu-check.sh

# shellcheck source=scripts/lib/setup.sh
source "$gpu_check_lib/setup.sh"

gpu_bundle_limit=$((60 * 1000 * 1000)) # bytes

# build_for ARCHITECTURES: for "native", a list, or nothing for those of the project.
build_for() {
  setup build test
  local targets option=-UCMAKE_CUDA_ARCHITECTURES
  [ -z "$1" ] || option=-DCMAKE_CUDA_ARCHITECTURES=$1
  # The command line's target cannot have the library's name.
  mapfile -t targets < <(gpu_programs | sed 's/^sigmahat$/sigmahat_cli/')
  (cd "$gpu_check_root" && cmake --preset cuda -B "$gpu_check_build" "$option") &&
    cmake --build "$gpu_check_build" --target "${targets[@]}"
}

# What nvcc makes in the build folder: "sm_80 sm_90 compute_120,sm_120".
built_architectures() {
  grep -o 'code=\[[^]]*\]' "$1/build.ninja" | sed 's/code=\[\(.*\)\]/\1/' | sort --unique --version-sort | paste -sd ' '
}

# Paths of the shared libraries that programs need and the target cannot be expected to have: all but those of glibc,
# the CUDA driver and the CUDA toolkit.
libraries_of() {
  local needed missing
  needed=$(ldd "$@" | sed -n 's/^\t\([^ ]*\) => \([^(]*\).*/\1 \2/p' | sort -u |
    grep -Ev '^(ld-linux.*|lib(c|m|pthread|dl|rt|resolv|util))\.so' |
    grep -Ev '^lib(cuda|cudart|cublas|cublasLt|cusolver|cusparse|nvJitLink|nvidia-[a-z]*)\.so')
  missing=$(grep 'not found' <<<"$needed" || true)
  if [ -n "$missing" ]; then
    printf 'gpu-check: not on this machine, so not packed: %s\n' "${missing//$'\n'/, }" >&2
    return 1
  fi
  sed 's/^[^ ]* //; s/ *$//' <<<"$needed" | sort -u
}

# Ends the script with 2 where FILE cannot be a bundle; before anything is built.
check_bundle_name() {
  local tool
  case $1 in
    *.tar.xz) tool=xz ;;
    *.tar.gz) tool=gzip ;;
    *) refuse "--bundle: '$1' must end with .tar.xz or .tar.gz" ;;
  esac
  [ -d "$(dirname "$1")" ] || refuse "--bundle: there is no folder '$(dirname "$1")'"
  [ ! -d "$1" ] || refuse "--bundle: '$1' is a folder"
  command -v $tool >/dev/null || refuse "--bundle: '$1' needs $tool, which is not on PATH"
}

# pack FOLDER FILE: FOLDER is a build folder with every program.
pack() {
  local build=$1 file=$2 staging programs library libraries size
  staging=$(mktemp -d)
  # shellcheck disable=SC2064  # the names of now
  trap "rm -rf $(printf '%q ' "$staging" "$file.part")" EXIT
  local root=$staging/gpu-check
  mkdir -p "$root/bin" "$root/lib" "$root/scripts/lib" "$root/examples/data"
  mapfile -t programs < <(gpu_programs)
  echo "gpu-check: gathering ${#programs[@]} programs of $build and their libraries"
  (cd "$build/bin" && cp "${programs[@]}" "$root/bin/")
  libraries=$(cd "$build/bin" && libraries_of "${programs[@]/#/./}")
  while read -r library; do cp -L "$library" "$root/lib/"; done <<<"$libraries"
  forget_run_paths "$root"/bin/* "$root/lib/"libsigmahat.*
  cp "$gpu_check_root/scripts/gpu-check" "$root/scripts/"
  cp "$gpu_check_lib/gpu-check.sh" "$gpu_check_lib/gpu-tests.txt" "$root/scripts/lib/"
  cp "$gpu_check_root"/examples/data/{iris,eustockmarkets}.csv "$root/examples/data/"
  {
    source_facts
    printf 'architectures %s\npacked %s\n' "$(built_architectures "$build")" "$(date -u +%F)"
    printf 'compilers %s %s, nvcc %s\n' "$(compiler_fact "$build" CXX_COMPILER_ID)" \
      "$(compiler_fact "$build" CXX_COMPILER_VERSION)" "$(compiler_fact "$build" CUDA_COMPILER_VERSION)"
  } >"$root/bundle.txt"

  echo "gpu-check: compressing"
  local compress=--xz
  [[ $file != *.gz ]] || compress=--gzip
  tar --create $compress --file "$file.part" --directory "$staging" --owner=0 --group=0 --numeric-owner gpu-check
  size=$(stat --format=%s "$file.part")
  if [ "$size" -gt $gpu_bundle_limit ]; then
    echo "gpu-check: it has $size bytes, more than $gpu_bundle_limit, and is not kept: build for fewer architectures" \
      "(--architectures), or pack into a .tar.xz" >&2
    return 1
  fi
  mv "$file.part" "$file"
  printf 'gpu-check: %s has %d bytes; on the machine with the GPU:\n  tar xf %s && gpu-check/scripts/gpu-check\n' \
    "$file" "$size" "$(basename "$file")"
}

# What CMake found out about a compiler of the build folder.
compiler_fact() {
  sed -n "s/^set(CMAKE_$2 \"\(.*\)\")/\1/p" "$1"/CMakeFiles/*/CMake"${2%%_*}"Compiler.cmake
}

# Run paths name folders of the machine that built; the check says where the libraries are.
forget_run_paths() {
  local script
  script=$(mktemp --suffix=.cmake)
  printf 'file(RPATH_REMOVE FILE "%s")\n' "$@" >"$script"
  cmake -P "$script" >/dev/null # it prints the names of temporary files
  rm "$script"
}
