#!/usr/bin/env bash
# Parts of docker-check that building images does not show. What it removes is its own: the engine is started with
# stand-ins that note with which storage they are called. Which folder it takes for the CUDA toolkit.
# usage: docker_check_test.sh ROOT
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
  printf 'docker_check_test: %s\n' "$1" >&2
  cat "$work"/output "$work"/calls >&2
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

# A toolkit, and a script elsewhere that calls its nvcc.
mkdir -p "$work/toolkit/bin" "$work/toolkit/nvvm/libdevice" "$work/toolkit/lib64"
printf '#!/usr/bin/env bash\necho "#$ _HERE_=there" >&2\necho "#$ TOP=%s/bin/.." >&2\nexit 1\n' "$work/toolkit" \
  >"$work/toolkit/bin/nvcc"
printf '#!/usr/bin/env bash\nexec "%s" "$@"\n' "$work/toolkit/bin/nvcc" >"$work/bin/nvcc"
chmod +x "$work/toolkit/bin/nvcc" "$work/bin/nvcc"

found_toolkit() {
  PATH="$work/bin:$PATH" bash -euo pipefail -c 'source "$1/scripts/docker/cuda.sh" && toolkit_folder' bash "$root"
}

[ "$(found_toolkit)" = "$(realpath "$work/toolkit")" ] || fail "the toolkit behind a script is not found"
rmdir "$work/toolkit/lib64"
if found_toolkit; then fail "a toolkit that lacks a part is taken"; fi
printf '#!/usr/bin/env bash\necho nothing\n' >"$work/bin/nvcc"
if found_toolkit; then fail "a toolkit is found where nvcc names none"; fi
