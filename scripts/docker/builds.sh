# Sourced by docker-check: the Dockerfile by itself, the bases, the builds, and the comparison of two of them.
# shellcheck shell=bash

# What hadolint does not know: the bases are pinned, and nothing is used that some builders reject.
case_lint() {
  local venv=$sigmahat_root/.deps/docker-lint file=$sigmahat_root/Dockerfile
  if [ ! -x "$venv/bin/hadolint" ]; then
    rm -rf "$venv"
    /usr/bin/python3 -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --no-deps --only-binary :all: \
      --require-hashes --requirement "$sigmahat_root/scripts/docker/lint.txt" || fail "hadolint could not be installed"
  fi
  "$venv/bin/hadolint" --failure-threshold info "$file" || fail "hadolint finds fault with the Dockerfile"
  awk '
    function fault(text) { printf "Dockerfile:%d: %s\n", NR, text; faults++ }
    /^ARG [A-Z_]*_IMAGE=/ && !/@sha256:[0-9a-f]+$/ { fault("the base is not pinned by its digest") }
    /^FROM/ && !/^FROM \${[A-Z_]*_IMAGE} AS [a-z-]+$/ { fault("a base that is no argument, or no name") }
    /^FROM/ { stages++; dated = 0 }
    /^ARG SOURCE_DATE_EPOCH$/ { dated = 1 }
    /^(RUN|COPY)/ && !dated { fault("ARG SOURCE_DATE_EPOCH comes before what is run") }
    tolower($0) ~ /^# *syntax *=/ { fault("a syntax line") }
    /<</ { fault("a heredoc") }
    /^(COPY|ADD).*--(link|exclude|parents|checksum)/ { fault("an option that some builders reject") }
    /^ADD/ { fault("ADD; COPY does less behind one'\''s back") }
    /^RUN.*--(network|security)/ { fault("an option that some builders reject") }
    /^(ENTRYPOINT|CMD|HEALTHCHECK.* CMD) *[^[ ]/ && !/CMD \[/ { fault("not in the exec form") }
    /^USER/ { if ($2 !~ /^[1-9][0-9]*:[1-9][0-9]*$/) fault("USER is not a number other than 0"); users++ }
    /^HEALTHCHECK/ { checks++ }
    END {
      if (stages != 4 || users != 2 || checks != 2) fault("each of the two images has a USER and a HEALTHCHECK")
      exit faults > 0
    }' "$file" >&2 || fail "the Dockerfile breaks the rules above"
}

# What is committed, and what would be: the build sees the same files whatever else lies about.
copy_context() {
  mkdir -p "$room/context"
  if commit rev-parse; then
    commit ls-files -z --cached --others --exclude-standard --deduplicate |
      (cd "$sigmahat_root" && tar --create --null --files-from - --ignore-failed-read 2>/dev/null) |
      tar --extract --directory "$room/context"
  else
    tar --create --directory "$sigmahat_root" --exclude ./build --exclude ./.deps . |
      tar --extract --directory "$room/context"
  fi
  cp "$room/context/scripts/docker/lock.txt" "$room/committed-lock.txt"
  # Older than what is compiled from it, also after an image was committed with the time of the source.
  find "$room/context" -exec touch --no-dereference --date="@$((epoch - 1))" {} +
}

# The image that an ARG of the Dockerfile names.
default_base() {
  sed -n "s/^ARG $1=//p" "$sigmahat_root/Dockerfile"
}

# The pinned base where it can be had, else Debian made here. buildah gets it under the name that the Dockerfile has for
# it; in a user's Docker that name may not be taken.
prepare_base() {
  local pinned name
  pinned=$(default_base DEBIAN_IMAGE)
  write_apt_settings
  if [ "$engine" = docker ] && docker pull --quiet "$pinned"; then
    echo "DEBIAN_IMAGE=$pinned" >"$room/bases"
    return
  fi
  echo "a Debian base made here stands for $pinned"
  name=${pinned%@*}
  if [ "$engine" = docker ]; then
    name=localhost/sigmahat-check:base
    # Not installed here: what podman is installed with could take the place of what Docker runs with.
    command -v debuerreotype-init >/dev/null ||
      fail "the base cannot be made either, for want of debootstrap, debuerreotype, wget and debian-archive-keyring"
  fi
  # Not as a condition, in which bash would go on after an error.
  make_debian >"$room/base.log" 2>&1 &
  wait "$!" || fail "no base could be made: $(tail -n 5 "$room/base.log")"
  engine_import "$name" "$room/base.tar" "$(<"$room/base-epoch")"
  echo "DEBIAN_IMAGE=$name" >"$room/bases"
}

base_arguments() {
  sed 's/^/--build-arg\n/' "$room/bases"
}

# A mirror that has moved on is no fault of the source: what differs is said, and this check goes on with a lock of its
# own: case_lock CODENAME.
case_lock() {
  local codename=$1 sources=$room/$1.list lock=$room/context/scripts/docker/lock.txt keys differences
  if [ ! -f "$sources" ]; then
    note "NOT CHECKED: whether the mirrors of $codename have what is in scripts/docker/lock.txt; there is no apt here"
    return
  fi
  keys=$(keys_of "$sources")
  if [ ! -f "$keys" ]; then
    note "NOT CHECKED: whether the mirrors of $codename have what is in scripts/docker/lock.txt; there is no $keys here"
    return
  fi
  lock_lines "$codename" "$sources" "$room/lists-$codename" >"$room/offered.txt"
  versions() { grep "^$codename " "$1" | grep -v ' snapshot '; }
  differences=$(diff <(versions "$lock") <(versions "$room/offered.txt")) || true
  if [ -z "$differences" ]; then return; fi
  note "THE MIRROR DIFFERS from scripts/docker/lock.txt (< lock, > mirror); scripts/docker-lock takes it over:"
  printf '%s\n' "$differences" | tee -a "$summary" >&2
  { grep -v "^$codename " "$lock"; cat "$room/offered.txt"; } >"$room/lock.txt"
  cp "$room/lock.txt" "$lock"
}

# The build refuses the mirror's packages where the lock has others: the committed lock where it differs, else a false
# one.
case_refused() {
  local context=$room/refused
  cp -r "$room/context" "$context"
  if ! cmp -s "$room/committed-lock.txt" "$context/scripts/docker/lock.txt"; then
    cp "$room/committed-lock.txt" "$context/scripts/docker/lock.txt"
  else
    sed -i 's/^\(bookworm build cmake\) .*/\1 0.false/' "$context/scripts/docker/lock.txt"
  fi
  local arguments
  mapfile -t arguments < <(base_arguments)
  if engine_build build-cpu localhost/sigmahat-check:refused "$context" "${arguments[@]}" \
    >"$room/refused.log" 2>&1; then
    fail "a build with a lock that differs was not refused"
  fi
  sed -n '/differ from scripts\/docker\/lock.txt/,$ { /^Error/!p }' "$room/refused.log" >"$room/refusal.txt"
  sed -n 1,12p "$room/refusal.txt"
  grep -q 'To take over what the mirrors offer now: scripts/docker-lock' "$room/refusal.txt" ||
    fail "the build failed for another reason: $(tail -n 5 "$room/refused.log")"
  rm -rf "$context"
}

# build_image TARGET NAME [OPTION...]: quiet where it succeeds.
build_image() {
  local target=$1 name=localhost/$2 arguments
  shift 2
  mapfile -t arguments < <(base_arguments)
  if ! engine_build "$target" "$name" "$room/context" "${arguments[@]}" "$@" >"$room/build.log" 2>&1; then
    tail -n 40 "$room/build.log" >&2
    fail "the image '$target' was not built"
  fi
}

# The first image comes from a stage built by itself, which check_cuda goes on from; the second from one build, as a
# user's.
build_first() {
  if [ "$engine" = docker ]; then
    build_image cpu sigmahat-check:cpu
    return
  fi
  build_image build-cpu sigmahat-check:build
  build_image cpu sigmahat-check:cpu --build-context build-cpu=container-image://localhost/sigmahat-check:build
}

build_outside() {
  setup build
  configure release >/dev/null
  cmake --build "$sigmahat_build" --target sigmahat_cli | tail -n 1
}

# The OCI form of an image says in its digest everything that a user gets.
case_same_layers() {
  local name
  if [ "$engine" = docker ]; then
    for name in cpu again; do
      docker image inspect --format '{{range .RootFS.Layers}}{{println .}}{{end}}' "localhost/sigmahat-check:$name" \
        >"$room/layers-$name.txt"
    done
    if cmp -s "$room/layers-cpu.txt" "$room/layers-again.txt"; then return; fi
    if [ ${#docker_output[@]} -gt 0 ]; then
      diff "$room/layers-cpu.txt" "$room/layers-again.txt" >&2 || true
      fail "two builds of the same source have different layers"
    fi
    note "NOT CHECKED: that two builds have the same layers; this Docker's builder does not know the output option" \
      "rewrite-timestamp (BuildKit 0.13, and a store of images that has it), so some files keep the time of the build"
    for name in cpu again; do
      docker_export "localhost/sigmahat-check:$name" | tar_listing >"$room/files-$name.txt"
    done
    diff "$room/files-cpu.txt" "$room/files-again.txt" >&2 ||
      fail "two builds of the same source have different files"
    echo "without their times, all $(wc -l <"$room/files-cpu.txt") files are the same"
    return
  fi
  for name in cpu again; do
    buildah push --quiet "localhost/sigmahat-check:$name" "oci:$room/oci-$name:x"
  done
  if cmp -s "$room/oci-cpu/index.json" "$room/oci-again/index.json"; then
    sed -E 's/.*"digest":"([^"]*)".*/both have the digest \1/' "$room/oci-cpu/index.json"
    echo
    return
  fi
  diff <(oci_listing "$room/oci-cpu") <(oci_listing "$room/oci-again") | head -n 30 >&2 || true
  fail "two builds of the same source differ, as above"
}

# Every file of a tar file, with all that is its own but its time.
tar_listing() {
  python3 -c '
import hashlib, sys, tarfile
archive = tarfile.open(fileobj=sys.stdin.buffer, mode="r|")
for entry in archive:
    contents = hashlib.sha256(archive.extractfile(entry).read()).hexdigest() if entry.isfile() else entry.linkname
    print(entry.name, entry.type, oct(entry.mode), entry.uid, entry.gid, contents)' | LC_ALL=C sort
}

# Every file of an image pushed to a folder, by contents.
oci_listing() {
  local folder=$1 layer list
  list=$(mktemp -d)
  for layer in "$folder"/blobs/sha256/*; do
    if gzip --test "$layer" 2>/dev/null; then
      tar --extract --gzip --file "$layer" --directory "$list" --exclude 'dev/*'
      tar --list --verbose --full-time --gzip --file "$layer"
    else
      python3 -m json.tool "$layer"
    fi
  done
  (cd "$list" && find . -type f -exec sha256sum {} + | sort -k 2)
  rm -rf "$list"
}
