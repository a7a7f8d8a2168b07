#!/usr/bin/env bash
# Runs while an image is built (Dockerfile): installs a section of packages.txt, in the versions of lock.txt and
# in no other, and leaves nothing behind that depends on the day.
#   packages.sh SECTION
# SNAPSHOT (YYYYMMDDTHHMMSSZ) takes the packages from the distribution's archive of that time instead of its mirrors.
# Secrets of the build, where they are given: apt.conf and apt.list, the settings and sources of the site.
set -euo pipefail
# shellcheck source=scripts/lib/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/setup.sh"
# shellcheck source=/dev/null
source /etc/os-release

section=$1
lock=$sigmahat_lib/../docker/lock.txt
# No file, which would change the time of its folder when it goes.
began=$(date +%s.%N)
export DEBIAN_FRONTEND=noninteractive
options=(-qq)

# Where the packages come from.
choose_sources() {
  local sources=/run/secrets/apt.list
  if [ -f /run/secrets/apt.conf ]; then export APT_CONFIG=/run/secrets/apt.conf; fi
  if [ -n "${SNAPSHOT:-}" ]; then
    sources=$(mktemp --suffix=.list)
    case $ID in
      debian)
        local archive=http://snapshot.debian.org/archive
        printf 'deb [check-valid-until=no signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s main\n' \
          "$archive/debian/$SNAPSHOT $VERSION_CODENAME" "$archive/debian/$SNAPSHOT $VERSION_CODENAME-updates" \
          "$archive/debian-security/$SNAPSHOT $VERSION_CODENAME-security" >"$sources"
        ;;
      ubuntu)
        printf 'deb [signed-by=/usr/share/keyrings/ubuntu-archive-keyring.gpg] %s main universe\n' \
          "https://snapshot.ubuntu.com/ubuntu/$SNAPSHOT $VERSION_CODENAME"{,-updates,-security} >"$sources"
        ;;
      *) echo "docker: SNAPSHOT is known for Debian and Ubuntu, not for '$ID'" >&2 && exit 1 ;;
    esac
  fi
  if [ ! -f "$sources" ]; then return; fi
  options+=(-o "Dir::Etc::SourceList=$sources" -o Dir::Etc::SourceParts=/dev/null)
}

# What would be installed or upgraded: name and version, one a line.
planned() {
  apt-get "${options[@]}" install --simulate --no-install-recommends -- "${wanted[@]}" |
    awk '$1 == "Inst" { version = $3 ~ /^\[/ ? $4 : $3; sub(/^\(/, "", version); print $2, version }' | sort
}

# Those of the planned packages that the lock has not, or has in another version. A lock may know more than is needed:
# what the base has already is not installed again.
check_lock() {
  local faults
  faults=$(awk -v distribution="$VERSION_CODENAME" -v section="$section" '
    NR == FNR { if ($1 == distribution && $2 == section) locked[$3] = $4; next }
    locked[$1] != $2 { printf "  %-32s locked %-28s offered %s\n", $1, ($1 in locked ? locked[$1] : "-"), $2 }
    ' "$lock" <(planned))
  if [ -z "$faults" ]; then return; fi
  local time
  time=$(awk -v distribution="$VERSION_CODENAME" '$1 == distribution && $2 == "snapshot" { print $3 }' "$lock")
  {
    echo "docker: packages for '$section' on $VERSION_CODENAME differ from scripts/docker/lock.txt:"
    printf '%s\n' "$faults"
    if [ -n "$time" ]; then
      echo "To build with the locked versions, take them from the archive: --build-arg SNAPSHOT=$time"
    fi
    echo "To take over what the mirrors offer now: scripts/docker-lock"
  } >&2
  exit 1
}

# Times of what was written here become that of the source, so that a day's rebuild has the same layer. Nothing may be
# changed after that.
leave_no_traces() {
  apt-get clean
  rm -rf /var/lib/apt/lists/* /var/log/apt /var/log/dpkg.log /var/log/alternatives.log /var/cache/ldconfig/aux-cache \
    /var/cache/debconf/*-old /var/lib/dpkg/*-old
  if [ -n "${SOURCE_DATE_EPOCH:-}" ]; then
    find / -xdev -newermt "@$began" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
  fi
}

mapfile -t wanted < <(packages_of "$section")
[ ${#wanted[@]} -gt 0 ] || { echo "docker: packages.txt has no section '$section'" >&2 && exit 1; }
choose_sources
if ! apt-get "${options[@]}" -o APT::Update::Error-Mode=any update; then
  echo "docker: the lists of packages cannot be read; apt's message above says why" >&2
  exit 1
fi
check_lock
apt-get "${options[@]}" install -y --no-install-recommends -- "${wanted[@]}" </dev/null >/dev/null
if [ -n "${SNAPSHOT:-}" ]; then rm -f /tmp/tmp.*.list; fi
leave_no_traces
