# Sourced by docker-check: the engine that builds and runs images. Either Docker, where its daemon answers, or buildah,
# podman and runc with a storage of their own under $room, which nothing outside the check sees.
#   engine_start            chooses the engine, installs what it needs
#   engine_import NAME TAR EPOCH [ENV...]   a base image from a tar file, under the name that a FROM line asks for
#   engine_build TARGET NAME CONTEXT [OPTION...]
#   engine_run OPTION... IMAGE [ARGUMENT...]    shut in: no network, no writing, no capabilities
#   engine_stop             removes containers and storage
# shellcheck shell=bash

engine_start() {
  if docker info >/dev/null 2>&1; then
    engine=docker
    echo "docker-check: with the Docker daemon $(docker info --format '{{.ServerVersion}}')"
    return
  fi
  echo "docker-check: no Docker daemon answers; with buildah, podman and runc"
  engine=podman
  setup container
  if [ "$(id -u)" -ne 0 ]; then
    echo "docker-check: without a Docker daemon, making a base image needs the rights of root" >&2
    exit 1
  fi
  mkdir -p "$room/storage" "$room/run" "$room/tmp"
  # crun, the other runtime, fails on mixed control groups; limits are named because raising them may not be allowed.
  cat >"$room/containers.conf" <<END
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
END
  cat >"$room/storage.conf" <<END
[storage]
driver = "overlay"
graphroot = "$room/storage"
runroot = "$room/run"
END
  export CONTAINERS_CONF=$room/containers.conf CONTAINERS_STORAGE_CONF=$room/storage.conf TMPDIR=$room/tmp
  if ! buildah info >/dev/null 2>"$room/overlay.txt"; then
    echo "docker-check: no overlay file system here, so storage is copied: $(tail -n 1 "$room/overlay.txt")"
    sed -i 's/"overlay"/"vfs"/' "$room/storage.conf"
  fi
}

engine_import() {
  local name=$1 tar=$2 epoch=$3 variable
  shift 3
  local changes=()
  if [ "$engine" = docker ]; then
    for variable in "$@"; do changes+=(--change "ENV $variable"); done
    docker import "${changes[@]}" "$tar" "$name" >/dev/null
    return
  fi
  for variable in "$@"; do changes+=(--env "$variable"); done
  local container
  container=$(buildah from scratch)
  buildah add --quiet "$container" "$tar" / >/dev/null
  buildah config --cmd bash --arch amd64 --os linux --created-by debuerreotype "${changes[@]}" "$container"
  buildah commit --quiet --rm --timestamp "$epoch" "$container" "$name" >/dev/null
}

# Settings of the site, for sites behind a mirror; the Dockerfile takes each as a secret, so that none gets into an
# image.
write_site_settings() {
  apt-config dump | sed -n '/^Acquire::[^ ]* "..*";$/p' >"$room/apt.conf"
  local file
  {
    printf '%s\n' "--secret=id=apt.conf,src=$room/apt.conf" "--secret=id=apt.list,src=$room/bookworm.list"
    for file in "${PIP_CONFIG_FILE:-}" "$HOME/.config/pip/pip.conf" /etc/pip.conf; do
      if [ -f "$file" ]; then
        printf '%s\n' "--secret=id=pip.conf,src=$file"
        break
      fi
    done
    file=/etc/ssl/certs/ca-certificates.crt
    if [ -f "$file" ]; then printf '%s\n' "--secret=id=certificates,src=$file"; fi
  } >"$room/site.txt"
}

# The source's time of change counts, so SOURCE_DATE_EPOCH is that of the commit.
engine_build() {
  local target=$1 name=$2 context=$3 options
  shift 3
  mapfile -t options <"$room/site.txt"
  options+=(--target "$target" --tag "$name" --build-arg "SOURCE_DATE_EPOCH=$epoch"
    --build-arg "SIGMAHAT_REVISION=$revision" "$@")
  if [ "$engine" = docker ]; then
    docker build --no-cache --pull=false --network host "${options[@]}" "$context"
  else
    # The OCI format would drop the health check. Without --timestamp files carry the time of the build.
    buildah bud --isolation oci --network host --format docker --pull-never --timestamp "$epoch" "${options[@]}" \
      "$context"
  fi
}

# Only what is mounted can be written to, and /dev/shm; podman would add a writable /tmp.
engine_run() {
  local closed=(--network none --read-only --cap-drop all)
  if [ "$engine" = podman ]; then closed+=(--read-only-tmpfs=false); fi
  "$engine" run "${closed[@]}" "$@"
}

# A container started with --detach is named so that it can be removed when the check is interrupted.
engine_remove() {
  "$engine" rm --force "$1" >/dev/null 2>&1 || true
}

engine_stop() {
  case ${engine:-} in
    docker) docker image rm --force "${images[@]}" >/dev/null 2>&1 || true ;;
    podman)
      podman rm --all --force --time 0 >/dev/null 2>&1 || true
      buildah rm --all >/dev/null 2>&1 || true
      buildah rmi --all --force >/dev/null 2>&1 || true
      local mounted
      # What an interrupted build left mounted, the innermost first.
      mapfile -t mounted < <(awk -v room="$room/" 'index($2, room) == 1 { print $2 }' /proc/mounts | tac)
      if [ ${#mounted[@]} -gt 0 ]; then umount "${mounted[@]}" || true; fi
      ;;
  esac
}
