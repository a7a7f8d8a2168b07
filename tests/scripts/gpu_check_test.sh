#!/usr/bin/env bash
# Runs the check of a bundle made of stand-ins and expects its verdict. usage: gpu_check_test.sh ROOT
# The stand-ins do what the variables of a case say. PATH has only the tools that a machine with a bundle must have.
set -euo pipefail
root=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bundle=$work/gpu-check
mkdir -p "$bundle/bin" "$bundle/scripts/lib" "$bundle/examples/data" "$work/tools" "$work/gpu" "$work/sanitizer"
cp "$root/scripts/gpu-check" "$bundle/scripts/"
cp "$root/scripts/lib/gpu-check.sh" "$bundle/scripts/lib/"
list=$bundle/scripts/lib/gpu-tests.txt
printf '# comment\nfirst_test */cuda memcheck */some\n\nsecond_test * all *Kernel*' >"$list" # its end is no line's end
printf 'version 1.2.3\nrevision 0123456789ab\n' >"$bundle/bundle.txt"
for tool in bash basename cat date dirname env grep gzip head mkdir nproc rm sed sleep tail timeout tr xz; do
  ln -s "$(command -v "$tool")" "$work/tools/"
done

stand_in() {
  cat >"$1"
  chmod +x "$1"
}

# Fails where it is not told that a GPU is required. $TEST is what happens in second_test.
stand_in "$bundle/bin/second_test" <<'END'
#!/usr/bin/env bash
[ "$SIGMAHAT_REQUIRE_GPU" = 1 ] || exit 99
[ -z "${GTEST_TOTAL_SHARDS:-}" ] || exit 98
case $* in *--gtest_list_tests*)
  [ "${TEST:-}" != unloadable ] || { echo "error while loading shared libraries: libgone.so" >&2; exit 127; }
  printf 'Suite.\n  one\n  two\n'
  exit 0
esac
ended() {
  printf '[==========] %d tests from 1 test suite ran. (1 ms total)\n[  PASSED  ] %d tests.\n' "$1" "$2"
}
case ${TEST:-passes} in
  passes) ended 2 2 ;;
  fails) printf '/elsewhere/tests/a_test.cpp:7: Failure\nwrong\n' && ended 2 1 && exit 1 ;;
  skips) ended 2 1 && printf '[  SKIPPED ] 1 test, listed below:\n[  SKIPPED ] Suite.two\n' ;;
  empty) ended 0 0 ;;
  shard) ended 1 1 ;;
  disabled) ended 2 2 && printf '\n  YOU HAVE 1 DISABLED TEST\n' ;;
  silent) ;;
  crashes) ended 2 2 && kill -SEGV $$ ;;
  hangs) case $* in *Kernel*) ended 2 2 ;; *) sleep 60 ;; esac ;;
esac
END
stand_in "$bundle/bin/first_test" <<'END'
#!/usr/bin/env bash
TEST=passes exec "${0%first_test}second_test" "$@"
END
stand_in "$bundle/bin/sigmahat" <<'END'
#!/usr/bin/env bash
case "$*" in
  info) printf 'devices\n  cuda:0           %s\n' "${INFO:-Stand-in 9000 (sm_90)}" ;;
  *) printf '  device   %s (asked for: cuda)\n' "${USED:-cuda:0}" && exit "${DEMO:-0}" ;;
esac
END
stand_in "$bundle/bin/sigmahat_bench" <<'END'
#!/usr/bin/env bash
[ "$1" != --help ] || exit 0
[ "${BENCH:-}" = nothing ] || echo "limits of the device, medians of 7"
[ "${BENCH:-}" = half ] || echo "Moments of rows in device memory, kernels alone"
[ "${BENCH:-}" != fails ]
END
stand_in "$work/gpu/nvidia-smi" <<'END'
#!/usr/bin/env bash
case $* in *=name*) echo "Stand-in 9000" ;; *) echo 123.45 ;; esac
END
# $SANITIZER: TOOL:what happens.
stand_in "$work/sanitizer/compute-sanitizer" <<'END'
#!/usr/bin/env bash
tool=$2
while [ "${1#bin/}" = "$1" ]; do shift; done
"$@" || exit
case ${SANITIZER:-} in
  "$tool:finds") echo "========= ERROR SUMMARY: 3 errors" && exit 9 ;;
  "$tool:silent") ;;
  "$tool:whispers") echo "========= ERROR SUMMARY: 3 errors" ;;
  *) [ "$tool" = racecheck ] && echo "========= RACECHECK SUMMARY: 0 hazards displayed (0 errors, 0 warnings)" ||
    echo "========= ERROR SUMMARY: 0 errors" ;;
esac
END

cases=0
# Whether the report has a text, in which "| S |" stands for any number of seconds: the machine may be busy.
says() {
  sed -E 's/\| [0-9]+ \|/| S |/g' "$work/report.md" | cat - "$work/report.md" | grep -F -- "$1" >/dev/null
}

# expect NAME passed|failed TEXT... -- [VARIABLE=VALUE...]: runs the check, and looks for every TEXT in the report.
expect() {
  local name=$1 expected=$2 texts=() status=0 text
  shift 2
  while [ "$1" != -- ]; do texts+=("$1") && shift; done
  shift
  cases=$((cases + 1))
  env -i CUDA_HOME="$work/none" PATH="${path:-$work/tools:$work/gpu:$work/sanitizer}" "$@" \
    "$bundle/scripts/gpu-check" --report "$work/report.md" --time-limit "${limit:-60}" >"$work/output" 2>&1 || status=$?
  if [ "$expected" = passed ]; then texts+=('**PASSED**'); else texts+=('**FAILED**'); fi
  if [ "$expected" = passed ] && [ $status -ne 0 ] || [ "$expected" = failed ] && [ $status -ne 1 ]; then
    complain "$name: expected it to be $expected, but it ended with $status"
  fi
  for text in "${texts[@]}"; do
    says "$text" || complain "$name: the report does not say '$text'"
  done
}

complain() {
  echo "gpu_check_test: $1" >&2
  cat "$work/output" "$work/report.md" >&2
  exit 1
}

expect "clean run" passed 'Stand-in 9000, 20' '| version | 1.2.3 |' '| revision | 0123456789ab |' \
  '| driver | 123.45 |' '| first_test | passed |' '| second_test under initcheck | passed |' '| benchmarks | passed |' \
  'bin/second_test --gtest_color=no --gtest_filter=*Kernel*' '2 of 2 tests passed' --
expect "failing test" failed '| second_test | FAILED |' '1 of 2 tests passed' \
  $'\ntests/a_test.cpp:7: Failure' '| first_test | passed |' '| benchmarks | passed |' -- TEST=fails
expect "skipped test" failed '| second_test | FAILED |' '1 skipped' -- TEST=skips
expect "no test" failed '0 of 0 tests passed' -- TEST=empty
expect "fewer tests than are listed" failed '1 of 1 tests passed, but it lists 2' -- TEST=shard
expect "shards" passed '| second_test | passed |' -- GTEST_TOTAL_SHARDS=2 GTEST_SHARD_INDEX=0
expect "disabled test" failed 'some are disabled' -- TEST=disabled
expect "no output" failed '| second_test | FAILED |' -- TEST=silent
expect "crash" failed '| second_test | FAILED |' 'ended with 139' -- TEST=crashes
limit=2
expect "hanging test" failed 'took longer than 2 s' '| benchmarks | passed |' -- TEST=hangs
limit=60
expect "missing library" failed '| second_test starts | FAILED |' 'libgone.so' '| second_test | not run |' \
  -- TEST=unloadable
for tool in memcheck racecheck initcheck synccheck; do
  expect "$tool finds" failed "| second_test under $tool | FAILED |" 'ended with 9' -- "SANITIZER=$tool:finds"
done
expect "sanitizer that is silent" failed 'no summary of 0 errors' -- SANITIZER=memcheck:silent
expect "sanitizer with errors that ends with 0" failed '3 errors' -- SANITIZER=memcheck:whispers
expect "no GPU" failed '| device as sigmahat sees it | FAILED | S | no GPU: the driver says 35 |' \
  '| first_test starts | passed |' '| first_test | not run |' '| compute-sanitizer | not run |' \
  '| benchmarks | not run |' '1 of 10 steps failed, 5 were not run' -- 'INFO=not available: no GPU: the driver says 35'
if grep -F 'Programs ran with' "$work/report.md"; then complain "no GPU: the report says that tests ran"; fi
for text in '== benchmarks' 'FAILED: no GPU: the driver says 35'; do
  grep -qF "$text" "$work/output" || complain "no GPU: it does not print '$text'"
done
expect "demo on a CPU" failed 'the report names no GPU' -- USED=cpu
expect "failing demo" failed '| FAILED | S | ended with 5 |' -- DEMO=5
expect "failing benchmarks" failed '| benchmarks | FAILED |' -- BENCH=fails
expect "benchmarks on a CPU" failed 'limits of the device were not measured' -- BENCH=nothing
expect "benchmarks without their end" failed 'the last table is not there' -- BENCH=half
# Lists with which nothing, or not everything, would run.
cp "$list" "$work/list"
expect_list() { # NAME TEXT, and the list as standard input
  cat >"$list"
  expect "$1" failed "$2" --
}
expect_list "list of comments" '| tests | FAILED | S | gpu-tests.txt lists nothing |' <<<'# comment'
expect_list "empty list" '| tests | FAILED | S | gpu-tests.txt lists nothing |' </dev/null
expect_list "list without a filter" "gpu-tests.txt: not four columns: 'first_test" <<<'first_test - -'
expect_list "nothing for the sanitizer" '| compute-sanitizer | FAILED | S | gpu-tests.txt names no test for it |' \
  <<<'first_test * - -'
rm "$list"
expect "no list" failed '| tests | FAILED | S | gpu-tests.txt cannot be read |' --
cp "$work/list" "$list"
# A check that is cut off leaves what it knew.
cases=$((cases + 1))
rm "$work/report.md"
TEST=hangs "$bundle/scripts/gpu-check" --report "$work/report.md" --time-limit 20 >"$work/output" 2>&1 &
for ((tenths = 0; tenths < 600; ++tenths)); do
  grep -qsF '| first_test | passed |' "$work/report.md" && break
  sleep 0.1
done
kill $! && wait $! && complain "killed, and it ended with 0"
for text in '**FAILED**: the check did not come to its end' '| first_test | passed |'; do
  grep -qF -- "$text" "$work/report.md" || complain "cut off: the report does not say '$text'"
done

path=$work/tools
expect "no tools of NVIDIA" passed 'not on this machine, so not run: nvidia-smi, compute-sanitizer.' \
  '| compute-sanitizer | absent |' '| nvidia-smi | absent |' '| device | Stand-in 9000 (sm_90) |' --
grep -qxF '== compute-sanitizer' "$work/output" || complain "it does not print what is absent"

# Usage: what the document describes is what there is, and nothing else is accepted.
if ! diff <({ echo --bundle && "$bundle/scripts/gpu-check" -h | grep -oE '^  --[a-z-]+'; } | tr -d ' ' | sort -u) \
  <(sed -n 's/^| `\(--[a-z-]*\).*/\1/p' "$root/docs/gpu-check.md" | sort -u); then
  echo "gpu_check_test: --help and docs/gpu-check.md differ" >&2
  exit 1
fi
# refused SCRIPT TEXT ARGUMENT...: ends with 2 and says TEXT, without a word of the tools that it calls.
refused() {
  local script=$1 text=$2 status=0
  shift 2
  cases=$((cases + 1))
  "$script" "$@" >"$work/output" 2>&1 || status=$?
  if [ $status -ne 2 ] || ! head -n 1 "$work/output" | grep -F "gpu-check: " | grep -qF -- "$text"; then
    complain "$*: expected to be refused with '$text', ended with $status"
  fi
}
check=$bundle/scripts/gpu-check
refused "$check" "no option --gone" --gone
refused "$check" "--report needs a value" --report
refused "$check" "whole seconds" --time-limit 1s
refused "$check" "goes with --bundle" --architectures 90
refused "$check" "there is no folder $work/none/bin" --binaries "$work/none"
refused "$check" "a bundle cannot pack; do it in the source tree" --bundle "$work/a.tar.xz"
mkdir -p "$work/hollow/bin" && touch "$work/hollow/bin/sigmahat"
refused "$check" "first_test, second_test, sigmahat, sigmahat_bench" --binaries "$work/hollow"
tree=$root/scripts/gpu-check
for name in a a.tar a.xz a.tar.bz2; do
  refused "$tree" "must end with .tar.xz or .tar.gz" --bundle "$work/$name" --binaries "$bundle"
done
refused "$tree" "there is no folder '$work/none'" --bundle "$work/none/a.tar.gz" --binaries "$bundle"
mv "$bundle/bin/second_test" "$work/"
refused "$check" "not in $bundle/bin: second_test; build" --report "$work/none.md"
echo "gpu_check_test: $cases cases"
