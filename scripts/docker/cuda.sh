# Sourced by docker-check: the image cuda. Docker has NVIDIA's images; without it, Debian with the toolkit of this machine
# stands for them, which is mounted while the same stages are built for one architecture, and while the result runs.
# shellcheck shell=bash

check_cuda() {
  if [ "$engine" = docker ]; then
    if docker pull --quiet "$(default_base CUDA_DEVEL_IMAGE)" &&
      docker pull --quiet "$(default_base CUDA_RUNTIME_IMAGE)"; then
      step "lock of the packages of cuda" case_lock "$(distribution_of cuda)"
      step "image cuda, for one architecture" build_image cuda sigmahat-check:cuda \
        --build-arg CUDA_ARCHITECTURES=90-real
      cuda_mounts=()
      step "image cuda without a GPU" case_cuda_falls_back
    else
      note "NOT CHECKED: the image cuda; the daemon cannot have its bases, and cannot mount a toolkit into a build"
    fi
    return
  fi
  if ! cuda_toolkit=$(toolkit_folder); then
    note "NOT CHECKED: the image cuda; no CUDA toolkit of one folder is here to stand for NVIDIA's base image"
    return
  fi
  cuda_mounts=(--volume "$cuda_toolkit:/usr/local/cuda:ro")
  step "stand-ins for NVIDIA's images" make_cuda_bases
  step "image cuda, for one architecture" build_image cuda sigmahat-check:cuda "${cuda_mounts[@]}" \
    --build-arg CUDA_ARCHITECTURES=90-real
  step "image cuda without a GPU" case_cuda_falls_back
}

# The folder of this machine's toolkit, as nvcc itself names it: what is found as nvcc may be a script that calls it.
toolkit_folder() {
  local nvcc top
  nvcc=$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)
  # Of a file that is not there nvcc shows what it would do, fails, and has named its folder.
  top=$({ "$nvcc" -v not-a-file 2>&1 || true; } | sed -n 's/^#\$ TOP=//p')
  top=$(realpath -e -- "$top" 2>/dev/null) || return 1
  [ -x "$top/bin/nvcc" ] && [ -d "$top/nvvm/libdevice" ] && [ -d "$top/lib64" ] && echo "$top"
}

# Debian with the environment of NVIDIA's images. What the image cpu was built in, if it was, stands for the one to
# build in: packages and objects that do not change are there already.
make_cuda_bases() {
  local environment=(PATH=/usr/local/cuda/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    LD_LIBRARY_PATH=/usr/local/cuda/lib64)
  local kind base container
  for kind in DEVEL RUNTIME; do
    base=$(default_base "CUDA_${kind}_IMAGE")
    if [ $kind = DEVEL ] && podman image exists localhost/sigmahat-check:build; then
      container=$(buildah from --pull-never localhost/sigmahat-check:build)
      buildah config "${environment[@]/#/--env=}" "$container"
      buildah commit --quiet --rm "$container" "${base%@*}" >/dev/null
    else
      engine_import "${base%@*}" "$room/base.tar" "$(<"$room/base-epoch")" "${environment[@]}"
    fi
    echo "CUDA_${kind}_IMAGE=${base%@*}" >>"$room/bases"
  done
  echo "Debian with the toolkit in $cuda_toolkit"
}

case_cuda_falls_back() {
  local code=0
  local run=(engine_run --rm --no-healthcheck "${cuda_mounts[@]}" --volume "$data:/data" localhost/sigmahat-check:cuda)
  "${run[@]}" info >"$room/cuda-info.txt"
  grep -q 'CUDA  *compiled in' "$room/cuda-info.txt" || fail "the image cuda was built without CUDA"
  grep -E '^ *cuda +not available: .' "$room/cuda-info.txt" || fail "the image cuda does not say why there is no GPU"
  "${run[@]}" gaussian fit iris.csv --columns sepal_length,sepal_width --device auto >"$room/cuda-auto.txt" 2>&1 ||
    fail "the image cuda does not fall back to the CPU: $(tail -n 3 "$room/cuda-auto.txt")"
  grep -E 'cpu \(asked for: auto\)' "$room/cuda-auto.txt" || fail "the report does not say that the CPU was used"
  "${run[@]}" gaussian fit iris.csv --columns sepal_length --device cuda >"$room/cuda-asked.txt" 2>&1 || code=$?
  cat "$room/cuda-asked.txt"
  [ $code -eq 5 ] || fail "without a GPU --device cuda ended with $code, not 5"
  "${run[@]}" selftest >"$room/cuda-selftest.txt" 2>&1 ||
    fail "the selftest failed: $(tail -n 5 "$room/cuda-selftest.txt")"
}
