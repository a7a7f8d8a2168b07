#!/usr/bin/env bash
# Packs this build, unpacks it elsewhere, and runs it with a bare environment: every program must start.
# usage: gpu_bundle_test.sh ROOT BUILD
set -euo pipefail
root=$1 build=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "gpu_bundle_test: $1" >&2
  shift
  cat "$@" >&2
  exit 1
}

"$root/scripts/gpu-check" --bundle "$work/bundle.tar.gz" --binaries "$build" >"$work/packed" 2>&1 ||
  fail "it was not packed" "$work/packed"
if grep -Ev '^(gpu-check: |  tar xf )' "$work/packed"; then fail "packing prints what tools print" "$work/packed"; fi
tar --extract --file "$work/bundle.tar.gz" --directory "$work"
bundle=$work/gpu-check
grep -Eq '^revision .* \(the tree on 20.*; binaries of 20.*, which may be older\)$' "$bundle/bundle.txt" ||
  fail "the revision is given as that of binaries that were built at any time" "$bundle/bundle.txt"

# Nothing points to the build any more.
# shellcheck disable=SC2016  # the loader's own word
for file in "$bundle"/bin/* "$bundle"/lib/*; do
  if readelf -d "$file" | grep -E '\((RPATH|RUNPATH)\)' | grep -v '\[\$ORIGIN[^:]*\]'; then
    fail "$file has a run path"
  fi
done
LD_LIBRARY_PATH=$bundle/lib ldd "$bundle"/bin/* >"$work/ldd" || true
if grep -F "$build" "$work/ldd" || grep -F "$root" "$work/ldd"; then fail "a program needs the build folder"; fi

status=0
env -i PATH=/usr/bin:/bin ${CUDA_HOME:+CUDA_HOME="$CUDA_HOME"} "$bundle/scripts/gpu-check" --report "$work/report.md" \
  >"$work/output" 2>&1 || status=$?
grep -Eq '^\| [0-9]+ \| estimators_test starts \| passed \|' "$work/report.md" ||
  fail "estimators_test does not start" "$work/output" "$work/report.md"
if grep -E 'starts \| FAILED|error while loading shared libraries' "$work/report.md"; then
  fail "a program does not start" "$work/report.md"
fi
grep -q '^sigmahat [0-9]' "$work/report.md" || fail "sigmahat info does not run" "$work/report.md"
# Without a GPU the verdict must be that.
if grep -q '^| device | no GPU |' "$work/report.md"; then
  [ $status -eq 1 ] || fail "no GPU, and it ended with $status" "$work/report.md"
  grep -Eq '^\| [0-9]+ \| device as sigmahat sees it \| FAILED \| [0-9]+ \| no GPU' "$work/report.md" ||
    fail "the report does not say that there is no GPU" "$work/report.md"
  grep -Eq '^\| [0-9]+ \| estimators_test \| not run \|' "$work/report.md" ||
    fail "the tests ran without a GPU" "$work/report.md"
fi
echo "gpu_bundle_test: packed, unpacked and started ($(tail -n 3 "$work/output" | head -n 1))"
