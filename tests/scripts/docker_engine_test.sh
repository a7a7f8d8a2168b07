#!/usr/bin/env bash
# What docker-check removes is its own: the engine is started with stand-ins that note with which storage they are called.
# usage: docker_engine_test.sh ROOT
set -euo pipefail
root=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/bin" "$work/room"
calls=$work/calls

printf '#!/usr/bin/env bash\nexit 1\n' >"$work/bin/docker"
# shellcheck disable=SC2016
printf '#!/usr/bin/env bash\necho "${USER_ID:-0}"\n' >"$work/bin/id"
# shellcheck disable=SC2016
printf '#!/usr/bin/env bash\necho "${0##*/} $* with ${CONTAINERS_STORAGE_CONF:-storage of the user}" >>"$CALLS"\n' |
  tee "$work/bin/podman" >"$work/bin/buildah"
chmod +x "$work"/bin/*

# Starts the engine as docker-check does, where the installation ends with $1, and stops it.
start_and_stop() {
  local installed=$1
  : >"$calls"
  # shellcheck disable=SC2016
  env -u CONTAINERS_STORAGE_CONF -u CONTAINERS_CONF PATH="$work/bin:$PATH" CALLS="$calls" INSTALLED="$installed" \
    bash -euo pipefail -c '
      room=$1/room engine="" images=() label=test
      setup() { [ "$INSTALLED" = 0 ] || exit "$INSTALLED"; }
      source "$2/scripts/docker/engine.sh"
      trap engine_stop EXIT
      engine_start' bash "$work" "$root" >"$work/output" 2>&1
}

fail() {
  printf 'docker_engine_test: %s\n' "$1" >&2
  cat "$work/output" "$calls" >&2
  exit 1
}

if USER_ID=1000 start_and_stop 0; then fail "it starts without the rights of root"; fi
[ ! -s "$calls" ] || fail "without the rights of root, something is called"
if start_and_stop 1; then fail "it starts without its tools"; fi
[ ! -s "$calls" ] || fail "where the tools cannot be installed, something is called"
start_and_stop 0 || fail "it does not start"
grep -q '^podman rm --all' "$calls" || fail "containers are not removed"
grep -q '^buildah rmi --all' "$calls" || fail "images are not removed"
if grep -v " with $work/room/storage.conf\$" "$calls"; then fail "the storage is not that of the check"; fi
