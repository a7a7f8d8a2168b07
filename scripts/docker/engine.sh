# Sourced by docker-check: the engine that builds and runs images. Either Docker, where its daemon answers, or buildah,
# podman and runc with a storage of their own under $room, which nothing outside the check sees.
#   engine_start            chooses the engine, installs what it needs
#   engine_import NAME TAR EPOCH [ENV...]   a base image from a tar file
#   engine_build TARGET NAME CONTEXT [OPTION...]
#   engine_run OPTION... IMAGE [ARGUMENT...]    shut in: no network, no writing, no capabilities
#   engine_stop             removes containers and storage
# shellcheck shell=bash

engine_start() {
  if docker info >/dev/null 2>&1; then
    engine=docker
    echo "docker-check: with the Docker daemon $(docker info --format '{{.ServerVersion}}')"
    probe_builder
    return
  fi
  echo "docker-check: no Docker daemon answers; with buildah, podman and runc"
  if [ "$(id -u)" -ne 0 ]; then
    echo "docker-check: without a Docker daemon, making a base image needs the rights of root" >&2
    exit 1
  fi
  setup container
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
  engine=podman  # not before: engine_stop removes everything in the storage, which until here is the user's
  if ! buildah info >/dev/null 2>"$room/overlay.txt"; then
    echo "docker-check: no overlay file system here, so storage is copied: $(tail -n 1 "$room/overlay.txt")"
    sed -i 's/"overlay"/"vfs"/' "$room/storage.conf"
  fi
}

# Whether Docker's builder gives files the time of the source, is left in $docker_output: the option for it, or nothing.
# Both its version and its store of images have a say, so it is tried, on an image of one file.
probe_builder() {
  local folder=$room/probe
  mkdir -p "$folder/out"
  printf 'FROM scratch\nCOPY file /\n' >"$folder/Dockerfile"
  : >"$folder/file"
  docker_output=(--output 'type=docker,rewrite-timestamp=true')
  if probe_build "$folder" && [ "$(stat --format %Y "$folder/out/file")" = 1000000000 ]; then return; fi
  docker_output=()
  if ! probe_build "$folder"; then
    echo "docker-check: Docker's BuildKit cannot build an image of one file: $(tail -n 5 "$folder/log")" >&2
    exit 1
  fi
}

probe_build() {
  local folder=$1 name=localhost/sigmahat-check:probe
  docker_build --tag "$name" --build-arg SOURCE_DATE_EPOCH=1000000000 "$folder" >"$folder/log" 2>&1 &&
    docker_export "$name" | tar --extract --directory "$folder/out" file && docker image rm "$name" >/dev/null
}

docker_build() {
  DOCKER_BUILDKIT=1 docker build --no-cache --pull=false --network host "${docker_output[@]}" "$@"
}

# The files of an image, as a tar file.
docker_export() {
  local container
  container=$(docker create --label "$label" "$1" none)
  docker export "$container"
  docker rm "$container" >/dev/null
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

# Settings of apt on this machine, for sites behind a mirror. One without apt has none.
write_apt_settings() {
  if ! command -v apt-get >/dev/null; then return 0; fi
  apt-config dump | sed -n '/^Acquire::[^ ]* "..*";$/p' >"$room/apt.conf"
  local codename
  for codename in bookworm noble; do sources_of "$codename" >"$room/$codename.list"; done
}

# What a target of the Dockerfile is built on: NVIDIA's images, which are Ubuntu, or what stands for them with podman.
distribution_of() {
  if [ "$engine" = docker ] && [[ $1 == *cuda ]]; then echo noble; else echo bookworm; fi
}

# Settings of the site for a build on a distribution. The Dockerfile takes each as a secret, so that none gets into an
# image.
site_options() {
  local sources=$room/$1.list file
  if [ -f "$sources" ]; then
    printf '%s\n' "--secret=id=apt.conf,src=$room/apt.conf" "--secret=id=apt.list,src=$sources"
  fi
  for file in "${PIP_CONFIG_FILE:-}" "$HOME/.config/pip/pip.conf" /etc/pip.conf; do
    if [ -f "$file" ]; then
      printf '%s\n' "--secret=id=pip.conf,src=$file"
      break
    fi
  done
  file=/etc/ssl/certs/ca-certificates.crt
  if [ -f "$file" ]; then printf '%s\n' "--secret=id=certificates,src=$file"; fi
}

# The source's time of change counts, so SOURCE_DATE_EPOCH is that of the commit.
engine_build() {
  local target=$1 name=$2 context=$3 options
  shift 3
  mapfile -t options < <(site_options "$(distribution_of "$target")")
  options+=(--target "$target" --tag "$name" --build-arg "SOURCE_DATE_EPOCH=$epoch"
    --build-arg "SIGMAHAT_REVISION=$revision" "$@")
  if [ "$engine" = docker ]; then
    docker_build "${options[@]}" "$context"
  else
    # The OCI format would drop the health check. Without --timestamp files carry the time of the build.
    buildah bud --isolation oci --network host --format docker --pull-never --timestamp "$epoch" "${options[@]}" \
      "$context"
  fi
}

# Containers are known by it, so that they can be removed when the check is interrupted.
label=sigmahat-docker-check=$$

# Only what is mounted can be written to, and /dev/shm; podman would add a writable /tmp.
engine_run() {
  local closed=(--network none --read-only --cap-drop all)
  if [ "$engine" = podman ]; then closed+=(--read-only-tmpfs=false); fi
  "$engine" run --label "$label" "${closed[@]}" "$@"
}

engine_stop() {
  case ${engine:-} in
    docker)
      local containers
      mapfile -t containers < <(docker ps --all --quiet --filter "label=$label")
      if [ ${#containers[@]} -gt 0 ]; then docker rm --force "${containers[@]}" >/dev/null || true; fi
      docker image rm --force "${images[@]}" >/dev/null 2>&1 || true
      ;;
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
