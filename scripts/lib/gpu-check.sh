# Sourced by scripts/gpu-check, which sets report, time_limit, binaries and built_now: the steps of the check and the
# report. On a machine with a bundle it runs with bash, coreutils, sed and grep alone.
# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034  # variables that scripts/gpu-check sets or reads
# shellcheck disable=SC2016         # backticks are Markdown

gpu_check_lib=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
gpu_check_root=$(cd "$gpu_check_lib/../.." && pwd)
gpu_check_build=$gpu_check_root/build/gpu-check
gpu_check_cuda=${CUDA_HOME:-/usr/local/cuda}

# Lines of the list of tests, without comments; none where there is no list.
gpu_tests() {
  grep -Ev '^[[:space:]]*(#|$)' "$gpu_check_lib/gpu-tests.txt" || true
}

# What is wrong with the list of tests; nothing where nothing is.
list_fault() {
  local list=$gpu_check_lib/gpu-tests.txt lines line words
  if [ ! -r "$list" ]; then
    printf 'gpu-tests.txt cannot be read'
    return
  fi
  mapfile -t lines < <(gpu_tests)
  if [ ${#lines[@]} -eq 0 ]; then
    printf 'gpu-tests.txt lists nothing'
    return
  fi
  for line in "${lines[@]}"; do
    read -ra words <<<"$line"
    if [ ${#words[@]} -ne 4 ]; then
      printf "gpu-tests.txt: not four columns: '%s'" "$line"
      return
    fi
  done
}

# What the check runs, one a line.
gpu_programs() {
  gpu_tests | sed 's/[[:space:]].*//'
  printf '%s\n' sigmahat sigmahat_bench
}

# Those of the programs that are not in the given folder: "a, b".
missing_programs() {
  local programs program missing=''
  mapfile -t programs < <(gpu_programs)
  for program in "${programs[@]}"; do
    { [ -f "$1/$program" ] && [ -x "$1/$program" ]; } || missing+=${missing:+, }$program
  done
  printf '%s' "$missing"
}

gpu_present() {
  { command -v nvidia-smi >/dev/null && nvidia-smi -L >/dev/null 2>&1; } || compgen -G '/dev/nvidia[0-9]*' >/dev/null ||
    [ -e /dev/dxg ]
}

# When the newest of the binaries was made.
date_of_binaries() {
  local newest=$binaries/bin/sigmahat file
  for file in "$binaries"/bin/* "$binaries"/lib/libsigmahat.*; do
    if [ "$file" -nt "$newest" ]; then newest=$file; fi
  done
  date -u -r "$newest" '+%F %H:%M UTC'
}

# Version, source revision and how it was built, "key value" a line; of a bundle as recorded when it was packed. What is
# built already may be older than the tree whose revision is at hand, and then the line says so.
source_facts() {
  if [ -n "$binaries" ] && [ -f "$binaries/bundle.txt" ]; then
    cat "$binaries/bundle.txt"
    return
  fi
  local version revision git=(git --no-optional-locks -C "$gpu_check_root")
  version=$(sed -n 's/^project(sigmahat VERSION \([0-9.]*\).*/\1/p' "$gpu_check_root/CMakeLists.txt")
  revision=$("${git[@]}" rev-parse --short=12 HEAD 2>/dev/null) || revision=unknown
  if [ -n "$("${git[@]}" status --porcelain 2>/dev/null)" ]; then revision+=" with changes"; fi
  if [ -n "$binaries" ] && [ "$built_now" = no ]; then
    revision+=" (the tree on $(date -u +%F); binaries of $(date_of_binaries), which may be older)"
  fi
  printf 'version %s\nrevision %s\n' "$version" "$revision"
}

# The report ---------------------------------------------------------------------------------------------------------

begin_report() {
  mkdir -p "$(dirname "$report")"
  report=$(cd "$(dirname "$report")" && pwd)/$(basename "$report")
  logs=${report%.md}-logs
  mkdir -p "$logs"
  rm -f "$logs"/*.log
  details=() step_rows=() steps=0 failures=0 tests_run=no tests_passed=0 not_run=0 absences=''
  declare -gA listed=() # by line of the list: how many tests it has to run
  verdict="**FAILED**: the check did not come to its end"
  today=$(date -u +%F)
  device=$(nvidia_smi name)
  facts=$(
    printf '| driver | %s |\n' "$(nvidia_smi driver_version)"
    printf '| host processor | %s, %s cores |\n' "$(sed -n '/^model name/{s/.*: //p;q}' /proc/cpuinfo)" "$(nproc)"
    source_facts | sed 's/^\([^ ]*\) \(.*\)/| \1 | \2 |/'
    printf '| date | %s |' "$(date -u '+%F %H:%M UTC')"
  )
}

# Log lines for the report: without control characters, and without the paths of this machine and of the one that built.
quote_lines() {
  local text
  text=$(LC_ALL=C tr -d '\000-\010\013-\037' |
    sed -E 's/^```/ ```/; s#(^|[ "(])/[^ ]*/(tests|kernels|host|estimators|cli|bench)/#\1\2/#g')
  text=${text//"$binaries/"/}
  text=${text//"$gpu_check_root/"/}
  printf '```text\n%s\n```\n\n' "$text"
}

# record_step NAME OUTCOME SECONDS [NOTE]: a line of the table; the details come from whoever ran the step.
record_step() {
  local name=$1 outcome=$2 seconds=$3 note=${4:-}
  steps=$((steps + 1))
  step_rows+=("| $steps | $name | $outcome | $seconds | ${note//|//} |")
  case $outcome in
    FAILED) failures=$((failures + 1)) ;;
    absent) absences+=${absences:+, }$name ;;
    "not run") not_run=$((not_run + 1)) ;;
  esac
  printf '   %s%s\n' "$outcome" "${note:+: $note}"
  write_report # now, so that a check that is killed leaves what it knew
}

# record_step for what ran no command.
skip_step() {
  printf '== %s\n' "$1"
  record_step "$1" "$2" 0 "${3:-}"
}

# run_step NAME JUDGE COMMAND...: runs the command in the folder of the binaries under the time limit, or a function
# as it is. JUDGE STATUS LOG fails where the step failed; it sets `note`, and `excerpt` to what it wants quoted of the
# log. Fails where the step failed.
run_step() {
  local name=$1 judge=$2 log status=0 start=$SECONDS note='' excerpt='' outcome=passed
  shift 2
  log=$logs/$(printf '%02d' $((steps + 1)))-${name//[^A-Za-z0-9]/-}.log
  printf '== %s\n' "$name"
  if declare -F "$1" >/dev/null; then
    ("$@") >"$log" 2>&1 </dev/null || status=$?
  else
    (cd "$binaries" && SIGMAHAT_REQUIRE_GPU=1 exec timeout --kill-after=10 "$time_limit" \
      env LD_LIBRARY_PATH="$(library_path)" "$@") >"$log" 2>&1 </dev/null || status=$?
  fi
  if [[ $status = 124 || $status = 137 ]] && [ $((SECONDS - start)) -ge "$time_limit" ]; then
    note="took longer than $time_limit s" outcome=FAILED
  elif ! "$judge" $status "$log"; then
    outcome=FAILED
  fi
  [ -n "$excerpt" ] || excerpt=$(tail -n 25 "$log")
  # Of the step that record_step counts next.
  details+=("$(
    printf '## %d. %s: %s\n\n' $((steps + 1)) "$name" "$outcome${note:+, $note}"
    quote_lines <<<"$*"
    printf 'Ended with %d after %d s.\n\n' $status $((SECONDS - start))
    quote_lines <<<"$excerpt"
  )")
  record_step "$name" $outcome $((SECONDS - start)) "$note"
  [ $outcome = passed ]
}

write_report() {
  {
    printf '# GPU check: %s, %s\n\n%s.\n\n' "${device:-no GPU}" "$today" "$verdict"
    printf '| | |\n|---|---|\n| device | %s |\n%s\n\n' "${device:-no GPU}" "$facts"
    printf '| step | what | outcome | seconds | note |\n|---|---|---|---|---|\n'
    printf '%s\n' "${step_rows[@]}"
    printf '\n'
    if [ "$tests_run" = yes ]; then
      printf 'Programs ran with `SIGMAHAT_REQUIRE_GPU=1`: a test that finds no GPU fails.\n\n'
    fi
    printf '%s\n\n' "${details[@]}"
  } >"$report"
}

finish_report() {
  if [ "$failures" -eq 0 ] && [ "$tests_passed" -eq 0 ]; then skip_step "tests" FAILED "no test ran"; fi
  if [ "$failures" -gt 0 ]; then
    verdict="**FAILED**: $failures of $steps steps failed"
    if [ "$not_run" -gt 0 ]; then verdict+=", $not_run were not run"; fi
  else
    verdict="**PASSED**: no step failed"
  fi
  verdict+=${absences:+; not on this machine, so not run: $absences}
  write_report
  printf '\n%s\nreport: %s\nlogs: %s\n' "${verdict//\*/}" "$report" "$logs"
  [ "$failures" -eq 0 ]
}

# The machine --------------------------------------------------------------------------------------------------------

# The loader looks here first: what the bundle brought, then CUDA.
library_path() {
  local path=$binaries/lib:$gpu_check_cuda/lib64:$gpu_check_cuda/targets/x86_64-linux/lib
  printf '%s' "$path${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
}

# One property of the first GPU; nothing where it cannot be asked.
nvidia_smi() {
  local values
  values=$(nvidia-smi --query-gpu="$1" --format=csv,noheader 2>/dev/null) || return 0
  printf '%s' "${values%%$'\n'*}"
}

find_sanitizer() {
  local place
  for place in "$(command -v compute-sanitizer || true)" "$gpu_check_cuda/bin/compute-sanitizer" \
    "$gpu_check_cuda/compute-sanitizer/compute-sanitizer"; do
    if [ -n "$place" ] && [ -x "$place" ]; then
      printf '%s' "$place"
      return
    fi
  done
}

# Judges ---------------------------------------------------------------------------------------------------------------

judge_status() {
  [ "$1" -eq 0 ] || { note="ended with $1"; return 1; }
}

judge_listing() {
  judge_status "$@" || return
  local count
  count=$(grep -c '^  ' "$2") || { note="it lists no test"; return 1; }
  note="$count tests"
  excerpt=$note
  listed_tests=$count
}

judge_info() {
  judge_status "$@" || return
  excerpt=$(cat "$2")
  if ! grep -q '^  cuda:0 ' "$2" || grep -q '^  cuda:0 .*not available' "$2"; then
    note=$(sed -n 's/^  cuda.*not available: *//p' "$2" | head -n 1)
    note=${note:-sigmahat info lists no GPU}
    return 1
  fi
  [ -n "$device" ] || device=$(sed -n 's/^  cuda:0 *//p' "$2")
}

# Passed: every test that was chosen ran and passed, and there was one. `expected_tests` is how many were chosen, where
# that is known.
judge_tests() {
  local ran passed skipped
  ran=$(sed -n 's/^\[==========\] \([0-9]*\) tests\{0,1\} from .* ran\..*/\1/p' "$2")
  passed=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) tests\{0,1\}\..*/\1/p' "$2")
  skipped=$(sed -n 's/^\[  SKIPPED \] \([0-9]*\) tests\{0,1\}, .*/\1/p' "$2")
  excerpt=$(tail -n 3 "$2")
  note="${passed:-0} of ${ran:-0} tests passed${skipped:+, $skipped skipped}"
  if [ "$1" -ne 0 ] || [ "${ran:-0}" -eq 0 ] || [ "${ran:-0}" -ne "${passed:-0}" ]; then
    note+=", ended with $1"
    # What went wrong first, then the list at the end.
    excerpt=$(grep -E -A 8 '(: Failure|: Skipped)$|terminate called|error' "$2" | head -n 40 || true)
    excerpt+=$'\n...\n'$(tail -n 25 "$2")
    return 1
  fi
  if [ "$ran" -ne "${expected_tests:-$ran}" ]; then
    note+=", but it lists $expected_tests"
    return 1
  fi
  if grep -q 'DISABLED TEST' "$2"; then
    note+=", but some are disabled"
    return 1
  fi
}

judge_sanitizer() {
  excerpt=$(grep '^=========' "$2" | tail -n 5 || true)
  note=$(sed -n 's/^========= .*SUMMARY: //p' "$2" | tail -n 1)
  if [ "$1" -ne 0 ]; then
    note="ended with $1${note:+, $note}"
    excerpt=$(grep -E '^=========|: Failure$' "$2" | head -n 40 || true)$'\n...\n'$(tail -n 10 "$2")
    return 1
  fi
  # Without a summary of no errors it was no check.
  if ! grep -Eq '^========= .*SUMMARY: 0 (errors|hazards)' "$2"; then
    note="no summary of 0 errors${note:+: $note}"
    return 1
  fi
  local tests=$note
  judge_tests "$@" || return
  note="$tests; $note"
}

judge_demo() {
  judge_status "$@" || return
  grep -q '^  device  *cuda:' "$2" || { note="the report names no GPU"; return 1; }
}

judge_benchmarks() {
  judge_status "$@" || return
  excerpt=$(cat "$2")
  grep -q '^limits of the device' "$2" || { note="the limits of the device were not measured"; return 1; }
  grep -q '^Moments of rows in device memory' "$2" || { note="the last table is not there"; return 1; }
}

# The steps ------------------------------------------------------------------------------------------------------------

check_everything() {
  # These would take tests away, or change what is printed.
  unset "${!GTEST_@}"
  local tests fault rest=()
  mapfile -t tests < <(gpu_tests)
  fault=$(list_fault)
  check_starts
  if ! check_device; then
    mapfile -t rest < <(gpu_tests | sed 's/[[:space:]].*//')
    skip_rest "${rest[@]}" compute-sanitizer demo benchmarks
    return
  fi
  if [ -n "$fault" ]; then skip_step "tests" FAILED "$fault"; fi
  check_tests
  check_sanitizers
  run_step "demo: iris by species" judge_demo bin/sigmahat gaussian fit "$gpu_check_root/examples/data/iris.csv" \
    --columns sepal_length,sepal_width,petal_length,petal_width --by species --compare --device cuda || true
  run_step "demo: stock indices, ascent" judge_demo bin/sigmahat gaussian fit \
    "$gpu_check_root/examples/data/eustockmarkets.csv" --columns DAX,SMI,CAC,FTSE --log-returns --method ascent \
    --metric fisher --compare --device cuda || true
  run_step "benchmarks" judge_benchmarks bin/sigmahat_bench --device cuda || true
}

skip_rest() {
  local name
  for name in "$@"; do skip_step "$name" "not run" "the device failed"; done
}

# A loader's complaint shows here, apart from the tests; no GPU is needed.
check_starts() {
  local line executable filter
  for line in "${tests[@]}"; do
    read -r executable filter _ <<<"$line"
    if run_step "$executable starts" judge_listing "bin/$executable" --gtest_list_tests "--gtest_filter=$filter"; then
      listed[$line]=$listed_tests
    fi
  done
  run_step "sigmahat_bench starts" judge_status bin/sigmahat_bench --help || true
}

# Fails where there is no GPU to check.
check_device() {
  if command -v nvidia-smi >/dev/null; then
    local query=index,name,driver_version,memory.total,clocks.max.sm,clocks.max.memory,power.limit,ecc.mode.current
    query+=,pcie.link.gen.current,pcie.link.width.current
    run_step "device as the driver sees it" judge_status nvidia-smi --format=csv --query-gpu=$query || true
  else
    skip_step "nvidia-smi" absent "not on PATH"
  fi
  run_step "device as sigmahat sees it" judge_info bin/sigmahat info
}

check_tests() {
  local line executable filter expected_tests
  for line in "${tests[@]}"; do
    read -r executable filter _ <<<"$line"
    expected_tests=${listed[$line]:-}
    if [ -z "$expected_tests" ]; then
      skip_step "$executable" "not run" "it does not start"
      continue
    fi
    tests_run=yes
    if run_step "$executable" judge_tests "bin/$executable" --gtest_color=no "--gtest_filter=$filter"; then
      tests_passed=$((tests_passed + expected_tests))
    fi
  done
}

check_sanitizers() {
  local sanitizer line executable tool tools sanitized runs=0
  sanitizer=$(find_sanitizer)
  if [ -z "$sanitizer" ]; then
    skip_step "compute-sanitizer" absent "neither on PATH nor in $gpu_check_cuda"
    return
  fi
  for line in "${tests[@]}"; do
    read -r executable _ tools sanitized <<<"$line"
    [ "$tools" != - ] || continue
    [ "$tools" != all ] || tools=memcheck,racecheck,initcheck,synccheck
    for tool in ${tools//,/ }; do
      runs=$((runs + 1))
      run_step "$executable under $tool" judge_sanitizer "$sanitizer" --tool "$tool" --error-exitcode 9 \
        --print-limit 20 "bin/$executable" --gtest_color=no "--gtest_filter=$sanitized" || true
    done
  done
  if [ $runs -eq 0 ]; then skip_step "compute-sanitizer" FAILED "gpu-tests.txt names no test for it"; fi
}
