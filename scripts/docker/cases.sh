# Sourced by docker-check: what is checked on a built image. Each case ends with 1 and says why, or returns.
# $image is checked against $binary, which was built on this machine; $data is mounted as /data.
# shellcheck shell=bash

fail() {
  printf 'docker-check: %s\n' "$*" >&2
  exit 1
}

inside() {
  engine_run --rm --no-healthcheck --volume "$data:/data" "$image" "$@"
}

# Without a GPU, as in the container.
outside() {
  (cd "$data" && CUDA_VISIBLE_DEVICES='' "$binary" "$@")
}

# What the image says of itself. Engines file the health check under different names.
case_configuration() {
  local version
  version=$(inside --version)
  "$engine" image inspect "$image" >"$room/image.json"
  python3 - "$room/image.json" "${version##* }" "$revision" <<'END' || fail "the image's configuration is wrong"
import json, sys
image = json.load(open(sys.argv[1]))[0]
config = image["Config"]
labels = config.get("Labels") or {}
health = config.get("Healthcheck") or image.get("Healthcheck") or image.get("HealthCheck") or {}
prefix = "org.opencontainers.image."
wanted = {
    "user": (config.get("User"), "65532:65532"),
    "folder": (config.get("WorkingDir"), "/data"),
    "entry point": (config.get("Entrypoint"), ["sigmahat"]),
    "health check": (health.get("Test"), ["CMD", "sigmahat", "selftest"]),
    "version": (labels.get(prefix + "version"), sys.argv[2]),
    "revision": (labels.get(prefix + "revision"), sys.argv[3]),
    "licence": (labels.get(prefix + "licenses"), "Apache-2.0"),
    "title": (labels.get(prefix + "title"), "SigmaHat"),
}
wrong = [f"  {name} is {is_}, not {should}" for name, (is_, should) in wanted.items() if is_ != should]
print("\n".join(wrong), file=sys.stderr)
sys.exit(bool(wrong))
END
  local user
  user=$(engine_run --rm --no-healthcheck --entrypoint id "$image" -u)
  [ "$user" = 65532 ] || fail "the container runs as user $user, not 65532"
}

# Nothing that only the build needs, nothing that depends on the day, and nothing of the site.
case_contents() {
  local listed=$room/contents.txt found
  "$engine" run --label "$label" --rm --no-healthcheck --network none --user 0 --entrypoint find "$image" / -xdev \
    \( -path /proc -o -path /sys -o -path /run/secrets \) -prune -o -type f -size +0 \
    \( -path '/var/log/*' -o -path '/var/cache/apt/*' -o -path '/var/cache/ldconfig/*' -o -path '/var/lib/apt/lists/*' \
    -o -path '/tmp/*' -o -path '/mnt/*' -o -path '/source/*' -o -path '/run/*' -o -path '/usr/local/include/*' \
    -o -name cc1plus -o -name '*-old' -o -name 'pip.conf' -o -name ca-certificates.crt \) -print \
    >"$listed" || fail "the image's files cannot be listed"
  found=$(grep -v '^/run/.containerenv$' "$listed") || true
  [ -z "$found" ] || fail "the image holds what it should not:"$'\n'"$found"
}

# The report of the demo without times and without what belongs to the machine: the section of `sigmahat info`, and
# folders.
plain_report() {
  awk '/^\$ sigmahat/ { skip = ($3 == "info") } !skip' |
    sed -E 's#[0-9.e+-]+ (µs|ms|s)\b#TIME#g; s#[^ ]*examples/data/#examples/data/#g'
}

case_demo() {
  inside demo >"$room/demo-inside.txt" || fail "the demo failed in the container"
  if [ -n "$given_binary" ]; then
    (cd "$sigmahat_root" && CUDA_VISIBLE_DEVICES='' "$binary" demo) >"$room/demo-outside.txt" ||
      fail "the demo failed outside the container"
  else
    CUDA_VISIBLE_DEVICES='' "$sigmahat_root/scripts/demo" | sed -n '/^\$ sigmahat/,$p' >"$room/demo-outside.txt"
  fi
  local place
  for place in inside outside; do
    plain_report <"$room/demo-$place.txt" | sed '/./,$!d' >"$room/demo-$place-plain.txt"
    [ "$(wc -l <"$room/demo-$place-plain.txt")" -gt 20 ] || fail "the demo's report $place is too short to be one"
  done
  diff -u "$room/demo-outside-plain.txt" "$room/demo-inside-plain.txt" >&2 ||
    fail "the demo's reports outside (-) and inside (+) the container differ"
}

case_selftest() {
  inside selftest || fail "the selftest failed in the container"
}

expect_code() {
  local wanted=$1 code=0
  shift
  inside "$@" >"$room/code.txt" 2>&1 || code=$?
  [ "$code" -eq "$wanted" ] || fail "sigmahat $* ended with $code, not $wanted: $(tail -n 3 "$room/code.txt")"
}

case_exit_codes() {
  expect_code 0 gaussian fit iris.csv --columns sepal_length,sepal_width
  expect_code 2 gaussian fit iris.csv --columns no_such_column
  expect_code 2 no-such-command
  expect_code 3 gaussian fit no_such_file.csv
  expect_code 3 gaussian fit iris.csv --columns sepal_length --out /usr/model.json
  expect_code 5 gaussian fit iris.csv --columns sepal_length --device cuda
}

# An array of zeros that takes no space on the disk, long enough to be read for half a minute.
make_long_data() {
  python3 - "$data" <<'END'
import sys
for name, shape in (("long-X.npy", (24, 4000000, 16)), ("long-y.npy", (24, 4000000))):
    text = str({"descr": "<f8", "fortran_order": False, "shape": shape}).encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    count = 8
    for extent in shape:
        count *= extent
    with open(f"{sys.argv[1]}/{name}", "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text)
        file.truncate(file.tell() + count)
END
}

# A container in the middle of a fit: it is healthy; it ends on SIGTERM within a second, although sigmahat is process 1;
# and it leaves nothing behind.
case_health_and_signals() {
  local name=sigmahat-docker-check-$$ before code began taken pid
  make_long_data
  before=$(ls -A "$data")
  engine_run --detach --name "$name" --health-interval 2s --volume "$data:/data" "$image" \
    least-squares fit --X long-X.npy --y long-y.npy --threads 1 --out long.npz >"$room/detached.txt" 2>&1 ||
    fail "no container was started: $(tail -n 3 "$room/detached.txt")"
  case_health "$name"
  compgen -G "$data/long.npz.??????" >/dev/null || fail "the long fit has not opened its output"
  [ "$("$engine" inspect --format '{{.State.Running}}' "$name")" = true ] ||
    fail "the long fit was over before the signal"
  pid=$("$engine" inspect --format '{{.State.Pid}}' "$name")
  began=$(date +%s%N)
  if [ "$engine" = podman ]; then
    # Directly, without the time that podman takes to start.
    kill -TERM "$pid"
    while [ -d "/proc/$pid" ] && [ $(($(date +%s%N) - began)) -lt 5000000000 ]; do sleep 0.01; done
  else
    # Where Docker's daemon is on another machine, real or virtual, the number is that of another process here.
    docker kill --signal TERM "$name" >/dev/null
    timeout 5 docker wait "$name" >/dev/null || fail "the container did not end within 5 s of SIGTERM"
  fi
  taken=$((($(date +%s%N) - began) / 1000000))
  [ "$taken" -lt 1000 ] || fail "the container took $taken ms to end on SIGTERM, not less than 1000"
  code=$(timeout 10 "$engine" wait "$name") || fail "the container did not end on SIGTERM"
  [ "$code" -ne 0 ] || fail "the container ended with 0 on SIGTERM, as if the fit were done"
  "$engine" rm --force "$name" >/dev/null
  [ "$before" = "$(ls -A "$data")" ] || fail "an interrupted fit left files behind: $(ls -A "$data")"
  rm -f "$data"/long-*.npy
  echo "ended on SIGTERM within $taken ms with $code, and left nothing behind"
}

case_health() {
  local name=$1 second
  if [ "$engine" = podman ]; then
    podman healthcheck run "$name" >"$room/health.txt" 2>&1 || fail "not healthy: $(tail -n 3 "$room/health.txt")"
    return
  fi
  for second in $(seq 30); do
    if [ "$(docker inspect --format '{{.State.Health.Status}}' "$name")" = healthy ]; then return; fi
    sleep 1
  done
  fail "not healthy after $second s"
}
