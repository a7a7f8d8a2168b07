# Sourced by docker-lock and docker-check: what the mirrors offer for the packages of the image.
# shellcheck shell=bash
# shellcheck source=scripts/lib/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/setup.sh"

docker_lock=$sigmahat_root/scripts/docker/lock.txt

# Sources of a distribution in the one-line format: this machine's own where it runs that distribution, else the public
# ones.
sources_of() {
  local codename=$1 here format
  # shellcheck disable=SC2016
  format='$(ORIGIN) $(CODENAME) $(REPO_URI) $(RELEASE) $(COMPONENT)'
  here=$(apt-get indextargets --format "$format" 'Created-By: Packages' |
    awk -v wanted="^(Debian|Ubuntu) $codename(-updates|-security)? " '$0 ~ wanted { print $3, $4, $5 }' | sort -u)
  case $codename in
    bookworm)
      if [ -z "$here" ]; then
        here=$(printf 'http://deb.debian.org/%s main\n' "debian bookworm" "debian bookworm-updates" \
          "debian-security bookworm-security")
      fi
      sed 's|^|deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] |' <<<"$here"
      ;;
    noble)
      if [ -z "$here" ]; then
        here=$(printf 'http://archive.ubuntu.com/ubuntu %s main universe\n' noble{,-updates,-security})
      fi
      sed 's|^|deb [signed-by=/usr/share/keyrings/ubuntu-archive-keyring.gpg] |' <<<"$here"
      ;;
  esac
}

# The file of the keys that a list of sources is signed by.
keys_of() {
  sed -n '1s/.*signed-by=\([^]]*\)].*/\1/p' "$1"
}

# The lines of the lock for one distribution: lock_lines CODENAME SOURCES FOLDER, FOLDER being room for apt's lists.
# Nothing counts as installed, so the lines name all that is needed, whatever the base has already.
lock_lines() {
  local codename=$1 sources=$2 room=$3 section
  mkdir -p "$room/state/lists/partial" "$room/cache/archives/partial" "$room/preferences"
  : >"$room/status"
  local apt=(apt-get -qq -o "Dir::State=$room/state" -o "Dir::State::status=$room/status" -o "Dir::Cache=$room/cache"
    -o "Dir::Etc::SourceList=$sources" -o Dir::Etc::SourceParts=/dev/null -o Dir::Etc::Preferences=/dev/null
    -o "Dir::Etc::PreferencesParts=$room/preferences" -o APT::Architecture=amd64 -o APT::Architectures=amd64
    -o APT::Sandbox::User=root -o Acquire::Languages=none)
  "${apt[@]}" -o APT::Update::Error-Mode=any update
  # The archive has these versions some time after the date of the newest list, when it next looks at the mirrors.
  local date newest=0
  while read -r date; do
    date=$(date --date="$date" +%s)
    if [ "$date" -gt "$newest" ]; then newest=$date; fi
  done < <(sed -n 's/^Date: //p' "$room"/state/lists/*InRelease)
  [ "$newest" -gt 0 ] || { echo "docker-lock: no list of $codename could be read" >&2 && return 1; }
  echo "$codename snapshot $(date --utc --date="@$((newest + 6 * 3600))" +%Y%m%dT%H%M%SZ)"
  for section in build run; do
    local wanted
    mapfile -t wanted < <(packages_of "$section")
    "${apt[@]}" install --simulate --no-install-recommends -- "${wanted[@]}" |
      awk -v where="$codename $section" '$1 == "Inst" { sub(/^\(/, "", $3); print where, $2, $3 }' | LC_ALL=C sort
  done
}
